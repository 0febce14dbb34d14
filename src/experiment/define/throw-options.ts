import type { OptionCheck } from "../../model/check-options.ts";
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

export function checkThrowing(check: OptionCheck, option: unknown): void {
  if (option === undefined || typeof option === "boolean" || typeof option === "function") return;
  if (typeof option !== "object") check.fail("throwOnMismatch", "a boolean, a function or an object", option);
  check.object("throwOnMismatch", option);
  check.known(option, ["kinds", "error"], "throwOnMismatch.");
  const { kinds, error } = option;
  if (error !== undefined) check.function("throwOnMismatch.error", error);
  if (kinds === undefined) return;
  if (!Array.isArray(kinds)) check.fail("throwOnMismatch.kinds", "an array", kinds);
  for (const kind of kinds as unknown[]) check.oneOf("throwOnMismatch.kinds", kind, thrownKinds);
}

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
