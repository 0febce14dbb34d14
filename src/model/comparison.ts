/**
 * In which way two values differ at a path:
 *
 * - `value`: same type, another value
 * - `type`: another type or class; at `$`: one side threw and the other returned
 * - `added`, `removed`: only the candidate has it, only control has it
 * - `undefined`: one side has the key with the value `undefined`, the other does not have the key
 * - `length`: two sequences of different length, where the elements were not aligned
 * - `order`: the same elements in another order
 * - `opaque`: cannot be looked into (a function, promise, stream), and not identical
 * - `unreadable`: threw while being read
 */
export type DifferenceKind =
  "value" | "type" | "added" | "removed" | "undefined" | "length" | "order" | "opaque" | "unreadable";

/** One place at which two values differ. */
export interface Difference {
  /** Such as `$.items[2].price` or `$.headers["x-request-id"]`; `$` is the value itself. Parses back. */
  readonly path: string;
  readonly kind: DifferenceKind;
  /** Control's part at this path; absent where control has none. */
  readonly control?: unknown;
  /** The candidate's part at this path; absent where the candidate has none. */
  readonly candidate?: unknown;
}

/** What looking at control's and a candidate's outcome returned. */
export type Comparison =
  | { readonly kind: "match" }
  | {
      readonly kind: "mismatch";
      readonly differences: readonly [Difference, ...Difference[]];
      /** Names the kind of this mismatch; the same in every call and process. */
      readonly signature: string;
      /** How many differences were seen beyond those listed; absent when all are listed. There may be more than were counted. */
      readonly moreDifferences?: number;
    }
  /** They differ, and the rule named here says that this is known. */
  | {
      readonly kind: "ignored";
      readonly rule: string;
      readonly differences: readonly Difference[];
      /** How many differences were seen beyond those listed; absent when all are listed. */
      readonly moreDifferences?: number;
    }
  /** Could not be told; neither a match nor a mismatch. `error` is what was thrown on the way, if anything was. */
  | { readonly kind: "inconclusive"; readonly reason: string; readonly error?: unknown };

/** The one answer to all that is equal. */
export const match: Comparison = Object.freeze({ kind: "match" });
