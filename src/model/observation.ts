/** How one call of one behavior ended. Rejecting is throwing; `threw` may carry anything, also `undefined`. */
export type Outcome<Value = unknown> =
  | { readonly kind: "returned"; readonly value: Value }
  | { readonly kind: "threw"; readonly error: unknown }
  /** It had not settled when its time was up. Only a candidate times out, or a control of which that is reported to a call of `comparison`. */
  | { readonly kind: "timed-out"; readonly afterMs: number };

/**
 * What an observation's value is:
 *
 * - `live`: the value itself that the behavior returned; its owner may have changed it since
 * - `captured`: a detached copy, made when the behavior settled
 * - `cleaned`: what `clean` made of it
 * - `omitted`: left out (`value` is `undefined`), since `clean` threw, a stream was not kept to its end, or nothing was reported
 */
export type Evidence = "live" | "captured" | "cleaned" | "omitted";

/** One behavior called once. */
export interface Observation<Value = unknown> {
  /** `control`, or the candidate's name. */
  readonly name: string;
  readonly outcome: Outcome<Value>;
  readonly evidence: Evidence;
  /** From the call until it settled, in milliseconds. */
  readonly durationMs: number;
  /** The synchronous part of `durationMs`: from the call until it returned a value or a promise. */
  readonly syncMs: number;
  /** When it was called, in milliseconds after the result's `startedAt`. */
  readonly offsetMs: number;
}
