/**
 * Sticky buckets: which of 2³² slots a key falls into.
 *
 * The slot is MurmurHash3 x86 32 with seed 0 over the UTF-8 bytes of `experiment:salt:key`. This is version 1 of the
 * buckets, frozen: another function would move callers from one behavior to the other in the middle of a rollout.
 *
 * @see Austin Appleby, MurmurHash3.cpp (`MurmurHash3_x86_32`), public domain
 */

/** How many buckets there are. */
export const bucketCount: number = 2 ** 32;

/**
 * Whether a share takes in a bucket. A key that is in at one share is in at every larger one.
 *
 * @param share from 0 (nobody) to 1 (everybody)
 */
export function admits(share: number, bucket: number): boolean {
  return bucket < share * bucketCount;
}

/**
 * MurmurHash3 x86 32 of a text's UTF-8 bytes; lone surrogates are U+FFFD, as `TextEncoder` has it.
 *
 * @returns a whole number from 0 to 2³² − 1
 * @example murmur3("hello") // => 613153351
 */
export function murmur3(text: string, seed = 0): number {
  registers.hash = seed | 0;
  registers.word = registers.shift = registers.length = 0;
  absorb(text);
  return finish();
}

/**
 * Prepares the buckets of one experiment; the part that all keys share is hashed once.
 *
 * @returns a key's bucket, a whole number from 0 to 2³² − 1
 */
export function bucketsOf(experiment: string, salt = ""): (key: string) => number {
  murmur3(`${experiment}:${salt}:`);
  const { hash, word, shift, length } = registers;
  return (key) => {
    registers.hash = hash;
    registers.word = word;
    registers.shift = shift;
    registers.length = length;
    absorb(key);
    return finish();
  };
}

/** Buckets for any experiment, prepared when one is first asked for. */
export function bucketing(salt = ""): (experiment: string, key: string) => number {
  const prepared = new Map<string, (key: string) => number>();
  let lastName: string | undefined;
  let last: (key: string) => number;
  return (experiment, key) => {
    if (experiment !== lastName) {
      last = prepared.get(experiment) ?? bucketsOf(experiment, salt);
      prepared.set(experiment, last);
      lastName = experiment;
    }
    return last(key);
  };
}

// What has been hashed so far: `word` holds the bytes of an unfinished 4-byte block, `shift` how many bits of it.
const registers = { hash: 0, word: 0, shift: 0, length: 0 };

function absorb(text: string): void {
  let { hash, word, shift, length } = registers;
  for (let index = 0; index < text.length; index++) {
    let bytes = text.charCodeAt(index);
    if (bytes < 0x80) {
      // Nearly every key is nothing but such characters.
      length++;
      word |= bytes << shift;
      if (shift < 24) {
        shift += 8;
      } else {
        hash = mix(hash, word);
        word = shift = 0;
      }
      continue;
    }
    const point = text.codePointAt(index)!;
    if (point > 0xffff) index++;
    let count =
      point < 0x800 ? 2
      : point > 0xffff ? 4
      : 3;
    bytes = utf8(point);
    length += count;
    for (; count > 0; count--) {
      word |= (bytes & 0xff) << shift;
      bytes >>>= 8;
      shift += 8;
      if (shift === 32) {
        hash = mix(hash, word);
        word = shift = 0;
      }
    }
  }
  registers.hash = hash;
  registers.word = word;
  registers.shift = shift;
  registers.length = length;
}

/** Takes in a block of four bytes. */
function mix(hash: number, word: number): number {
  const mixed = hash ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** The UTF-8 bytes of a code point from U+0080 on, the first byte lowest. */
function utf8(point: number): number {
  const scalar = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
  const last = 0x80 | (scalar & 0x3f);
  const third = 0x80 | ((scalar >>> 6) & 0x3f);
  const second = 0x80 | ((scalar >>> 12) & 0x3f);
  if (scalar < 0x800) return 0xc0 | (scalar >>> 6) | (last << 8);
  if (scalar <= 0xffff) return 0xe0 | (scalar >>> 12) | (third << 8) | (last << 16);
  return 0xf0 | (scalar >>> 18) | (second << 8) | (third << 16) | (last << 24);
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function finish(): number {
  let hash = registers.hash;
  if (registers.shift > 0) hash ^= scramble(registers.word);
  hash ^= registers.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
