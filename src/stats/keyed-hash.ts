/**
 * SipHash-1-3 of a key's UTF-8 bytes under a secret of 128 bits: without the secret nothing can tell which keys share
 * a place in a table, nor look a key up in it.
 *
 * @see J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF" (2012)
 */
export class KeyedHash {
  /** The halves of the last hash, each a signed 32-bit number. */
  low = 0;
  high = 0;
  /** Names the secret, and says nothing of it: tables under two secrets do not merge. */
  readonly fingerprint: string;
  #last: string | undefined = undefined;
  readonly #k0l: number;
  readonly #k0h: number;
  readonly #k1l: number;
  readonly #k1h: number;

  /** @param secret 32 hexadecimal digits */
  constructor(secret: string) {
    // Little-endian, as everything here: the first eight digits are the lowest four bytes.
    const word = (at: number): number => {
      const digits = secret.slice(8 * at, 8 * at + 8).match(/../g) ?? [];
      return digits.reduce((all, byte, index) => all | (parseInt(byte, 16) << (8 * index)), 0);
    };
    [this.#k0l, this.#k0h, this.#k1l, this.#k1h] = [word(0), word(1), word(2), word(3)];
    this.of("sidelane: fingerprint");
    this.fingerprint = (this.low >>> 0).toString(16).padStart(8, "0");
  }

  /** Hashes a key into {@link KeyedHash.low} and {@link KeyedHash.high}. */
  of(key: string): void {
    // Told twice of one call, as of one that is served.
    if (key === this.#last) return;
    this.#last = key;
    const length = readBytes(key);
    const words = (length >>> 3) + 1;
    const bytes = buffer;
    let v0l = this.#k0l ^ 0x70736575;
    let v0h = this.#k0h ^ 0x736f6d65;
    let v1l = this.#k1l ^ 0x6e646f6d;
    let v1h = this.#k1h ^ 0x646f7261;
    let v2l = this.#k0l ^ 0x6e657261;
    let v2h = this.#k0h ^ 0x6c796765;
    let v3l = this.#k1l ^ 0x79746573;
    let v3h = this.#k1h ^ 0x74656462;
    // One round for each word, and three at the end.
    for (let word = 0; word < words + 3; word++) {
      let ml = 0;
      let mh = 0;
      if (word < words) {
        const at = word << 3;
        ml = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        mh = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
        v3l ^= ml;
        v3h ^= mh;
      } else if (word === words) {
        v2l ^= 0xff;
      }
      let sum = (v0l >>> 0) + (v1l >>> 0);
      v0h = (v0h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
      v0l = sum | 0;
      let low = v1l;
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
      v1h = ((v1h << 13) | (low >>> 19)) ^ v0h;
      low = v0l;
      v0l = v0h;
      v0h = low;
      sum = (v2l >>> 0) + (v3l >>> 0);
      v2h = (v2h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
      v2l = sum | 0;
      low = v3l;
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = ((v3h << 16) | (low >>> 16)) ^ v2h;
      sum = (v0l >>> 0) + (v3l >>> 0);
      v0h = (v0h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
      v0l = sum | 0;
      low = v3l;
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = ((v3h << 21) | (low >>> 11)) ^ v0h;
      sum = (v2l >>> 0) + (v1l >>> 0);
      v2h = (v2h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
      v2l = sum | 0;
      low = v1l;
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
      v1h = ((v1h << 17) | (low >>> 15)) ^ v2h;
      low = v2l;
      v2l = v2h;
      v2h = low;
      v0l ^= ml;
      v0h ^= mh;
    }
    this.low = v0l ^ v1l ^ v2l ^ v3l;
    this.high = v0h ^ v1h ^ v2h ^ v3h;
  }
}

/** A secret for {@link KeyedHash}, not by any seeded chance. */
export function randomSecret(): string {
  const numbers = globalThis.crypto?.getRandomValues(new Uint32Array(4)) ?? Array.from({ length: 4 }, anyNumber);
  return Array.from(numbers, (number) => number.toString(16).padStart(8, "0")).join("");
}

function anyNumber(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

const encoder = new TextEncoder();
let buffer = new Uint8Array(256);

/** Puts a key's bytes into the buffer, padded to a whole word that ends in the length; returns how many there are. */
function readBytes(key: string): number {
  // Three bytes a unit at most, and a word at the end.
  const most = 3 * key.length + 16;
  if (buffer.length < most) buffer = new Uint8Array(2 * most);
  let length = 0;
  for (; length < key.length; length++) {
    const unit = key.charCodeAt(length);
    if (unit >= 0x80) break;
    buffer[length] = unit;
  }
  if (length < key.length) length = encoder.encodeInto(key, buffer).written;
  const end = length | 7;
  for (let at = length; at < end; at++) buffer[at] = 0;
  buffer[end] = length & 0xff;
  return length;
}
