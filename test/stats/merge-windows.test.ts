import { describe, expect, it } from "vitest";
import { BitTable } from "../../src/stats/bit-table.ts";
import { groupOf, mergedWindows, UnsentUnits, type OpenWindow } from "../../src/stats/merge-windows.ts";
import type { WindowUnits } from "../../src/stats/window-units.ts";

type Slots = readonly number[];
type GateSlots = Readonly<Record<string, readonly [bad: Slots, seen?: Slots]>>;

const table = (slots: Slots): BitTable => {
  const made = new BitTable();
  for (const slot of slots) made.add(slot);
  return made;
};
const text = (slots: Slots): string => table(slots).encode();
const head = { window: 7, level: 0, fingerprint: "s" };

function windowOf(seen: Slots, gates: GateSlots = {}, other: Partial<WindowUnits> = {}): WindowUnits {
  const written = Object.entries(gates).map(([name, [bad, judged]]) => [
    name,
    { bad: text(bad), ...(judged !== undefined && { seen: text(judged) }) },
  ]);
  return { ...head, seen: text(seen), gates: Object.fromEntries(written) as WindowUnits["gates"], ...other };
}

describe("windows of several processes", () => {
  it("merge where window, secret and level are one, in the order in which they first come", () => {
    const one = windowOf([1, 2]);
    const others = [{ window: 8 }, { level: 1 }, { fingerprint: "t" }].map((other) => windowOf([9], {}, other));
    const merged = mergedWindows([one, ...others, windowOf([2, 3])]);
    expect(merged).toEqual([windowOf([1, 2, 3]), ...others]);
    expect(new Set(merged.map(groupOf)).size).toBe(4);
    expect(mergedWindows([one])[0]).toBe(one);
    expect(mergedWindows([])).toEqual([]);
  });

  it("say of a gate what it judged only where that is not all", () => {
    const merged = (...windows: readonly WindowUnits[]): WindowUnits => mergedWindows(windows)[0]!;
    expect(merged(windowOf([1], { a: [[1]] }), windowOf([2], { a: [[]] }))).toEqual(windowOf([1, 2], { a: [[1]] }));
    expect(merged(windowOf([1], { a: [[1]] }), windowOf([2, 3], { a: [[3], [3]] }))).toEqual(
      windowOf([1, 2, 3], {
        a: [
          [1, 3],
          [1, 3],
        ],
      }),
    );
    // The other one has no such gate, and so judged nothing.
    expect(merged(windowOf([1], { a: [[1]] }), windowOf([2], { b: [[2]] }))).toEqual(
      windowOf([1, 2], { a: [[1], [1]], b: [[2], [2]] }),
    );
    // What both judged together is all.
    expect(merged(windowOf([1, 2], { a: [[], [1]] }), windowOf([1, 2], { a: [[], [2]] }))).toEqual(
      windowOf([1, 2], { a: [[]] }),
    );
  });
});

describe("what a store does not have yet", () => {
  const openOf = (seen: BitTable, bad: BitTable, judged: BitTable = seen): OpenWindow => ({
    ...head,
    seen,
    gates: new Map([["a", { bad, seen: judged }]]),
  });

  it("are the new places of a window that goes on, once they arrived", () => {
    const unsent = new UnsentUnits();
    const [seen, bad] = [table([1, 2]), table([1])];
    const open = [openOf(seen, bad)];
    expect(unsent.next([], open)).toEqual([windowOf([1, 2], { a: [[1]] })]);
    // The store failed: the same again.
    expect(unsent.next([], open)).toEqual([windowOf([1, 2], { a: [[1]] })]);
    seen.add(3);
    // Not among what was offered.
    unsent.arrived();
    unsent.arrived();
    expect(unsent.next([], open)).toEqual([windowOf([3], { a: [[]] })]);
    unsent.arrived();
    expect(unsent.next([], open)).toEqual([]);
    bad.add(2);
    expect(unsent.next([], open)).toEqual([windowOf([], { a: [[2]] })]);
  });

  it("tells what a gate judged where that is not all", () => {
    const unsent = new UnsentUnits();
    const [seen, judged] = [table([1, 2]), table([1])];
    expect(unsent.next([], [openOf(seen, table([]), judged)])).toEqual([windowOf([1, 2], { a: [[], [1]] })]);
    unsent.arrived();
    judged.add(2);
    expect(unsent.next([], [openOf(seen, table([]), judged)])).toEqual([windowOf([], { a: [[], [2]] })]);
  });

  it("is nothing of a window that is over once it arrived whole", () => {
    const unsent = new UnsentUnits();
    expect(unsent.next([], [openOf(table([1]), table([]))])).toHaveLength(1);
    unsent.arrived();
    const closed = windowOf([1, 2], { a: [[2]] });
    expect(unsent.next([closed], [])).toEqual(
      [windowOf([2], { a: [[2], []] })].map(() => expect.objectContaining(head)),
    );
    unsent.arrived();
    expect(unsent.next([closed], [])).toEqual([]);
    // A window that is not told any more is forgotten.
    expect(unsent.next([], [])).toEqual([]);
    expect(unsent.next([closed], [])).toEqual([closed]);
  });
});
