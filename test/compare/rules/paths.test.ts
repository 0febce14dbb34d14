import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare, formatPath, parsePath, type PathSegment } from "../../../src/compare/index.ts";

describe("paths", () => {
  it("are written as one would write them in code", () => {
    expect(formatPath([])).toBe("$");
    expect(formatPath(["items", 2, "price"])).toBe("$.items[2].price");
    expect(formatPath(["headers", "x-request-id", "", "2", 'a"]'])).toBe('$.headers["x-request-id"][""]["2"]["a\\"]"]');
  });

  it("any key comes back as it was", () => {
    const segment: fc.Arbitrary<PathSegment> = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("__proto__", "*", "**", "$", "a.b", "]", '"', "\n", "\u2028", "\ud800"),
      fc.nat(),
      fc.record({
        entry: fc.constantFrom("key", "element"),
        of: fc.oneof(
          fc.string().map((text) => JSON.stringify(text)),
          fc.constantFrom("1", "-0.5", "1n", "null", "#3"),
        ),
      }),
      fc.string().map((text) => ({ entry: "symbol" as const, of: JSON.stringify(text) })),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
        const text = formatPath(segments);
        expect(parsePath(text)).toEqual(segments);
        expect(formatPath(parsePath(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it.each(["", "a", "$a", "$.", "$..a", "$[", "$[x]", '$["a', '$["a"', "$[1", "$[-1]", "$.a b", '$["\\x"]'])(
    "refuses %j",
    (text) => {
      expect(() => parsePath(text)).toThrow();
    },
  );

  it("of a difference leads to it, and back to a rule that ignores it", () => {
    const keys = ["a", "x-id", "", "a.b", "*", "**", "0", "é", '"', "]"];
    for (const outer of keys) {
      for (const inner of keys) {
        const made = (value: number): unknown => ({ [outer]: [{ [inner]: value }] });
        const answer = compare(made(1), made(2));
        const path = answer.kind === "mismatch" ? answer.differences[0].path : "";
        expect(parsePath(path)).toEqual([outer, 0, inner]);
        expect(compare(made(1), made(2), { ignore: [path] }).kind).toBe("match");
      }
    }
  });

  it("have a form for Map keys, Set elements and symbols", () => {
    const paths = (control: unknown, candidate: unknown): string[] => {
      const answer = compare(control, candidate);
      return answer.kind === "mismatch" ? answer.differences.map(({ path }) => path) : [];
    };
    expect(
      paths(
        new Map<unknown, number>([
          ["a", 1],
          [2, 1],
          [{ id: 1 }, 1],
        ]),
        new Map<unknown, number>([
          ["a", 2],
          [2, 2],
          [{ id: 1 }, 2],
        ]),
      ),
    ).toEqual(['$[key "a"]', "$[key 2]", "$[key #2]"]);
    expect(paths(new Set([1, 2]), new Set([1]))).toEqual(["$[element 2]"]);
    const [huge] = paths(new Set([2n ** 100_000n]), new Set([2n ** 100_000n + 1n]));
    expect(huge).toBe("$[element 0x1000000000000000…0000000000000000 (25001 digits)n]");
    expect(formatPath(parsePath(huge!))).toBe(huge);
    expect(paths({ [Symbol("mark")]: 1 }, {})).toEqual(['$[@@"mark"]']);
  });
});
