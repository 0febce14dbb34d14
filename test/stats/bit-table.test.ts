import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BitTable, places } from "../../src/stats/bit-table.ts";
import { seeded } from "./sample.ts";

const slots = fc.array(fc.nat(places - 1), { maxLength: 300 });
const tableOf = (given: readonly number[]): BitTable => {
  const table = new BitTable();
  for (const slot of given) table.add(slot);
  return table;
};
const sorted = (given: readonly number[]): number[] => [...new Set(given)].sort((a, b) => a - b);

describe("a table of units", () => {
  it("is a set of places", () => {
    fc.assert(
      fc.property(slots, slots, (one, other) => {
        const table = tableOf(one);
        expect([table.count, table.slots()]).toEqual([sorted(one).length, sorted(one)]);
        table.or(tableOf(other));
        expect([table.count, table.slots()]).toEqual([sorted([...one, ...other]).length, sorted([...one, ...other])]);
        table.clear();
        expect(table.slots()).toEqual([]);
      }),
    );
  });

  it("is the same as another with the same places, and knows what is beyond another", () => {
    const [empty, table] = [tableOf([]), tableOf([3, 70, 65_535])];
    expect(table.isSame(tableOf([65_535, 3, 70]))).toBe(true);
    expect(table.isSame(tableOf([3, 71, 65_535]))).toBe(false);
    expect(table.isSame(tableOf([3, 70]))).toBe(false);
    expect(empty.isSame(tableOf([]))).toBe(true);
    const cleared = tableOf([1]);
    cleared.clear();
    expect([empty.isSame(cleared), cleared.isSame(empty), cleared.isSame(table)]).toEqual([true, true, false]);
    expect(table.slotsBeyond(tableOf([70, 71]))).toEqual([3, 65_535]);
    expect(table.slotsBeyond(empty)).toEqual([3, 70, 65_535]);
    empty.or(cleared);
    expect(empty.count).toBe(0);
    expect([table.has(70), table.has(71), empty.has(70)]).toEqual([true, false, false]);
    expect([BitTable.isReadable(table.encode()), BitTable.isReadable("?"), BitTable.isReadable("")]).toEqual([
      ...[true, false, true],
    ]);
  });

  it("is written as text and read again, whatever is in it", () => {
    fc.assert(
      fc.property(slots, (given) => {
        expect(BitTable.decode(tableOf(given).encode())!.slots()).toEqual(sorted(given));
      }),
    );
  });

  it.each([0, 1, 100, 6_553, 30_000, 65_535, 65_536])("takes at most 11 KB of text, with %d places", (count) => {
    const random = seeded(count + 1);
    const table = new BitTable();
    if (count >= 65_535) for (let slot = 0; slot < count; slot++) table.add(slot);
    else while (table.count < count) table.add(Math.floor(random() * places));
    const text = table.encode();
    expect(text.length).toBeLessThanOrEqual(11_000);
    // A tenth of the table: some 5 bits a place.
    if (count === 6_553) expect(text.length).toBeLessThan(5_800);
    const read = BitTable.decode(text)!;
    expect(read.count).toBe(count);
    expect(read.encode()).toBe(text);
  });

  it.each([undefined, null, 7, "?", "AAAA", "/wAA", "////", btoa("\x10\x05\x00"), "A".repeat(20_000)])(
    "is not read from %j",
    (text) => {
      expect(BitTable.decode(text)).toBeUndefined();
    },
  );

  it("reads anything without failing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const text = btoa(String.fromCharCode(...bytes));
        const read = BitTable.decode(text);
        expect(read === undefined || read.count <= places).toBe(true);
      }),
    );
  });
});
