const bits = 65_536;

/** A set of places in a table of 65 536 bits (8 KB). */
export class BitTable {
  readonly #words: Int32Array = new Int32Array(bits / 32);

  /** Adds a place; returns whether it was not there. */
  add(slot: number): boolean {
    const bit = 1 << (slot & 31);
    const index = slot >>> 5;
    const word = this.#words[index]!;
    if ((word & bit) !== 0) return false;
    this.#words[index] = word | bit;
    return true;
  }

  clear(): void {
    this.#words.fill(0);
  }
}

/** The tables of the present window and of the one before it, for comparisons that are told late. */
export class WindowTables {
  #present: BitTable = new BitTable();
  #before: BitTable = new BitTable();

  /** @param age 0 for the present window, 1 for the one before; returns whether the place was not there */
  add(slot: number, age: 0 | 1): boolean {
    return (age === 0 ? this.#present : this.#before).add(slot);
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

/** 32 bits of a key: FNV-1a over UTF-16 units with MurmurHash3's finalizer. Its lowest 16 are the key's place in a table. */
export function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return finish(hash);
}

/** The place of a hash in a table. */
export function slotOf(hash: number): number {
  return hash & (bits - 1);
}

/** A number in [0, 1) that depends on nothing but a key's hash, a window and a gate. */
export function drawOf(hash: number, window: number, gate: number): number {
  return (finish(finish(hash ^ Math.imul(window | 0, 0x9e3779b1)) ^ Math.imul(gate + 1, 0x27d4eb2f)) >>> 0) / 2 ** 32;
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
