import { tellFailure } from "../model/silence.ts";
import type { EvidenceData, GateData } from "../model/evidence-data.ts";
import type { Sample } from "../model/rollout.ts";
import { GateEvidence } from "./gate-evidence.ts";
import type { GateJudge } from "./gate-judge.ts";
import { defaultGates, type Gate } from "./gates.ts";
import type { EvidenceOptions, EvidenceTotals, FleetReading, GateTotals } from "./evidence-totals.ts";
import { KeyWindows } from "./key-windows.ts";
import { KeyedHash, randomSecret } from "./keyed-hash.ts";
import type { OpenWindow } from "./merge-windows.ts";
import { pairsPerBlock } from "./timed-pairs.ts";
import { verdictOf, type Verdict, type VerdictTerms } from "./verdict.ts";
import type { MergeableUnits, UnitSums, WindowUnits } from "./window-units.ts";

// Beyond it a table of keys is full.
const mostKeys = 65_536;

/**
 * What one candidate's comparisons say about its gates. Memory does not grow with traffic: about 1 KB without keys, with them
 * 24 KB and 16 KB a gate, and up to 48 KB more a gate while keys are bad. Two windows are open at a time.
 */
export class CandidateEvidence {
  readonly gates: readonly Gate[];
  readonly #evidence: readonly GateEvidence[];
  readonly #judges: readonly GateJudge[];
  readonly #windows: KeyWindows | undefined;
  #keys = 0;
  #unkeyed = 0;
  readonly #onFault: ((error: unknown) => void) | undefined;
  #comparisons = 0;
  #units = 0;
  #firstAt = NaN;
  #lastAt = NaN;
  #alarmed: string | undefined;

