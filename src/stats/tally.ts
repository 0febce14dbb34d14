import { SidelaneError } from "../model/errors.ts";
import { resultKinds, type ResultKind } from "../model/result.ts";
import type { Sample } from "../model/rollout.ts";
import type { DifferenceCounts } from "../model/tally-record.ts";
import { DifferenceHistogram } from "./difference-histogram.ts";
import { LatencyHistogram, type HistogramData } from "./histogram.ts";
import { comparedPair } from "./timed-pairs.ts";

/** A tally as data, to be stored or sent. */
export interface TallyData {
  readonly version: 1;
  readonly kinds: Readonly<Record<ResultKind, number>>;
  readonly candidateErrors: number;
  readonly controlErrors: number;
  readonly control: HistogramData;
  readonly candidate: HistogramData;
  /** By how much the candidate took longer, of calls that were timed as pairs; absent where none was. */
  readonly differences?: DifferenceCounts;
}

/**
 * The counts and latencies of one candidate's comparisons. Tallies of processes, hours and machines merge by adding,
 * in any order.
 */
export class Tally {
  /** How long control took, each compared call. */
  readonly control: LatencyHistogram;
  /** How long the candidate took; a call that timed out counts with the time after which it was given up. */
  readonly candidate: LatencyHistogram;
  /** By how much the candidate took longer than control, of calls that were timed as pairs. */
  readonly differences: DifferenceHistogram;
  #match = 0;
  #ignored = 0;
  #inconclusive = 0;
  #timedOut = 0;
  #mismatch = 0;
  #candidateErrors = 0;
  #controlErrors = 0;

  constructor(
    control: LatencyHistogram = new LatencyHistogram(),
    candidate: LatencyHistogram = new LatencyHistogram(),
    differences: DifferenceHistogram = new DifferenceHistogram(),
  ) {
    this.control = control;
    this.candidate = candidate;
    this.differences = differences;
  }

  /** Calls in which the candidate ran, whatever came of it. */
  get compared(): number {
    return this.#match + this.#ignored + this.#inconclusive + this.#timedOut + this.#mismatch;
  }

  /** Calls in which the candidate threw and control did not; not those in which nobody saw what control came to. */
  get candidateErrors(): number {
    return this.#candidateErrors;
  }

  /** Calls in which control threw. */
  get controlErrors(): number {
    return this.#controlErrors;
  }

  get kinds(): Readonly<Record<ResultKind, number>> {
    return {
      match: this.#match,
      ignored: this.#ignored,
      inconclusive: this.#inconclusive,
      "timed-out": this.#timedOut,
      mismatch: this.#mismatch,
    };
  }

  record(sample: Sample): void {
    this.#count(sample.kind, 1);
    if (sample.controlThrew) this.#controlErrors++;
    else if (sample.candidateThrew && sample.aboutControl !== "unseen") this.#candidateErrors++;
    this.control.add(sample.controlMs);
    this.candidate.add(sample.candidateMs);
    const pair = comparedPair(sample);
    if (pair !== undefined) this.differences.add(pair.candidateMs - pair.controlMs);
  }

  /** A {@link record} of a match. */
  match(controlMs: number, candidateMs: number, pair?: Sample["pair"]): void {
    this.#match++;
    this.control.add(controlMs);
    this.candidate.add(candidateMs);
    if (pair !== undefined && pair !== "synchronous") this.differences.add(pair.candidateMs - pair.controlMs);
  }

  /** Counts matches whose durations are not known. */
  matched(times: number): void {
    this.#match += times;
  }

  /** Adds all that another tally has seen. */
  merge(other: Tally): void {
    for (const kind of resultKinds) this.#count(kind, other.kinds[kind]);
    this.#candidateErrors += other.#candidateErrors;
    this.#controlErrors += other.#controlErrors;
    this.control.merge(other.control);
    this.candidate.merge(other.candidate);
    this.differences.merge(other.differences);
  }

  toJSON(): TallyData {
    return {
      version: 1,
      kinds: this.kinds,
      candidateErrors: this.#candidateErrors,
      controlErrors: this.#controlErrors,
      control: this.control.toJSON(),
      candidate: this.candidate.toJSON(),
      ...(this.differences.count > 0 && { differences: this.differences.toJSON() }),
    };
  }

  /** The tally as text, which {@link Tally.decode} reads. */
  encode(): string {
    return JSON.stringify(this);
  }

  /**
   * Reads what {@link Tally.encode} wrote, in this process or another.
   *
   * @throws {SidelaneError} `invalid-state` when it is something else
   */
  static decode(text: string): Tally {
    const refuse = (cause?: unknown): never => {
      throw new SidelaneError("invalid-state", "Expected an encoded tally of version 1, got something else", { cause });
    };
    let data: Partial<TallyData>;
    try {
      data = JSON.parse(text) as Partial<TallyData>;
    } catch (error) {
      return refuse(error);
    }
    if (typeof data !== "object" || data === null || data.version !== 1) return refuse();
    const { kinds: counts, candidateErrors, controlErrors } = data;
    if (!isCounts(counts) || !isCount(candidateErrors) || !isCount(controlErrors)) return refuse();
    const tally = new Tally(
      LatencyHistogram.from(data.control),
      LatencyHistogram.from(data.candidate),
      DifferenceHistogram.from(data.differences),
    );
    if (Object.keys(counts).length !== resultKinds.length || !resultKinds.every((kind) => kind in counts))
      return refuse();
    for (const kind of resultKinds) tally.#count(kind, counts[kind]);
    tally.#candidateErrors = candidateErrors;
    tally.#controlErrors = controlErrors;
    return tally;
  }

  // Fields and a switch, since this runs once a call.
  #count(kind: ResultKind, times: number): void {
    switch (kind) {
      case "match":
        this.#match += times;
        break;
      case "ignored":
        this.#ignored += times;
        break;
      case "inconclusive":
        this.#inconclusive += times;
        break;
      case "timed-out":
        this.#timedOut += times;
        break;
      case "mismatch":
        this.#mismatch += times;
        break;
    }
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts<Counts extends Readonly<Record<string, number>>>(value: Counts | undefined): value is Counts {
  return typeof value === "object" && value !== null && Object.values(value).every(isCount);
}
