import type { Clock } from "../../model/clock.ts";
import type { Sample } from "../../model/rollout.ts";
import { CandidateEvidence } from "../../stats/candidate-evidence.ts";
import { Tally } from "../../stats/tally.ts";
import type { Verdict } from "../../stats/verdict.ts";

// Three numbers a match: when control started, how long control took, how long the candidate took.
const fields = 3;
const room = 256;
const noResult = (): undefined => undefined;

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
  readonly #tally = new Tally();
  readonly #judges: boolean;
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
   */
  constructor(experiment: string, candidate: string, judges: boolean, clock: Clock, later: (work: () => void) => void) {
    this.#experiment = experiment;
    this.#candidate = candidate;
    this.#judges = judges;
    this.#clock = clock;
    this.#later = later;
  }

  /** @param startedAt monotonic milliseconds */
  match(startedAt: number, controlMs: number, candidateMs: number, key: string | undefined): void {
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
    if (key !== undefined) this.#keys[index] = key;
    if (index === room / 2 && !this.#scheduled) this.#schedule();
  }

  /** Anything but a match. It comes after the matches before it. */
  add(sample: Sample): void {
    this.#workIn();
    this.#tally.record(sample);
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
    return this.#tally;
  }

  verdict(): Verdict {
    this.#workIn();
    return this.#judged().verdict(this.#candidate, { now: this.#clock.now() });
  }

  // Late, since much of what is defined is never called in this process.
  #judged(): CandidateEvidence {
    return (this.#evidence ??= new CandidateEvidence());
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
      this.#tally.record(match);
      this.#lastAt = match.at;
      evidence?.record(match);
    }
    this.#tally.matched(this.#beyond);
    evidence?.matched(this.#beyond, now);
    this.#kept = this.#beyond = this.#keys.length = 0;
  }
}

function longer(controlMs: number, candidateMs: number): number {
  return Math.max(controlMs || 0, candidateMs || 0);
}
