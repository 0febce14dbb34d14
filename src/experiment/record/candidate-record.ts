import type { Clock } from "../../model/clock.ts";
import type { EvidenceData } from "../../model/evidence-data.ts";
import type { RolloutSnapshot, Sample } from "../../model/rollout.ts";
import { CandidateEvidence } from "../../stats/candidate-evidence.ts";
import type { Tally } from "../../stats/tally.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { KeptMatches } from "./kept-matches.ts";
import { TallySlices, type TallySlice } from "./tally-slices.ts";

const roomForAll = 256;
// Some is kept for those that have to be worked in: else each of them would empty a full one.
const room = roomForAll + 64;

/** How units are kept for records. */
export interface RecordedUnits {
  /** Under which keys have their places; random by default, and then tables of two processes do not merge. */
  readonly secret: string | undefined;
}

/**
 * What one candidate's comparisons come to: counts, latencies, and evidence, unless its rollout gathers that itself.
 *
 * A match is only put down on the caller's path, and worked in later: in a turn of its own when half of the room is taken,
 * or when they are asked for. Matches with neither a key nor a timed pair that find no room left are counted without their durations.
 */
export class CandidateRecord {
  readonly #experiment: string;
  readonly #candidate: string;
  readonly #clock: Clock;
  readonly #later: (work: () => void) => void;
  readonly #tallies: TallySlices;
  readonly #judges: boolean;
  readonly #units: RecordedUnits | undefined;
  #evidence: CandidateEvidence | undefined = undefined;
  #kept: KeptMatches | undefined = undefined;
  #beyond = 0;
  #scheduled = false;
  /** Wall time of the last comparison; `NaN` before the first one. */
  #lastAt = NaN;

  /**
   * @param judges whether to gather evidence
   * @param later runs work off every caller's path
   * @param units present where records are written: counts are kept apart by stage, and units by window
   */
  constructor(
    experiment: string,
    candidate: string,
    judges: boolean,
    clock: Clock,
    later: (work: () => void) => void,
    units?: RecordedUnits,
  ) {
    this.#experiment = experiment;
    this.#candidate = candidate;
    this.#judges = judges;
    this.#clock = clock;
    this.#later = later;
    this.#units = units;
    this.#tallies = new TallySlices(units !== undefined);
  }

  /** Both sides returned, and alike. @param startedAt monotonic milliseconds */
  match(
    startedAt: number,
    controlMs: number,
    candidateMs: number,
    key?: string,
    pair?: Sample["pair"],
    snapshot?: RolloutSnapshot,
    served = false,
  ): void {
    const kept = (this.#kept ??= new KeptMatches(this.#experiment, this.#candidate, room));
    if (kept.length >= roomForAll) {
      if (key === undefined && pair === undefined) {
        this.#beyond += 1;
        return;
      }
      // Which of them are units is told by their keys, and how long they took by those that are timed: these are not only counted.
      if (kept.length === room) this.#workIn();
    }
    kept.add(startedAt, controlMs, candidateMs, this.#sliceOf(snapshot, served), key, pair);
    if (kept.length > roomForAll / 2 && !this.#scheduled) this.#schedule();
  }

  /** Anything else. It comes after the matches before it. @param signature of a mismatch */
  add(sample: Sample, snapshot?: RolloutSnapshot, signature?: string): void {
    this.#workIn();
    this.#tallies.record(this.#sliceOf(snapshot, sample.served === true), sample, signature);
    this.#lastAt = sample.at;
    if (this.#judges) this.#judged().record(sample);
  }

  /** A failure beside a control that has not settled: evidence already, and in the counts when its call ends. */
  failedWithoutControl(sample: Sample): void {
    this.#workIn();
    if (this.#judges) this.#judged().record(sample);
  }

  /** Wall time of the last comparison; `undefined` before the first one. */
  get lastAt(): number | undefined {
    this.#workIn();
    return Number.isNaN(this.#lastAt) ? undefined : this.#lastAt;
  }

  get tally(): Tally {
    this.#workIn();
    return this.#tallies.total();
  }

  /** What was counted since it was last taken, by stage. */
  takeSlices(): readonly TallySlice[] {
    this.#workIn();
    return this.#tallies.take();
  }

  /** What its verdict rests on; `undefined` where its rollout gathers that, or nobody asks. */
  evidence(): EvidenceData | undefined {
    this.#workIn();
    return this.#judges && this.#units !== undefined ? this.#judged().reading(this.#clock.now()) : undefined;
  }

  verdict(): Verdict {
    this.#workIn();
    return this.#judged().verdict(this.#candidate, { now: this.#clock.now() });
  }

  // Late, since much of what is defined is never called in this process.
  #judged(): CandidateEvidence {
    return (this.#evidence ??= new CandidateEvidence(
      this.#units && {
        keepsWindows: true,
        ...(this.#units.secret !== undefined && { secret: this.#units.secret }),
      },
    ));
  }

  #sliceOf(snapshot: RolloutSnapshot | undefined, served: boolean): number {
    return snapshot === undefined ? Number(served) : this.#tallies.number(snapshot, served);
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#later(() => {
      this.#scheduled = false;
      this.#workIn();
    });
  }

  #workIn(): void {
    const kept = this.#kept;
    if (kept === undefined || kept.length === 0) return;
    const evidence = this.#judges ? this.#judged() : undefined;
    const now = this.#clock.now();
    kept.workIn(this.#tallies, evidence, now - this.#clock.monotonic());
    this.#lastAt = kept.at;
    this.#tallies.matched(this.#beyond);
    evidence?.matched(this.#beyond, now);
    this.#beyond = 0;
  }
}
