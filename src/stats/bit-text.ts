import { builtinModule } from "../model/runtime.ts";

// Golomb-Rice code of rising numbers: of each gap, as many ones as it has wholes of 2ⁿ, a nought, and the rest in n digits.

/**
 * Writes rising numbers.
 *
 * @param head the first bytes
 * @param shift n
 */
export function writeBits(head: readonly number[], numbers: readonly number[], shift: number): Uint8Array {
  // Of few numbers it is short: room for more is made as it is needed.
  let bytes = new Uint8Array(64 + 2 * numbers.length);
  bytes.set(head);
  let length = head.length;
  let waiting = 0;
  let digits = 0;
  const put = (value: number, count: number): void => {
    waiting |= value << digits;
    for (digits += count; digits >= 8; digits -= 8) {
      if (length === bytes.length) {
        const longer = new Uint8Array(2 * length);
        longer.set(bytes);
        bytes = longer;
      }
      bytes[length++] = waiting;
      waiting >>>= 8;
    }
  };
  let next = 0;
  for (const number of numbers) {
    const gap = number - next;
    let wholes = gap >>> shift;
    for (; wholes >= 15; wholes -= 15) put(0x7fff, 15);
    put((1 << wholes) - 1, wholes + 1);
    if (shift > 0) put(turned(gap, shift), shift);
    next = number + 1;
  }
  if (digits > 0) put(0, 8 - digits);
  return bytes.subarray(0, length);
}

/**
 * Reads what {@link writeBits} wrote, to `into`.
 *
 * @param bytes four of them are behind `length`, whatever they are
 * @param from the first byte that is no head
 * @param length where the bytes end
 * @param end what every number is less than
 * @returns whether that was all there
 */
export function readBits(
  bytes: DataView,
  from: number,
  length: number,
  shift: number,
  count: number,
  end: number,
  into: Int32Array,
): boolean {
  // Of four bytes at least 25 digits are behind any place.
  const most = 24 - shift;
  const last = 8 * length;
  let at = 8 * from;
  let number = -1;
  for (let index = 0; index < count; index++) {
    let waiting = bytes.getInt32(at >>> 3, true) >>> (at & 7);
    let wholes = onesIn(waiting);
    if (wholes < 0 || wholes > most) {
      wholes = onesFrom(bytes, at, last);
      at += wholes + 1;
      if (at + shift > last) return false;
      waiting = bytes.getInt32(at >>> 3, true) >>> (at & 7);
      at += shift;
    } else {
      waiting >>>= wholes + 1;
      at += wholes + 1 + shift;
      if (at > last) return false;
    }
    number += 1 + (shift > 0 ? wholes * (1 << shift) + turned(waiting, shift) : wholes);
    if (number >= end) return false;
    into[index] = number;
  }
  return true;
}

/** Up to how many digits are looked up at once. */
const atATime = 12;
/** The parameters whose codes are short enough for that. */
export const mostLookedUp = 3;
const lookedUp: Int32Array[] = [];

/** The codes that begin in a number of 12 digits: how many digits they have (4 bits), how many they are (3 bits), and their gaps and one. */
function lookUpFor(shift: number): Int32Array {
  const width = widthOf(shift);
  return (lookedUp[shift] ??= Int32Array.from({ length: 2 ** atATime }, (_, waiting) => {
    let digits = 0;
    let codes = 0;
    let gaps = 0;
    while (codes < Math.min(4, Math.floor(24 / width))) {
      const rest = waiting >>> digits;
      const wholes = onesIn(rest);
      const end = digits + wholes + 1 + shift;
      if (end > atATime) break;
      const gap = wholes * (1 << shift) + turned(rest >>> (wholes + 1), shift);
      gaps |= (gap + 1) << (width * codes);
      digits = end;
      codes++;
    }
    return digits | (codes << 4) | (gaps << 7);
  }));
}

function widthOf(shift: number): number {
  return shift === mostLookedUp ? 7 : 6;
}

/**
 * Reads what {@link writeBits} wrote as bits, several numbers at a time.
 *
 * @param bytes four of them are behind `length`, whatever they are
 * @param shift 1 to {@link mostLookedUp}
 * @param end what every number is less than
 * @param into noughts, with room for 512 numbers behind `end`
 * @returns whether that was all there
 */
