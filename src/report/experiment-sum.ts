import type { ServedStage } from "../model/result.ts";
import type { StartedExperiment } from "../model/start-record.ts";
import type { CandidateTally } from "../model/tally-record.ts";
import type { EventRecord, PresentedResult } from "../records/record.ts";
import { CandidateSum } from "./candidate-sum.ts";
import type { ExampleRoom } from "./group-counts.ts";
import type { ReportExperiment, ReportStep } from "./model.ts";
import { Steps } from "./steps.ts";

const mostEvents = 200;

type Step = { calls: number; started: number; compared: number; matched: number; readonly skips: Map<string, number> };

/** What is known of one experiment, record by record. */
export class ExperimentSum {
  readonly #room: ExampleRoom;
  readonly #candidates = new Map<string, CandidateSum>();
  readonly #skips = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  readonly #sums = { calls: 0, started: 0, answered: 0, fellBack: 0 };
  readonly #steps = new Steps<Step>(
    () => ({ calls: 0, started: 0, compared: 0, matched: 0, skips: new Map() }),
    (into, { calls, started, compared, matched, skips }) => {
      into.calls += calls;
      into.started += started;
      into.compared += compared;
      into.matched += matched;
      for (const [reason, times] of skips) count(into.skips, reason, times);
    },
  );
  #events: EventRecord[] = [];
  #started: StartedExperiment | undefined = undefined;
  #rollout: { readonly at: number; readonly stage: ServedStage } | undefined = undefined;

  constructor(room: ExampleRoom) {
    this.#room = room;
  }

  start(started: StartedExperiment): void {
    this.#started = started;
    for (const name of Array.isArray(started.candidates) ? started.candidates : []) this.#candidate(String(name));
  }

  addTally(tally: CandidateTally): void {
    const { candidate, counts, of, from, to } = tally;
    this.#candidate(candidate).addTally(tally);
    const step = this.#steps.at(from);
    if (of !== undefined) {
      this.#sums.calls += of.calls;
      this.#sums.started += of.started;
      this.#sums.answered += of.answered;
      this.#sums.fellBack += of.fellBack;
      step.calls += of.calls;
      step.started += of.started;
      for (const [reason, times] of Object.entries(of.skips)) {
        count(this.#skips, reason, times);
        count(step.skips, reason, times);
      }
      if (of.rollout !== undefined) this.#stands(to, of.rollout);
    }
    // Of several candidates each is compared with every call: the first one stands for all.
    const [first] = this.#candidates.keys();
    if (candidate !== first) return;
    step.compared += counts.match + counts.mismatch + counts.ignored;
    step.matched += counts.match;
  }

  addFaults(counts: Readonly<Record<string, number>>): void {
    for (const [operation, times] of Object.entries(counts)) count(this.#faults, operation, times);
  }

  addEvent(event: EventRecord): void {
    this.#events.push(event);
    if (this.#events.length > 2 * mostEvents) this.#events = sorted(this.#events).slice(-mostEvents);
    this.#stands(event.at, event.to);
  }

  addResult(result: PresentedResult, isTallied: boolean): void {
    for (const candidate of result.candidates) {
      this.#candidate(candidate.name).addResult(result, candidate, isTallied);
    }
  }

  /** A process has told counts: what its results said is in them. */
  isTallied(process: string): void {
    for (const candidate of this.#candidates.values()) candidate.isTallied(process);
  }

  /** @param now the end of all records */
  report(now: number): ReportExperiment {
    const { owner, link, until } = this.#started ?? {};
    const funnel = this.#steps.list().map(([at, { skips, ...step }]): ReportStep => ({
      ...{ at, ...step },
      skips: Object.fromEntries(skips),
    }));
    const { stepMs } = this.#steps;
    const skips = Object.fromEntries(this.#skips);
    const rollout = this.#rollout?.stage;
    return {
      ...(owner !== undefined && { owner }),
      ...(link !== undefined && { link }),
      ...(until !== undefined && { until }),
      overdue: until !== undefined && now >= until,
      ...this.#sums,
      skips,
      faults: Object.fromEntries(this.#faults),
      ...(rollout && { rollout }),
      stepMs,
      funnel,
      events: sorted(this.#events).slice(-mostEvents),
      candidates: Object.fromEntries(
        [...this.#candidates].map(([name, sum]) => [name, sum.report(now, skips, rollout, funnel, stepMs)]),
      ),
    };
  }

  #stands(at: number, { stage, share, epoch }: ServedStage): void {
    if (this.#rollout === undefined || at >= this.#rollout.at) this.#rollout = { at, stage: { stage, share, epoch } };
  }

  #candidate(name: string): CandidateSum {
    let candidate = this.#candidates.get(name);
    if (candidate === undefined) this.#candidates.set(name, (candidate = new CandidateSum(name, this.#room)));
    return candidate;
  }
}

function sorted(events: readonly EventRecord[]): EventRecord[] {
  return [...events].sort((one, other) => one.at - other.at);
}

/** Adds to a count. */
export function count(counts: Map<string, number>, name: string, times: number): void {
  counts.set(name, (counts.get(name) ?? 0) + times);
}
