import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BitTable } from "../../src/stats/bit-table.ts";
import { mostLookedUp, readBits, readManyBits, writeBits } from "../../src/stats/bit-text.ts";

const shift = fc.integer({ min: 1, max: mostLookedUp });

interface Given {
  readonly bytes: Uint8Array;
  readonly shift: number;
  readonly count: number;
  readonly end: number;
}

/** The numbers that both ways of reading find; `undefined` where they are not all there. */
function readBothWays({ bytes, shift: n, count, end }: Given): readonly (readonly number[] | undefined)[] {
  const longer = new Uint8Array(bytes.length + 4).fill(0xa5);
  longer.set(bytes);
  const view = new DataView(longer.buffer);
  const numbers = new Int32Array(count);
  const words = new Int32Array(Math.ceil(end / 32) + 16);
  const isRead = readBits(view, 0, bytes.length, n, count, end, numbers);
  const isReadAsWords = readManyBits(view, 0, bytes.length, n, count, end, words);
  const places = (): number[] =>
    Array.from({ length: 32 * words.length }, (_, place) => place).filter(
      (place) => ((words[place >>> 5]! >>> (place & 31)) & 1) === 1,
    );
  return [isRead ? [...numbers] : undefined, isReadAsWords ? places() : undefined];
}

describe("numbers that are read several at a time", () => {
  it("are those read one by one, where gaps are short and where they are long", () => {
    const gaps = fc.array(fc.oneof(fc.nat(12), fc.nat(12), fc.nat(400)), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(gaps, shift, (given, n) => {
        let next = -1;
        const numbers = given.map((gap) => (next += gap + 1));
        const [one, other] = readBothWays({
          bytes: writeBits([], numbers, n),
          ...{ shift: n, count: numbers.length, end: next + 1 },
        });
        expect(one).toEqual(numbers);
        expect(other).toEqual(numbers);
      }),
    );
  });

  it("are refused where those read one by one are, whatever the bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      fc
        .array(fc.constantFrom(0, 0xff, 0x0f, 0x55), { minLength: 1, maxLength: 60 })
        .map((all) => Uint8Array.from(all)),
    );
    const given = fc.record({
      ...{ bytes, shift, count: fc.integer({ min: 1, max: 150 }) },
      end: fc.constantFrom(16, 100, 1_000, 65_536),
    });
    let refused = 0;
    let accepted = 0;
    fc.assert(
      fc.property(given, (of) => {
        const [one, other] = readBothWays(of);
        expect(other).toEqual(one);
        if (one === undefined) refused++;
        else accepted++;
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(refused, accepted)).toBeGreaterThan(50);
  });
});

describe("a table that is read into another", () => {
  it.each([2, 3, 5, 8, 12, 40, 300])("adds what is not there yet, with a place in %d", (every) => {
    const [one, other, both] = [new BitTable(), new BitTable(), new BitTable()];
    for (let place = 0; place < 65_536; place++) {
      // As by chance, and the same each time.
      const mixed = Math.imul(place, 0x9e3779b1) >>> 8;
      for (const [table, from] of [
        [one, mixed],
        [other, mixed >>> 5],
      ] as const) {
        if (from % every !== 0) continue;
        table.add(place);
        both.add(place);
      }
    }
    const read = BitTable.decode(one.encode())!;
    expect(read.isSame(one)).toBe(true);
    expect(read.addText(other.encode())).toBe(true);
    expect([read.count, read.isSame(both)]).toEqual([both.count, true]);
    expect(BitTable.decode(read.encode())!.slots()).toEqual(both.slots());
  });
});
