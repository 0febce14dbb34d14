import { capture, type Capture } from "../../compare/copy/capture.ts";
import type { Evidence, Outcome } from "../../model/observation.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";

/** Copies a value before it can be changed; `undefined` where there is nothing to copy, or it cannot be. */
export function keep(plan: ExperimentPlan, value: unknown): Extract<Capture, { kind: "captured" }> | undefined {
  if (!plan.capture || typeof value !== "object" || value === null) return undefined;
  const { compare, rules } = plan.judgement;
  const kept = capture(value, plan.captureLimits, compare !== undefined || rules.hasFunctions, plan.callerMs);
  if (kept.kind === "live") return undefined;
  plan.counters.capturedBytes += kept.bytes;
  return kept;
}

/** An outcome with its value copied; `undefined` where that is not needed, or cannot be. */
export function keepOutcome(
  plan: ExperimentPlan,
  outcome: Outcome | undefined,
  evidence: Evidence,
): Outcome | undefined {
  if (outcome?.kind !== "returned" || evidence !== "live") return undefined;
  const kept = keep(plan, outcome.value);
  return kept && { kind: "returned", value: kept.value };
}
