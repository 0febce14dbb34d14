import { nodeVersion } from "../../model/runtime.ts";
import type { StartedExperiment, StartRecord } from "../../model/start-record.ts";
import { sidelaneVersion } from "../../model/version.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";
import type { Services } from "../define/services.ts";
import { ruleEndsOf } from "./rule-ends.ts";
import { judges } from "../../rollout/to-rollout.ts";
import { defaultGates } from "../../stats/gates.ts";

// By plan, so that what was told once is known by being the same.
const started = new WeakMap<ExperimentPlan, StartedExperiment>();

/** What a process is, and which experiments it has by now. */
export function startOf(services: Services, plans: readonly ExperimentPlan[]): StartRecord {
  const { labels, comparisonQueue, clock } = services;
  const node = nodeVersion();
  return {
    ...({ v: 2, type: "start", process: comparisonQueue.prefix } as const),
    ...(labels.build !== undefined && { build: labels.build }),
    at: clock.now(),
    labels: Object.fromEntries(
      Object.entries(labels).filter((each): each is [string, string] => each[1] !== undefined),
    ),
    versions: { sidelane: sidelaneVersion, ...(node !== undefined && { node }) },
    experiments: Object.fromEntries(plans.map((plan) => [plan.name, experimentOf(plan)])),
  };
}

function experimentOf(plan: ExperimentPlan): StartedExperiment {
  const known = started.get(plan);
  if (known !== undefined) return known;
  const { about, sample, version, hooks } = plan;
  const made = {
    ...(about.owner !== undefined && { owner: about.owner }),
    ...(about.link !== undefined && { link: about.link }),
    ...(about.untilMs !== undefined && { until: about.untilMs }),
    sample,
    candidates: hooks.candidates.map(({ name }) => name),
    ...(version !== undefined && { version }),
    gates: Object.fromEntries(gatesOf(plan).map(({ name, max }) => [name, max])),
    ...ruleEndsOf(plan),
  };
  started.set(plan, made);
  return made;
}

function gatesOf({ rollout, services, name, counters }: ExperimentPlan): readonly { name: string; max: number }[] {
  if (!judges(rollout)) return defaultGates;
  try {
    return rollout.verdict().gates;
  } catch (error) {
    services.fault("rollout", error, { name, counters });
    return [];
  }
}