export function readManyBits(
  bytes: DataView,
  from: number,
  length: number,
  shift: number,
  count: number,
  end: number,
  into: Int32Array,
): boolean {
  const table = lookUpFor(shift);
  const width = widthOf(shift);
  const mask = (1 << width) - 1;
  const window = (1 << atATime) - 1;
  const last = 8 * length;
  let at = 8 * from;
  let number = -1;
  let left = count;
  while (left > 0) {
    const entry = table[(bytes.getInt32(at >>> 3, true) >>> (at & 7)) & window]!;
    const codes = (entry >>> 4) & 7;
    if (codes === 0) {
      const wholes = onesFrom(bytes, at, last);
      at += wholes + 1;
      if (at + shift > last) return false;
      number += 1 + wholes * (1 << shift) + turned(bytes.getInt32(at >>> 3, true) >>> (at & 7), shift);
      at += shift;
      left--;
    } else if (codes > left) {
      const gap = (entry >>> 7) & mask;
      number += gap;
      at += ((gap - 1) >>> shift) + 1 + shift;
      left--;
    } else {
      // Where there are fewer codes, the number stays as it is, and its bit is set again.
      number += (entry >>> 7) & mask;
      into[number >>> 5]! |= 1 << (number & 31);
      number += (entry >>> (7 + width)) & mask;
      into[number >>> 5]! |= 1 << (number & 31);
      number += (entry >>> (7 + 2 * width)) & mask;
      into[number >>> 5]! |= 1 << (number & 31);
      number += (entry >>> (7 + 3 * width)) & mask;
      at += entry & 15;
      left -= codes;
    }
    if (at > last || number >= end) return false;
    into[number >>> 5]! |= 1 << (number & 31);
  }
  return true;
}

/** How many ones a number begins with, from its lowest digit; -1 of 32, behind which there is no nought to be found. */
function onesIn(digits: number): number {
  return 31 - Math.clz32(~digits & -~digits);
}

/** How many ones begin at a place, however many. */
function onesFrom(bytes: DataView, from: number, last: number): number {
  let at = from;
  while (at < last && ((bytes.getUint8(at >>> 3) >>> (at & 7)) & 1) === 1) at++;
  return at - from;
}

const turnedBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  let turned = 0;
  for (let bit = 0; bit < 8; bit++) turned |= ((byte >>> bit) & 1) << (7 - bit);
  return turned;
});

/** The lowest `count` digits of a number, 1 to 16, the other way round. */
function turned(value: number, count: number): number {
  return ((turnedBytes[value & 0xff]! << 8) | turnedBytes[(value >>> 8) & 0xff]!) >>> (16 - count);
}

const { Buffer: nodeBuffer } = (builtinModule("node:buffer") ?? {}) as {
  Buffer?: { from(buffer: ArrayBufferLike, from: number, length: number): { toString(encoding: "base64"): string } };
};

export function toBase64(bytes: Uint8Array): string {
  // Written in the runtime's own language it takes a tenth of the time.
  if (nodeBuffer !== undefined) {
    return nodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  }
  let text = "";
  for (let from = 0; from < bytes.length; from += atOnce)
    text += String.fromCharCode(...bytes.subarray(from, from + atOnce));
  return btoa(text);
}

const atOnce = 4_096;
const digits64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const noDigit = 1 << 24;
/** What each character stands for at each of four places, the first byte of three lowest; `noDigit` for what is none. */
const valuesOf = Array.from({ length: 4 }, (_, place) => {
  const values = new Int32Array(256).fill(noDigit);
  for (let value = 0; value < 64; value++) {
    const bits = value << (18 - 6 * place);
    values[digits64.charCodeAt(value)] = (bits >>> 16) | (bits & 0xff00) | ((bits & 0xff) << 16);
  }
  return values;
});

/** Reads base64 to `into`, which has room for three bytes more. @returns how many bytes there are, or -1 where it is no base64 */
export function fromBase64(text: string, into: Uint8Array): number {
  const [first, second, third, fourth] = valuesOf as [Int32Array, Int32Array, Int32Array, Int32Array];
  const { length } = text;
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  if (length % 4 !== 0 || (length >>> 2) * 3 > into.length) return -1;
  let all = 0;
  let to = 0;
  const whole = padding > 0 ? length - 4 : length;
  for (let at = 0; at < whole; at += 4) {
    const [a, b, c, d] = [
      text.charCodeAt(at),
      text.charCodeAt(at + 1),
      text.charCodeAt(at + 2),
      text.charCodeAt(at + 3),
    ];
    // A character beyond the tables is none of theirs, too.
    const bits = first[a & 0xff]! | second[b & 0xff]! | third[c & 0xff]! | fourth[d & 0xff]!;
    all |= bits | ((a | b | c | d) & 0xff00 ? noDigit : 0);
    into[to] = bits;
    into[to + 1] = bits >>> 8;
    into[to + 2] = bits >>> 16;
    to += 3;
  }
  if (padding > 0) {
    const last = text.slice(whole, length - padding).padEnd(4, "A");
    const rest = fromBase64(last, lastBytes);
    if (rest < 0) return -1;
    for (let index = 0; index < 3 - padding; index++) into[to++] = lastBytes[index]!;
  }
  return (all & noDigit) !== 0 ? -1 : to;
}

const lastBytes = new Uint8Array(3);
