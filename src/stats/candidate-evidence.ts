import type { Sample } from "../model/rollout.ts";
import { GateEvidence } from "./gate-evidence.ts";
import type { GateJudge } from "./gate-judge.ts";
import { defaultGates, type Gate } from "./gates.ts";
import { pairsPerBlock } from "./timed-pairs.ts";
import { BitTable, drawOf, hashOf, slotOf, Windows, WindowTables } from "./units.ts";
import { verdictOf, type Verdict, type VerdictTerms } from "./verdict.ts";

/** What one gate could judge. */
export interface GateTotals {
  /** Units of windows that have ended, and bad ones of the present window. */
  readonly units: number;
  readonly bad: number;
  readonly calls: number;
  readonly badCalls: number;
}

/** How much one candidate's units weigh, as absolute numbers that add up over processes. Plain data. */
export interface EvidenceTotals {
  /** Comparisons, bursts of one key and inconclusive ones included. */
  readonly comparisons: number;
  readonly units: number;
  /** Distinct keys, at most 65 536; each call without a key is one. */
  readonly keys: number;
  readonly gates: Readonly<Record<string, GateTotals>>;
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

// Beyond it a table of keys is full.
const mostKeys = 65_536;

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

/** What one candidate's comparisons say about its gates. Memory does not grow with traffic: about 1 KB without keys, with
 * them 24 KB and 48 KB a gate. */
export class CandidateEvidence {
  readonly gates: readonly Gate[];
  readonly #evidence: readonly GateEvidence[];
  readonly #judges: readonly GateJudge[];
  readonly #windows: Windows | undefined;
  // Made with the first key.
  #tables: { readonly seen: WindowTables; readonly keys: BitTable } | undefined;
  #keys = 0;
  readonly #onFault: ((error: unknown) => void) | undefined;
  #comparisons = 0;
  #units = 0;
  #firstAt = NaN;
  #lastAt = NaN;
  #alarmed: string | undefined;

