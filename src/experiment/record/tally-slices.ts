import type { RolloutSnapshot, Sample } from "../../model/rollout.ts";
import type { ServedStage } from "../../model/result.ts";
import { Tally } from "../../stats/tally.ts";

// Rollouts change their stage now and then: more in one minute count with the last of them.
const mostSlices = 64;
const mostSignatures = 4_096;
/** How many kinds of mismatch a record names. */
const namedGroups = 64;

/** What was counted in one stage, of calls that the candidate was to answer or of others. */
export interface TallySlice {
  /** Absent without a rollout. */
  readonly stage: ServedStage | undefined;
  readonly served: boolean;
  readonly tally: Tally;
  /** Mismatches by signature, the most frequent, and how many others there were. */
  readonly groups: Readonly<Record<string, number>>;
  readonly otherGroups: number;
}

interface Slice {
  readonly tally: Tally;
  readonly groups: Map<string, number>;
  otherGroups: number;
}

/** The counts of one candidate: what was taken, and, apart by stage, what was added since. */
export class TallySlices {
  readonly #splits: boolean;
  readonly #taken = new Tally();
  readonly #slices = new Map<number, Slice>();
  readonly #stages = new Map<number, ServedStage>();
  #snapshot: RolloutSnapshot | undefined = undefined;
  // The slice that was counted in last.
  #number = -1;
  #slice: Slice | undefined = undefined;

  /** @param splits whether they are ever taken; otherwise all is counted together */
  constructor(splits: boolean) {
    this.#splits = splits;
  }

  /** The slice of a call: two for each state of the rollout. */
  number(snapshot: RolloutSnapshot, served: boolean): number {
    if (snapshot !== this.#snapshot && this.#splits) {
      this.#snapshot = snapshot;
      const { stage, share, epoch } = snapshot;
      this.#stages.set(epoch, { stage, share, epoch });
    }
    return 2 * snapshot.epoch + Number(served);
  }

  match(number: number, controlMs: number, candidateMs: number, pair?: Sample["pair"]): void {
    this.#of(number).tally.match(controlMs, candidateMs, pair);
  }

  record(number: number, sample: Sample, signature?: string): void {
    const slice = this.#of(number);
    slice.tally.record(sample);
    if (signature === undefined || !this.#splits) return;
    const count = slice.groups.get(signature);
    if (count === undefined && slice.groups.size >= mostSignatures) slice.otherGroups += 1;
    else slice.groups.set(signature, (count ?? 0) + 1);
  }

  /** Counts matches whose durations are not known, in the slice that was counted in last. */
  matched(times: number): void {
    if (times > 0) this.#of(Math.max(0, this.#number)).tally.matched(times);
  }

  /** All that was ever counted. */
  total(): Tally {
    const total = new Tally();
    total.merge(this.#taken);
    for (const { tally } of this.#slices.values()) total.merge(tally);
    return total;
  }

  /** What was added since the last time. */
  take(): readonly TallySlice[] {
    const taken = [...this.#slices].map(([number, { tally, groups, otherGroups }]): TallySlice => {
      this.#taken.merge(tally);
      const sorted = [...groups].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
      const others = sorted.slice(namedGroups).reduce((sum, [, count]) => sum + count, otherGroups);
      return {
        stage: this.#stages.get(Math.floor(number / 2)),
        served: number % 2 === 1,
        tally,
        groups: Object.fromEntries(sorted.slice(0, namedGroups)),
        otherGroups: others,
      };
    });
    this.#slices.clear();
    this.#slice = undefined;
    const { epoch } = this.#snapshot ?? { epoch: -1 };
    for (const known of this.#stages.keys()) if (known !== epoch) this.#stages.delete(known);
    return taken;
  }

  #of(number: number): Slice {
    if (this.#slice !== undefined && (number === this.#number || !this.#splits)) return this.#slice;
    let slice = this.#slices.get(number);
    if (slice === undefined) {
      if (this.#slice !== undefined && this.#slices.size >= mostSlices) return this.#slice;
      slice = { tally: new Tally(), groups: new Map<string, number>(), otherGroups: 0 };
      this.#slices.set(number, slice);
    }
    this.#number = number;
    this.#slice = slice;
    return slice;
  }
}
