import { describe, expect, it } from "vitest";
import { writtenSlots } from "../../src/stats/bit-table.ts";
import { GateEvidence } from "../../src/stats/gate-evidence.ts";
import { KeyedHash } from "../../src/stats/keyed-hash.ts";
import { KeyWindows, type SeenByGate } from "../../src/stats/key-windows.ts";
import { distinctKeys, drawOf, levelFor, slotOf } from "../../src/stats/units.ts";

const secret = "000102030405060708090a0b0c0d0e0f";
const hash = new KeyedHash(secret);
const slot = (key: string): number => {
  hash.of(key);
  return slotOf(hash.low);
};
/** How a table with the places of these keys is written. */
const written = (...keys: string[]): string => writtenSlots(keys.map(slot).sort((a, b) => a - b));

const gate = (): GateEvidence => new GateEvidence(0.01, 1e6);

function windows(gates: readonly SeenByGate[] = [], keeps = true): KeyWindows {
  return new KeyWindows(1_000, new KeyedHash(secret), gates, keeps);
}

/** One comparison of a key at a time, as evidence counts it; returns whether it was a unit. */
function see(of: KeyWindows, key: string, at: number): boolean {
  of.moveTo(at);
  of.find(key, at);
  of.addKey();
  return of.addUnit();
}

describe("windows of keys", () => {
  it("follow each other by the clock", () => {
    const of = windows();
    expect(of.windowMs).toBe(1_000);
    expect(of.present).toBeNaN();
    of.moveTo(2_400);
    expect(of.present).toBe(2);
    expect(of.restMs(2_400)).toBe(600);
  });

  it("take a key for one unit a window, and for one key in all", () => {
    const of = windows();
    const told: [boolean, boolean][] = [];
    for (const at of [2_000, 2_999, 3_000, 3_500]) {
      of.moveTo(at);
      of.find("ada", at);
      expect(of.slot).toBe(slot("ada"));
      told.push([of.addUnit(), of.addKey()]);
    }
    expect(told).toEqual([
      [true, true],
      [false, false],
      [true, false],
      [false, false],
    ]);
  });

  it("put what is told late into the window in which it began, unless that is over", () => {
    const of = windows();
    expect(see(of, "ada", 2_500)).toBe(true);
    expect(see(of, "bob", 3_500)).toBe(true);
    expect(see(of, "ada", 2_900)).toBe(false);
    expect(of.age).toBe(1);
    expect(see(of, "ada", 3_600)).toBe(true);
    expect(of.age).toBe(0);
    expect(see(of, "cy", 2_900)).toBe(true);
    of.moveTo(9_000);
    expect(see(of, "ada", 9_000)).toBe(true);
    expect(see(of, "cy", 8_999)).toBe(true);
  });

  it("draw a number for a key, its own window and a gate", () => {
    const of = windows();
    see(of, "ada", 2_500);
    const drawn = [of.draw(0), of.draw(1)];
    hash.of("ada");
    expect(drawn).toEqual([drawOf(hash.low, hash.high, 2, 0), drawOf(hash.low, hash.high, 2, 1)]);
    see(of, "bob", 3_500);
    expect(of.draw(0)).not.toBe(drawn[0]);
    of.find("ada", 3_600);
    expect(of.draw(0)).not.toBe(drawn[0]);
    of.find("ada", 2_600);
    expect([of.draw(0), of.draw(1)]).toEqual(drawn);
  });
});

describe("the level of a window", () => {
  const levels = (of: KeyWindows): number[] => of.open().map(({ level }) => level);

  it("is set by what all processes together expect, one window ahead", () => {
    const of = windows();
    see(of, "ada", 1_000);
    of.expect(100_000);
    expect(levels(of)).toEqual([0, 0]);
    of.moveTo(2_000);
    expect(levels(of)).toEqual([0, levelFor(100_000)]);
    expect(levelFor(100_000)).toBe(4);
    of.expect(0);
    of.moveTo(3_000);
    expect(levels(of)).toEqual([4, 0]);
    of.moveTo(3_999);
    expect(levels(of)).toEqual([4, 0]);
  });

  it("is set by the keys that were seen, where these are more", () => {
    const of = windows();
    for (let key = 0; key < 20_000; key++) see(of, `key ${key}`, 1_000);
    const used = of.open()[1]!.seen.count;
    of.expect(10);
    of.moveTo(2_000);
    expect(levels(of)).toEqual([0, levelFor(distinctKeys(used, 0))]);
    expect(levels(of)[1]).toBe(2);
    // At a level of 2 a quarter of them counts, which stands for all.
    for (let key = 0; key < 20_000; key++) see(of, `key ${key}`, 2_000);
    const counted = of.open()[1]!.seen.count;
    expect(counted).toBeGreaterThan(4_000);
    expect(counted).toBeLessThan(6_000);
    of.moveTo(3_000);
    expect(levels(of)).toEqual([2, 2]);
  });

  it("is 0 after a gap, and that of its own window for what is told late", () => {
    const of = windows();
    see(of, "ada", 1_000);
    of.expect(1e6);
    of.moveTo(2_000);
    const late = Array.from({ length: 200 }, (_, key) => (of.find(`key ${key}`, 1_999), of.counts));
    expect(late).not.toContain(false);
    const present = Array.from({ length: 200 }, (_, key) => (of.find(`key ${key}`, 2_000), of.counts));
    expect(present.filter((counts) => counts).length).toBeLessThan(20);
    const isUnit = Array.from({ length: 200 }, (_, key) => (of.find(`key ${key}`, 2_000), of.addUnit()));
    expect(isUnit).toEqual(present);
    of.moveTo(9_000);
    expect(levels(of)).toEqual([levelFor(1e6), 0]);
  });
});

