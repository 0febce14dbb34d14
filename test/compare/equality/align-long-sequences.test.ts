import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../../src/compare/index.ts";

const length = 300;
// Time is no part of these claims.
const limits = { timeMs: Infinity };

class Row {
  readonly at: number;
  readonly more: { readonly at: number };

  constructor(at: number) {
    this.at = at;
    this.more = { at };
  }
}

const list = (make: (at: number) => unknown, count = length): unknown[] =>
  Array.from({ length: count }, (_, at) => make(at));
const turned = (given: readonly unknown[], by = 100): unknown[] => [...given.slice(by), ...given.slice(0, by)];
const listed = (control: unknown, candidate: unknown, rules: CompareRules = {}): readonly string[] => {
  const comparison = compare(control, candidate, { limits, ...rules });
  return "differences" in comparison ? comparison.differences.map(({ path, kind }) => `${path} ${kind}`) : [];
};

describe.each<readonly [name: string, make: (at: number) => unknown]>([
  ["numbers", (at) => at],
  ["texts", (at) => `line ${at}`],
  ["objects", (at) => ({ at, more: [at] })],
  ["instances", (at) => new Row(at)],
])("a long list of %s", (_, make) => {
  it("differs where elements are new, gone or changed", () => {
    const candidate = list(make);
    candidate[250] = make(1_000);
    candidate.splice(150, 2);
    candidate.splice(20, 0, make(2_000));
    const differences = listed(list(make), candidate);
    expect(differences.filter((each) => !each.startsWith("$[250]"))).toEqual([
      "$[20] added",
      "$[150] removed",
      "$[151] removed",
    ]);
    expect(differences.length).toBeGreaterThan(3);
    expect(listed(candidate, list(make))).toHaveLength(differences.length);
  });

  it("has another order where all its elements are the same ones, and in no other case", () => {
    expect(listed(list(make), turned(list(make)))).toEqual(["$ order"]);
    const changed = turned(list(make));
    changed[250] = make(1_000);
    expect(listed(list(make), changed)).not.toContain("$ order");
    expect(listed(list(make), [...turned(list(make)), make(1_000)])).not.toContain("$ order");
    expect(listed([...list(make), make(1_000)], turned(list(make)))).not.toContain("$ order");
    // Of two that look alike it is not known which is which.
    const two = (): unknown[] => [make(3_000), make(3_000)];
    expect(listed([...two(), ...list(make)], [...list(make), ...two()])).toEqual([
      ...["$[0] removed", "$[1] removed"],
      ...["$[300] added", "$[301] added"],
    ]);
  });
});

describe("a long list of what only looks alike", () => {
  /** Deeper than a first look goes. */
  const deep = (end: number): unknown => ({ a: { a: { a: { a: { end } } } } });

  it("differs in each that is another one", () => {
    const candidate = list(deep);
    candidate[30] = deep(-1);
    candidate[200] = deep(-2);
    expect(listed(list(deep), candidate)).toEqual(["$[30].a.a.a.a.end value", "$[200].a.a.a.a.end value"]);
    expect(
      listed(
        list(deep),
        list((at) => deep(-at - 1)),
      ),
    ).toHaveLength(50);
  });

  it("has no other order, where what looks alike is another one", () => {
    const labelled = (at: number, end: number): unknown => ({ at, inner: deep(end) });
    const control = list((at) => labelled(at, at));
    const inRun = list((at) => labelled(at, at === 200 ? -1 : at));
    const moved = list((at) => labelled(at, at === 10 ? -1 : at));
    expect(listed(control, turned(inRun))).not.toContain("$ order");
    expect(listed(control, turned(moved))).not.toContain("$ order");
    expect(listed(control, turned(control))).toEqual(["$ order"]);
  });
});
