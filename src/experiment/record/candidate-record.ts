import type { Clock } from "../../model/clock.ts";
import type { EvidenceData } from "../../model/evidence-data.ts";
import type { RolloutSnapshot, Sample } from "../../model/rollout.ts";
import { CandidateEvidence } from "../../stats/candidate-evidence.ts";
import type { Tally } from "../../stats/tally.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { TallySlices, type TallySlice } from "./tally-slices.ts";

// Four numbers a match: when control started, how long control took, how long the candidate took, and in which slice it counts.
const fields = 4;
const room = 256;
const noResult = (): undefined => undefined;

/** How units are kept for records. */
export interface RecordedUnits {
  /** Under which keys have their places; random by default, and then tables of two processes do not merge. */
  readonly secret: string | undefined;
}

/**
 * What one candidate's comparisons come to: counts, latencies, and evidence, unless its rollout gathers that itself.
 *
 * A match is only put down on the caller's path, and worked in later: in a turn of its own when half of the room is taken,
 * or when they are asked for. Matches without a key that find no room left are counted without their durations.
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
  #stamps: Float64Array | undefined = undefined;
  readonly #keys: (string | undefined)[] = [];
  #kept = 0;
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

  /** @param startedAt monotonic milliseconds */
  match(
    startedAt: number,
    controlMs: number,
    candidateMs: number,
    key: string | undefined,
    snapshot?: RolloutSnapshot,
    served = false,
  ): void {
    if (this.#kept === room) {
      if (key === undefined) {
        this.#beyond += 1;
        return;
      }
      // Which of them are units is told by their keys, so they cannot be counted without.
      this.#workIn();
    }
    const index = this.#kept++;
    const stamps = (this.#stamps ??= new Float64Array(fields * room));
    stamps[fields * index] = startedAt;
    stamps[fields * index + 1] = controlMs;
    stamps[fields * index + 2] = candidateMs;
    stamps[fields * index + 3] = snapshot === undefined ? Number(served) : this.#tallies.number(snapshot, served);
    if (key !== undefined) this.#keys[index] = key;
    if (index === room / 2 && !this.#scheduled) this.#schedule();
  }

  /** Anything but a match. It comes after the matches before it. @param signature of a mismatch */
  add(sample: Sample, snapshot?: RolloutSnapshot, signature?: string): void {
    this.#workIn();
    const served = sample.served === true;
    const slice = snapshot === undefined ? Number(served) : this.#tallies.number(snapshot, served);
    this.#tallies.record(slice, sample, signature);
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

  #schedule(): void {
    this.#scheduled = true;
    this.#later(() => {
      this.#scheduled = false;
      this.#workIn();
    });
  }

  #workIn(): void {
    if (this.#kept === 0) return;
    const stamps = this.#stamps!;
    const evidence = this.#judges ? this.#judged() : undefined;
    const now = this.#clock.now();
    const wallMs = now - this.#clock.monotonic();
    for (let index = 0; index < this.#kept; index++) {
      const at = fields * index;
      const match: Sample = {
        experiment: this.#experiment,
        candidate: this.#candidate,
        kind: "match",
        controlMs: stamps[at + 1]!,
        candidateMs: stamps[at + 2]!,
        controlThrew: false,
        candidateThrew: false,
        key: this.#keys[index],
        // When it ended, as of everything else.
        at: stamps[at]! + longer(stamps[at + 1]!, stamps[at + 2]!) + wallMs,
        epoch: 0,
        result: noResult,
      };
      this.#tallies.record(stamps[at + 3]!, match);
      this.#lastAt = match.at;
      evidence?.record(match);
    }
    this.#tallies.matched(this.#beyond);
    evidence?.matched(this.#beyond, now);
    this.#kept = this.#beyond = this.#keys.length = 0;
  }
}

function longer(controlMs: number, candidateMs: number): number {
  return Math.max(controlMs || 0, candidateMs || 0);
}
