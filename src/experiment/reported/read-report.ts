import { describe } from "../../model/check-options.ts";
import type { Outcome } from "../../model/observation.ts";
import type { FellBack } from "../../model/result.ts";

/** One of the two behaviors of a call. */
export type Side = "control" | "candidate";

/** An outcome as it was reported, in an object of our own; `undefined` for what is none. Runs getters, and no more. */
export function readOutcome(given: unknown): Outcome | undefined {
  try {
    if (typeof given !== "object" || given === null) return undefined;
    const report = given as { kind?: unknown; value?: unknown; error?: unknown; afterMs?: unknown };
    switch (report.kind) {
      case "returned":
        // Where it was forgotten on both sides, nothing would equal nothing.
        return "value" in report ? { kind: "returned", value: report.value } : undefined;
      case "threw":
        return "error" in report ? { kind: "threw", error: report.error } : undefined;
      case "timed-out": {
        const { afterMs } = report;
        return { kind: "timed-out", afterMs: isDuration(afterMs) ? afterMs : NaN };
      }
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

/** What was reported in an outcome's place, for a message. */
export function describeReport(given: unknown): string {
  try {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return describe(given);
    const { kind } = given as { kind?: unknown };
    if (kind === "returned") return "`returned` without a `value`";
    if (kind === "threw") return "`threw` without an `error`";
    return kind === undefined ? "an object without a `kind`" : `the kind ${describe(kind)}`;
  } catch {
    return "an unreadable object";
  }
}

/** Finite milliseconds, 0 or more. */
export function isDuration(given: unknown): given is number {
  return typeof given === "number" && given >= 0 && given < Infinity;
}

const reasons: Readonly<Record<FellBack, true>> = {
  threw: true,
  "timed-out": true,
  slow: true,
  mismatch: true,
  asynchronous: true,
};

/** Every reason why control may answer in the candidate's place. */
export const fallBackReasons: readonly string[] = Object.keys(reasons);
