import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { aBoolean, aFunction, compiled, listOf, settle, type OptionTable } from "../../model/option-table.ts";
import { automaton, type PatternRule, type State } from "./pattern-automaton.ts";
import { checkLimits, defaultLimits, type CompareLimits } from "./compare-limits.ts";
import { parsePattern } from "./path-patterns.ts";
import { checkTolerance, type Tolerance } from "./tolerance.ts";

/**
 * A function of a part of a value. The rules cannot know its type: without a type of its own the parameter is `unknown`,
 * and any type may be written there, as in `(price: number) => Math.round(price)`. (Only methods may narrow a parameter.)
 */
type PartFunction<Returned> = { of(part: unknown): Returned }["of"];

/** The same for a part of each side. */
type PartsFunction<Returned> = { of(control: unknown, candidate: unknown): Returned }["of"];

/**
 * What may differ. Rules compose and only ever loosen: what is equal without them stays equal with them.
 *
 * Patterns are paths such as `$.items[2].price`, in which `.*` and `[*]` stand for any one step and `**` for any
 * number of steps, as in `**.updatedAt`. A Map's string keys count as keys.
 */
export interface CompareRules<Value = unknown> {
  /** Paths that are not looked at. A key that only one side has may be ignored too. */
  readonly ignore?: readonly string[];
  /** Arrays whose order means nothing: compared as multisets, paired by a key of the elements or a function where given. */
  readonly unordered?: readonly (string | UnorderedRule)[];
  /**
   * How far numbers may lie apart, and dates: an absolute distance, `{ abs, rel, ms, strings }`, or one of both by path
   * pattern. `{ ms: 1_000 }` is for dates and ISO 8601 date-times, `strings: true` for numbers within texts.
   */
  readonly tolerance?: number | Tolerance | Readonly<Record<string, number | Tolerance>>;
  /** By path pattern: what both sides' values become before they are compared. */
  readonly at?: Readonly<Record<string, PartFunction<unknown>>>;
  /**
   * How instances of a class are read, subclasses included: each is compared by what its function returns, for classes
   * whose state is private, `[[Money, (money: Money) => money.cents]]`. The first class that fits counts.
   */
  readonly classes?: readonly (readonly [abstract new (...given: never[]) => unknown, PartFunction<unknown>])[];
  /** What both whole values become before they are compared. */
  readonly normalize?: (value: Value) => unknown;
  /** A key whose value is `undefined` is as good as no key. Default `false`. */
  readonly undefinedIsMissing?: boolean;
  /** Classes need not agree where the data does. Default `false`. */
  readonly ignorePrototype?: boolean;
  /**
   * Whether two errors are the same, in place of comparing their name, message and data: errors within values, and in an
   * experiment whatever both sides threw.
   */
  readonly errors?: PartsFunction<boolean>;
  /** How far a comparison may go. */
  readonly limits?: Partial<CompareLimits>;
}

/** An array without order, whose elements are paired by what identifies them. */
export interface UnorderedRule {
  /** Path pattern of the arrays. */
  readonly path: string;
  /** A key of each element, or what computes one; elements with different keys are never paired. */
  readonly by?: string | PartFunction<unknown>;
}

/** What pairs elements of an unordered array: a key of theirs, or what a function computes. */
export type Grouping = string | ((element: unknown) => unknown);

/** What a pattern does where it matches. */
export type Effect =
  | { readonly kind: "ignore" }
  | { readonly kind: "unordered"; readonly by: Grouping | undefined }
  | { readonly kind: "tolerance"; readonly tolerance: Tolerance }
  | { readonly kind: "at"; readonly normalize: (value: unknown) => unknown };

/** Rules, checked and compiled once. */
export interface CompiledRules {
  readonly start: State<Effect>;
  /** For all numbers; by path where `start` says so. */
  readonly tolerance: Tolerance | undefined;
  /** Whether "the same" may fail to be transitive, so that elements cannot be paired greedily. */
  readonly transitive: boolean;
  readonly normalize: ((value: unknown) => unknown) | undefined;
  /** By the prototype of a class's instances. */
  readonly classes: ReadonlyMap<object, (instance: unknown) => unknown>;
  readonly undefinedIsMissing: boolean;
  readonly ignorePrototype: boolean;
  readonly errors: ((control: unknown, candidate: unknown) => unknown) | undefined;
  /** Whether functions of the user's get values, or parts of them. */
  readonly hasFunctions: boolean;
  readonly limits: CompareLimits;
}

export const noRules: CompiledRules = {
  start: automaton<Effect>([]),
  tolerance: undefined,
  transitive: true,
  normalize: undefined,
  classes: new Map(),
  undefinedIsMissing: false,
  ignorePrototype: false,
  errors: undefined,
  hasFunctions: false,
  limits: defaultLimits,
};

export const unorderedTable: OptionTable<UnorderedRule> = {
  path: compiled("a path pattern"),
  by: compiled("a key of the elements or a function"),
};

export const compareTable: OptionTable<CompareRules> = {
  ignore: listOf("a list"),
  unordered: listOf("a list"),
  tolerance: compiled("a number, `{ abs, rel, ms, strings }`, or an object of both by path pattern"),
  at: compiled("an object of functions by path pattern"),
  classes: listOf("a list"),
  normalize: aFunction,
  undefinedIsMissing: aBoolean,
  ignorePrototype: aBoolean,
  errors: aFunction,
  limits: compiled("an object of limits"),
};

