import { capture, type Captured } from "../../compare/copy/capture.ts";
import type { Evidence, Outcome } from "../../model/observation.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";

/**
 * Copies a value before it can be changed; `undefined` where there is nothing to copy, or it cannot be.
 *
 * @param beside a copy of the other side's value, with which this one may share what both have in common
 */
export function keep(plan: ExperimentPlan, value: unknown, beside?: Captured): Captured | undefined {
  if (!plan.capture || typeof value !== "object" || value === null) return undefined;
  const { compare, rules } = plan.judgement;
  const kept = capture(value, plan.captureLimits, compare !== undefined || rules.hasFunctions, plan.callerMs, beside);
  if (kept.kind === "live") return undefined;
  plan.counters.capturedBytes += kept.bytes;
  return kept;
}

/** The same for an outcome; `undefined` also where it has no value, or one that was copied. */
export function keepOutcome(
  plan: ExperimentPlan,
  outcome: Outcome | undefined,
  evidence: Evidence,
  beside?: Captured,
): Captured | undefined {
  return outcome?.kind === "returned" && evidence === "live" ? keep(plan, outcome.value, beside) : undefined;
}
