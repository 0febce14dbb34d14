/**
 * What went wrong, for programs:
 *
 * - `invalid-definition`: an experiment, laboratory, rollout or rule was described wrongly
 * - `invalid-option`: a publisher, store, source or helper was given an option it cannot take
 * - `name-taken`: the laboratory already has an experiment of that name
 * - `invalid-state`: stored state (a tally, a rollout) cannot be read, or a step was asked for that its state forbids
 * - `mismatch`: a {@link MismatchError}, only under `throwOnMismatch`
 */
export type SidelaneErrorCode = "invalid-definition" | "invalid-option" | "name-taken" | "invalid-state" | "mismatch";

// Branded, because each subpath of the CommonJS build may hold its own copy of the class.
const brand = Symbol.for("sidelane.error");

/**
 * The only kind of error that Sidelane itself throws, and only while something is being defined:
 * never from a call of an experiment (`throwOnMismatch`, made for test suites, is the one exception).
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
