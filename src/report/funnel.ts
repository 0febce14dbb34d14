import type { SkipReason } from "../experiment/record/counters.ts";
import type { ReportExperiment } from "./model.ts";
import { number } from "./words.ts";

/** What became of all calls of an experiment, each number a part of the one before it. */
export interface Funnel {
  readonly calls: number;
  /** The switch, the stage, `enabled` and the place of the call let it be compared. */
  readonly eligible: number;
  /** Drawn by `sample`. */
  readonly sampled: number;
  /** No limit was in the way. */
  readonly started: number;
  readonly compared: number;
  readonly matched: number;
}

const limits: ReadonlySet<string> = new Set<SkipReason>([
  "in-flight",
  "laboratory-in-flight",
  "breaker-open",
  "loop-busy",
  "cpu-budget",
  "prepare-failed",
]);

export function funnelOf({ calls, started, skips, funnel }: ReportExperiment): Funnel {
  const skipped = (is: (reason: string) => boolean): number =>
    Object.entries(skips).reduce((sum, [reason, times]) => sum + (is(reason) ? times : 0), 0);
  const sampledOut = (reason: string): boolean => reason === "sampled-out";
  const eligible = calls - skipped((reason) => !sampledOut(reason) && !limits.has(reason));
  const [compared, matched] = (["compared", "matched"] as const).map((name) =>
    funnel.reduce((sum, step) => sum + step[name], 0),
  );
  return { calls, eligible, sampled: eligible - skipped(sampledOut), started, compared: compared!, matched: matched! };
}

/** `1 200 calls → eligible 900 → sampled 90 → started 90 → compared 88 → matched 87`. */
export function funnelText(experiment: ReportExperiment): string {
  const { calls, ...steps } = funnelOf(experiment);
  const told = Object.entries(steps).map(([name, times]) => `${name} ${number(times)}`);
  return [`${number(calls)} calls`, ...told].join(" → ");
}
