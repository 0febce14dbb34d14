import { alternativesFor, type Alternatives } from "./evidence.ts";
import type { BitTable } from "./bit-table.ts";
import { WindowTables } from "./units.ts";

interface GateTables {
  readonly seen: WindowTables;
  readonly bad: WindowTables;
  /** Of bad keys, those whose second bad call the alarm has been fed. */
  readonly twice: WindowTables;
  /** Bad keys that do not count as units. */
  readonly uncounted: WindowTables;
}

/**
 * What one gate has seen: how many units, how bad, and an e-CUSUM that watches for a rate above the tolerated one. The
 * e-CUSUM forgets a long good past, so that a sudden regression is seen in a few calls.
 *
 * A unit is a key in a window, and bad when any of its comparisons was. The e-CUSUM is fed every good call, and at most two
 * bad ones of a key and window: one customer's burst does not set it off.
 *
 * @see J. Shin, A. Ramdas, A. Rinaldo, "E-detectors" (2023); A. Wald (1945)
 */
export class GateEvidence {
  units = 0;
  /** The bad units; of calls without a key, the sum of their penalties. */
  bad = 0;
  /** Good units of the present window: one may yet turn bad, so they are no evidence before the window has ended. */
  open = 0;
  /** Calls that the gate could judge, and how many of them were bad. */
  calls = 0;
  badCalls = 0;
  /** Calls of which the gate should have said something, and threw, or returned no number from 0 to 1. */
  failed = 0;
  /** When the regression began that was alarmed for, as the `at` of its first bad unit; absent until then. */
  regressedSince: number | undefined = undefined;
  /** Of what set the alarm off: how many were seen since it began, and how bad they were. */
  alarmedBy: { readonly seen: number; readonly bad: number } | undefined = undefined;

  /** Of `units` and `bad`: those that are calls without a key, which add up over processes. */
  unkeyed = 0;
  unkeyedBad = 0;

  // Only where there are keys: 8 KB a window, and as much for each of the others once there is something bad.
  #tables: GateTables | undefined;
  readonly #good: Float64Array;
  readonly #perPenalty: Float64Array;
  readonly #level: Float64Array;
  readonly #began: Float64Array;
  // What was seen since the level last was 0, and how bad it was.
  readonly #seen: Float64Array;
  readonly #bad: Float64Array;
  /** No level is above 0: what is good changes nothing then. */
  #isQuiet = true;
  readonly #alarmAt: number;
  readonly #alarmLog: number;

  /**
   * @param max the tolerated rate, between 0 and 1
   * @param falseAlarmEvery the mean number of units to a false alarm is at least this
   */
  constructor(max: number, falseAlarmEvery: number, { worse }: Alternatives = alternativesFor(max)) {
    const rates = worse.map((ratio) => ratio * max).filter((rate) => rate < 1);
    if (rates.length === 0) rates.push((1 + max) / 2);
    this.#good = Float64Array.from(rates, (rate) => Math.log1p(-rate) - Math.log1p(-max));
    this.#perPenalty = Float64Array.from(rates, (rate, index) => Math.log(rate / max) - this.#good[index]!);
    this.#level = new Float64Array(rates.length);
    this.#began = new Float64Array(rates.length);
    this.#seen = new Float64Array(rates.length);
    this.#bad = new Float64Array(rates.length);
    this.#alarmAt = falseAlarmEvery * rates.length;
    this.#alarmLog = Math.log(falseAlarmEvery);
  }

  /**
   * Adds one call that is a unit of its own.
   *
   * @param penalty 0 is good, 1 is bad
   * @param at when; only handed back as {@link GateEvidence.regressedSince}
   * @returns whether this gate is in alarm; once it is, it stays
   */
  add(penalty: number, at = 0): boolean {
    this.units++;
    this.unkeyed++;
    this.calls++;
    this.bad += penalty;
    this.unkeyedBad += penalty;
    this.badCalls += penalty;
    return this.#watch(penalty, at);
  }

