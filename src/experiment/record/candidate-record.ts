import type { Clock } from "../../model/clock.ts";
import type { Sample } from "../../model/rollout.ts";
import { CandidateEvidence } from "../../stats/candidate-evidence.ts";
import { Tally } from "../../stats/tally.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { KeptMatches } from "./kept-matches.ts";

const room = 256;

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
  #kept: KeptMatches | undefined = undefined;
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

  /** Both sides returned, and alike. @param startedAt monotonic milliseconds */
  match(startedAt: number, controlMs: number, candidateMs: number, key?: string, pair?: Sample["pair"]): void {
    const kept = (this.#kept ??= new KeptMatches(this.#experiment, this.#candidate, room));
    if (kept.length === room) {
      if (key === undefined) {
        this.#beyond += 1;
        return;
      }
      // Which of them are units is told by their keys, so they cannot be counted without.
      this.#workIn();
    }
    kept.add(startedAt, controlMs, candidateMs, key, pair);
    if (kept.length > room / 2 && !this.#scheduled) this.#schedule();
  }

  /** Anything else. It comes after the matches before it. */
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
    const kept = this.#kept;
    if (kept === undefined || kept.length === 0) return;
    const evidence = this.#judges ? this.#judged() : undefined;
    const now = this.#clock.now();
    kept.workIn(this.#tally, evidence, now - this.#clock.monotonic());
    this.#lastAt = kept.at;
    this.#tally.matched(this.#beyond);
    evidence?.matched(this.#beyond, now);
    this.#beyond = 0;
  }
}
