import type { Cancel } from "../../model/clock.ts";
import type { DeliveryCounts } from "../../model/publisher.ts";
import type {
  CandidateTally,
  ExperimentTally,
  LatencyCounts,
  PublisherTally,
  TallyRecord,
} from "../../model/tally-record.ts";
import type { ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import type { Services } from "../define/services.ts";
import type { Counters } from "../record/counters.ts";
import { stageOf, verdictOn } from "./text-report.ts";

const everyMs = 60_000;
// One record is not longer than a database or a broker takes.
const mostExperiments = 100;

/** What tallies are made of, and who is told. */
export interface TallySources {
  readonly services: Services;
  plans(): readonly ExperimentPlan[];
  publishers(): Readonly<Record<string, DeliveryCounts>>;
  readonly unassigned: Counters;
  /** Those that take tallies. */
  readonly receivers: readonly { acceptEvent(tally: TallyRecord): void }[];
}

/** Tells publishers what was counted since the last time: every 60 s, when an experiment is replaced, and at the end. */
export class TallyRecords {
  readonly #of: TallySources;
  readonly #plans = new WeakMap<ExperimentPlan, ExperimentTally>();
  #publishers: Record<string, PublisherTally> = {};
  #faults: Readonly<Record<string, number>> = {};
  readonly #process: string;
  #n = 0;
  #toldAt: number;
  #cancel: Cancel | undefined;

  constructor(of: TallySources) {
    this.#of = of;
    this.#process = of.services.comparisonQueue.prefix;
    this.#toldAt = of.services.clock.now();
    if (of.receivers.length > 0) this.#schedule();
  }

  /** Tells everything that was added so far. */
  tell(): void {
    if (this.#of.receivers.length === 0) return;
    const changed = this.#of.plans().flatMap((plan) => this.#changeOf(plan));
    const publishers = this.#publisherChanges();
    const { faults } = this.#of.unassigned;
    const added = minus(faults, this.#faults);
    this.#faults = { ...faults };
    if (changed.length === 0 && Object.keys(publishers).length === 0 && isNothing(added)) return;
    this.#record(takeFrom(changed), publishers, added);
    while (changed.length > 0) this.#record(takeFrom(changed), {}, {});
  }

  /** Tells the rest, and nothing more. */
  end(): void {
    this.#cancel?.();
    this.tell();
  }

  #schedule(): void {
    const { services } = this.#of;
    this.#cancel = services.detached(() =>
      services.clock.after(everyMs, () => {
        this.tell();
        if (!services.closed) this.#schedule();
      }),
    );
  }

  #record(
    experiments: readonly (readonly [string, ExperimentTally])[],
    publishers: TallyRecord["publishers"],
    faults: TallyRecord["faults"],
  ): void {
    const now = this.#of.services.clock.now();
    this.#n += 1;
    const tally: TallyRecord = {
      v: 1,
      kind: "tally",
      process: this.#process,
      n: this.#n,
      from: this.#toldAt,
      to: now,
      experiments: Object.fromEntries(experiments),
      publishers,
      faults,
    };
    this.#toldAt = now;
    this.#of.services.detached(() => {
      for (const receiver of this.#of.receivers) receiver.acceptEvent(tally);
    });
  }

  #changeOf(plan: ExperimentPlan): [string, ExperimentTally][] {
    const before = this.#plans.get(plan);
    const total = totalOf(plan);
    this.#plans.set(plan, total);
    const added = before === undefined ? total : since(total, before);
    const stands =
      before !== undefined &&
      before.rollout?.epoch === total.rollout?.epoch &&
      before.synchronized === total.synchronized;
    const quiet = added.calls === 0 && isNothing(added.faults) && compared(added) === 0 && before !== undefined;
    return quiet && stands ? [] : [[plan.name, added]];
  }

  #publisherChanges(): Record<string, PublisherTally> {
    const changes: Record<string, PublisherTally> = {};
    for (const [name, { accepted, published, failed, dropped }] of Object.entries(this.#of.publishers())) {
      const total = { accepted, published, failed, dropped };
      const before = Object.hasOwn(this.#publishers, name) ? this.#publishers[name] : undefined;
      const added = before === undefined ? total : { ...minus(total, before), dropped: minus(dropped, before.dropped) };
      this.#publishers = { ...this.#publishers, [name]: total };
      if (!isNothing(minus(added, {})) || !isNothing(added.dropped)) changes[name] = added;
    }
    return changes;
  }
}

