import { describeNumber, describeOneOf, type Bounds, type OptionCheck } from "./check-options.ts";

/** What one option takes. */
export interface OptionRule<Value = unknown> {
  /** In the words of messages and of the options page: `a whole number of at least 1`. */
  readonly takes: string;
  /** Throws for anything else. */
  readonly check: (check: OptionCheck, option: string, got: unknown) => void;
  readonly isRequired?: true;
  /** What holds where the option is left out. */
  readonly byDefault?: Value;
}

interface DefaultedRule<Value> extends OptionRule<Value> {
  readonly byDefault: Value;
}

/**
 * One options object: every name once, with what it takes and its default. The options page of the docs is made of these
 * tables.
 */
export type OptionTable<Options, Defaulted extends keyof Options = never> = {
  readonly [Name in keyof Options]-?: Name extends Defaulted ? DefaultedRule<Exclude<Options[Name], undefined>>
  : OptionRule;
};

/** Options with their defaults filled in. */
export type Settled<Options, Defaulted extends keyof Options> = Options & Required<Pick<Options, Defaulted>>;

const wholes: ReadonlySet<string> = new Set(["options", "definition", "rules"]);

/**
 * Checks an options object by its table and fills in the defaults. An option given as `undefined` is one left out.
 *
 * @param option what the object is called in messages. Within `options`, `definition` and `rules` names stand alone; within any
 *   other they follow it, as in `limits.timeoutMs`
 */
export function settle<Options, Defaulted extends keyof Options = never>(
  check: OptionCheck,
  table: OptionTable<Options, Defaulted>,
  given: Options | undefined,
  option = "options",
): Settled<Options, Defaulted> {
  const unchecked: unknown = given === undefined ? {} : given;
  check.object(option, unchecked);
  const prefix = wholes.has(option) ? "" : `${option}.`;
  check.known(unchecked, Object.keys(table), prefix);
  const settled: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(table as Readonly<Record<string, OptionRule>>)) {
    const got = unchecked[name];
    if (got !== undefined || rule.isRequired) rule.check(check, `${prefix}${name}`, got);
    const value = got === undefined ? rule.byDefault : got;
    if (value !== undefined) settled[name] = value;
  }
  return settled as Settled<Options, Defaulted>;
}

/** The same, for an option that is an options object itself. */
export function optionsOf<Options>(takes: string, table: OptionTable<Options>): OptionRule {
  return { takes, check: (check, option, got) => void settle(check, table, got as Options, option) };
}

/** An option that has a value in any case. */
export function orElse<Value>(rule: OptionRule, byDefault: Value): DefaultedRule<Value> {
  return { ...rule, byDefault };
}

/** An option that may not be left out. */
export function required(rule: OptionRule): OptionRule {
  return { ...rule, isRequired: true };
}

export const aFunction: OptionRule = {
  takes: "a function",
  check: (check, option, got) => check.function(option, got),
};
export const anObject: OptionRule = { takes: "an object", check: (check, option, got) => check.object(option, got) };
export const aText: OptionRule = {
  takes: "a non-empty string",
  check: (check, option, got) => check.text(option, got),
};
export const aBoolean: OptionRule = {
  takes: "true or false",
  check: (check, option, got) => check.boolean(option, got),
};
export const aDate: OptionRule = {
  takes: 'a date such as "2027-01-31"',
  check: (check, option, got) => void check.date(option, got),
};

/** A finite number within the bounds, both included; at least 0 without any. */
export function aNumber(bounds: Bounds = {}): OptionRule {
  return { takes: describeNumber(bounds), check: (check, option, got) => check.number(option, got, bounds) };
}

export function aWhole(bounds: Bounds = {}): OptionRule {
  return aNumber({ ...bounds, integer: true });
}

/** A number from 0 to 1. */
export const aShare: OptionRule = aNumber({ max: 1 });

export function oneOf(...allowed: readonly string[]): OptionRule {
  return { takes: describeOneOf(allowed), check: (check, option, got) => check.oneOf(option, got, allowed) };
}

/** An object with these methods. */
export function withMethods(takes: string, ...methods: readonly string[]): OptionRule {
  return {
    takes,
    check: (check: OptionCheck, option: string, got: unknown): void => {
      check.object(option, got);
      for (const method of methods) check.function(`${option}.${method}`, got[method]);
    },
  };
}

export const aClock: OptionRule = withMethods("a clock", "now", "monotonic", "after");

/** What `holds` says, in words of its own. */
export function where(takes: string, holds: (got: unknown) => boolean, mend?: string): OptionRule {
  return {
    takes,
    check: (check, option, got) => {
      if (!holds(got)) check.fail(option, takes, got, mend);
    },
  };
}

export const aString: OptionRule = where("a string", (got) => typeof got === "string");

/** A list, and what each of its elements is. */
export function listOf(takes: string, each?: OptionRule): OptionRule {
  return {
    takes,
    check: (check, option, got) => {
      if (!Array.isArray(got)) return void check.fail(option, takes, got);
      (got as readonly unknown[]).forEach((element, index) => each?.check(check, `${option}[${index}]`, element));
    },
  };
}

/** An object, and what each of its values is. */
export function objectOf(takes: string, each: OptionRule): OptionRule {
  return {
    takes,
    check: (check: OptionCheck, option: string, got: unknown): void => {
      check.object(option, got);
      for (const [name, value] of Object.entries(got)) each.check(check, `${option}.${name}`, value);
    },
  };
}

/** `true`, `false`, or what another rule takes. */
export function aBooleanOr(rule: OptionRule): OptionRule {
  return {
    takes: `true, false, or ${rule.takes}`,
    check: (check, option, got) => {
      if (typeof got !== "boolean") rule.check(check, option, got);
    },
  };
}

/** A function, or what another rule takes. */
export function aFunctionOr(rule: OptionRule): OptionRule {
  return {
    takes: `a function, or ${rule.takes}`,
    check: (check, option, got) => {
      if (typeof got !== "function") rule.check(check, option, got);
    },
  };
}

/** Is checked where it is compiled, by its own tables. */
export function compiled(takes: string): OptionRule {
  return { takes, check: () => undefined };
}
