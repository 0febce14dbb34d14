import type { Outcome } from "../model/observation.ts";
import type { Result } from "../model/result.ts";
import { bytesOf } from "./value-bytes.ts";

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

const largeBytes = 64_000;

/** Whether presenting a result with its values may take longer than a turn of the event loop should. */
export function isLarge(result: Result): boolean {
  return measureResult(result, largeBytes) > largeBytes;
}

/** What an outcome holds. */
export function partOf(outcome: Outcome | undefined): unknown {
  if (outcome?.kind === "returned") return outcome.value;
  return outcome?.kind === "threw" ? outcome.error : undefined;
}
