/** How many places a table has. */
export const places = 65_536;
// The first byte of a table that is written bit by bit.
const dense = 255;

/** A set of places in a table of 65 536 bits: 8 KB, from the first one on. */
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
    const words = (this.#words ??= new Int32Array(places / 32));
    const bit = 1 << (slot & 31);
    const index = slot >>> 5;
    const word = words[index]!;
    if ((word & bit) !== 0) return false;
    words[index] = word | bit;
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
    if (other.#words === undefined) return;
    const words = (this.#words ??= new Int32Array(places / 32));
    let count = 0;
    for (let index = 0; index < words.length; index++) {
      const word = words[index]! | other.#words[index]!;
      words[index] = word;
      count += ones(word);
    }
    this.#count = count;
  }

  /** A table of the places that another one does not have. */
  without(other: BitTable): BitTable {
    const rest = new BitTable();
    for (const slot of this.slots()) if (!other.has(slot)) rest.add(slot);
    return rest;
  }

  has(slot: number): boolean {
    return this.#words !== undefined && (this.#words[slot >>> 5]! & (1 << (slot & 31))) !== 0;
  }

  /** The places in rising order. */
  slots(): number[] {
    const slots: number[] = [];
    this.#words?.forEach((word, index) => {
      for (let rest = word; rest !== 0; rest &= rest - 1) slots.push(32 * index + 31 - Math.clz32(rest & -rest));
    });
    return slots;
  }

  /**
   * The table as text, base64: the gaps between its places in Golomb-Rice code, some 5 bits each at a tenth of the table; or all of its
   * bits, where that is shorter. 11 KB at most.
   */
  encode(): string {
    const count = this.#count;
    if (this.#written.count !== count) this.#written = { count, text: this.#encode(count) };
    return this.#written.text;
  }

  #encode(count: number): string {
    // The parameter that suits gaps of this mean.
    const shift = Math.max(0, Math.floor(Math.log2((places / count) * Math.LN2)));
    const bits = new BitWriter(shift, count & 0xff, count >>> 8);
    let next = 0;
    for (const slot of this.slots()) {
      const gap = slot - next;
      bits.unary(gap >>> shift);
      bits.binary(gap, shift);
      next = slot + 1;
    }
    const bytes = bits.bytes();
    if (bytes.length <= places / 8) return toBase64(bytes);
    const all = new Uint8Array(1 + places / 8);
    all[0] = dense;
    this.#words!.forEach((word, index) => {
      for (let byte = 0; byte < 4; byte++) all[1 + 4 * index + byte] = word >>> (8 * byte);
    });
    return toBase64(all);
  }

  /** Reads what {@link BitTable.encode} wrote; `undefined` where it is something else. */
  static decode(text: unknown): BitTable | undefined {
    const table = new BitTable();
    if (text === "") return table;
    const bytes = typeof text === "string" && text.length <= 11_000 ? fromBase64(text) : undefined;
    if (bytes === undefined || bytes.length < 3) return undefined;
    if (bytes[0] === dense) {
      if (bytes.length !== 1 + places / 8) return undefined;
      table.#words = new Int32Array(places / 32);
      for (let byte = 1; byte < bytes.length; byte++)
        table.#words[(byte - 1) >>> 2]! |= bytes[byte]! << (8 * ((byte - 1) & 3));
      for (const word of table.#words) table.#count += ones(word);
      return table;
    }
    const shift = bytes[0]!;
    const count = bytes[1]! | (bytes[2]! << 8);
    if (shift > 16 || count === 0) return undefined;
    let at = 24;
    const end = 8 * bytes.length;
    const bit = (): number => (at < end ? (bytes[at >>> 3]! >>> (at++ & 7)) & 1 : ((at = end + 1), 0));
    let slot = -1;
    for (let index = 0; index < count; index++) {
      let gap = 0;
      while (bit() === 1) gap++;
      for (let digit = shift; digit > 0; digit--) gap = 2 * gap + bit();
      slot += gap + 1;
      if (at > end || slot >= places) return undefined;
      table.add(slot);
    }
    return table;
  }
}

class BitWriter {
  readonly #bytes: number[];
  #used = 0;

  constructor(...head: number[]) {
    this.#bytes = head;
  }

  unary(number: number): void {
    for (let index = 0; index < number; index++) this.#bit(1);
    this.#bit(0);
  }

  /** The lowest `digits` bits, the highest first. */
  binary(number: number, digits: number): void {
    for (let digit = digits - 1; digit >= 0; digit--) this.#bit((number >>> digit) & 1);
  }

  #bit(bit: number): void {
    if (this.#used === 0) this.#bytes.push(0);
    this.#bytes[this.#bytes.length - 1]! |= bit << this.#used;
    this.#used = (this.#used + 1) & 7;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
    return bytes;
  } catch {
    return undefined;
  }
}
