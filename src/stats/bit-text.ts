// Golomb-Rice code of rising numbers: of each gap, as many ones as it has wholes of 2ⁿ, a nought, and the rest in n digits.

/**
 * Writes rising numbers.
 *
 * @param head the first bytes
 * @param shift n
 * @returns `undefined` where it would be as long as `most` bytes or longer
 */
export function writeBits(
  head: readonly number[],
  numbers: readonly number[],
  shift: number,
  most: number,
): Uint8Array | undefined {
  // Of few numbers it is short: room for more is made as it is needed.
  let bytes = new Uint8Array(Math.min(most, 64 + 2 * numbers.length));
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
    if (length >= most) return undefined;
    next = number + 1;
  }
  if (digits > 0) put(0, 8 - digits);
  return length < most ? bytes.subarray(0, length) : undefined;
}

/**
 * Reads what {@link writeBits} wrote, to `into`.
 *
 * @param from the first byte that is no head
 * @param end what every number is less than
 * @returns whether that was all there
 */
export function readBits(
  bytes: Uint8Array,
  from: number,
  shift: number,
  count: number,
  end: number,
  into: Int32Array,
): boolean {
  let at = from;
  let waiting = 0;
  let digits = 0;
  let number = -1;
  for (let index = 0; index < count; index++) {
    let gap = 0;
    for (;;) {
      for (; digits <= 16 && at < bytes.length; digits += 8) waiting |= bytes[at++]! << digits;
      const wholes = 31 - Math.clz32(~waiting & -~waiting);
      if (wholes < digits) {
        gap += wholes;
        waiting >>>= wholes + 1;
        digits -= wholes + 1;
        break;
      }
      if (at >= bytes.length) return false;
      gap += digits;
      waiting = digits = 0;
    }
    if (shift > 0) {
      for (; digits <= 16 && at < bytes.length; digits += 8) waiting |= bytes[at++]! << digits;
      if (digits < shift) return false;
      gap = gap * (1 << shift) + turned(waiting, shift);
      waiting >>>= shift;
      digits -= shift;
    }
    number += gap + 1;
    if (number >= end) return false;
    into[index] = number;
  }
  return true;
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

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index++) text += String.fromCharCode(bytes[index]!);
  return btoa(text);
}

/** `undefined` where it is no base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
    return bytes;
  } catch {
    return undefined;
  }
}
