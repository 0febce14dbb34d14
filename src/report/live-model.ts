import { systemClock, type Clock } from "../model/clock.ts";
import { resultKinds } from "../model/result.ts";
import type { ExperimentStatus, LaboratoryStatus } from "../experiment/status/status.ts";
import type { Laboratory } from "../experiment/laboratory.ts";
import { redactedText } from "../records/redacted-event.ts";
import type { EventRecord } from "../records/record.ts";
import type { Ramp } from "../rollout/ramp/ramp.ts";
import { DifferenceHistogram } from "../stats/difference-histogram.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import { told } from "./body.ts";
import { differencesOf, latencyOf } from "./latency.ts";
import type { ReportCandidate, ReportExperiment, ReportGroup, ReportModel, ReportStep } from "./model.ts";
import { rulesInOrder } from "./rule-ends.ts";
import { Steps } from "./steps.ts";

const everyMs = 60_000;

/** A laboratory at one moment. */
export interface Look {
  /** Another text with every number that a report would show, and every ten minutes, since some of it only time changes. */
  readonly epoch: string;
  model(): ReportModel;
}

interface Sums {
  calls: number;
  started: number;
  compared: number;
  matched: number;
  skips: Record<string, number>;
  mismatches: Record<string, { comparisons: number; mismatches: number; upperBound: number | undefined }>;
}

/**
 * The report of a laboratory as it stands: sums and verdicts are those of `status()`, and the course over time begins when this was made. It
 * is looked at every minute, and whenever the report is asked for.
 */
export class LiveModel {
  readonly #laboratory: Pick<Laboratory, "status" | "rollout">;
  readonly #clock: Clock;
  readonly #from: number;
  readonly #steps = new Map<string, Steps<Sums>>();
  #before: LaboratoryStatus;

  constructor(laboratory: Pick<Laboratory, "status" | "rollout">, clock: Clock = systemClock) {
    this.#laboratory = laboratory;
    this.#clock = clock;
    this.#from = clock.now();
    this.#before = laboratory.status();
    this.#schedule();
  }

  /** The experiments as they stand: the model is made where it is asked for. */
  look(): Look {
    const status = this.#look();
    const now = this.#clock.now();
    return { epoch: epochOf(status, now), model: () => this.#model(status, now) };
  }

  #model(status: LaboratoryStatus, now: number): ReportModel {
    const entries = Object.entries(status.experiments).map(
      ([name, of]) => [name, this.#experiment(name, of, now)] as const,
    );
    const dropped = Object.entries(status.publishers).map(
      ([name, counts]) => [name, positive(counts.dropped)] as const,
    );
    const failed = Object.entries(status.publishers).map(([name, counts]) => [name, counts.failed] as const);
    return {
      version: 1,
      ...{ from: this.#from, to: now },
      processes: { "this process": { labels: {}, from: this.#from, to: now, ended: status.closed } },
      experiments: Object.fromEntries(entries),
      faults: positive(status.faults),
      lost: {
        ...{ lines: 0, torn: 0, versions: 0, types: 0, records: 0, minutes: 0, uncounted: 0 },
        dropped: Object.fromEntries(dropped.filter(([, reasons]) => Object.keys(reasons).length > 0)),
        failed: positive(Object.fromEntries(failed)),
      },
    };
  }

  #schedule(): void {
    this.#clock.after(everyMs, () => {
      if (this.#look().closed) return;
      this.#schedule();
    });
  }

  /** What was added since the last look belongs to the minute of this one. */
  #look(): LaboratoryStatus {
    const status = this.#laboratory.status();
    const now = this.#clock.now();
    for (const [name, of] of Object.entries(status.experiments)) {
      const before = Object.hasOwn(this.#before.experiments, name) ? this.#before.experiments[name] : undefined;
      let steps = this.#steps.get(name);
      if (steps === undefined) this.#steps.set(name, (steps = new Steps(noSums, addSums)));
      addSums(steps.at(now), added(of, before));
    }
    this.#before = status;
    return status;
  }

  #experiment(name: string, status: ExperimentStatus, now: number): ReportExperiment {
    const { calls, started, skips, served, fellBack, faults, rollout, writes, about, knownMismatches } = status;
    const steps = this.#steps.get(name)!;
    const list = steps.list();
    const funnel = list.map(([at, { calls: all, started: begun, compared, matched, skips: skipped }]): ReportStep => ({
      ...{ at, calls: all, started: begun, compared, matched },
      skips: positive(skipped),
    }));
    const candidates = Object.keys(status.candidates).map(
      (candidate) => [candidate, candidateOf(candidate, status, now, list, steps.stepMs)] as const,
    );
    return {
      ...(about.owner !== undefined && { owner: about.owner }),
      ...(about.link !== undefined && { link: about.link }),
      overdue: about.overdue,
      ...{ calls, started, skips: positive(skips), answered: served, fellBack, faults: positive(faults) },
      ...(rollout && { rollout }),
      ...(writes && { writes }),
      ...{ stepMs: steps.stepMs, funnel },
      events: this.#events(name),
      ...rulesInOrder(knownMismatches),
      candidates: Object.fromEntries(candidates),
    };
  }

  /** What the state of a ramp remembers. */
  #events(experiment: string): EventRecord[] {
    const rollout = this.#laboratory.rollout(experiment);
    if (!isRamp(rollout)) return [];
    return rollout.status().state.history.map(({ kind, from, to, at, by, reason }) => ({
      ...({ v: 2, type: "event" } as const),
      ...{ kind, experiment, from, to, at, by: redactedText(by), reason: redactedText(reason) },
    }));
  }
}

