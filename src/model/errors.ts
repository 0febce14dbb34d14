/**
 * What went wrong, for programs:
 *
 * - `invalid-definition`: an experiment, laboratory, rollout or rule was described wrongly
 * - `invalid-option`: a publisher, store, source or helper was given an option it cannot take
 * - `name-taken`: the laboratory already has an experiment of that name
 * - `invalid-state`: stored state (a tally, a rollout) cannot be read, or a step was asked for that its state forbids
 * - `mismatch`: a {@link MismatchError}, only under `throwOnMismatch`
 * - `invalid-operation`: `parallelWrites` was handed an operation that it cannot keep; nothing was written
 * - `already-written`: an operation of that id was written before, and there is no `again` to answer with
 * - `id-taken`: another operation was written under that id; nothing was written
 * - `no-authority`: neither side took an operation within 5 s, since the authority was moving; nothing was written
 */
export type SidelaneErrorCode =
  | "invalid-definition"
  | "invalid-option"
  | "name-taken"
  | "invalid-state"
  | "mismatch"
  | "invalid-operation"
  | "already-written"
  | "id-taken"
  | "no-authority";

// Branded, because each subpath of the CommonJS build may hold its own copy of the class.
const brand = Symbol.for("sidelane.error");

/**
 * The only kind of error that Sidelane itself throws, and only while something is being defined:
 * never from a call of an experiment (`throwOnMismatch`, made for test suites, is the one exception). What
 * `parallelWrites` does for a person or a caller rejects with one where it cannot be done.
 *
 * The message says what was expected, what came, and how to mend it; `code` is for programs.
 */
export class SidelaneError extends Error {
  override readonly name: string = "SidelaneError";
  readonly code: SidelaneErrorCode;

  constructor(code: SidelaneErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Holds across two copies of the class, so that `instanceof` tells the truth in every build. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== SidelaneError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && brand in value;
  }
}
