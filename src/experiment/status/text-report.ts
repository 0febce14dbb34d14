import type { ServedStage } from "../../model/result.ts";
import { judges } from "../../rollout/to-rollout.ts";
import { reportPage } from "./report-page.ts";
import type { Verdict } from "../../stats/verdict.ts";
import type { Plan, PlannedCandidate } from "../define/experiment-plan.ts";

/** What there is to say about one experiment, on a page. */
export function reportOf(plan: Plan): string {
  const { counters, state, about } = plan;
  const stage = stageOf(plan);
  return reportPage({
    experiment: plan.name,
    at: plan.host.clock.now(),
    calls: counters.calls,
    skips: counters.skipped(),
    ...(stage && { stage, served: state.served, fellBack: state.fellBack }),
    candidates: plan.hooks.candidates.map((candidate) => ({
      name: candidate.name,
      tally: candidate.record.tally,
      verdict: verdictOn(plan, candidate),
    })),
    groups: plan.groups.list(),
    faults: counters.faults,
    cost: { totalPathMs: counters.totalPathMs, capturedBytes: counters.capturedBytes },
    about: { owner: about.owner, link: about.link, untilAt: about.untilMs },
  });
}

/** What the rollout says, where it judges by itself; else what the experiment's own evidence says. */
export function verdictOn({ rollout, host, name, counters }: Plan, candidate: PlannedCandidate): Verdict {
  if (judges(rollout)) {
    try {
      return { ...rollout.verdict(), candidate: candidate.name };
    } catch (error) {
      host.fault("rollout", error, { name, counters });
    }
  }
  return candidate.record.verdict();
}

/** Where the rollout stands; absent without one. */
export function stageOf({ rollout, host, name, counters }: Plan): ServedStage | undefined {
  if (rollout === undefined) return undefined;
  try {
    const { stage, share, epoch } = rollout.current();
    return { stage, share, epoch };
  } catch (error) {
    host.fault("rollout", error, { name, counters });
    return undefined;
  }
}