function epochOf({ experiments, publishers, faults, closed }: LaboratoryStatus, now: number): string {
  const facts = Object.entries(experiments).map(
    ([name, { calls, started, matched, mismatched, rollout, writes, candidates }]) => [
      ...[name, calls, started, matched, mismatched, rollout?.epoch, writes?.at],
      ...Object.values(candidates).map(({ verdict }) => [verdict.kind, verdict.standing]),
    ],
  );
  const lost = Object.values(publishers).map(({ dropped, failed }) => [dropped, failed]);
  return hashOf(JSON.stringify([closed, Math.floor(now / (10 * everyMs)), facts, lost, faults]));
}

/** Whether people can steer a rollout. */
export function isRamp(rollout: unknown): rollout is Ramp {
  const { status, stepBack } = (rollout ?? {}) as Partial<Ramp>;
  return typeof status === "function" && typeof stepBack === "function";
}

function candidateOf(
  name: string,
  { candidates, groups, skips, version, rollout, noise }: ExperimentStatus,
  now: number,
  steps: readonly (readonly [number, Sums])[],
  stepMs: number,
): ReportCandidate {
  const { tally, verdict } = candidates[name]!;
  const comparisons = resultKinds.reduce((sum, kind) => sum + tally.kinds[kind], 0);
  const shown = { ...verdict, reasons: verdict.reasons.map(redactedText) };
  const its = groups.filter(({ signature, first }) =>
    first.candidates.some((each) => each.name === name && each.comparison.signature === signature),
  );
  const noisy = new Set(noise?.groups.flatMap((each) => (each.verdict === "noise" ? [each.name] : [])));
  const named = its.reduce((sum, { count }) => sum + count, 0);
  const trend = steps.map(([at, { mismatches }]) => ({
    at,
    ...(mismatches[name] ?? { comparisons: 0, mismatches: 0, upperBound: undefined }),
  }));
  const lastAt = trend.findLast((each) => each.comparisons > 0);
  return {
    counts: tally.kinds,
    skips: positive(skips),
    verdict: told(shown, now, lastAt && lastAt.at + stepMs, rollout),
    groups: its.map(({ signature, differences, count, firstSeen, lastSeen, first, examples }): ReportGroup => ({
      ...{ signature, differences, count, firstSeen, lastSeen },
      share: count / Math.max(1, tally.kinds.mismatch),
      ...(version !== undefined && { version }),
      isNew: false,
      ...(noise && { isNoise: noisy.has(signature) }),
      examples: [first, ...examples.filter(({ id }) => id !== first.id)].slice(0, 3),
      trend: [],
    })),
    otherGroups: Math.max(0, tally.kinds.mismatch - named),
    countedFrom: "tallies",
    ...(comparisons > 0 && { matchRate: tally.kinds.match / comparisons }),
    mismatchUpperBound: verdict.gates.find((gate) => gate.name === "mismatch")?.upperBound ?? 1,
    errors: { candidate: tally.candidateErrors, control: tally.controlErrors },
    latency: {
      control: latencyOf(LatencyHistogram.from(tally.control)),
      candidate: latencyOf(LatencyHistogram.from(tally.candidate)),
      ...differencesOf(DifferenceHistogram.from(tally.differences)),
    },
    versions: [],
    trend: trend.map(({ upperBound, ...step }) => ({ ...step, ...(upperBound !== undefined && { upperBound }) })),
  };
}

