import { fromBase64, mostLookedUp, readBits, readManyBits, toBase64, writeBits } from "./bit-text.ts";

/** How many places a table has. */
export const places = 65_536;
const wordCount = places / 32;
// The first byte of a table that is written bit by bit.
const dense = 255;
// Of more places than this all bits are written: a third more text at most, and read in a fraction of the time.
const mostGaps = 13_000;
const longestText = 11_000;
/** Where a text is read to, and then its places, until it is known that all of them can be. */
const bytes = new Uint8Array((longestText / 4) * 3 + 4);
const view = new DataView(bytes.buffer);
const read = new Int32Array(places);
/** Where many places are read to, bit by bit. */
const readWords = new Int32Array(wordCount + 16);
/** In place of a number of places: `bytes` holds all of them bit by bit, `readWords` does, or none can be read. */
const isDense = -1;
const isNone = -2;
const isWords = -3;

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
      for (let rest = others[wordCount + of]!; rest !== 0; rest &= rest - 1) {
        const index = 32 * of + 31 - Math.clz32(rest & -rest);
        this.#count += addBits(words, index, others[index]!);
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
    if (count > 0) this.#addRead(count);
    else if (count === isDense) this.#addDense();
    else if (count === isWords) this.#addWords();
    return count !== isNone;
  }

  #addRead(count: number): void {
    const words = (this.#words ??= new Int32Array(wordCount + wordCount / 32));
    let added = 0;
    for (let at = 0; at < count; at++) {
      const slot = read[at]!;
      const index = slot >>> 5;
      const before = words[index]!;
      words[index] = before | (1 << (slot & 31));
      words[wordCount + (index >>> 5)]! |= 1 << (index & 31);
      added += 1 - ((before >>> (slot & 31)) & 1);
    }
    this.#count += added;
  }

  #addDense(): void {
    const words = (this.#words ??= new Int32Array(wordCount + wordCount / 32));
    let added = 0;
    for (let index = 0, at = 1; index < wordCount; index++, at += 4) {
      const bits = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      if (bits !== 0) added += addBits(words, index, bits);
    }
    this.#count += added;
  }

  #addWords(): void {
    const words = (this.#words ??= new Int32Array(wordCount + wordCount / 32));
    let added = 0;
    for (let index = 0; index < wordCount; index++) {
      const bits = readWords[index]!;
      if (bits !== 0) added += addBits(words, index, bits);
    }
    this.#count += added;
  }

  /** Whether both have the same places. */
  isSame(other: BitTable): boolean {
    if (this.#count !== other.#count) return false;
    let isSame = true;
    this.#eachWord((index, word) => {
      isSame &&= word === other.#words![index];
    });
    return isSame;
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
   * bits, where there are many. 11 KB at most.
   */
  encode(): string {
    const count = this.#count;
    if (this.#written.count !== count) this.#written = { count, text: this.#text() };
    return this.#written.text;
  }

  #text(): string {
    if (this.#count <= mostGaps) return writtenSlots(this.slots());
    const all = new Uint8Array(1 + places / 8);
    all[0] = dense;
    for (let index = 0, at = 1; index < wordCount; index++, at += 4) {
      const word = this.#words![index]!;
      all[at] = word;
      all[at + 1] = word >>> 8;
      all[at + 2] = word >>> 16;
      all[at + 3] = word >>> 24;
    }
    return toBase64(all);
  }

  /** Reads what {@link BitTable.encode} wrote; `undefined` where it is something else. */
  static decode(text: unknown): BitTable | undefined {
    const table = new BitTable();
    return table.addText(text) ? table : undefined;
  }

  /** Whether it is what {@link BitTable.encode} writes. */
  static isReadable(text: unknown): boolean {
    return slotsIn(text) !== isNone;
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
  if (count <= mostGaps) return toBase64(writeBits([shift, count & 0xff, count >>> 8], slots, shift));
  const all = new Uint8Array(1 + places / 8);
  all[0] = dense;
  for (const slot of slots) all[1 + (slot >>> 3)]! |= 1 << (slot & 7);
  return toBase64(all);
}

/** Reads a written table, to `read`, `readWords` or `bytes`. @returns how many places there are in `read`, or what stands for that */
function slotsIn(text: unknown): number {
  if (text === "") return 0;
  const length = typeof text === "string" && text.length <= longestText ? fromBase64(text, bytes) : -1;
  if (length < 3) return isNone;
  if (bytes[0] === dense) return length === 1 + places / 8 ? isDense : isNone;
  const shift = bytes[0]!;
  const count = bytes[1]! | (bytes[2]! << 8);
  if (shift > 16 || count === 0) return isNone;
  if (shift === 0 || shift > mostLookedUp)
    return readBits(view, 3, length, shift, count, places, read) ? count : isNone;
  readWords.fill(0);
  return readManyBits(view, 3, length, shift, count, places, readWords) ? isWords : isNone;
}

/** Sets bits of a word, which are not none. @returns how many were not set */
function addBits(words: Int32Array, index: number, bits: number): number {
  const before = words[index]!;
  const more = bits & ~before;
  if (more === 0) return 0;
  words[index] = before | more;
  words[wordCount + (index >>> 5)]! |= 1 << (index & 31);
  return ones(more);
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