  /**
   * Adds one call of a key.
   *
   * @param slot the key's place in the tables
   * @param age 0 in the present window, 1 in the one before
   * @param counts whether the key is among those that count as units; the alarm is fed by all
   * @returns whether this gate is in alarm
   */
  addOfKey(isBad: boolean, slot: number, age: 0 | 1, at: number, counts = true): boolean {
    const tables = (this.#tables ??= newTables());
    this.calls++;
    if (!counts) return this.#addUncounted(tables, isBad, slot, age, at);
    const isNew = tables.seen.add(slot, age);
    if (isNew) this.units++;
    if (!isBad) {
      if (isNew && age === 0) this.open++;
      return this.#watch(0, at);
    }
    this.badCalls++;
    if (tables.bad.add(slot, age)) {
      this.bad++;
      if (!isNew && age === 0) this.open--;
      return this.#watch(1, at);
    }
    return tables.twice.add(slot, age) ? this.#watch(1, at) : this.regressedSince !== undefined;
  }

  #addUncounted(tables: GateTables, isBad: boolean, slot: number, age: 0 | 1, at: number): boolean {
    if (!isBad) return this.#watch(0, at);
    this.badCalls++;
    if (tables.uncounted.add(slot, age) || tables.twice.add(slot, age)) return this.#watch(1, at);
    return this.regressedSince !== undefined;
  }

  /** Adds a window of all processes, in which the order of units is not known: for the alarm alone. */
  addWindow(units: number, bad: number, at: number): boolean {
    return this.#watch(bad, at, units);
  }

  /** A window's tables: the units that the gate could judge, and the bad ones among them. */
  tablesOf(age: 0 | 1): { readonly seen: BitTable; readonly bad: BitTable } | undefined {
    return this.#tables && { seen: this.#tables.seen.of(age), bad: this.#tables.bad.of(age) };
  }

  /** Adds one call to a gate that goes by calls: it is no unit, and nothing alarms. */
  addCall(penalty: number): void {
    this.calls++;
    this.badCalls += penalty;
  }

  /** Begins a window: what was good in the present one is evidence now. */
  roll(follows: boolean): void {
    this.open = 0;
    this.#tables?.seen.roll(follows);
    this.#tables?.bad.roll(follows);
    this.#tables?.twice.roll(follows);
    this.#tables?.uncounted.roll(follows);
  }

  #watch(penalty: number, at: number, units = 1): boolean {
    const level = this.#level;
    if (penalty === 0 && units === 1) {
      if (!this.#isQuiet) this.#calm(1);
      return this.regressedSince !== undefined;
    }
    this.#isQuiet = false;
    let highest = -Infinity;
    let leader = 0;
    for (let index = 0; index < level.length; index++) {
      if (level[index]! <= 0) {
        this.#began[index] = at;
        this.#seen[index] = this.#bad[index] = 0;
      }
      this.#seen[index]! += units;
      this.#bad[index]! += penalty;
      const next = Math.max(level[index]!, 0) + units * this.#good[index]! + penalty * this.#perPenalty[index]!;
      level[index] = next;
      if (next > highest) [highest, leader] = [next, index];
    }
    // A mean of exponentials reaches the threshold only where the largest of them does.
    if (this.regressedSince === undefined && highest >= this.#alarmLog && this.#sum() >= this.#alarmAt) {
      this.regressedSince = this.#began[leader]!;
      this.alarmedBy = { seen: this.#seen[leader]!, bad: this.#bad[leader]! };
    }
    return this.regressedSince !== undefined;
  }

  /** Adds so many good units at once. */
  addGood(times: number): void {
    if (times <= 0) return;
    this.units += times;
    this.unkeyed += times;
    this.calls += times;
    if (!this.#isQuiet) this.#calm(times);
  }

  /** So many good ones. */
  #calm(times: number): void {
    const level = this.#level;
    this.#isQuiet = true;
    for (let index = 0; index < level.length; index++) {
      level[index] = Math.max(level[index]!, 0) + times * this.#good[index]!;
      this.#seen[index]! += times;
      if (level[index]! > 0) this.#isQuiet = false;
    }
  }

  #sum(): number {
    let sum = 0;
    for (const level of this.#level) sum += Math.exp(level);
    return sum;
  }
}

function newTables(): GateTables {
  return {
    seen: new WindowTables(),
    bad: new WindowTables(),
    twice: new WindowTables(),
    uncounted: new WindowTables(),
  };
}