  constructor({
    gates = defaultGates,
    unitWindowMs = 60_000,
    falseAlarmEvery,
    onFault,
    ...more
  }: EvidenceOptions = {}) {
    this.gates = gates;
    const every = falseAlarmEvery ?? 1e5 * gates.filter(({ by }) => by !== "calls").length;
    // A block stands for many pairs, and the promise is one of calls.
    this.#evidence = gates.map(({ max, by }) => new GateEvidence(max, by === "blocks" ? every / pairsPerBlock : every));
    this.#judges = gates.map((gate) => gate.begin?.() ?? gate);
    this.#onFault = onFault;
    if (!(unitWindowMs > 0)) return;
    const hash = more.hash ?? new KeyedHash(more.secret ?? randomSecret());
    const seenByGates = gates.map(({ name }, index) => [name, this.#evidence[index]!] as const);
    const keeps = more.mergeable === true || more.keepsWindows === true;
    this.#windows = new KeyWindows(unitWindowMs, hash, seenByGates, keeps);
  }

  /** Units so far; each counts for every gate that can judge it. */
  get units(): number {
    return this.#units;
  }

  /** How many comparisons there were: while that is the same, so is all that was seen. */
  get comparisons(): number {
    return this.#comparisons;
  }

  /** Says of the tables whether anything in them is another: what was seen, or which window is the present one. */
  get mark(): string {
    return `${this.#comparisons} ${this.#windows?.present ?? NaN}`;
  }

  /** Distinct keys, as far as a table of 65 536 places tells them apart. */
  get keys(): number {
    return Math.min(this.#keys, mostKeys);
  }

  /** The gate that alarms, if one does. */
  get alarmed(): string | undefined {
    return this.#alarmed;
  }

  /** Adds one comparison. Never throws. @param at when, wall time in milliseconds; the sample's by default */
  record(sample: Sample, at: number = sample.at): void {
    const { key } = sample;
    if (this.#comparisons++ === 0) this.#firstAt = at;
    this.#lastAt = at;
    if (key === undefined || this.#windows === undefined) this.#recordCall(sample, at);
    else this.#recordOfKey(sample, key, this.#windows, at);
  }

  #recordCall(sample: Sample, at: number): void {
    // What was not looked at is nobody's unit.
    if (sample.kind !== "inconclusive") {
      this.#units++;
      this.#keys++;
      this.#unkeyed++;
    }
    for (let index = 0; index < this.gates.length; index++) {
      const gate = this.gates[index]!;
      const penalty = this.#penalty(index, sample);
      if (penalty === undefined) continue;
      if (gate.by === "calls") this.#evidence[index]!.addCall(penalty);
      else if (this.#evidence[index]!.add(penalty, at)) this.#alarm(gate);
    }
  }

  #recordOfKey(sample: Sample, key: string, windows: KeyWindows, at: number): void {
    windows.moveTo(at);
    windows.find(key, at);
    if (sample.kind !== "inconclusive") {
      if (windows.addUnit()) this.#units++;
      if (windows.addKey()) this.#keys++;
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
        if (this.#evidence[index]!.add(penalty, at)) this.#alarm(gate);
        continue;
      }
      // Half a penalty makes half of the keys bad, whichever they are.
      const isBad = penalty === 1 || (penalty > 0 && penalty > windows.draw(index));
      if (this.#evidence[index]!.addOfKey(isBad, windows.slot, windows.age, at, windows.counts)) this.#alarm(gate);
    }
  }

  #alarm({ name, dryRun }: Gate): void {
    if (dryRun !== true) this.#alarmed ??= name;
  }

  /** How many distinct keys all processes together have in a window: by that the next windows' levels are set. */
  expect(distinct: number): void {
    this.#windows?.expect(distinct);
  }

  /** Forgets the windows up to one that is in other hands. */
  forgetThrough(window: number): void {
    this.#windows?.forgetThrough(window);
  }

  /** Windows that are over and in nobody else's hands. */
  get closed(): readonly WindowUnits[] {
    return this.#windows?.closed ?? [];
  }

  /** The present window and the one before it, as their tables are. */
  open(): readonly OpenWindow[] {
    return this.#windows?.open() ?? [];
  }

  /** The units in a form that adds up over processes. */
  mergeable(): MergeableUnits {
    return { unkeyed: this.unkeyed(), windows: this.#windows?.all() ?? [] };
  }

  /** Calls without a key, of which each is a unit. */
  unkeyed(): UnitSums {
    const gates: Record<string, { units: number; bad: number }> = {};
    this.gates.forEach(({ name }, index) => {
      const { unkeyed: units, unkeyedBad: bad } = this.#evidence[index]!;
      if (units > 0) gates[name] = { units, bad };
    });
    return { units: this.#unkeyed, gates };
  }

  /** All of it as plain data, for records: windows end by `now`. */
  reading(now: number): EvidenceData {
    if (now > this.#lastAt) this.#windows?.moveTo(now);
    const { unkeyed, windows } = this.mergeable();
    const present = this.#windows?.present ?? NaN;
    const gates = this.gates.map((gate, index): [string, GateData] => {
      const { units, bad, open, calls, badCalls, failed, regressedSince, alarmedBy } = this.#evidence[index]!;
      return [
        gate.name,
        {
          max: gate.max,
          ...this.#told(index),
          ...{ units, bad, open, calls, badCalls, failed },
          ...(regressedSince !== undefined && { regressedSince }),
          ...(alarmedBy !== undefined && { alarmedBy }),
        },
      ];
    });
    return {
      comparisons: this.#comparisons,
      units: this.#units,
      keys: this.#keys,
      ...(this.#comparisons > 0 && { firstAt: this.#firstAt, lastAt: this.#lastAt }),
      windowMs: this.#windows?.windowMs ?? 0,
      ...(Number.isSafeInteger(present) && { window: present }),
      unkeyed,
      gates: Object.fromEntries(gates),
      windows,
    };
  }

  /**
   * Adds so many matches, of which neither the keys nor the durations are known, each a unit. Never throws.
   *
   * @param since when the first of them ended, and `until` the last
   */
  matched(times: number, since: number, until: number = since): void {
    if (times <= 0) return;
    if (this.#comparisons === 0) this.#firstAt = since;
    this.#comparisons += times;
    this.#units += times;
    this.#unkeyed += times;
    this.#keys += times;
    this.#lastAt = until;
    for (let index = 0; index < this.gates.length; index++) {
      const { by, matched } = this.gates[index]!;
      const evidence = this.#evidence[index]!;
      if (matched !== 0) this.#judges[index]!.untimed?.(times, since);
      else if (by === "calls") evidence.calls += times;
      else evidence.addGood(times);
    }
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
   * @param merged the units of all of them, this one included; what this process has seen alone, by default
   */
  verdict(
    candidate: string,
    terms: VerdictTerms,
    others: readonly EvidenceTotals[] = [],
    merged?: FleetReading,
  ): Verdict {
    const { now } = terms;
    // Nothing has to come after a window for it to be over.
    if (now !== undefined && now > this.#lastAt) this.#windows?.moveTo(now);
    const sum = (of: (totals: EvidenceTotals) => number): number => others.reduce((all, each) => all + of(each), 0);
    return verdictOf({
      ...terms,
      candidate,
      comparisons: this.#comparisons + sum((each) => each.comparisons),
      units: Math.max(this.#units, merged ? merged.units + this.#unkeyed - merged.ownUnkeyed.units : 0),
      spanMs: this.#lastAt - this.#firstAt,
      ownUnits: this.#units,
      // Who is a key of two processes cannot be told from counts: so many there are at least.
      keys: others.reduce((most, each) => Math.max(most, each.keys ?? 0), this.#keys),
      openMs: this.#windows?.restMs(now ?? this.#lastAt) ?? 0,
      gates: this.gates.map(({ name, max }, index) => {
        const { calls, badCalls, failed, regressedSince, alarmedBy } = this.#evidence[index]!;
        const alarmedSince = merged?.alarmed?.gate === name ? merged.alarmed.since : undefined;
        const since = regressedSince ?? alarmedSince;
        return {
          name,
          max,
          failed,
          ...this.#told(index),
          calls: calls + sum((each) => each.gates[name]?.calls ?? 0),
          badCalls: badCalls + sum((each) => each.gates[name]?.badCalls ?? 0),
          ...this.#unitsOfGate(index, merged),
          ...(since !== undefined && { regressedSince: since }),
          ...(alarmedBy !== undefined && { alarmedBy }),
        };
      }),
    });
  }

  /** What a gate is, and what its judge says beside its answers. */
  #told(index: number): Pick<GateData, "by" | "dryRun" | "remembers" | "silence" | "note"> {
    const { by, dryRun } = this.gates[index]!;
    const judge = this.#judges[index]!;
    const silence = judge.silence?.();
    const note = judge.note?.();
    return {
      ...(by !== undefined && { by }),
      ...(dryRun === true && { dryRun }),
      ...(judge.silence !== undefined && { remembers: true }),
      ...(silence !== undefined && { silence }),
      ...(note !== undefined && { note }),
    };
  }

  /** Of all processes, as they were when they last reported, with what has gone wrong here since. */
  #unitsOfGate(index: number, merged: FleetReading | undefined): { units: number; bad: number; open: number } {
    const { units, open, bad, unkeyed, unkeyedBad } = this.#evidence[index]!;
    if (merged === undefined) return { units: units - open, bad, open };
    const { name } = this.gates[index]!;
    const of = merged.gates[name] ?? { units: 0, bad: 0 };
    const { units: unkeyedThen, bad: unkeyedBadThen } = merged.ownUnkeyed.gates[name] ?? { units: 0, bad: 0 };
    const badSince = Math.max(0, bad - (merged.ownBad[name] ?? 0));
    const keyedBadSince = Math.max(0, badSince - (unkeyedBad - unkeyedBadThen));
    return {
      units: of.units + (unkeyed - unkeyedThen) + keyedBadSince,
      bad: of.bad + badSince,
      open: merged.open[name] ?? 0,
    };
  }

  #penalty(index: number, sample: Sample): number | undefined {
    const gate = this.gates[index]!;
    if (gate.matched === 0 && isPlainMatch(sample)) return 0;
    try {
      const penalty = this.#judges[index]!.penalty(sample);
      if (penalty === undefined || (typeof penalty === "number" && penalty >= 0 && penalty <= 1)) return penalty;
      tellFailure(penalty);
      throw new RangeError(`Gate ${gate.name} returned ${String(penalty)}, which is not from 0 to 1`);
    } catch (error) {
      this.#evidence[index]!.failed++;
      this.#onFault?.(error);
      return undefined;
    }
  }
}

/** Nothing but that both sides were alike is to be said of it. */
function isPlainMatch({ kind, fellBack, aboutControl }: Sample): boolean {
  return kind === "match" && fellBack === undefined && aboutControl === undefined;
}
