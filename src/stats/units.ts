import { BitTable, places } from "./bit-table.ts";

/** The tables of the present window and of the one before it, for comparisons that are told late. */
export class WindowTables {
  #present: BitTable = new BitTable();
  #before: BitTable = new BitTable();

  /** @param age 0 for the present window, 1 for the one before; returns whether the place was not there */
  add(slot: number, age: 0 | 1): boolean {
    return (age === 0 ? this.#present : this.#before).add(slot);
  }

  /** The table of the present window (0), or of the one before (1). */
  of(age: 0 | 1): BitTable {
    return age === 0 ? this.#present : this.#before;
  }

  /** Begins a window. @param follows whether it is the one right after the present one, which is then kept */
  roll(follows: boolean): void {
    const spare = this.#before;
    this.#before = this.#present;
    this.#present = spare;
    spare.clear();
    if (!follows) this.#before.clear();
  }
}

/** Which window a comparison belongs to. Windows follow each other by the wall clock, and two are open at a time. */
export class Windows {
  readonly windowMs: number;
  #present = NaN;

  /** @param windowMs how long a window is, in milliseconds; more than 0 */
  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** The number of the present window; `NaN` before the first comparison. */
  get present(): number {
    return this.#present;
  }

  /**
   * Goes on to the window of `at` when that is a later one, or far from the present one, as after a clock was set back.
   *
   * @returns `same` when nothing began, `next` when the window right after the present one did, `far` when another did
   */
  moveTo(at: number): "same" | "next" | "far" {
    const window = Math.floor(at / this.windowMs);
    if (window === this.#present || window === this.#present - 1) return "same";
    const follows = window === this.#present + 1;
    this.#present = window;
    return follows ? "next" : "far";
  }

  /** Whether `at` lies in the present window (0) or in the one before (1). */
  ageOf(at: number): 0 | 1 {
    return Math.floor(at / this.windowMs) === this.#present ? 0 : 1;
  }

  /** How long the present window lasts after `at`, in milliseconds. */
  restMs(at: number): number {
    return Math.max(0, (this.#present + 1) * this.windowMs - at);
  }
}

// More of a table than this, and places that two keys share make a rate look larger by more than 5 %.
const mostUsed = places / 10;

/** How many distinct keys there were, by how much of a table is used, at a level: two keys may share a place. */
export function distinctKeys(used: number, level: number): number {
  return -places * Math.log1p(-Math.min(used, places - 1) / places) * 2 ** level;
}

/**
 * The level at which so many distinct keys use a tenth of a table at most. At level `n` only one key in 2ⁿ counts: a window's
 * level is known before it begins, so which keys count has nothing to do with how they fare.
 */
export function levelFor(distinct: number): number {
  return distinct <= mostUsed ? 0 : Math.min(24, Math.ceil(Math.log2(distinct / mostUsed)));
}

/** Whether a key counts at a level, by the upper half of its hash. */
export function countsAt(level: number, high: number): boolean {
  return level === 0 || high >>> (32 - level) === 0;
}

/** A key's place in a table, by the lower half of its hash. */
export function slotOf(low: number): number {
  return low & (places - 1);
}

/** A number in [0, 1) that depends on nothing but a key's hash, a window and a gate. */
export function drawOf(low: number, high: number, window: number, gate: number): number {
  const ofWindow = finish(low ^ Math.imul(window | 0, 0x9e3779b1));
  return (finish(ofWindow ^ finish(high ^ Math.imul(gate + 1, 0x27d4eb2f))) >>> 0) / 2 ** 32;
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