  constructor({ gates = defaultGates, unitWindowMs = 60_000, falseAlarmEvery, onFault }: EvidenceOptions = {}) {
    this.gates = gates;
    const every = falseAlarmEvery ?? 1e5 * gates.filter(({ by }) => by !== "calls").length;
    // A block stands for many pairs, and the promise is one of calls.
    this.#evidence = gates.map(({ max, by }) => new GateEvidence(max, by === "blocks" ? every / pairsPerBlock : every));
    this.#judges = gates.map((gate) => gate.begin?.() ?? gate);
    this.#windows = unitWindowMs > 0 ? new Windows(unitWindowMs) : undefined;
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
    const { at, key } = sample;
    if (this.#comparisons++ === 0) this.#firstAt = at;
    this.#lastAt = at;
    if (key === undefined || this.#windows === undefined) this.#recordCall(sample);
    else this.#recordOfKey(sample, key, this.#windows);
  }

  #recordCall(sample: Sample): void {
    // What was not looked at is nobody's unit.
    if (sample.kind !== "inconclusive") {
      this.#units++;
      this.#keys++;
    }
    for (let index = 0; index < this.gates.length; index++) {
      const gate = this.gates[index]!;
      const penalty = this.#penalty(index, sample);
      if (penalty === undefined) continue;
      if (gate.by === "calls") this.#evidence[index]!.addCall(penalty);
      else if (this.#evidence[index]!.add(penalty, sample.at)) this.#alarmed ??= gate.name;
    }
  }

  #recordOfKey(sample: Sample, key: string, windows: Windows): void {
    const { at } = sample;
    this.#moveTo(at, windows);
    const tables = (this.#tables ??= { seen: new WindowTables(), keys: new BitTable() });
    const hash = hashOf(key);
    const slot = slotOf(hash);
    const age = windows.ageOf(at);
    if (sample.kind !== "inconclusive") {
      if (tables.seen.add(slot, age)) this.#units++;
      if (tables.keys.add(slot)) this.#keys++;
    }
    for (let index = 0; index < this.gates.length; index++) {
      const gate = this.gates[index]!;
      const penalty = this.#penalty(index, sample);
      if (penalty === undefined) continue;
      if (gate.by === "calls") {
        this.#evidence[index]!.addCall(penalty);
        continue;
      }
      if (gate.by === "blocks") {
        if (this.#evidence[index]!.add(penalty, at)) this.#alarmed ??= gate.name;
        continue;
      }
      // Half a penalty makes half of the keys bad, whichever they are.
      const isBad = penalty === 1 || (penalty > 0 && penalty > drawOf(hash, windows.present - age, index));
      if (this.#evidence[index]!.addOfKey(isBad, slot, age, at)) this.#alarmed ??= gate.name;
    }
  }

  /** Ends the windows that are over at `at`. */
  #moveTo(at: number, windows: Windows): void {
    const moved = windows.moveTo(at);
    if (moved === "same") return;
    this.#tables?.seen.roll(moved === "next");
    for (const each of this.#evidence) each.roll(moved === "next");
  }

  /** Adds so many matches, of which neither the keys nor the durations are known, each a unit. Never throws. */
  matched(times: number, at: number): void {
    if (times <= 0) return;
    if (this.#comparisons === 0) this.#firstAt = at;
    this.#comparisons += times;
    this.#units += times;
    this.#keys += times;
    this.#lastAt = at;
    const sample = { ...someMatch, at };
    this.gates.forEach((_gate, index) => {
      // What a gate holds against a match that it knows nothing else of is no evidence.
      if (this.#penalty(index, sample) === 0) this.#evidence[index]!.addGood(times);
    });
  }

  /** What to report to others. */
  totals(): EvidenceTotals {
    const gates: Record<string, GateTotals> = {};
    this.gates.forEach(({ name }, index) => {
      const { units, open, bad, calls, badCalls } = this.#evidence[index]!;
      gates[name] = { units: units - open, bad, calls, badCalls };
    });
    return { comparisons: this.#comparisons, units: this.#units, keys: Math.min(this.#keys, mostKeys), gates };
  }

  /**
   * What this evidence, together with other processes', amounts to.
   *
   * @param others what other processes reported for the same candidate and epoch
   */
  verdict(candidate: string, terms: VerdictTerms, others: readonly EvidenceTotals[] = []): Verdict {
    const { now } = terms;
    // Nothing has to come after a window for it to be over.
    if (now !== undefined && this.#windows && now > this.#lastAt) this.#moveTo(now, this.#windows);
    const sum = (of: (totals: EvidenceTotals) => number): number => others.reduce((all, each) => all + of(each), 0);
    return verdictOf({
      ...terms,
      candidate,
      comparisons: this.#comparisons + sum((each) => each.comparisons),
      units: this.#units + sum((each) => each.units),
      spanMs: this.#lastAt - this.#firstAt,
      ownUnits: this.#units,
      // Who is a key of two processes cannot be told from counts: so many there are at least.
      keys: others.reduce((most, each) => Math.max(most, each.keys ?? 0), this.#keys),
      openMs: this.#windows?.restMs(now ?? this.#lastAt) ?? 0,
      gates: this.gates.map(({ name, max, by }, index) => {
        const judge = this.#judges[index]!;
        const silence = judge.silence?.();
        const note = judge.note?.();
        const { units, open, bad, calls, badCalls, failed, regressedSince, alarmedBy } = this.#evidence[index]!;
        return {
          name,
          max,
          ...(by !== undefined && { by }),
          failed,
          remembers: judge.silence !== undefined,
          ...(silence !== undefined && { silence }),
          ...(note !== undefined && { note }),
          units: units - open + sum((each) => each.gates[name]?.units ?? 0),
          open,
          calls: calls + sum((each) => each.gates[name]?.calls ?? 0),
          badCalls: badCalls + sum((each) => each.gates[name]?.badCalls ?? 0),
          bad: bad + sum((each) => each.gates[name]?.bad ?? 0),
          ...(regressedSince !== undefined && { regressedSince }),
          ...(alarmedBy !== undefined && { alarmedBy }),
        };
      }),
    });
  }

  #penalty(index: number, sample: Sample): number | undefined {
    const gate = this.gates[index]!;
    try {
      const penalty = this.#judges[index]!.penalty(sample);
      if (penalty === undefined || (typeof penalty === "number" && penalty >= 0 && penalty <= 1)) return penalty;
      throw new RangeError(`Gate ${gate.name} gave ${String(penalty)}, which is not from 0 to 1`);
    } catch (error) {
      this.#evidence[index]!.failed++;
      this.#onFault?.(error);
      return undefined;
    }
  }
}
