import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyedHash, randomSecret } from "../../src/stats/keyed-hash.ts";

const mask = (1n << 64n) - 1n;
const turned = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & mask;

/** SipHash as its authors wrote it down, slowly: so many rounds a word, so many at the end. */
function sipHash(secret: Uint8Array, bytes: Uint8Array, rounds: number, last: number): bigint {
  const word = (from: Uint8Array, at: number): bigint =>
    from.subarray(at, at + 8).reduceRight((all, byte) => (all << 8n) | BigInt(byte), 0n);
  const [k0, k1] = [word(secret, 0), word(secret, 8)];
  let [v0, v1] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn];
  let [v2, v3] = [k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const round = (): void => {
    v0 = (v0 + v1) & mask;
    v1 = turned(v1, 13n) ^ v0;
    v0 = turned(v0, 32n);
    v2 = (v2 + v3) & mask;
    v3 = turned(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = turned(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = turned(v1, 17n) ^ v2;
    v2 = turned(v2, 32n);
  };
  const take = (m: bigint): void => {
    v3 ^= m;
    for (let index = 0; index < rounds; index++) round();
    v0 ^= m;
  };
  const whole = bytes.length - (bytes.length % 8);
  for (let at = 0; at < whole; at += 8) take(word(bytes, at));
  take(word(bytes, whole) | (BigInt(bytes.length & 0xff) << 56n));
  v2 ^= 0xffn;
  for (let index = 0; index < last; index++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
const counting = Uint8Array.from({ length: 16 }, (_, index) => index);

describe("the hash of keys", () => {
  it("is measured against SipHash's published example", () => {
    // Aumasson and Bernstein, appendix A: the key 00 01 … 0f, the message 00 01 … 0e, SipHash-2-4.
    expect(sipHash(counting, counting.subarray(0, 15), 2, 4)).toBe(0xa129ca6149be45e5n);
  });

  it("is SipHash-1-3 of a key's UTF-8 bytes, under any secret", () => {
    const secrets = fc.stringMatching(/^[0-9a-f]{32}$/);
    fc.assert(
      fc.property(secrets, fc.string({ unit: "binary", maxLength: 40 }), (secret, key) => {
        const hash = new KeyedHash(secret);
        hash.of(key);
        const got = (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
        expect(got).toBe(sipHash(bytesOf(secret), new TextEncoder().encode(key), 1, 3));
      }),
      { numRuns: 500 },
    );
  });

  it("takes long keys, and keys that follow longer ones", () => {
    const secret = randomSecret();
    const hash = new KeyedHash(secret);
    for (const key of ["x".repeat(1_000), "a", "", "ä".repeat(400), "b".repeat(7), "c".repeat(8)]) {
      hash.of(key);
      const got = (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
      expect(got).toBe(sipHash(bytesOf(secret), new TextEncoder().encode(key), 1, 3));
    }
  });

  it("has a fingerprint for each secret, and a secret of its own each time", () => {
    const secrets = [randomSecret(), randomSecret()];
    expect(secrets[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(secrets[0]).not.toBe(secrets[1]);
    const [one, other, again] = [secrets[0]!, secrets[1]!, secrets[0]!].map((each) => new KeyedHash(each).fingerprint);
    expect(one).toMatch(/^[0-9a-f]{8}$/);
    expect(one).toBe(again);
    expect(one).not.toBe(other);
  });
});
