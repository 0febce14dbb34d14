import type { Sample } from "../../model/rollout.ts";
import type { CandidateEvidence } from "../../stats/candidate-evidence.ts";
import type { TallySlices } from "./tally-slices.ts";

// Four numbers a match: when control started, how long control took, how long the candidate took, and in which slice it counts.
const fields = 4;

/** Matches that are put down and not yet counted. It is a sample itself, of the match that is worked in: none is made for each. */
export class KeptMatches implements Sample {
  readonly experiment: string;
  readonly candidate: string;
  readonly kind = "match" as const;
  readonly controlThrew: boolean = false;
  readonly candidateThrew: boolean = false;
  readonly epoch: number = 0;
  controlMs: number = NaN;
  candidateMs: number = NaN;
  key: string | undefined = undefined;
  pair: Sample["pair"] = undefined;
  at: number = NaN;
  length: number = 0;
  readonly #stamps: Float64Array;
  // Of few: most calls have no key, and one in 16 is timed as a pair.
  readonly #keys: (string | undefined)[] = [];
  readonly #pairs: Sample["pair"][] = [];

  constructor(experiment: string, candidate: string, room: number) {
    this.experiment = experiment;
    this.candidate = candidate;
    this.#stamps = new Float64Array(fields * room);
  }

  result(): undefined {
    return undefined;
  }

  /** The caller sees to it that there is room. */
  add(
    startedAt: number,
    controlMs: number,
    candidateMs: number,
    slice: number,
    key: string | undefined,
    pair: Sample["pair"] | undefined,
  ): void {
    const index = this.length++;
    const stamps = this.#stamps;
    stamps[fields * index] = startedAt;
    stamps[fields * index + 1] = controlMs;
    stamps[fields * index + 2] = candidateMs;
    stamps[fields * index + 3] = slice;
    if (key !== undefined) this.#keys[index] = key;
    if (pair !== undefined) this.#pairs[index] = pair;
  }

  /**
   * Counts all of them, and has room again. Those that say no more than that they are matches are evidence by their number.
   *
   * @param wallMs what makes a monotonic stamp one of wall time
   */
  workIn(tallies: TallySlices, evidence: CandidateEvidence | undefined, wallMs: number): void {
    let plain = 0;
    let plainSince = NaN;
    let plainUntil = NaN;
    for (let index = 0; index < this.length; index++) {
      this.#moveTo(index, wallMs);
      tallies.record(this.#stamps[fields * index + 3]!, this);
      if (evidence === undefined) continue;
      if (this.key === undefined && this.pair === undefined) {
        if (plain++ === 0) plainSince = this.at;
        plainUntil = this.at;
        continue;
      }
      evidence.matched(plain, plainSince, plainUntil);
      evidence.record(this);
      plain = 0;
    }
    evidence?.matched(plain, plainSince, plainUntil);
    this.length = this.#keys.length = this.#pairs.length = 0;
  }

  #moveTo(index: number, wallMs: number): void {
    const stamps = this.#stamps;
    const place = fields * index;
    this.controlMs = stamps[place + 1]!;
    this.candidateMs = stamps[place + 2]!;
    this.key = this.#keys[index];
    this.pair = this.#pairs[index];
    // When it ended, as of everything else.
    this.at = stamps[place]! + Math.max(this.controlMs || 0, this.candidateMs || 0) + wallMs;
  }
}
