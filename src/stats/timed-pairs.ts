import type { Sample } from "../model/rollout.ts";
import type { GateJudge } from "./gate-judge.ts";

/** Pairs judged together: what follows each other closely is much alike, so single pairs are no independent evidence. */
export const pairsPerBlock = 32;

// A candidate that is called so often beside control without a timed pair will have none.
const callsWithoutPair = 5_000;

/** What is slow, settled. */
export interface SlowTerms {
  readonly ratio: number;
  readonly marginMs: number;
  readonly warmUp: { readonly calls: number; readonly ms: number };
}

/** How long both sides took, where a call was timed as a pair of which that says something: both answered, or the candidate was given up. */
export function comparedPair({
  pair,
  kind,
  controlThrew,
  candidateThrew,
}: Pick<Sample, "pair" | "kind" | "controlThrew" | "candidateThrew">): Exclude<Sample["pair"], "synchronous"> {
  if (pair === undefined || pair === "synchronous") return undefined;
  if (controlThrew || (candidateThrew && kind !== "timed-out")) return undefined;
  return Number.isNaN(pair.controlMs) || Number.isNaN(pair.candidateMs) ? undefined : pair;
}

/**
 * Judges timed pairs, block by block: 1 where the candidate's mean over a block exceeds control's `ratio` times and by
 * `marginMs` more, 0 where it does not. What a process or a version does while it warms up is left out.
 */
export class TimedPairs implements GateJudge {
  readonly #terms: SlowTerms;
  #calls = 0;
  #firstAt = NaN;
  #warm = false;
  #pairs = 0;
  #synchronous = 0;
  #blocks = 0;
  /** Blocks in which the candidate took less than what is tolerated on top. */
  #tiny = 0;
  // Of the block that is filling.
  #inBlock = 0;
  #controlMs = 0;
  #candidateMs = 0;

  constructor(terms: SlowTerms) {
    this.#terms = terms;
  }

  penalty(sample: Sample): number | undefined {
    const { pair, at } = sample;
    const { ratio, marginMs } = this.#terms;
    if (this.#calls++ === 0) this.#firstAt = at;
    if (pair === "synchronous") this.#synchronous++;
    if (pair === undefined || pair === "synchronous") return undefined;
    this.#pairs++;
    if (!this.#isWarm(at)) return undefined;
    const compared = comparedPair(sample);
    if (compared === undefined) return undefined;
    this.#controlMs += compared.controlMs;
    this.#candidateMs += compared.candidateMs;
    if (++this.#inBlock < pairsPerBlock) return undefined;
    const isSlow = this.#candidateMs > ratio * this.#controlMs + marginMs * pairsPerBlock;
    if (this.#candidateMs < marginMs * pairsPerBlock) this.#tiny++;
    this.#blocks++;
    this.#inBlock = this.#controlMs = this.#candidateMs = 0;
    return isSlow ? 1 : 0;
  }

  /** Once and for all, since a wall clock may be set back. */
  #isWarm(at: number): boolean {
    if (this.#warm) return true;
    const { calls, ms } = this.#terms.warmUp;
    this.#firstAt = Math.min(this.#firstAt, at);
    return (this.#warm = this.#calls > calls && at - this.#firstAt >= ms);
  }

  untimed(times: number, since: number): void {
    if (this.#calls === 0) this.#firstAt = since;
    this.#calls += times;
  }

  silence(): string | undefined {
    if (this.#pairs > 0) return undefined;
    if (this.#synchronous >= pairsPerBlock) {
      return "it cannot tell, since the candidate works for more than 1 ms before it returns: called before control, it would keep callers waiting, so no pair is timed";
    }
    if (this.#calls < callsWithoutPair) return undefined;
    return "it cannot tell, since no pair was timed; pairs are timed where the candidate is called right beside control and no stream is read";
  }

  note(): string | undefined {
    if (this.#blocks === 0 || this.#tiny < this.#blocks) return undefined;
    return `it says nothing of less than ${this.#terms.marginMs} ms, and the candidate takes less`;
  }
}
