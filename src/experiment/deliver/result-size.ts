import type { Outcome } from "../../model/observation.ts";
import type { Result } from "../../model/result.ts";
import { bytesOf } from "../../records/value-bytes.ts";

const perResult = 600;

/**
 * About how many bytes a result keeps in memory. Its differences point into its two values, but for a `clean`ed result's.
 *
 * @param mostBytes counting ends there
 * @returns bytes; never throws
 */
export function measureResult(result: Result, mostBytes: number): number {
  const parts: unknown[] = [result.context, partOf(result.control.outcome)];
  for (const { outcome, comparison } of result.candidates) {
    parts.push(partOf(outcome));
    if ("differences" in comparison) parts.push(comparison.differences);
    else if ("error" in comparison) parts.push(comparison.error);
  }
  return perResult + bytesOf(parts, mostBytes);
}

/** What an outcome holds. */
export function partOf(outcome: Outcome | undefined): unknown {
  if (outcome?.kind === "returned") return outcome.value;
  return outcome?.kind === "threw" ? outcome.error : undefined;
}
