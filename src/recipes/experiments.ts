import type { AnyFunction } from "../model/any-function.ts";
import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { anObject, aText, required, settle, type OptionTable } from "../model/option-table.ts";
import type { Compare, Options, ValueOf } from "../experiment/define/options.ts";
import type { Laboratory } from "../experiment/laboratory.ts";
import { methodNamesOf } from "./method-names.ts";
import { standIn } from "./stand-in.ts";

/** The names of an object's methods, by its type. */
export type MethodName<Control> = {
  [Name in keyof Control]-?: Name extends string ?
    Control[Name] extends AnyFunction ?
      Name
    : never
  : never;
}[keyof Control];

/** What an experiment of one method takes besides control and candidate. */
export type MethodOptions<Method> =
  Method extends AnyFunction ?
    Options<Method, ValueOf<Method>, Parameters<Method>> & {
      /** How the two values are compared: by default as data. */
      readonly compare?: Compare<ValueOf<Method>, ValueOf<Method>>;
    }
  : never;

/** What is said method by method: options, or `false` for a method that is control's alone. */
export type PerMethod<Control> = {
  readonly [Name in MethodName<Control>]?: Omit<MethodOptions<Control[Name]>, "control" | "prepare"> | false;
};

/** A candidate's method: takes what control's does, and returns what it returns, awaited. */
type Beside<Method> =
  Method extends (...args: infer Args) => infer Value ?
    Value extends PromiseLike<infer Settled> ?
      (...args: Args) => Settled | PromiseLike<Settled>
    : (...args: Args) => Value
  : never;

/** @internal */
export const sidesTable: OptionTable<ExperimentsSides<object, object>> = {
  control: required(anObject),
  candidate: required(anObject),
  name: aText,
};

/** A candidate: the methods that control has, or some of them. */
export type CandidateOf<Control> = { readonly [Name in MethodName<Control>]?: Beside<Control[Name]> };

/** What stands third: `false` has to be said for each method that the candidate does not have. */
type PerMethodOf<Control, Candidate> =
  [Exclude<MethodName<Control>, keyof Candidate>] extends [never] ? [perMethod?: PerMethod<Control>]
  : [perMethod: PerMethod<Control> & { readonly [Name in Exclude<MethodName<Control>, keyof Candidate>]: false }];

/** Two objects whose methods are compared. */
export interface ExperimentsSides<Control extends object, Candidate> {
  /** The old object. What is returned stands in for it. */
  readonly control: Control;
  /** The new object: a method of the same name for each that is not `false` in `perMethod`. Its other members are its own. */
  readonly candidate: Candidate;
  /** Experiments are called `name.method`; the name of control's class by default. A plain object needs it. */
  readonly name?: string;
}

/**
 * Wraps a whole object: each of its methods that the candidate has too becomes an experiment, `Class.method`. Control's methods are
 * called on control itself and the candidate's on the candidate, so that private members, getters and inherited methods work on both sides.
 *
 * **Every method that both have runs on both sides, those that write too.** Say `false` for each of these:
 * `experiments(lab, { control: oldUsers, candidate: newUsers }, { save: false })`.
 *
 * What is returned is read and written like control: fields, getters and setters, methods that the candidate does not have, symbols and
 * `instanceof` are control's. A method that returns `this` returns control itself. What control calls of its own is not compared.
 *
 * @param perMethod options for the experiment of a method, or `false`
 * @returns what stands in for control, with control's own type
 * @throws {SidelaneError} `invalid-definition` for sides that are no objects, a name that is missing, and a method in `perMethod` that
 *   both sides do not have; and what {@link Laboratory.experiment} throws
 * @example
 * const users = experiments(lab, { control: oldUsers, candidate: newUsers }, { find: { compare: { ignore: ['$.seenAt'] } }, save: false })
 * await users.find('42') // of oldUsers; newUsers.find runs beside it
 */
export function experiments<Control extends object, Candidate extends CandidateOf<Control>>(
  laboratory: Laboratory,
  sides: ExperimentsSides<Control, Candidate>,
  ...[perMethod]: PerMethodOf<Control, Candidate>
): Control {
  const check: OptionCheck = checkOptions("experiments()", "invalid-definition");
  settle(check, sidesTable, sides, "definition");
  const control = sides.control as Record<string, unknown>;
  const candidate = sides.candidate as Record<string, unknown>;
  const name = sides.name ?? classNameOf(control);
  if (name === undefined) {
    return check.fail("name", "a text", sides.name, "Control is of no class that it could be named after");
  }

  const options = (perMethod ?? {}) as Readonly<Record<string, object | false | undefined>>;
  check.object("perMethod", options);
  const own = methodNamesOf(control);
  check.known(options, own, "perMethod.");
  const theirs = new Set(methodNamesOf(candidate));
  const methods = new Map<string, AnyFunction>();
  for (const method of own) {
    const given = options[method];
    if (given === false) continue;
    if (!theirs.has(method)) {
      if (given !== undefined) check.fail(`candidate.${method}`, "a method", candidate[method]);
      continue;
    }
    const definition = { ...given, control: callOn(control, method), candidate: callOn(candidate, method) };
    methods.set(method, laboratory.experiment(`${name}.${method}`, definition as never));
  }
  return standIn(sides.control, methods);
}

/** Calls a method on its own object, as it is by then: a test may have replaced it. It has the method's name and length. */
function callOn(owner: Record<string, unknown>, method: string): AnyFunction {
  const call = (...args: unknown[]): unknown => (owner[method] as AnyFunction)(...args);
  const { length } = owner[method] as AnyFunction;
  return Object.defineProperties(call, { name: { value: method }, length: { value: length } });
}

function classNameOf(control: object): string | undefined {
  const { constructor } = control as { constructor?: unknown };
  return typeof constructor === "function" && constructor !== Object && constructor.name !== "" ?
      constructor.name
    : undefined;
}
