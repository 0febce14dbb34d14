import type { ServedStage } from "../../model/result.ts";
import { judges } from "../../rollout/to-rollout.ts";
import { redactedText } from "../../records/redacted-event.ts";
import type { PresentedOutcome, PresentedResult } from "../../records/record.ts";
import type { GroupSummary } from "../../stats/groups.ts";
import { reportPage } from "./report-page.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { snapshotOf } from "../define/ask-rollout.ts";
import type { ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";

/** What there is to say about one experiment, on a page. */
export function reportOf(plan: ExperimentPlan): string {
  const { counters, state, about } = plan;
  const stage = stageOf(plan);
  const noise = plan.noise?.report(plan.groups);
  const lastAts = plan.hooks.candidates.map(({ record }) => record.lastAt).filter((at) => at !== undefined);
  return reportPage({
    experiment: plan.name,
    at: plan.services.clock.now(),
    calls: counters.calls,
    skips: counters.skipped(),
    ...(stage && { stage, served: state.served, fellBack: state.fellBack }),
    candidates: plan.hooks.candidates.map((candidate) => ({
      name: candidate.name,
      tally: candidate.record.tally,
      verdict: verdictOn(plan, candidate),
      breaker: candidate.breaker.state,
    })),
    ...(lastAts.length > 0 && { lastComparedAt: Math.max(...lastAts) }),
    ...(noise && { noise }),
    groups: plan.groups.list().map(withSides),
    faults: counters.faults,
    cost: { totalPathMs: counters.totalPathMs, capturedBytes: counters.capturedBytes },
    about: { owner: about.owner, link: about.link, untilAt: about.untilMs },
  });
}

/** A kind whose difference is one in type says what both sides are; one that threw says what. */
function withSides(group: GroupSummary<PresentedResult>): GroupSummary<PresentedResult> & { readonly sides?: string } {
  const { control, candidates } = group.first;
  const candidate = candidates.find(({ comparison }) => comparison.signature === group.signature);
  if (candidate === undefined || !group.differences.some(({ path, kind }) => path === "$" && kind === "type")) {
    return group;
  }
  return { ...group, sides: `${sideOf(control.outcome)} → ${sideOf(candidate.outcome)}` };
}

function sideOf(outcome: PresentedOutcome): string {
  switch (outcome.kind) {
    case "returned":
      return outcome.type;
    case "threw":
      return `threw ${outcome.error.name}${outcome.error.code === undefined ? "" : ` ${outcome.error.code}`}`;
    case "timed-out":
      return "timed out";
  }
}

/** What the rollout says, where it judges by itself; else what the experiment's own evidence says. Reasons hold words of people. */
export function verdictOn({ rollout, services, name, counters }: ExperimentPlan, candidate: PlannedCandidate): Verdict {
  if (judges(rollout)) {
    try {
      const verdict = rollout.verdict();
      return { ...verdict, reasons: verdict.reasons.map(redactedText), candidate: candidate.name };
    } catch (error) {
      services.fault("rollout", error, { name, counters });
    }
  }
  return candidate.record.verdict();
}

/** Where the rollout stands; absent without one. */
export function stageOf(plan: ExperimentPlan): ServedStage | undefined {
  if (plan.rollout === undefined) return undefined;
  const snapshot = snapshotOf(plan);
  return snapshot && { stage: snapshot.stage, share: snapshot.share, epoch: snapshot.epoch };
}
