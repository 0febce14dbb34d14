import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare, type Comparison, type CompareRules } from "../../src/compare/index.ts";
import { far, fingerprint, near } from "../../src/compare/equality/fingerprint.ts";
import { Walk } from "../../src/compare/equality/walk.ts";
import { compileRules } from "../../src/compare/rules/rules.ts";
import { naivelySame, type NaiveRules } from "./naive.ts";

// 300 000 in full: FUZZ_RUNS=300000 npx vitest run test/compare/fuzz.test.ts
const runs = Number(process.env["FUZZ_RUNS"] ?? 30_000);
// Time is no part of these claims.
const limits = { timeMs: Infinity };

class Tag {
  label: unknown;
  constructor(label: unknown) {
    this.label = label;
  }
}

const primitive = fc.constantFrom<unknown>(0, -0, 1, 2, NaN, "", "a", "b", true, false, null, undefined, 1n, 2n);
const key = fc.constantFrom("a", "b", "c", "valueOf", "__proto__", "x-id");

function container(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.array(inner, { maxLength: 5 }),
    fc.array(fc.tuple(key, inner), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    fc.array(inner, { maxLength: 4 }).map((elements) => new Set(elements)),
    fc.array(fc.tuple(fc.oneof(primitive, inner), inner), { maxLength: 3 }).map((entries) => new Map(entries)),
    inner.map((label) => new Tag(label)),
    fc.array(inner, { maxLength: 3 }).map((elements) => {
      const sparse: unknown[] = [];
      elements.forEach((element, index) => (sparse[index * 2] = element));
      return sparse;
    }),
  );
}

const leaf = fc.oneof(
  { weight: 6, arbitrary: primitive },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, NaN).map((time) => new Date(time)) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(1, 2), { maxLength: 2 }).map((bytes) => Uint8Array.from(bytes)) },
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthSize: "small", withCrossShrink: true }, leaf, container(tie("value"))),
}));

/** A copy in which keys and entries come in another order, and with `odds` something is another. */
function disturbed(given: unknown, random: () => number, odds: number): unknown {
  if (random() < odds) return [0, 1, "a", null, [], {}][Math.floor(random() * 6)];
  const again = (part: unknown): unknown => disturbed(part, random, odds);
  if (typeof given !== "object" || given === null) return given;
  if (given instanceof Date) return new Date(given);
  if (given instanceof Uint8Array) return given.slice();
  if (given instanceof Tag) return new Tag(again(given.label));
  if (given instanceof Set) return new Set([...given].reverse().map(again));
  if (given instanceof Map) return new Map([...given].reverse().map(([k, v]) => [disturbed(k, random, 0), again(v)]));
  if (Array.isArray(given)) {
    const copy: unknown[] = new Array(given.length);
    given.forEach((element, index) => (copy[index] = again(element)));
    return copy;
  }
  return Object.fromEntries(
    Object.entries(given)
      .reverse()
      .map(([k, v]) => [k, again(v)]),
  );
}

