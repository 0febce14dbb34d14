import { BitTable } from "./bit-table.ts";
import type { GateEvidence } from "./gate-evidence.ts";
import type { KeyedHash } from "./keyed-hash.ts";
import type { OpenWindow } from "./merge-windows.ts";
import { countsAt, distinctKeys, drawOf, levelFor, slotOf, Windows, WindowTables } from "./units.ts";
import type { WindowUnits } from "./window-units.ts";

// While the store fails, windows are kept for as long.
const mostWindows = 16;

/** A gate's name, and what it has seen. */
export type SeenByGate = readonly [name: string, evidence: GateEvidence];

/**
 * The keys of the present window and of the one before it, and the windows that are over and wait to be handed to others. What
 * {@link find} was last asked of stands in its fields, so that nothing is made for a call.
 */
export class KeyWindows {
  readonly #windows: Windows;
  readonly #hash: KeyedHash;
  readonly #gates: readonly SeenByGate[];
  // Made with the first key.
  #tables: { readonly seen: WindowTables; readonly keys: BitTable } | undefined;
  // Of the present window, and of the one before.
  #level = 0;
  #levelBefore = 0;
  #expected = 0;
  // Absent where they are nobody's.
  #closed: WindowUnits[] | undefined;
  #low = 0;
  #high = 0;
  /** The place of the key that was found last. */
  slot = 0;
  /** Its window: 0 for the present one, 1 for the one before. */
  age: 0 | 1 = 0;
  /** Whether it is among the keys that count as units. */
  counts = false;

  /** @param keeps whether windows that are over are kept for others */
  constructor(windowMs: number, hash: KeyedHash, gates: readonly SeenByGate[], keeps: boolean) {
    this.#windows = new Windows(windowMs);
    this.#hash = hash;
    this.#gates = gates;
    this.#closed = keeps ? [] : undefined;
  }

  /** How long a window is, in milliseconds. */
  get windowMs(): number {
    return this.#windows.windowMs;
  }

  /** The number of the present window; `NaN` before the first comparison. */
  get present(): number {
    return this.#windows.present;
  }

  /** How long the present window lasts after `at`, in milliseconds. */
  restMs(at: number): number {
    return this.#windows.restMs(at);
  }

  /** Ends the windows that are over at `at`. */
  moveTo(at: number): void {
    const before = this.#windows.present;
    const moved = this.#windows.moveTo(at);
    if (moved === "same") return;
    const follows = moved === "next";
    this.#close(follows ? [this.#unitsOf(1, before - 1)] : [this.#unitsOf(1, before - 1), this.#unitsOf(0, before)]);
    const distinct = distinctKeys(this.#tables?.seen.of(0).count ?? 0, this.#level);
    this.#levelBefore = this.#level;
    this.#level = follows ? levelFor(Math.max(distinct, this.#expected)) : 0;
    this.#tables?.seen.roll(follows);
    for (const [, evidence] of this.#gates) evidence.roll(follows);
  }

  /** Finds the key's place in the window of `at`, which is open. */
  find(key: string, at: number): void {
    this.#tables ??= { seen: new WindowTables(), keys: new BitTable() };
    const hash = this.#hash;
    hash.of(key);
    this.#low = hash.low;
    this.#high = hash.high;
    this.slot = slotOf(this.#low);
    this.age = this.#windows.ageOf(at);
    this.counts = countsAt(this.age === 0 ? this.#level : this.#levelBefore, this.#high);
  }

  /** Whether the key that was found makes a unit: it counts, and is new in its window. */
  addUnit(): boolean {
    return this.counts && this.#tables!.seen.add(this.slot, this.age);
  }

  /** Whether the key that was found is new in any window. */
  addKey(): boolean {
    return this.#tables!.keys.add(this.slot);
  }

  /** A number in [0, 1) for the key that was found, its window and a gate, alike in all processes. */
  draw(gate: number): number {
    return drawOf(this.#low, this.#high, this.#windows.present - this.age, gate);
  }

  #close(windows: readonly (WindowUnits | undefined)[]): void {
    if (this.#closed === undefined) return;
    this.#closed.push(...windows.filter((each) => each !== undefined));
    this.#closed = this.#closed.slice(-mostWindows);
  }

  /** One of the two open windows, as what it is to others; `undefined` without a unit in it. */
  #unitsOf(age: 0 | 1, window: number): WindowUnits | undefined {
    if (this.#closed === undefined || this.#tables === undefined) return undefined;
    const seen = this.#tables.seen.of(age);
    const gates: Record<string, { bad: string; seen?: string }> = {};
    let isEmpty = seen.count === 0;
    for (const [name, evidence] of this.#gates) {
      const tables = evidence.tablesOf(age);
      if (tables === undefined) continue;
      isEmpty &&= tables.seen.count === 0;
      gates[name] = { bad: tables.bad.encode(), ...(!tables.seen.isSame(seen) && { seen: tables.seen.encode() }) };
    }
    if (isEmpty) return undefined;
    const level = age === 0 ? this.#level : this.#levelBefore;
    return { window, level, fingerprint: this.#hash.fingerprint, seen: seen.encode(), gates };
  }

  /** How many distinct keys all processes together have in a window: by that the next windows' levels are set. */
  expect(distinct: number): void {
    this.#expected = distinct;
  }

  /** Forgets the windows up to one that is in other hands. */
  forgetThrough(window: number): void {
    this.#closed = this.#closed?.filter((each) => each.window > window);
  }

  /** Windows that are over and in nobody else's hands. */
  get closed(): readonly WindowUnits[] {
    return this.#closed ?? [];
  }

  /** The present window and the one before it, as their tables are. */
  open(): readonly OpenWindow[] {
    if (this.#closed === undefined || this.#tables === undefined) return [];
    const { present } = this.#windows;
    const { seen } = this.#tables;
    return ([1, 0] as const).map((age) => {
      const gates = this.#gates.flatMap(([name, evidence]) => {
        const tables = evidence.tablesOf(age);
        return tables === undefined ? [] : [[name, tables] as const];
      });
      const level = age === 0 ? this.#level : this.#levelBefore;
      const { fingerprint } = this.#hash;
      return { window: present - age, level, fingerprint, seen: seen.of(age), gates: new Map(gates) };
    });
  }

  /** All windows that others do not have yet, those that are open last. */
  all(): readonly WindowUnits[] {
    const { present } = this.#windows;
    const open = [this.#unitsOf(1, present - 1), this.#unitsOf(0, present)].filter((each) => each !== undefined);
    return [...this.closed, ...open];
  }
}
