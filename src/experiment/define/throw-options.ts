import { aFunction, listOf, oneOf, optionsOf, type OptionRule, type OptionTable } from "../../model/option-table.ts";
import type { Result, ResultKind } from "../../model/result.ts";

/** Kinds of results that may be thrown. */
export type ThrownKind = Extract<ResultKind, "mismatch" | "inconclusive" | "timed-out">;

/** What `throwOnMismatch` throws, and for what. */
export interface ThrowOptions {
  /** All three by default: in a test suite, what could not be compared has not passed. */
  readonly kinds?: readonly ThrownKind[];
  /** Makes the error; a {@link MismatchError} by default. */
  readonly error?: (result: Result) => Error;
}

/** `true` for the defaults; a function makes the error. */
export type ThrowOption = boolean | ((result: Result) => Error) | ThrowOptions;

const thrownKinds: readonly ThrownKind[] = ["mismatch", "inconclusive", "timed-out"];

/** An option, compiled. */
export interface Throwing {
  readonly kinds: ReadonlySet<ResultKind>;
  error(result: Result): Error;
}

export const throwTable: OptionTable<ThrowOptions> = {
  kinds: listOf("an array", oneOf(...thrownKinds)),
  error: aFunction,
};

const anObjectOfOptions = optionsOf("an object of options", throwTable);

export const throwRule: OptionRule = {
  takes: "a boolean, a function or an object",
  check: (check, option, got) => {
    if (typeof got === "boolean" || typeof got === "function") return;
    if (typeof got !== "object") check.fail(option, throwRule.takes, got);
    anObjectOfOptions.check(check, option, got);
  },
};

/** @param mismatchError makes the error where the option does not */
export function compileThrowing(
  option: ThrowOption | undefined,
  mismatchError: (result: Result) => Error,
): Throwing | undefined {
  if (option === undefined || option === false) return undefined;
  const { kinds = thrownKinds, error = mismatchError } =
    option === true ? {}
    : typeof option === "function" ? { error: option }
    : option;
  return { kinds: new Set(kinds), error };
}