/** Mulberry32, so that a run can be repeated from its seed. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pair = fc
  .tuple(value, value, fc.integer(), fc.constantFrom(0, 0, 0.05, 0.3, 1))
  .map(([one, other, seed, odds]) =>
    odds === 1 ? ([one, other] as const) : ([one, disturbed(one, seeded(seed), odds)] as const),
  );

function kindOf(comparison: Comparison): string {
  return comparison.kind;
}

describe("against a naive oracle", { timeout: Math.max(60_000, runs * 5) }, () => {
  it(`${runs} random pairs get the same answer, in both orders`, () => {
    let equal = 0;
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const same = naivelySame(a, b);
        if (same) equal++;
        expect(kindOf(compare(a, b, { limits }))).toBe(same ? "match" : "mismatch");
        expect(kindOf(compare(b, a, { limits }))).toBe(same ? "match" : "mismatch");
      }),
      { numRuns: runs },
    );
    // Both answers have to be common, or nothing has been tested.
    expect(equal / runs).toBeGreaterThan(0.2);
    expect(equal / runs).toBeLessThan(0.8);
  });

  const step = fc.constantFrom("a", "b", "*");
  const steps = fc.array(step, { minLength: 0, maxLength: 3 });
  const patterns = fc.array(
    fc.oneof(
      steps,
      steps.map((path) => ["**", ...path]),
    ),
    { maxLength: 2 },
  );
  const number = fc.constantFrom<unknown>(0, 1, 1.1, 1.2, 1.3, 2, "x", null);
  const small = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      number,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(number, { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.constantFrom("a", "b", "c"), tie("value")), { maxLength: 3 })
        .map((entries) => Object.fromEntries(entries)),
    ),
  })).value;

  it("ignore × unordered × tolerance in any combination mean what brute force says", () => {
    const counts = { match: 0, mismatch: 0 };
    fc.assert(
      fc.property(
        small,
        small,
        fc.integer(),
        fc.boolean(),
        patterns,
        patterns,
        fc.constantFrom(0, 0.1001, 0.25),
        (one, two, seed, related, ignore, unordered, tolerance) => {
          const other = related ? shuffled(one, seeded(seed)) : two;
          const naive: NaiveRules = {
            ignore: ignore.filter((path) => path.length > 0 && path.at(-1) !== "**"),
            // Two rules for one path are refused.
            unordered: unique(unordered.filter((path) => path.at(-1) !== "**")),
            tolerance,
          };
          const rules: CompareRules = {
            ignore: naive.ignore.map(written),
            unordered: naive.unordered.map(written),
            tolerance,
            limits,
          };
          const same = naivelySame(one, other, naive);
          const answer = compare(one, other, rules).kind;
          if (same) counts.match++;
          else counts.mismatch++;
          expect(answer).toBe(same ? "match" : "mismatch");
          expect(compare(other, one, rules).kind).toBe(answer);
        },
      ),
      { numRuns: Math.ceil(runs / 3) },
    );
    expect(Math.min(counts.match, counts.mismatch)).toBeGreaterThan(runs / 30);
  });

  it("what is the same under rules has the same fingerprint, near and far", () => {
    let equal = 0;
    fc.assert(
      fc.property(pair, patterns, patterns, fc.boolean(), ([a, b], ignore, unordered, undefinedIsMissing) => {
        const loose = { ignore: ignore.map(written), unordered: unique(unordered).map(written) };
        for (const rules of [{ limits }, { ...loose, undefinedIsMissing, limits }]) {
          if (compare(a, b, rules).kind !== "match") continue;
          equal++;
          const compiled = compileRules(rules, "test");
          const walk = new Walk(compiled, () => 0);
          for (const reach of [near, far]) {
            const [one, other] = [a, b].map((value) => fingerprint(walk, value, compiled.start, undefined, reach));
            expect(one).toBe(other);
          }
        }
      }),
      { numRuns: Math.ceil(runs / 6) },
    );
    expect(equal).toBeGreaterThan(runs / 30);
  });

  it("rules only loosen: what matches without them matches with them", () => {
    fc.assert(
      fc.property(pair, patterns, ([a, b], ignore) => {
        if (compare(a, b, { limits }).kind !== "match") return;
        expect(
          compare(a, b, {
            ignore: ignore.map(written),
            limits,
            tolerance: 0.1,
            undefinedIsMissing: true,
            ignorePrototype: true,
          }).kind,
        ).toBe("match");
      }),
      { numRuns: Math.ceil(runs / 30) },
    );
  });
});

function written(path: readonly string[]): string {
  const [first, ...rest] = path;
  if (first === "**") return `**${rest.map((name) => `.${name}`).join("")}`;
  return `$${path.map((name) => `.${name}`).join("")}`;
}

function shuffled(given: unknown, random: () => number): unknown {
  if (typeof given === "number") return random() < 0.3 ? given + 0.1 : given;
  if (typeof given !== "object" || given === null) return given;
  if (Array.isArray(given)) {
    const copy = given.map((element) => shuffled(element, random));
    return random() < 0.5 ? copy.sort(() => random() - 0.5) : copy;
  }
  return Object.fromEntries(
    Object.entries(given).map(([name, part]) => [name, random() < 0.1 ? "other" : shuffled(part, random)]),
  );
}

function unique(paths: readonly string[][]): string[][] {
  return paths.filter((path, index) => paths.findIndex((other) => other.join() === path.join()) === index);
}