function totalOf(plan: ExperimentPlan): ExperimentTally {
  const { counters, state, groups } = plan;
  const stage = stageOf(plan);
  const synchronized = synchronizedOf(plan);
  return {
    calls: counters.calls,
    started: counters.started,
    skips: counters.skipped(),
    served: state.served,
    fellBack: state.fellBack,
    newGroups: groups.newKinds,
    faults: { ...counters.faults },
    inFlight: counters.inFlight,
    groups: groups.size,
    ...(stage && { rollout: stage }),
    ...(synchronized !== undefined && { synchronized }),
    candidates: Object.fromEntries(plan.hooks.candidates.map((each) => [each.name, candidateOf(plan, each)])),
  };
}

function candidateOf(plan: ExperimentPlan, candidate: PlannedCandidate): CandidateTally {
  const { kinds, candidateErrors, controlErrors, control, candidate: theirs } = candidate.record.tally.toJSON();
  const verdict = verdictOn(plan, candidate);
  const mismatches = verdict.gates.find(({ name }) => name === "mismatch");
  return {
    ...{ kinds, candidateErrors, controlErrors, control, candidate: theirs },
    verdict: verdict.kind,
    mismatchUpperBound: mismatches?.upperBound ?? 1,
    unitsMissing: verdict.kind === "insufficient" ? verdict.moreUnits : 0,
  };
}

/** Asked of rollouts that have a state to share. */
function synchronizedOf({ rollout }: ExperimentPlan): boolean | undefined {
  try {
    const { status } = rollout as { status?: () => { synchronized?: unknown } };
    const synchronized = typeof status === "function" ? status.call(rollout).synchronized : undefined;
    return typeof synchronized === "boolean" ? synchronized : undefined;
  } catch {
    return undefined;
  }
}

function since(total: ExperimentTally, before: ExperimentTally): ExperimentTally {
  return {
    ...total,
    ...minus(pick(total), pick(before)),
    skips: minus(total.skips, before.skips),
    faults: minus(total.faults, before.faults),
    candidates: Object.fromEntries(
      Object.entries(total.candidates).map(([name, candidate]) => {
        const known = before.candidates[name];
        return [name, known === undefined ? candidate : candidateSince(candidate, known)];
      }),
    ),
  };
}

function candidateSince(total: CandidateTally, before: CandidateTally): CandidateTally {
  return {
    ...total,
    kinds: minus(total.kinds, before.kinds),
    candidateErrors: total.candidateErrors - before.candidateErrors,
    controlErrors: total.controlErrors - before.controlErrors,
    control: latencySince(total.control, before.control),
    candidate: latencySince(total.candidate, before.candidate),
  };
}

function latencySince(total: LatencyCounts, before: LatencyCounts): LatencyCounts {
  const known = new Map<number, number>();
  for (let at = 0; at < before.buckets.length; at += 2) known.set(before.buckets[at]!, before.buckets[at + 1]!);
  const buckets: number[] = [];
  for (let at = 0; at < total.buckets.length; at += 2) {
    const added = total.buckets[at + 1]! - (known.get(total.buckets[at]!) ?? 0);
    if (added > 0) buckets.push(total.buckets[at]!, added);
  }
  const { count, zero, sumMs } = minus({ count: total.count, zero: total.zero, sumMs: total.sumMs }, before);
  return { version: 1, count, zero, sumMs, maxMs: total.maxMs, buckets };
}

/** The next for one record; one name twice, of an experiment that was replaced, makes two records. */
function takeFrom(changed: [string, ExperimentTally][]): [string, ExperimentTally][] {
  const names = new Set<string>();
  let count = 0;
  while (count < Math.min(changed.length, mostExperiments) && !names.has(changed[count]![0])) {
    names.add(changed[count]![0]);
    count += 1;
  }
  return changed.splice(0, count);
}

type Numbers = Readonly<Record<string, number | undefined>>;

const pick = ({ calls, started, served, fellBack, newGroups }: ExperimentTally) => ({
  ...{ calls, started, served, fellBack, newGroups },
});

/** Of each number what was added; what is no number is left out. */
function minus<Total extends object>(total: Total, before: object): { readonly [Key in keyof Total]: number } {
  const numbers = Object.entries(total as Numbers).filter((entry) => typeof entry[1] === "number");
  const added = numbers.map(([key, value]) => [key, value! - ((before as Numbers)[key] ?? 0)]);
  return Object.fromEntries(added) as { [Key in keyof Total]: number };
}

function isNothing(added: Numbers): boolean {
  return Object.values(added).every((value) => value === 0);
}

function compared({ candidates }: ExperimentTally): number {
  const kinds = Object.values(candidates).flatMap((candidate) => Object.values(candidate.kinds));
  return kinds.reduce((sum, count) => sum + count, 0);
}