/**
 * Checks rules and compiles their patterns into one automaton.
 *
 * @param place what the rules belong to, for messages: `compare`, `experiment("price").compare`
 * @throws {SidelaneError} `invalid-definition`, for an unknown rule, a wrong type, or a pattern with a mistake, naming its position
 */
export function compileRules(rules: CompareRules | undefined, place: string): CompiledRules {
  if (rules === undefined) return noRules;
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  settle(check, compareTable, rules, "rules");

  const patterns: PatternRule<Effect>[] = [];
  const add = (pattern: unknown, option: string, effect: Effect): void => {
    const steps = parsePattern(pattern, option, check);
    if (
      steps.some((step) => step.step === "is" && typeof step.segment === "object" && step.segment.entry === "element")
    )
      check.fail(
        option,
        "a path pattern",
        pattern,
        "Elements of a Set are told apart by no rule: `[*]` is all of them",
      );
    patterns.push({ steps, effect });
  };
  rules.ignore?.forEach((pattern, index) => {
    add(pattern, `ignore[${index}]`, { kind: "ignore" });
  });
  const unordered = new Set<unknown>();
  rules.unordered?.forEach((rule, index) => {
    const option = `unordered[${index}]`;
    const path = typeof rule === "object" && rule !== null ? (rule as { path?: unknown }).path : rule;
    if (unordered.has(path)) check.fail(option, "the only rule for its path", rule, "The first one would count alone");
    unordered.add(path);
    if (typeof rule === "string") {
      add(rule, option, { kind: "unordered", by: undefined });
      return;
    }
    const { path: pattern, by } = settle(check, unorderedTable, rule as never, option);
    add(pattern, `${option}.path`, { kind: "unordered", by: groupingOf(by, `${option}.by`, check) });
  });
  for (const [pattern, normalize] of Object.entries(record(rules.at, "at", check))) {
    check.function(`at[${JSON.stringify(pattern)}]`, normalize);
    add(pattern, "at", { kind: "at", normalize: normalize as (value: unknown) => unknown });
  }
  const classes = compileClasses(rules.classes, check);
  const tolerance = compileTolerance(rules.tolerance, check, add);
  return {
    start: patterns.length === 0 ? noRules.start : automaton(patterns),
    tolerance,
    transitive: rules.tolerance === undefined && rules.errors === undefined,
    normalize: rules.normalize,
    classes,
    undefinedIsMissing: rules.undefinedIsMissing ?? false,
    ignorePrototype: rules.ignorePrototype ?? false,
    errors: rules.errors,
    hasFunctions:
      rules.normalize !== undefined ||
      rules.errors !== undefined ||
      classes.size > 0 ||
      patterns.some(({ effect }) => callsUser(effect)),
    limits: checkLimits(rules.limits, place),
  };
}

function compileClasses(given: readonly unknown[] | undefined, check: OptionCheck): CompiledRules["classes"] {
  const classes = new Map<object, (instance: unknown) => unknown>();
  given?.forEach((entry, index) => {
    const option = `classes[${index}]`;
    if (!Array.isArray(entry) || entry.length !== 2) check.fail(option, "a class and a function that reads it", entry);
    const [made, read] = entry as readonly unknown[];
    const prototype: unknown = typeof made === "function" ? made.prototype : undefined;
    if (typeof prototype !== "object" || prototype === null) check.fail(`${option}[0]`, "a class", made);
    check.function(`${option}[1]`, read);
    if (classes.has(prototype)) check.fail(option, "the only rule for its class", entry);
    classes.set(prototype, read as (instance: unknown) => unknown);
  });
  return classes;
}

function callsUser(effect: Effect): boolean {
  return effect.kind === "at" || (effect.kind === "unordered" && effect.by !== undefined);
}

function compileTolerance(
  given: CompareRules["tolerance"],
  check: OptionCheck,
  add: (pattern: unknown, option: string, effect: Effect) => void,
): Tolerance | undefined {
  if (given === undefined) return undefined;
  const patterns =
    typeof given === "object" && given !== null ? Object.keys(given).filter((key) => /^[$*]/.test(key)) : [];
  if (patterns.length === 0) return checkTolerance(given, "tolerance", check);
  for (const [pattern, value] of Object.entries(given)) {
    const tolerance = checkTolerance(value, `tolerance[${JSON.stringify(pattern)}]`, check);
    add(pattern, "tolerance", { kind: "tolerance", tolerance });
  }
  return undefined;
}

function groupingOf(by: unknown, option: string, check: OptionCheck): Grouping | undefined {
  if (by === undefined) return undefined;
  if (typeof by === "function") return by as (element: unknown) => unknown;
  if (typeof by !== "string" || by === "") return check.fail(option, "a key of the elements or a function", by);
  if (/[.[]/.test(by)) check.fail(option, "a key of the elements; for what lies deeper, a function", by);
  return by;
}

function record(given: unknown, option: string, check: OptionCheck): Record<string, unknown> {
  if (given === undefined) return {};
  check.object(option, given);
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    check.fail(option, "an object of patterns", given);
  return given;
}
