import type { Observation } from "../../model/observation.ts";
import { aWhole, where, type OptionRule } from "../../model/option-table.ts";
import type { CandidateObservation, Result, ResultKind } from "../../model/result.ts";
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
  compared(experiment: string, candidate: string, kind: ResultKind, version: string | undefined): void;
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
  readonly onSkip: (experiment: string, reason: string) => void;
  readonly onInFlight: (experiment: string, change: 1 | -1) => void;
}

/** @param maxLabelValues how many distinct values one label may take before `(other)` stands for the rest */
export function readings(instruments: Instruments, maxLabelValues: number): Readings {
  const experimentLabel = boundedLabel(maxLabelValues);
  const behaviorLabel = boundedLabel(maxLabelValues);
  const reasonLabel = boundedLabel(maxLabelValues);
  const versionLabel = boundedLabel(maxLabelValues);
  return {
    publish(result) {
      const experiment = experimentLabel(result.experiment);
      const version = result.version === undefined ? undefined : versionLabel(result.version);
      // Control is what it was, whichever candidate runs beside it.
      record(experiment, "control", result.control, undefined);
      for (const candidate of result.candidates) {
        const behavior = behaviorLabel(candidate.name);
        instruments.compared(experiment, behavior, kindOf(candidate), version);
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

/** One candidate in one word, as {@link ResultKind} has it for a whole result. */
export function kindOf(candidate: CandidateObservation): ResultKind {
  return candidate.outcome.kind === "timed-out" ? "timed-out" : candidate.comparison.kind;
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
