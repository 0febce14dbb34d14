import type { Observation } from "../../model/observation.ts";
import { aWhole, where, type OptionRule } from "../../model/option-table.ts";
import { kindOfCandidate, type Result, type ResultKind } from "../../model/result.ts";
import type { TallyRecord } from "../../model/tally-record.ts";
import type { RolloutEvent } from "../../model/rollout.ts";
import { writeEvent, writeTally, type Write } from "./rollout-metrics.ts";
import { boundedLabel } from "./bounded-label.ts";

/**
 * Bounds of the duration histograms, in seconds: those that OpenTelemetry advises for `http.server.request.duration`,
 * and below them four more, since a function can take microseconds.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
 */
export const defaultBuckets: readonly number[] = [
  0.00001, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** Takes the numbers of results, each with its labels already bounded. */
export interface Instruments {
  compared(experiment: string, candidate: string, kind: ResultKind, version: string | undefined, times: number): void;
  took(
    experiment: string,
    behavior: string,
    outcome: Observation["outcome"]["kind"],
    seconds: number,
    version: string | undefined,
  ): void;
  skipped(experiment: string, reason: string): void;
  inFlight(experiment: string, change: 1 | -1): void;
}

/** The part that every publisher of metrics shares: which number of a result goes where. */
export interface Readings {
  readonly publish: (result: Result) => void;
  readonly publishTally: (tally: TallyRecord) => void;
  readonly publishEvent: (event: RolloutEvent) => void;
  readonly onSkip: (experiment: string, reason: string) => void;
  readonly onInFlight: (experiment: string, change: 1 | -1) => void;
}

/** @param maxLabelValues how many distinct values one label may take before `(other)` stands for the rest */
export function readings(instruments: Instruments, maxLabelValues: number, write: Write): Readings {
  const experimentLabel = boundedLabel(maxLabelValues);
  const behaviorLabel = boundedLabel(maxLabelValues);
  const reasonLabel = boundedLabel(maxLabelValues);
  const versionLabel = boundedLabel(maxLabelValues);
  const versionOf = ({ version }: { readonly version?: string }): string | undefined =>
    version === undefined ? undefined : versionLabel(version);
  const exact = exactCounts(instruments.compared);
  return {
    publishTally(tally) {
      if ("experiment" in tally) {
        const experiment = experimentLabel(tally.experiment);
        const behavior = behaviorLabel(tally.candidate);
        const version = versionOf(tally);
        for (const [kind, tallied] of Object.entries(tally.counts))
          exact(experiment, behavior, kind as ResultKind, version, { tallied });
      }
      writeTally(tally, write, experimentLabel, behaviorLabel);
    },
    publishEvent: (event) => writeEvent(event, write, experimentLabel),
    publish(result) {
      const experiment = experimentLabel(result.experiment);
      const version = versionOf(result);
      // Control is what it was, whichever candidate runs beside it.
      record(experiment, "control", result.control, undefined);
      for (const candidate of result.candidates) {
        const behavior = behaviorLabel(candidate.name);
        exact(experiment, behavior, kindOfCandidate(candidate), version, { seen: 1 });
        record(experiment, behavior, candidate, version);
      }
    },
    onSkip: (experiment, reason) => instruments.skipped(experimentLabel(experiment), reasonLabel(reason)),
    onInFlight: (experiment, change) => instruments.inFlight(experimentLabel(experiment), change),
  };

  function record(
    experiment: string,
    behavior: string,
    { outcome, durationMs }: Observation,
    version: string | undefined,
  ): void {
    instruments.took(experiment, behavior, outcome.kind, durationMs / 1_000, version);
  }
}

/**
 * Counts by results as they come, and by tallies, which also have those that were dropped on their way: of each version whichever
 * has counted more is right, and a counter never counts one twice.
 */
function exactCounts(count: Instruments["compared"]) {
  const counts = new Map<string, { seen: number; tallied: number }>();
  return (
    experiment: string,
    candidate: string,
    kind: ResultKind,
    version: string | undefined,
    { seen = 0, tallied = 0 }: { readonly seen?: number; readonly tallied?: number },
  ): void => {
    const key = JSON.stringify([experiment, candidate, kind, version]);
    const known = counts.get(key) ?? { seen: 0, tallied: 0 };
    const now = { seen: known.seen + seen, tallied: known.tallied + tallied };
    counts.set(key, now);
    const times = Math.max(now.seen, now.tallied) - Math.max(known.seen, known.tallied);
    if (times > 0) count(experiment, candidate, kind, version, times);
  };
}

/** Bounds of a histogram: rising finite numbers. */
export const bucketsRule: OptionRule = where(
  "a rising list of seconds",
  (got) =>
    Array.isArray(got) &&
    got.length > 0 &&
    got.every((bound: unknown, index) => Number.isFinite(bound) && (index === 0 || Number(bound) > got[index - 1])),
);

export const maxLabelValuesRule: OptionRule = aWhole({ min: 1 });
