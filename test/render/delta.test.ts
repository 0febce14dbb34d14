import fc from "fast-check";
import { patch } from "jsondiffpatch";
import * as formatter from "jsondiffpatch/formatters/base";
import { describe, expect, it } from "vitest";
import { compare } from "../../src/compare/compare.ts";
import { preview } from "../../src/compare/copy/preview.ts";
import type { CompareRules } from "../../src/compare/rules/rules.ts";
import { deltaOf } from "../../src/render/delta.ts";
import type { FormatterModule } from "../../src/render/formatter.ts";
import { drawLines } from "../../src/render/lines.ts";

function drawn(control: unknown, candidate: unknown, rules: CompareRules = {}): string[] {
  const comparison = compare(control, candidate, rules);
  const left = preview(control);
  const drawable = deltaOf("differences" in comparison ? comparison.differences : [], left);
  if (drawable === undefined) return [];
  return drawLines(drawable, left, 0, formatter as unknown as FormatterModule)
    .filter(({ sign }) => sign !== " ")
    .map(({ sign, text }) => `${sign} ${text}`)
    .filter((text) => !/ unchanged$/.test(text));
}

describe("a delta of the list of differences", () => {
  const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("a", "b"), fc.constant(null));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(fc.constantFrom("a", "b", "$c", "d-e"), tie("value"), { maxKeys: 3 }),
    ),
  }));

  it("makes of control's preview the candidate's", () => {
    let tried = 0;
    fc.assert(
      fc.property(value, value, (control, candidate) => {
        const comparison = compare(control, candidate, { limits: { differences: 1_000, timeMs: 1_000 } });
        if (comparison.kind !== "mismatch") return;
        if (comparison.differences.some(({ kind }) => kind === "order" || kind === "length")) return;
        tried++;
        const left = preview(control);
        const { delta, undrawn } = deltaOf(comparison.differences, left)!;
        expect(undrawn).toBe(0);
        expect(patch(structuredClone(left), structuredClone(delta) as never)).toEqual(preview(candidate));
      }),
      { numRuns: 2_000 },
    );
    expect(tried).toBeGreaterThan(500);
  });

  it("draws a line for each side of each difference of Maps, Sets, instances, errors and symbols", () => {
    class Order {
      readonly total: number;
      constructor(total: number) {
        this.total = total;
      }
    }
    const mark = Symbol("mark");
    const make = (n: number): unknown => ({
      map: new Map<unknown, unknown>([["total", n], [7n, 1]]), // prettier-ignore
      set: new Set([`only ${n}`, "both"]),
      order: new Order(n),
      error: Object.assign(new TypeError("no"), { code: n }),
      [mark]: n,
      $price: n,
    });
    expect(drawn(make(1), make(2))).toEqual([
      "- [1] 1",
      "+ [1] 2",
      '- [1] "only 1"',
      '+ [1] "only 2"',
      "- total: 1",
      "+ total: 2",
      "- code: 1",
      "+ code: 2",
      "- $price: 1",
      "+ $price: 2",
      '- "[Symbol(mark)]": 1',
      '+ "[Symbol(mark)]": 2',
    ]);
    expect(drawn(new Map([["a", 1]]), new Map([["b", 2]]))).toEqual(['- [0] ["a", 1]', '+ [0] ["b", 2]']);
  });

  it("notes what is no change of one part: another order, another length", () => {
    expect(drawn([1, 2, 3], [3, 2, 1])).toEqual(["~ … the same elements in another order"]);
    expect(drawn({ a: [1, 2] }, { a: [1] }, { tolerance: { "$.a[0]": 1 } })).toEqual(["~ … length 2 → 1"]);
  });

  it("marks nothing that a rule lets pass", () => {
    const control = { id: 7, updatedAt: 1, rate: 1.0001, tags: ["a", "b"], total: 10 };
    const candidate = { id: 7, updatedAt: 2, rate: 1.0002, tags: ["b", "a"], total: 11 };
    const rules = { ignore: ["**.updatedAt"], tolerance: { "$.rate": 0.01 }, unordered: ["$.tags"] };
    expect(drawn(control, candidate, rules)).toEqual(["- total: 10", "+ total: 11"]);
  });

  it("draws one inserted row as one, at the place where it is", () => {
    const rows = Array.from({ length: 30 }, (_, n) => ({ v: n, w: `x${n}` }));
    const added = { v: -1, w: "new" };
    for (const at of [0, 11, 30]) {
      expect(drawn({ rows }, { rows: [...rows.slice(0, at), added, ...rows.slice(at)] })).toEqual([
        `+ [${at}] { v: -1, w: "new" }`,
      ]);
    }
  });

  it("says how many of the list have no place in what is drawn", () => {
    const list = Array.from({ length: 6_000 }, (_, n) => n);
    const other = list.map((n) => (n === 1 || n > 5_990 ? -n : n));
    expect(drawn(list, other, { limits: { timeMs: 1_000 } })).toEqual([
      "- [1] 1",
      "+ [1] -1",
      "~ … 9 of the differences listed are not drawn",
    ]);
    expect(deltaOf([{ path: "no path", kind: "value", control: 1, candidate: 2 }], { a: 1 })).toBeUndefined();
  });
});
