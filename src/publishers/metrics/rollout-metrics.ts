import type { RolloutEvent } from "../../model/rollout.ts";
import type { ExperimentCounts, TallyRecord } from "../../model/tally-record.ts";
import { counter, gauge, type Label, type StandingMetric } from "./standing-metric.ts";
import { writesMetrics, writeWrites, type WritesMetricName } from "./writes-metrics.ts";

const perExperiment = ["experiment"];
const perCandidate = ["experiment", "candidate"];

type RolloutMetricName =
  | "rollout_share"
  | "rollout_stage"
  | "rollout_events_total"
  | "verdict"
  | "mismatch_upper_bound"
  | "units_missing"
  | "served_total"
  | "fell_back_total"
  | "groups"
  | "new_groups_total"
  | "publisher_dropped_total"
  | "faults_total"
  | "synchronized";

const ofRollouts: Readonly<Record<RolloutMetricName, StandingMetric>> = {
  rollout_share: gauge("Share of keys that the candidate answers, from 0 to 1", perExperiment, "rollout.share", "1"),
  rollout_stage: gauge(
    "1 for the stage of the rollout, 0 for the others",
    ["experiment", "stage"],
    "rollout.stage",
    "1",
  ),
  rollout_events_total: counter("Changes of rollouts", ["experiment", "kind"], "rollout.events", "{event}"),
  verdict: gauge("1 for what the evidence says, 0 for the rest", [...perCandidate, "state"], "verdict", "1"),
  mismatch_upper_bound: gauge(
    "The most that the true rate of mismatches is, at the verdict's confidence",
    perCandidate,
    "mismatch.upper_bound",
    "1",
  ),
  units_missing: gauge("Units of evidence that are missing, if all are good", perCandidate, "units.missing", "{unit}"),
  served_total: counter("Calls that a candidate answered", perExperiment, "served", "{call}"),
  fell_back_total: counter("Calls that control answered in a candidate's place", perExperiment, "fell_back", "{call}"),
  groups: gauge("Kinds of mismatch that are kept", perExperiment, "groups", "{group}"),
  new_groups_total: counter("Kinds of mismatch that were new", perExperiment, "groups.new", "{group}"),
  publisher_dropped_total: counter(
    "Results that a publisher did not get, by reason",
    ["publisher", "reason"],
    "publisher.dropped",
    "{result}",
  ),
  faults_total: counter("What foreign code did wrong, by what Sidelane was doing", ["operation"], "faults", "{fault}"),
  synchronized: gauge("Whether a rollout knows the state that it shares", perExperiment, "synchronized", "1"),
};

/** What tallies and events say of rollouts, of parallel writes and of the laboratory itself. */
export const standingMetrics: Readonly<Record<StandingMetricName, StandingMetric>> = {
  ...ofRollouts,
  ...writesMetrics,
};

export type StandingMetricName = RolloutMetricName | WritesMetricName;

/** Puts a gauge at a value, or adds to a counter. */
export type Write = (name: StandingMetricName, labels: Readonly<Record<string, string>>, value: number) => void;

const stages = ["off", "shadow", "ramp", "live", "complete"];
const verdicts = ["ready", "not-ready", "insufficient", "regressed"];

/** Writes what a tally says. */
export function writeTally(tally: TallyRecord, write: Write, experimentLabel: Label, candidateLabel: Label): void {
  if ("publishers" in tally) {
    for (const [publisher, { dropped }] of Object.entries(tally.publishers)) {
      for (const [reason, times] of Object.entries(dropped))
        write("publisher_dropped_total", { publisher, reason }, times);
    }
    writeFaults(tally.faults, write);
    return;
  }
  const experiment = experimentLabel(tally.experiment);
  if (tally.of !== undefined) writeExperiment(tally.of, experiment, write);
  const labels = { experiment, candidate: candidateLabel(tally.candidate) };
  for (const state of verdicts) write("verdict", { ...labels, state }, Number(tally.verdict === state));
  write("mismatch_upper_bound", labels, tally.mismatchUpperBound);
  write("units_missing", labels, tally.unitsMissing);
}

function writeExperiment(of: ExperimentCounts, experiment: string, write: Write): void {
  const { rollout } = of;
  if (rollout !== undefined) {
    write("rollout_share", { experiment }, rollout.share);
    for (const stage of stages) write("rollout_stage", { experiment, stage }, Number(rollout.stage === stage));
  }
  if (of.writes !== undefined) writeWrites(of.writes, experiment, write);
  if (of.synchronized !== undefined) write("synchronized", { experiment }, Number(of.synchronized));
  write("served_total", { experiment }, of.answered);
  write("fell_back_total", { experiment }, of.fellBack);
  write("groups", { experiment }, of.kept);
  write("new_groups_total", { experiment }, of.newGroups);
  writeFaults(of.faults, write);
}

/** Writes that something happened, and where the rollout stands since. */
export function writeEvent({ experiment: name, kind, to }: RolloutEvent, write: Write, experimentLabel: Label): void {
  const experiment = experimentLabel(name);
  write("rollout_events_total", { experiment, kind }, 1);
  write("rollout_share", { experiment }, to.share);
  for (const stage of stages) write("rollout_stage", { experiment, stage }, Number(to.stage === stage));
}

function writeFaults(faults: Readonly<Record<string, number>>, write: Write): void {
  for (const [operation, times] of Object.entries(faults)) write("faults_total", { operation }, times);
}
