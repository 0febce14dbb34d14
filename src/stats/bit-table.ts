import { fromBase64, readBits, toBase64, writeBits } from "./bit-text.ts";

/** How many places a table has. */
export const places = 65_536;
const wordCount = places / 32;
// The first byte of a table that is written bit by bit.
const dense = 255;
/** Where places are put that were read, until it is known that all of them can be. */
const read = new Int32Array(places);

/**
 * A set of places in a table of 65 536 bits: 8 KB, from the first one on. Which words of it are used stands behind them, so that a table
 * of few places is gone through in as few steps.
 */
export class BitTable {
  #words: Int32Array | undefined = undefined;
  #count = 0;
  // What it was written as, with so many places: none is ever taken away but all.
  #written = { count: 0, text: "" };

  /** How many places are set. */
  get count(): number {
    return this.#count;
  }

  /** Adds a place; returns whether it was not there. */
  add(slot: number): boolean {
    const words = (this.#words ??= new Int32Array(wordCount + wordCount / 32));
    const bit = 1 << (slot & 31);
    const index = slot >>> 5;
    const word = words[index]!;
    if ((word & bit) !== 0) return false;
    words[index] = word | bit;
    if (word === 0) words[wordCount + (index >>> 5)]! |= 1 << (index & 31);
    this.#count++;
    return true;
  }

  clear(): void {
    if (this.#count > 0) this.#words!.fill(0);
    this.#count = 0;
    this.#written = { count: 0, text: "" };
  }

  /** Adds all places of another table. */
  or(other: BitTable): void {
    const others = other.#words;
    if (others === undefined || other.#count === 0) return;
    const words = (this.#words ??= new Int32Array(wordCount + wordCount / 32));
    for (let of = 0; of < wordCount / 32; of++) {
      const used = others[wordCount + of]!;
      words[wordCount + of]! |= used;
      for (let rest = used; rest !== 0; rest &= rest - 1) {
        const index = 32 * of + 31 - Math.clz32(rest & -rest);
        const before = words[index]!;
        const more = others[index]! & ~before;
        if (more === 0) continue;
        words[index] = before | more;
        this.#count += ones(more);
      }
    }
  }

  /**
   * Adds what {@link BitTable.encode} wrote of a table.
   *
   * @returns whether it could be read; where not, nothing is added
   */
  addText(text: unknown): boolean {
    const count = slotsIn(text);
    for (let index = 0; index < count; index++) this.add(read[index]!);
    return count >= 0;
  }

  /** The places that another table does not have, in rising order. */
  slotsBeyond(other: BitTable): number[] {
    const slots: number[] = [];
    this.#eachWord((index, word) => pushSlots(slots, index, word & ~(other.#words?.[index] ?? 0)));
    return slots;
  }

  has(slot: number): boolean {
    return this.#words !== undefined && (this.#words[slot >>> 5]! & (1 << (slot & 31))) !== 0;
  }

  /** The places in rising order. */
  slots(): number[] {
    const slots: number[] = [];
    this.#eachWord((index, word) => pushSlots(slots, index, word));
    return slots;
  }

  #eachWord(visit: (index: number, word: number) => void): void {
    const words = this.#words;
    if (words === undefined) return;
    for (let of = 0; of < wordCount / 32; of++) {
      for (let rest = words[wordCount + of]!; rest !== 0; rest &= rest - 1) {
        const index = 32 * of + 31 - Math.clz32(rest & -rest);
        visit(index, words[index]!);
      }
    }
  }

  /**
   * The table as text, base64: the gaps between its places in Golomb-Rice code, some 5 bits each at a tenth of the table; or all of its
   * bits, where that is shorter. 11 KB at most.
   */
  encode(): string {
    const count = this.#count;
    if (this.#written.count !== count) this.#written = { count, text: writtenSlots(this.slots()) };
    return this.#written.text;
  }

  /** Reads what {@link BitTable.encode} wrote; `undefined` where it is something else. */
  static decode(text: unknown): BitTable | undefined {
    const table = new BitTable();
    return table.addText(text) ? table : undefined;
  }

  /** Whether it is what {@link BitTable.encode} writes. */
  static isReadable(text: unknown): boolean {
    return slotsIn(text) >= 0;
  }
}

function pushSlots(slots: number[], index: number, word: number): void {
  for (let left = word; left !== 0; left &= left - 1) slots.push(32 * index + 31 - Math.clz32(left & -left));
}

/** What {@link BitTable.encode} writes of a table with these places, which rise. */
export function writtenSlots(slots: readonly number[]): string {
  const count = slots.length;
  if (count === 0) return "";
  // The parameter that suits gaps of this mean.
  const shift = Math.max(0, Math.floor(Math.log2((places / count) * Math.LN2)));
  const bytes = writeBits([shift, count & 0xff, count >>> 8], slots, shift, 1 + places / 8);
  if (bytes !== undefined) return toBase64(bytes);
  const all = new Uint8Array(1 + places / 8);
  all[0] = dense;
  for (const slot of slots) all[1 + (slot >>> 3)]! |= 1 << (slot & 7);
  return toBase64(all);
}

/** Reads the places of a written table, to `read`. @returns how many there are, or -1 where it is no table */
function slotsIn(text: unknown): number {
  if (text === "") return 0;
  const bytes = typeof text === "string" && text.length <= 11_000 ? fromBase64(text) : undefined;
  if (bytes === undefined || bytes.length < 3) return -1;
  if (bytes[0] === dense) {
    if (bytes.length !== 1 + places / 8) return -1;
    let count = 0;
    for (let index = 1; index < bytes.length; index++) {
      for (let left = bytes[index]!; left !== 0; left &= left - 1)
        read[count++] = 8 * (index - 1) + 31 - Math.clz32(left & -left);
    }
    return count;
  }
  const shift = bytes[0]!;
  const count = bytes[1]! | (bytes[2]! << 8);
  if (shift > 16 || count === 0) return -1;
  return readBits(bytes, 3, shift, count, places, read) ? count : -1;
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
