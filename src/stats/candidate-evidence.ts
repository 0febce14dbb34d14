import type { Sample } from "../model/rollout.ts";
import { GateEvidence } from "./evidence.ts";
import { defaultGates, type Gate } from "./gates.ts";
import { UnitFilter } from "./units.ts";
import { verdictOf, type Verdict, type VerdictTerms } from "./verdict.ts";

/** How much one candidate's units weigh, as absolute numbers that add up over processes. Plain data. */
export interface EvidenceTotals {
  /** Comparisons, bursts of one key included. */
  readonly comparisons: number;
  readonly units: number;
  /** By gate: how many units it could judge, and the sum of their penalties. */
  readonly gates: Readonly<Record<string, { readonly units: number; readonly bad: number }>>;
}

/** Settings of {@link CandidateEvidence}. */
export interface EvidenceOptions {
  readonly gates?: readonly Gate[];
  /** How long a key counts as one unit, in milliseconds; 60 000 by default, 0 counts every call. */
  readonly unitWindowMs?: number;
  /** Each gate alarms falsely at most once in so many units on average; 100 000 times the number of gates by default. */
  readonly falseAlarmEvery?: number;
  /** Told when a gate throws, or gives something else than a number in [0, 1]. */
  readonly onFault?: (error: unknown) => void;
}

const someMatch: Sample = {
  experiment: "",
  candidate: "",
  kind: "match",
  controlMs: NaN,
  candidateMs: NaN,
  controlThrew: false,
  candidateThrew: false,
  key: undefined,
  at: 0,
  epoch: 0,
  result: () => undefined,
};

/** What one candidate's comparisons say about its gates. Memory does not grow with traffic: about 9 KB. */
export class CandidateEvidence {
  readonly gates: readonly Gate[];
  readonly #evidence: readonly GateEvidence[];
  readonly #filter: UnitFilter;
  readonly #onFault: ((error: unknown) => void) | undefined;
  #comparisons = 0;
  #units = 0;
  #firstAt = NaN;
  #lastAt = NaN;
  #alarmed: string | undefined;

  constructor({ gates = defaultGates, unitWindowMs = 60_000, falseAlarmEvery, onFault }: EvidenceOptions = {}) {
    this.gates = gates;
    const every = falseAlarmEvery ?? 1e5 * gates.length;
    this.#evidence = gates.map(({ max }) => new GateEvidence(max, every));
    this.#filter = new UnitFilter(unitWindowMs);
    this.#onFault = onFault;
  }

  /** Units so far; each counts for every gate that can judge it. */
  get units(): number {
    return this.#units;
  }

  /** The gate that alarms, if one does. */
  get alarmed(): string | undefined {
    return this.#alarmed;
  }

  /** Adds one comparison. Never throws. */
  record(sample: Sample): void {
    const { at } = sample;
    if (this.#comparisons++ === 0) this.#firstAt = at;
    this.#lastAt = at;
    if (!this.#filter.isFirst(sample.key, at)) return;
    this.#units++;
    for (let index = 0; index < this.gates.length; index++) {
      const gate = this.gates[index]!;
      const penalty = this.#penalty(gate, sample);
      if (penalty === undefined) continue;
      if (this.#evidence[index]!.add(penalty, at)) this.#alarmed ??= gate.name;
    }
  }

  /** Adds so many matches, of which neither the keys nor the durations are known, each a unit. Never throws. */
  matched(times: number, at: number): void {
    if (times <= 0) return;
    if (this.#comparisons === 0) this.#firstAt = at;
    this.#comparisons += times;
    this.#units += times;
    this.#lastAt = at;
    const sample = { ...someMatch, at };
    this.gates.forEach((gate, index) => {
      // What a gate holds against a match that it knows nothing else of is no evidence.
      if (this.#penalty(gate, sample) === 0) this.#evidence[index]!.addGood(times);
    });
  }

  /** What to report to others. */
  totals(): EvidenceTotals {
    const gates: Record<string, { units: number; bad: number }> = {};
    this.gates.forEach(({ name }, index) => {
      const { units, bad } = this.#evidence[index]!;
      gates[name] = { units, bad };
    });
    return { comparisons: this.#comparisons, units: this.#units, gates };
  }

  /**
   * What this evidence, together with other processes', amounts to.
   *
   * @param others what other processes reported for the same candidate and epoch
   */
  verdict(candidate: string, terms: VerdictTerms, others: readonly EvidenceTotals[] = []): Verdict {
    const sum = (of: (totals: EvidenceTotals) => number): number => others.reduce((all, each) => all + of(each), 0);
    return verdictOf({
      ...terms,
      candidate,
      comparisons: this.#comparisons + sum((each) => each.comparisons),
      units: this.#units + sum((each) => each.units),
      spanMs: this.#lastAt - this.#firstAt,
      ownUnits: this.#units,
      gates: this.gates.map(({ name, max }, index) => {
        const { units, bad, regressedSince } = this.#evidence[index]!;
        return {
          name,
          max,
          units: units + sum((each) => each.gates[name]?.units ?? 0),
          bad: bad + sum((each) => each.gates[name]?.bad ?? 0),
          ...(regressedSince !== undefined && { regressedSince }),
        };
      }),
    });
  }

  #penalty(gate: Gate, sample: Sample): number | undefined {
    try {
      const penalty = gate.penalty(sample);
      if (penalty === undefined || (typeof penalty === "number" && penalty >= 0 && penalty <= 1)) return penalty;
      throw new RangeError(`Gate ${gate.name} gave ${String(penalty)}, which is not from 0 to 1`);
    } catch (error) {
      this.#onFault?.(error);
      return undefined;
    }
  }
}