describe("windows for others", () => {
  it("are none where nobody asks for them", () => {
    const errors = gate();
    const of = windows([["errors", errors]], false);
    see(of, "ada", 1_000);
    errors.addOfKey(true, of.slot, 0, 1_000);
    of.moveTo(2_000);
    of.moveTo(3_000);
    expect([of.closed, of.open(), of.all()]).toEqual([[], [], []]);
    of.forgetThrough(9);
    expect(of.closed).toEqual([]);
  });

  it("are none before the first key", () => {
    const of = windows([["errors", gate()]]);
    expect([of.closed, of.open(), of.all()]).toEqual([[], [], []]);
    of.moveTo(1_000);
    of.moveTo(2_000);
    expect([of.closed, of.open(), of.all()]).toEqual([[], [], []]);
  });

  it("hold the places of their keys, and of the bad ones by gate", () => {
    const [errors, mismatches, unasked] = [gate(), gate(), gate()];
    const of = windows([
      ["errors", errors],
      ["mismatches", mismatches],
      ["unasked", unasked],
    ]);
    for (const key of ["ada", "bob", "cy"]) {
      see(of, key, 5_000);
      errors.addOfKey(key === "bob", of.slot, 0, 5_000);
      if (key !== "ada") mismatches.addOfKey(key === "cy", of.slot, 0, 5_000);
    }
    const expected = (window: number) => ({ window, level: 0, fingerprint: hash.fingerprint });
    const [whole] = of.all();
    expect(of.all()).toHaveLength(1);
    expect(whole).toMatchObject(expected(5));
    expect(whole!.seen).toBe(written("ada", "bob", "cy"));
    expect(Object.keys(whole!.gates)).toEqual(["errors", "mismatches"]);
    // A gate that judged every key does not repeat them.
    expect(Object.keys(whole!.gates["errors"]!)).toEqual(["bad"]);
    expect(whole!.gates["errors"]!.bad).toBe(written("bob"));
    expect(whole!.gates["mismatches"]!.bad).toBe(written("cy"));
    expect(whole!.gates["mismatches"]!.seen!).toBe(written("bob", "cy"));

    const [before, present] = of.open();
    expect([before, present]).toMatchObject([expected(4), expected(5)]);
    expect([before!.seen.count, present!.seen.count]).toEqual([0, 3]);
    expect([...present!.gates.keys()]).toEqual(["errors", "mismatches"]);
    expect([...before!.gates.keys()]).toEqual(["errors", "mismatches"]);
    expect(present!.gates.get("errors")!.bad.encode()).toBe(whole!.gates["errors"]!.bad);
    expect(before!.gates.get("errors")!.bad.count).toBe(0);
    expect(of.closed).toEqual([]);

    of.moveTo(6_000);
    expect(of.closed).toEqual([]);
    expect(of.all()).toEqual([whole]);
    of.moveTo(7_000);
    expect(of.closed).toEqual([whole]);
    expect(of.all()).toEqual([whole]);
  });

  it("hold what a gate judged of keys that make no unit", () => {
    const errors = gate();
    const of = windows([["errors", errors], ["other", gate()]]); // prettier-ignore
    of.moveTo(5_000);
    of.find("ada", 5_000);
    errors.addOfKey(true, of.slot, 0, 5_000);
    const [window] = of.all();
    expect(window).toMatchObject({ window: 5, seen: "" });
    expect(window!.gates["errors"]!.seen!).toBe(written("ada"));
    expect(Object.keys(window!.gates)).toEqual(["errors"]);
  });

  it("are both closed by a gap, each under its own number and level", () => {
    const of = windows();
    see(of, "ada", 5_000);
    of.expect(1e6);
    see(of, "bob", 6_000);
    // What counts at that level is one key in 256.
    for (let key = 0; key < 2_000; key++) see(of, `key ${key}`, 6_000);
    of.moveTo(60_000);
    expect(of.closed.map(({ window, level }) => [window, level])).toEqual([
      [5, 0],
      [6, levelFor(1e6)],
    ]);
    expect(of.closed[0]!.seen).toBe(written("ada"));
    expect(of.all()).toEqual(of.closed);
  });

  it("are kept while the store fails, 16 of them, and forgotten once they are in other hands", () => {
    const of = windows();
    for (let window = 1; window <= 22; window++) see(of, `key ${window}`, 1_000 * window);
    // The last two are open.
    const kept = Array.from({ length: 16 }, (_, index) => index + 5);
    expect(of.closed.map(({ window }) => window)).toEqual(kept);
    expect(of.all().map(({ window }) => window)).toEqual([...kept, 21, 22]);
    of.forgetThrough(18);
    expect(of.closed.map(({ window }) => window)).toEqual([19, 20]);
    of.forgetThrough(20);
    expect(of.closed).toEqual([]);
  });
});
