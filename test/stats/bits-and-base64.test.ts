import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { fromBase64, readBits, toBase64, writeBits } from "../../src/stats/bit-text.ts";

/** What was written with a head of three bytes, and read again as so many numbers. */
function again(
  numbers: readonly number[],
  shift: number,
  count = numbers.length,
  end = 65_536,
  cut = 0,
): number[] | false {
  const bytes = writeBits([1, 2, 3], numbers, shift);
  expect([...bytes.subarray(0, 3)]).toEqual([1, 2, 3]);
  const room = new Uint8Array(bytes.length + 4).fill(0xff);
  room.set(bytes);
  const into = new Int32Array(count);
  const isAll = readBits(new DataView(room.buffer), 3, bytes.length - cut, shift, count, end, into);
  return isAll && [...into];
}

describe("rising numbers as bits", () => {
  const numbers = fc
    .uniqueArray(fc.nat(9_999), { minLength: 1, maxLength: 60 })
    .map((all) => all.sort((a, b) => a - b));

  it("are read as they were written, whatever their gaps and the number of digits", () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 3, max: 16 }), (given, shift) => {
        expect(again(given, shift)).toEqual(given);
        expect(again(given, shift, given.length, given.at(-1)! + 1)).toEqual(given);
        expect(again(given, shift, given.length, given.at(-1))).toBe(false);
      }),
    );
  });

  it.each([0, 1, 2])("are read with gaps of many wholes, with %d digits behind them", (shift) => {
    for (const given of [[5_000], [0, 25, 51, 76, 101], [24, 49, 73], [0, 1, 2, 2_000, 2_001]]) {
      expect(again(given, shift)).toEqual(given);
    }
  });

  it("take more room than was foreseen where one gap is long", () => {
    expect(writeBits([], [60_000], 0)).toHaveLength(Math.ceil(60_001 / 8));
  });

  it.each([0, 3])("are not read where they end early, with %d digits", (shift) => {
    for (const given of [[1, 2, 3, 4, 5, 6, 7, 8, 9, 40], [400], [7, 400]]) {
      expect(again(given, shift, given.length, 65_536, 1)).toBe(false);
      expect(again(given, shift, given.length + 8)).toBe(false);
    }
  });
});

describe("base64", () => {
  it("is what `btoa` makes of bytes, and read as they were", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        const text = toBase64(bytes);
        expect(text).toBe(btoa(String.fromCharCode(...bytes)));
        const into = new Uint8Array(bytes.length + 3);
        expect([...into.subarray(0, fromBase64(text, into))]).toEqual([...bytes]);
      }),
    );
  });

  it("is written of a part of a longer buffer", () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    expect(toBase64(bytes.subarray(10, 40))).toBe(btoa(String.fromCharCode(...bytes.slice(10, 40))));
  });

  it("is the same where the runtime has no words of its own for it, also of more bytes than go at once", async () => {
    vi.resetModules();
    vi.doMock("../../src/model/runtime.ts", () => ({ builtinModule: () => undefined }));
    const without = await import("../../src/stats/bit-text.ts");
    vi.doUnmock("../../src/model/runtime.ts");
    expect(without.toBase64).not.toBe(toBase64);
    for (const length of [0, 1, 2, 3, 4_095, 4_096, 4_097, 10_000]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
      const into = new Uint8Array(length + 3);
      expect(without.toBase64(bytes)).toBe(toBase64(bytes));
      expect(fromBase64(toBase64(bytes), into)).toBe(length);
      expect(into.subarray(0, length)).toEqual(bytes);
    }
  });

  it.each([
    "A",
    "AAA",
    "AAAAA",
    "A-AA",
    "AAA_",
    "A===",
    "====",
    "AA=A",
    "=AAA",
    "ÁAAA",
    "AAAĀ",
    "AAAA\n",
    "-A==",
    "A-=",
  ])("is not read from %j", (text) => {
    expect(fromBase64(text, new Uint8Array(30))).toBe(-1);
  });

  it("is not read where there is no room", () => {
    expect(fromBase64("AAAAAAAA", new Uint8Array(5))).toBe(-1);
    expect(fromBase64("AAAAAAAA", new Uint8Array(6))).toBe(6);
  });
});
