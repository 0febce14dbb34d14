import type { CandidateBasis } from "../../model/evidence-data.ts";
import type { ServedStage } from "../../model/result.ts";
import type { CandidateTally, ExperimentCounts } from "../../model/tally-record.ts";
import type { WritesStanding } from "../../model/writes-standing.ts";
import { judges } from "../../rollout/to-rollout.ts";
import { Tally } from "../../stats/tally.ts";
import type { ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import type { TallySlice } from "../record/tally-slices.ts";
import { EvidenceTold, isNothing, minus, nonZero } from "./added.ts";
import { stageOf, verdictOn } from "./text-report.ts";
import { writesOf } from "./writes-of.ts";

/** A record of one candidate, but for where it comes from. */
export type PlanTally = Omit<CandidateTally, "v" | "type" | "process" | "build" | "n" | "from" | "to">;

interface CandidateTold {
  readonly all: EvidenceTold;
  readonly served: EvidenceTold;
  /** Where it stood. */
  stands: string;
}

type Counts = Omit<ExperimentCounts, "inFlight" | "kept" | "rollout" | "synchronized" | "writes">;

const noCounts: Counts = { calls: 0, started: 0, skips: {}, answered: 0, fellBack: 0, newGroups: 0, faults: {} };

/** One experiment, and what of it was told. */
export class PlanTallies {
  readonly #plan: ExperimentPlan;
  #before: Counts = noCounts;
  #told = false;
  #epoch: number | undefined = undefined;
  /** When what was told last of parallel writes was read. */
  #writesAt: number | undefined = undefined;
  readonly #candidates = new Map<string, CandidateTold>();

  constructor(plan: ExperimentPlan) {
    this.#plan = plan;
  }

  /** What was added since the last time; nothing where nothing was, and all stands where it stood. */
  take(): PlanTally[] {
    const plan = this.#plan;
    const now = countsOf(plan);
    const added = since(now, this.#before);
    const stage = stageOf(plan);
    const writes = this.#newWrites();
    const slices = plan.hooks.candidates.map(({ record }) => record.takeSlices());
    const isQuiet =
      this.#told &&
      writes === undefined &&
      isNothing(minus(added, {})) &&
      isNothing(added.faults) &&
      slices.every((each) => each.length === 0) &&
      stage?.epoch === this.#epoch;
    // Only what drives itself changes while nothing comes.
    if (isQuiet && !judges(plan.rollout)) return [];
    this.#before = now;
    this.#epoch = stage?.epoch;
    const records = plan.hooks.candidates.flatMap((candidate, index) =>
      this.#ofCandidate(candidate, slices[index]!, stage, !isQuiet && index === 0),
    );
    this.#told = true;
    const [first, ...rest] = records;
    return first === undefined ? [] : [{ ...first, of: this.#standing(added, stage, writes) }, ...rest];
  }

  /** Where both databases were read since the last time. */
  #newWrites(): WritesStanding | undefined {
    const writes = writesOf(this.#plan);
    if (writes === undefined || writes.at === this.#writesAt) return undefined;
    this.#writesAt = writes.at;
    return writes;
  }

  #standing(added: Counts, stage: ServedStage | undefined, writes: WritesStanding | undefined): ExperimentCounts {
    const { counters, groups } = this.#plan;
    const synchronized = synchronizedOf(this.#plan);
    return {
      ...added,
      inFlight: counters.inFlight,
      kept: groups.size,
      ...(stage && { rollout: stage }),
      ...(synchronized !== undefined && { synchronized }),
      ...(writes && { writes }),
    };
  }

  #ofCandidate(
    candidate: PlannedCandidate,
    slices: readonly TallySlice[],
    stage: ServedStage | undefined,
    always: boolean,
  ): PlanTally[] {
    const plan = this.#plan;
    const told = this.#toldOf(candidate.name);
    const basis = basisOf(plan, candidate);
    const all = basis && told.all.added(basis.all, basis);
    const served = basis?.served && told.served.added(basis.served, basis);
    const verdict = verdictOn(plan, candidate);
    const { standing, outside } = basis ?? {};
    const stands = JSON.stringify([verdict.kind, standing, outside]);
    const news = always || stands !== told.stands;
    told.stands = stands;
    const word = {
      verdict: verdict.kind,
      mismatchUpperBound: verdict.gates.find(({ name }) => name === "mismatch")?.upperBound ?? 1,
      unitsMissing: verdict.kind === "insufficient" ? verdict.moreUnits : 0,
      ...(standing && { standing }),
      ...(outside && { outside }),
    };
    const here = slices.filter((each) => each.stage?.epoch === stage?.epoch);
    const before = slices.filter((each) => each.stage?.epoch !== stage?.epoch);
    const shadow =
      here.find((each) => !each.served) ?? (all || (news && here.length === 0) ? empty(stage, false) : undefined);
    const answered = here.find((each) => each.served) ?? (served ? empty(stage, true) : undefined);
    const of = (slice: TallySlice | undefined, evidence?: PlanTally["evidence"]): PlanTally[] =>
      slice === undefined ? [] : [recordOf(plan, candidate, slice, evidence, word)];
    return [...before.flatMap((each) => of(each)), ...of(shadow, all), ...of(answered, served)];
  }

  #toldOf(name: string): CandidateTold {
    const known = this.#candidates.get(name);
    if (known !== undefined) return known;
    const told: CandidateTold = { all: new EvidenceTold(), served: new EvidenceTold(), stands: "" };
    this.#candidates.set(name, told);
    return told;
  }
}

type Word = Pick<PlanTally, "verdict" | "mismatchUpperBound" | "unitsMissing" | "standing" | "outside">;

function recordOf(
  plan: ExperimentPlan,
  { name }: PlannedCandidate,
  { stage, served, tally, groups, otherGroups }: TallySlice,
  evidence: PlanTally["evidence"],
  word: Word,
): PlanTally {
  const { kinds, candidateErrors, controlErrors, control, candidate, differences } = tally.toJSON();
  return {
    experiment: plan.name,
    candidate: name,
    ...(plan.version !== undefined && { version: plan.version }),
    ...(stage && { stage: stage.stage, share: stage.share }),
    epoch: stage?.epoch ?? 0,
    served,
    counts: kinds,
    ...{ candidateErrors, controlErrors },
    latency: { control, candidate, ...(differences && { differences }) },
    ...{ groups, otherGroups },
    ...(evidence && { evidence }),
    ...word,
  };
}

function empty(stage: ServedStage | undefined, served: boolean): TallySlice {
  return { stage, served, tally: new Tally(), groups: {}, otherGroups: 0 };
}

function countsOf({ counters, state, groups }: ExperimentPlan): Counts {
  return {
    calls: counters.calls,
    started: counters.started,
    skips: counters.skipped(),
    answered: state.served,
    fellBack: state.fellBack,
    newGroups: groups.newKinds,
    faults: { ...counters.faults },
  };
}

function since(now: Counts, before: Counts): Counts {
  const { calls, started, answered, fellBack, newGroups } = now;
  return {
    ...minus({ calls, started, answered, fellBack, newGroups }, before),
    skips: nonZero(minus(now.skips, before.skips)),
    faults: nonZero(minus(now.faults, before.faults)),
  };
}

/** What the verdict rests on: the rollout says, where it judges by itself. */
function basisOf(plan: ExperimentPlan, candidate: PlannedCandidate): CandidateBasis | undefined {
  const { rollout, services, name, counters } = plan;
  if (judges(rollout)) {
    try {
      return rollout.basis?.();
    } catch (error) {
      services.fault("rollout", error, { name, counters });
      return undefined;
    }
  }
  const all = candidate.record.evidence();
  return all && { terms: {}, all };
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
