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
    const stamps = this.#stamps;
    let plain = 0;
    let plainSince = NaN;
    for (let index = 0; index < this.length; index++) {
      const place = fields * index;
      const controlMs = stamps[place + 1]!;
      const candidateMs = stamps[place + 2]!;
      // When it ended, as of everything else.
      const at = stamps[place]! + Math.max(controlMs || 0, candidateMs || 0) + wallMs;
      const key = this.#keys[index];
      const pair = this.#pairs[index];
      tallies.match(stamps[place + 3]!, controlMs, candidateMs, pair);
      if (key === undefined && pair === undefined) {
        if (plain++ === 0) plainSince = at;
      } else if (evidence !== undefined) {
        evidence.matched(plain, plainSince, this.at);
        plain = 0;
        this.controlMs = controlMs;
        this.candidateMs = candidateMs;
        this.key = key;
        this.pair = pair;
        this.at = at;
        evidence.record(this);
      }
      this.at = at;
    }
    evidence?.matched(plain, plainSince, this.at);
    this.length = this.#keys.length = this.#pairs.length = 0;
  }
}
