import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Result } from "../../src/model/result.ts";
import { MismatchGroups } from "../../src/stats/groups.ts";

const example = (id: string): Result => ({ id }) as Result;

describe("mismatch groups", () => {
  it("count each kind and keep its first, its last and three more", () => {
    const groups = new MismatchGroups({ random: () => 0.999 });
    for (let call = 1; call <= 10; call++)
      groups.record("v2-a", [{ path: "$.a", kind: "value", control: 1 }], call * 1_000, () => example(`a${call}`));
    groups.record("v2-b", [], 5, () => example("b"));
    expect(groups.list()).toEqual([
      {
        signature: "v2-a",
        differences: [{ path: "$.a", kind: "value" }],
        count: 10,
        error: 0,
        firstSeen: 1_000,
        lastSeen: 10_000,
        first: example("a1"),
        last: example("a10"),
        examples: [example("a1"), example("a2"), example("a3")],
      },
      {
        signature: "v2-b",
        differences: [],
        count: 1,
        error: 0,
        firstSeen: 5,
        lastSeen: 5,
        first: example("b"),
        last: example("b"),
        examples: [example("b")],
      },
    ]);
  });

  it("draw the last of a kind once a second, however many come", () => {
    const groups = new MismatchGroups<string>({ random: () => 0.999 });
    let drawn = 0;
    for (let at = 0; at < 10_000; at++) groups.record("v2-a", [], at, () => `${at} ${++drawn}`);
    expect(drawn).toBeLessThan(20);
    const [group] = groups.list();
    expect(group!.lastSeen - Number(group!.last.split(" ")[0])).toBeLessThan(1_000);
  });

  it("say once that a kind is new, also when it comes back after it had to go", () => {
    const groups = new MismatchGroups({ random: Math.random, most: 2 });
    const record = (name: string): boolean => groups.record(name, [], 0, () => example(name));
    expect([record("a"), record("a"), record("b"), record("c"), record("a"), record("b")]).toEqual([
      true,
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it("count kinds that are new, and remember sixteen times as many as they keep", () => {
    const groups = new MismatchGroups({ random: Math.random, most: 1 });
    const record = (name: string): boolean => groups.record(name, [], 0, () => example(name));
    for (let kind = 0; kind < 16; kind++) expect(record(`k${kind}`)).toBe(true);
    expect(record("k0")).toBe(false);
    expect([groups.size, groups.newKinds]).toEqual([1, 16]);
    expect(record("k16")).toBe(true);
    // The oldest was forgotten, and is told as new; that makes the next one go.
    expect([record("k2"), record("k0"), record("k1"), record("k16")]).toEqual([false, true, true, false]);
    expect(groups.newKinds).toBe(19);
  });

  it("let the rarest kind go, whose count the next one inherits as its error", () => {
    const groups = new MismatchGroups({ random: Math.random, most: 3 });
    for (const name of ["a", "a", "b", "c", "c", "d", "d"]) groups.record(name, [], 0, () => example(name));
    expect(groups.list().map(({ signature, count, error }) => [signature, count, error])).toEqual([
      ["d", 3, 1],
      ["a", 2, 0],
      ["c", 2, 0],
    ]);
  });

  it("list kinds that came as often by name, and of each five differences", () => {
    const groups = new MismatchGroups({ random: Math.random, drawPath: (path) => path.toUpperCase() });
    const differences = Array.from({ length: 7 }, (_, at) => ({ path: `$.p${at}`, kind: "value" as const }));
    for (const name of ["b", "c", "a"]) groups.record(name, differences, 0, () => example(name));
    expect(groups.list().map(({ signature }) => signature)).toEqual(["a", "b", "c"]);
    expect(groups.list()[0]!.differences).toEqual([0, 1, 2, 3, 4].map((at) => ({ path: `$.P${at}`, kind: "value" })));
  });

  it("stay bounded whatever comes, and never count too few", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 400 }), fc.integer({ min: 1, max: 12 }), (kinds, capacity) => {
        const groups = new MismatchGroups({ random: Math.random, most: capacity });
        const truth = new Map<string, number>();
        for (const kind of kinds) {
          const name = `k${kind}`;
          truth.set(name, (truth.get(name) ?? 0) + 1);
          groups.record(name, [], 0, () => example(name));
        }
        const list = groups.list();
        expect(list.length).toBeLessThanOrEqual(capacity);
        for (const { signature, count, error } of list) {
          expect(count).toBeGreaterThanOrEqual(truth.get(signature)!);
          expect(count - error).toBeLessThanOrEqual(truth.get(signature)!);
        }
        // Space-saving's promise: who has more than one in `capacity` of all is there.
        for (const [name, count] of truth) {
          if (count > kinds.length / capacity) expect(list.map(({ signature }) => signature)).toContain(name);
        }
        expect(list.map(({ count }) => count)).toEqual(list.map(({ count }) => count).sort((a, b) => b - a));
      }),
    );
  });

  it("give every mismatch the same chance to be an example", () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const chosen = new Array<number>(20).fill(0);
    const trials = 4_000;
    for (let trial = 0; trial < trials; trial++) {
      const groups = new MismatchGroups<Result>({ random });
      for (let call = 0; call < 20; call++) groups.record("a", [], call, () => example(String(call)));
      for (const { id } of groups.list()[0]!.examples) chosen[Number(id)]!++;
    }
    // 600 are expected of each; four standard deviations are 90.
    for (const times of chosen) expect(Math.abs(times - (trials * 3) / 20)).toBeLessThan(90);
  });

  it("keep 256 of 100 000 kinds", () => {
    const groups = new MismatchGroups({ random: Math.random });
    for (let kind = 0; kind < 100_000; kind++) groups.record(`k${kind}`, [], kind, () => example("e"));
    expect(groups.list()).toHaveLength(256);
  });

  it("keeps examples within the room they are given: first the later ones of a kind go, then the rarest kinds", () => {
    let free = 100;
    const room = {
      bytesOf: () => 10,
      take(bytes: number, must = false) {
        if (!must && bytes > free) return false;
        free -= bytes;
        return true;
      },
    };
    const groups = new MismatchGroups<object>({ random: () => 0, room });
    const record = (signature: string, at: number): boolean => groups.record(signature, [], at, () => ({}));
    for (let at = 0; at < 9; at++) record(`kind ${Math.floor(at / 3)}`, at * 2_000);
    expect(free).toBe(10);
    for (let kind = 3; kind < 10; kind++) record(`kind ${kind}`, 20_000);
    expect(groups.list()).toHaveLength(10);
    expect(free).toBe(0);
    expect(groups.list()[0]).toMatchObject({ signature: "kind 0", count: 3 });
    for (const { first, last, examples } of groups.list()) {
      expect(examples).toEqual([first]);
      expect(last).toBe(first);
    }
    record("kind 10", 20_000);
    expect(groups.list()).toHaveLength(10);
    expect(free).toBe(0);
    expect(groups.list().find(({ signature }) => signature === "kind 10")).toMatchObject({ count: 2, error: 1 });
    const others = new MismatchGroups<object>({ random: () => 0, room });
    expect(others.record("kind", [], 0, () => ({}))).toBe(true);
    expect(others.list()).toHaveLength(1);
    expect(free).toBe(-10);
  });
});
