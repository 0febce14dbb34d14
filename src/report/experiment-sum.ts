import type { ServedStage } from "../model/result.ts";
import type { StartedExperiment } from "../model/start-record.ts";
import type { CandidateTally } from "../model/tally-record.ts";
import { readWritesStanding, type WritesStanding } from "../model/writes-standing.ts";
import type { EventRecord, PresentedResult } from "../records/record.ts";
import { CandidateSum } from "./candidate-sum.ts";
import type { ExampleRoom } from "./group-counts.ts";
import type { ReportExperiment, ReportStep } from "./model.ts";
import { RuleEnds } from "./rule-ends.ts";
import { Steps } from "./steps.ts";

const mostEvents = 200;

type Step = { calls: number; started: number; readonly skips: Map<string, number> };
type Compared = { compared: number; matched: number };

/** What is known of one experiment, record by record. */
export class ExperimentSum {
  readonly #room: ExampleRoom;
  readonly #candidates = new Map<string, CandidateSum>();
  readonly #skips = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  readonly #sums = { calls: 0, started: 0, answered: 0, fellBack: 0 };
  readonly #steps = new Steps<Step>(
    () => ({ calls: 0, started: 0, skips: new Map() }),
    (into, { calls, started, skips }) => {
      into.calls += calls;
      into.started += started;
      for (const [reason, times] of skips) count(into.skips, reason, times);
    },
  );
  /** By candidate. */
  readonly #compared = new Map<string, Steps<Compared>>();
  readonly #ruleEnds = new RuleEnds();
  #events: EventRecord[] = [];
  #started: { readonly at: number; readonly process: string; readonly as: StartedExperiment } | undefined = undefined;
  #writes: WritesStanding | undefined = undefined;
  #rollout: { readonly at: number; readonly stage: ServedStage } | undefined = undefined;

  constructor(room: ExampleRoom) {
    this.#room = room;
  }

  start(started: StartedExperiment, at: number, process: string): void {
    const known = this.#started;
    if (known === undefined || at > known.at || (at === known.at && process >= known.process)) {
      this.#started = { at, process, as: started };
    }
    this.#ruleEnds.add(started, at, process);
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
      this.#takeWrites(readWritesStanding(of.writes));
    }
    let steps = this.#compared.get(candidate);
    if (steps === undefined) this.#compared.set(candidate, (steps = new Steps(noneCompared, addCompared)));
    const ofCandidate = steps.at(from);
    ofCandidate.compared += counts.match + counts.mismatch + counts.ignored;
    ofCandidate.matched += counts.match;
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
    const { owner, link, until } = this.#started?.as ?? {};
    const { stepMs } = this.#steps;
    const names = this.#names();
    // Of several candidates each is compared with every call: the first one stands for all.
    const steps = this.#compared.get(names[0] ?? "");
    steps?.coarsen(stepMs);
    const compared = new Map(steps?.list());
    const funnel = this.#steps.list().map(([at, { skips, ...step }]): ReportStep => ({
      ...{ at, ...step, ...(compared.get(at) ?? noneCompared()) },
      skips: named(skips),
    }));
    const skips = named(this.#skips);
    const rollout = this.#rollout?.stage;
    return {
      ...(owner !== undefined && { owner }),
      ...(link !== undefined && { link }),
      ...(until !== undefined && { until }),
      overdue: until !== undefined && now >= until,
      ...this.#sums,
      skips,
      faults: named(this.#faults),
      ...(rollout && { rollout }),
      ...(this.#writes && { writes: this.#writes }),
      stepMs,
      funnel,
      events: sorted(this.#events).slice(-mostEvents),
      ...this.#ruleEnds.list(),
      candidates: Object.fromEntries(
        names.map((name) => [name, this.#candidates.get(name)!.report(now, skips, rollout, funnel, stepMs)]),
      ),
    };
  }

  #stands(at: number, { stage, share, epoch }: ServedStage): void {
    const known = this.#rollout;
    if (known === undefined || at > known.at || (at === known.at && epoch >= known.stage.epoch)) {
      this.#rollout = { at, stage: { stage, share, epoch } };
    }
  }

  /** All processes read the same databases: what was read last holds; of several at one moment one and the same, in whatever order. */
  #takeWrites(writes: WritesStanding | undefined): void {
    const known = this.#writes;
    if (writes === undefined || (known !== undefined && writes.at < known.at)) return;
    if (known?.at !== writes.at || JSON.stringify(writes) > JSON.stringify(known)) this.#writes = writes;
  }

  /** Its candidates as it was defined with them last, and then those of before. */
  #names(): readonly string[] {
    const { candidates } = this.#started?.as ?? {};
    const defined = Array.isArray(candidates) ? candidates.map(String) : [];
    return [...new Set([...defined, ...[...this.#candidates.keys()].sort()])];
  }

  #candidate(name: string): CandidateSum {
    let candidate = this.#candidates.get(name);
    if (candidate === undefined) this.#candidates.set(name, (candidate = new CandidateSum(name, this.#room)));
    return candidate;
  }
}

const noneCompared = (): Compared => ({ compared: 0, matched: 0 });

function addCompared(into: Compared, { compared, matched }: Compared): void {
  into.compared += compared;
  into.matched += matched;
}

function sorted(events: readonly EventRecord[]): EventRecord[] {
  const text = ({ process = "", kind, by }: EventRecord): string => `${process} ${kind} ${by}`;
  return [...events].sort(
    (one, other) => one.at - other.at || one.to.epoch - other.to.epoch || (text(one) < text(other) ? -1 : 1),
  );
}

/** Counts in the order of their names, whichever came first. */
export function named<Value>(counts: ReadonlyMap<string, Value>): Record<string, Value> {
  return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Adds to a count. */
export function count(counts: Map<string, number>, name: string, times: number): void {
  counts.set(name, (counts.get(name) ?? 0) + times);
}