function noSums(): Sums {
  return { calls: 0, started: 0, compared: 0, matched: 0, skips: {}, mismatches: {} };
}

function addSums(into: Sums, from: Sums): void {
  into.calls += from.calls;
  into.started += from.started;
  into.compared += from.compared;
  into.matched += from.matched;
  for (const [reason, times] of Object.entries(from.skips)) into.skips[reason] = (into.skips[reason] ?? 0) + times;
  for (const [name, { comparisons, mismatches, upperBound }] of Object.entries(from.mismatches)) {
    const known = (into.mismatches[name] ??= { comparisons: 0, mismatches: 0, upperBound });
    known.comparisons += comparisons;
    known.mismatches += mismatches;
    known.upperBound = upperBound ?? known.upperBound;
  }
}

function added(now: ExperimentStatus, before: ExperimentStatus | undefined): Sums {
  const less = (of: (status: ExperimentStatus) => number): number => {
    const sum = of(now) - (before === undefined ? 0 : of(before));
    // An experiment that was replaced begins anew.
    return sum < 0 ? of(now) : sum;
  };
  const names = Object.keys(now.candidates);
  const compared = (status: ExperimentStatus, name: string): number => {
    const kinds = Object.hasOwn(status.candidates, name) ? status.candidates[name]!.tally.kinds : undefined;
    return kinds === undefined ? 0 : resultKinds.reduce((sum, kind) => sum + kinds[kind], 0);
  };
  return {
    calls: less(({ calls }) => calls),
    started: less(({ started }) => started),
    compared: less((status) => status.compared),
    matched: less(({ matched }) => matched),
    skips: Object.fromEntries(
      Object.keys(now.skips).map((reason) => [
        reason,
        less(({ skips }) => (skips as Record<string, number>)[reason] ?? 0),
      ]),
    ),
    mismatches: Object.fromEntries(
      names.map((name) => [
        name,
        {
          comparisons: less((status) => compared(status, name)),
          mismatches: less((status) => status.candidates[name]?.tally.kinds.mismatch ?? 0),
          upperBound: now.candidates[name]!.verdict.gates.find((gate) => gate.name === "mismatch")?.upperBound,
        },
      ]),
    ),
  };
}

function positive(counts: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter((entry): entry is [string, number] => (entry[1] ?? 0) > 0));
}

/** Of 53 bits: whether two are the same text, and no more. */
export function hashOf(text: string): string {
  let [one, other] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 2_654_435_761);
    other = Math.imul(other ^ unit, 1_597_334_677);
  }
  return ((other >>> 0) * 2 ** 21 + (one >>> 11)).toString(36);
}
