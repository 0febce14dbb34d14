import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compareValues } from "../../../src/compare/compare.ts";
import { compare } from "../../../src/compare/index.ts";
import { compileRules } from "../../../src/compare/rules/rules.ts";

class Box {
  inner: unknown;
  constructor(inner: unknown) {
    this.inner = inner;
  }
}

describe("the limits of a comparison", () => {
  it("survives cycles, depth, sharing and a million elements in 128 MB", () => {
    const child = fileURLToPath(new URL("compare-limits.child.ts", import.meta.url));
    const printed = execFileSync(process.execPath, ["--max-old-space-size=128", "--import", "tsx", child], {
      encoding: "utf8",
    });
    const answers = Object.fromEntries(
      printed
        .trim()
        .split("\n")
        .map((line) => line.split(": ") as [string, string]),
    );
    expect(Object.keys(answers)).toHaveLength(10);
    expect(answers["equal cycles"]).toBe("match, match, match");
    expect(answers["different cycles"]).toBe("mismatch v2-, mismatch v2-, mismatch v2-");
    expect(answers["a depth of 100 000"]).toBe("match, match, match");
    expect(answers["a depth of 100 000, different"]).toBe("mismatch v2-, mismatch v2-, mismatch v2-");
    expect(answers["equal shared references"]).toBe("match, match, match");
    expect(answers["different shared references"]).toBe("mismatch v2-, mismatch v2-, mismatch v2-");
    expect(answers["a million equal numbers"]).toBe("match, match, match");
    // How far it gets in the time is the machine's affair; that it never says "match" is ours.
    for (const name of ["a million numbers, two different", "a million numbers and none", "a million objects"]) {
      expect(answers[name]).not.toMatch(/(^|, )match/);
    }
  }, 120_000);

  it.each<[string, (inner: unknown) => unknown]>([
    ["objects", (next) => ({ next })],
    ["arrays", (next) => [next]],
    ["arrays of two", (next) => [1, next]],
    ["Maps", (next) => new Map([["next", next]])],
    ["causes of errors", (cause) => new Error("a", { cause })],
    ["instances", (inner) => new Box(inner)],
  ])("holds 100 000 levels of %s", (_, around) => {
    const made = (end: unknown): unknown => {
      let value = end;
      for (let level = 0; level < 100_000; level++) value = around(value);
      return value;
    };
    const limits = { timeMs: 60_000 };
    expect(compare(made(1), made(1), { limits }).kind).toBe("match");
    expect(compare(made({ a: 1 }), made({ a: 2 }), { limits }).kind).not.toBe("match");
    expect(compare([made(1), 2], [made(1), 3], { limits })).toMatchObject({ differences: [{ path: "$[1]" }] });
  });

  it("finds and names what differs 1 000 levels down", () => {
    const chain = (end: number): unknown => {
      let value: unknown = { end };
      for (let level = 0; level < 1_000; level++) value = level % 2 === 0 ? { next: value, level } : [level, value];
      return value;
    };
    const answer = compare(chain(1), chain(2), { limits: { timeMs: 60_000 } });
    expect(answer).toMatchObject({ kind: "mismatch", differences: { length: 1 } });
    const path = answer.kind === "mismatch" ? answer.differences[0].path : "";
    expect(path).toBe(`$${"[1].next".repeat(500)}.end`);
    expect(compare(chain(1), chain(2), { ignore: ["**.end"], limits: { timeMs: 60_000 } }).kind).toBe("match");
  });

  it("looks at the clock while it reads search parameters, and takes no end of its time for a difference", () => {
    const query = (count: number, value: string): URLSearchParams =>
      new URLSearchParams(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
    const [one, other] = [query(5_000, "1"), query(5_000, "2")];
    for (const looks of [1, 2, 3, 5, 8, 12]) {
      let left = looks;
      const answer = compareValues(one, other, compileRules({ limits: { timeMs: 1 } }, "test"), () =>
        left-- > 0 ? 0 : 2,
      );
      expect(answer).toEqual({ kind: "inconclusive", reason: "longer than 1 ms" });
    }
  });

  it("ends in its time on a dictionary of a million keys, and on long lists", () => {
    const dictionary = (value: number): object => {
      const made: Record<string, number> = {};
      for (let n = 0; n < 300_000; n++) made[`key${n}`] = value;
      return made;
    };
    const [one, same, other] = [dictionary(1), dictionary(1), dictionary(2)];
    const took = (run: () => unknown): number => {
      const from = performance.now();
      run();
      return performance.now() - from;
    };
    const keys = took(() => [Object.keys(one), Object.keys(same)]);
    const limits = { timeMs: 5 };
    // Generous: the machine may be busy. What is claimed is that it is no multiple of looking at all.
    expect(took(() => compare(one, same, { limits }))).toBeLessThan(4 * keys + 200);
    expect(compare(one, same, { limits })).toEqual({ kind: "inconclusive", reason: "longer than 5 ms" });
    expect(compare(one, other, { limits: { timeMs: 60_000 } })).toMatchObject({ moreDifferences: 950 });
    const rows = (by: number): object[] => Array.from({ length: 100_000 }, (_, id) => ({ id: id + by }));
    expect(took(() => compare(rows(0), rows(1), { limits }))).toBeLessThan(400);
  });

  it("lists the keys of a large object once a side where listing takes all of the time", () => {
    const listed = { control: 0, candidate: 0 };
    const slow = (side: "control" | "candidate"): object => {
      const keys = Array.from({ length: 20_000 }, (_, index) => `key${index}`);
      return new Proxy(Object.fromEntries(keys.map((key) => [key, 1])), {
        ownKeys: () => {
          listed[side]++;
          for (const until = performance.now() + 20; performance.now() < until;);
          return keys;
        },
      });
    };
    const [control, candidate] = [slow("control"), slow("candidate")];
    const late = { kind: "inconclusive", reason: "longer than 5 ms" };
    expect(compare(control, candidate, { limits: { timeMs: 5 } })).toEqual(late);
    expect(listed).toEqual({ control: 1, candidate: 1 });
  });

  it("stops at its time, by the clock that it is given", () => {
    let reads = 0;
    const now = (): number => reads++ * 30;
    const control = Array.from({ length: 5_000 }, (_, index) => ({ index, self: new Set([index]) }));
    const candidate = Array.from({ length: 5_000 }, (_, index) => ({ index, self: new Set([index]) }));
    expect(compareValues(control, candidate, compileRules(undefined, "test"), now)).toEqual({
      kind: "inconclusive",
      reason: "longer than 50 ms",
    });
    expect(reads).toBe(3);
  });

  it("names the limit it hit", () => {
    const sets = (count: number, from: number): unknown =>
      new Set(Array.from({ length: count }, (_, index) => new Map([[{ index: index + from }, 1]])));
    expect(compare(sets(50, 0), sets(50, 0), { limits: { nodes: 20 } })).toEqual({
      kind: "inconclusive",
      reason: "more than 20 values",
    });
    expect(compare(sets(50, 0), sets(50, 50), { limits: { trialPairs: 20 } })).toEqual({
      kind: "inconclusive",
      reason: "more than 20 pairs of elements had to be tried",
    });
    expect(compare({ a: { b: { c: 1 } } }, { a: { b: { c: 2 } } }, { limits: { depth: 2 } })).toEqual({
      kind: "inconclusive",
      reason: "deeper than 2 levels",
    });
  });

  it("calls what it saw before a limit a mismatch: it was really seen", () => {
    const control = { first: 1, rest: { deep: { deeper: 1 } } };
    const candidate = { first: 2, rest: { deep: { deeper: 2 } } };
    expect(compare(control, candidate, { limits: { depth: 2 } })).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.first" }],
    });
  });

  it("keeps as many differences as asked for", () => {
    const control = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, 0]));
    const candidate = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, 1]));
    for (const [limits, kept] of [
      [undefined, 50],
      [{ differences: 3 }, 3],
    ] as const) {
      const answer = compare(control, candidate, limits ? { limits } : {});
      expect(answer.kind === "mismatch" && answer.differences.length).toBe(kept);
    }
  });

  it("finds the one real difference behind many that cannot be told", () => {
    const functions = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`run${index}`, () => index]));
    const others = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`run${index}`, () => index]));
    expect(compare({ ...functions, z: 1 }, { ...others, z: 1 }).kind).toBe("inconclusive");
    expect(compare({ ...functions, z: 1 }, { ...others, z: 2 }).kind).toBe("mismatch");
  });
});
