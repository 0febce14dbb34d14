import { describe, expect, it } from "vitest";
import { compileJudgement, judge, type JudgementDefinition } from "../../src/compare/judge.ts";
import { match } from "../../src/model/comparison.ts";
import { signatureOf } from "../../src/compare/signature.ts";
import type { Comparison } from "../../src/model/comparison.ts";
import type { Outcome } from "../../src/model/observation.ts";
import { hostile } from "./hostile.ts";

const returned = (value: unknown): Outcome => ({ kind: "returned", value });
const threw = (error: unknown): Outcome => ({ kind: "threw", error });
const timedOut: Outcome = { kind: "timed-out", afterMs: 5 };
const noon = Date.UTC(2026, 10, 23, 12);

function judging(definition: JudgementDefinition) {
  const faults: [string, unknown][] = [];
  const plan = compileJudgement({ onFault: (operation, error) => faults.push([operation, error]), ...definition }, "x");
  return { faults, of: (control: Outcome, candidate: Outcome, at = noon) => judge(control, candidate, plan, at) };
}

const plain = judging({});
const boom = new Error("boom");
const fails = (): never => {
  throw boom;
};

describe("judging", () => {
  it("returns one shared frozen match for all that is equal", () => {
    expect(plain.of(returned({ a: [1] }), returned({ a: [1] }))).toBe(match);
    expect(Object.isFrozen(match)).toBe(true);
  });

  it("compares values by rules", () => {
    const rules = judging({ compare: { ignore: ["$.at"] } });
    expect(rules.of(returned({ at: 1, n: 1 }), returned({ at: 2, n: 1 })).kind).toBe("match");
    expect(rules.of(returned({ at: 1, n: 1 }), returned({ at: 2, n: 2 }))).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.n" }],
    });
  });

  it("compares errors where both threw, by their data and not by normalize", () => {
    const rules = judging({ compare: { normalize: fails } });
    expect(rules.of(threw(new TypeError("a")), threw(new TypeError("a"))).kind).toBe("match");
    expect(rules.of(threw(new TypeError("a")), threw(new TypeError("b")))).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.message", control: "a", candidate: "b" }],
    });
    expect(rules.faults).toEqual([]);
    expect(plain.of(threw(undefined), threw(undefined)).kind).toBe("match");
    expect(plain.of(threw(undefined), threw(null)).kind).toBe("mismatch");
  });

  it("lets `errors` decide, and only where both threw", () => {
    const byName = judging({ compare: { errors: (a: Error, b: Error) => a.name === b.name } });
    expect(byName.of(threw(new TypeError("a")), threw(new TypeError("b"))).kind).toBe("match");
    expect(byName.of(threw(new TypeError("a")), threw(new RangeError("a")))).toMatchObject({ kind: "mismatch" });
    expect(byName.of(returned(1), threw(boom)).kind).toBe("mismatch");
    expect(byName.faults).toEqual([]);
  });

  it("tells in words, bounded, that one side threw and the other returned", () => {
    const seen = plain.of(returned({ id: 1 }), threw(new RangeError("no\u001b[31m" + "x".repeat(1e6))));
    expect(seen).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$", kind: "type", control: "returned object: { id: 1 }" }],
    });
    const text = (seen as Comparison & { kind: "mismatch" }).differences[0].candidate as string;
    expect(text).toMatch(/^threw RangeError: "no\\u001b\[31mx/);
    expect(text.length).toBeLessThan(250);
    const other = plain.of(returned({ id: 2 }), threw(new RangeError("another")));
    expect(other).toMatchObject({ signature: (seen as { signature: string }).signature });
    expect(plain.of(threw(boom), returned(1))).not.toMatchObject({
      signature: (seen as { signature: string }).signature,
    });
  });

  it("cannot tell what a candidate that timed out would have given", () => {
    expect(plain.of(returned(1), timedOut)).toEqual({ kind: "inconclusive", reason: "timed-out" });
    expect(plain.of(threw(1), timedOut)).toEqual({ kind: "inconclusive", reason: "timed-out" });
  });
});

describe("a comparer of the user's", () => {
  it("is believed when it says true, also against appearances", () => {
    expect(judging({ compare: () => true }).of(returned(1), returned(2)).kind).toBe("match");
  });

  it("is asked even about what is equal", () => {
    expect(judging({ compare: () => false }).of(returned(1), returned(1))).toEqual({
      kind: "mismatch",
      differences: [{ path: "$", kind: "value", control: 1, candidate: 1 }],
      signature: signatureOf([{ path: "$", kind: "value", control: 1, candidate: 1 }]).id,
    });
  });

  it("is told where the values differ by the built-in comparison", () => {
    expect(judging({ compare: () => false }).of(returned({ a: 1 }), returned({ a: 2 }))).toMatchObject({
      differences: [{ path: "$.a" }],
    });
  });

  it.each<[string, unknown, unknown]>([
    ["a match", { kind: "match", more: 1 }, { kind: "match" }],
    ["an inconclusive", { kind: "inconclusive", reason: "odd" }, { kind: "inconclusive", reason: "odd" }],
    ["an ignored", { kind: "ignored", rule: "r", differences: [] }, { kind: "ignored", rule: "r", differences: [] }],
    [
      "a mismatch",
      { kind: "mismatch", differences: [{ path: "$.mine", kind: "value" }], signature: "theirs" },
      {
        kind: "mismatch",
        differences: [{ path: "$.mine", kind: "value" }],
        signature: signatureOf([{ path: "$.mine", kind: "value" }]).id,
      },
    ],
    ["a mismatch that says nothing", { kind: "mismatch" }, { kind: "mismatch", differences: [{ path: "$" }] }],
    ["a mismatch of nonsense", { kind: "mismatch", differences: [1, { path: 2 }] }, { differences: [{ path: "$" }] }],
  ])("may give %s", (_, answer, expected) => {
    expect(judging({ compare: () => answer }).of(returned(1), returned(2))).toMatchObject(expected as object);
  });

  it("may list differences that cannot be frozen or read twice: they are copied", () => {
    let reads = 0;
    const odd = {
      get path() {
        return reads++ === 0 ? "$.a" : { not: "a path" };
      },
      kind: "value",
      control: 1,
      note: "is left out",
    };
    const unfrozen = new Proxy({ path: "$.b", kind: "value" }, { preventExtensions: fails });
    const comparison = judging({ compare: () => ({ kind: "mismatch", differences: [odd, unfrozen] }) });
    const { differences } = comparison.of(returned(1), returned(2)) as { differences?: readonly object[] };
    expect(differences?.map((each) => Object.freeze(each))).toEqual([
      { path: "$.a", kind: "value", control: 1 },
      { path: "$.b", kind: "value" },
    ]);
    expect(Object.isFrozen(odd)).toBe(false);
  });

  it.each<[unknown]>([[undefined], [null], [1], ["yes"], [{}], [{ kind: "equal" }], [[]]])(
    "is no help with %o",
    (answer) => {
      expect(judging({ compare: () => answer }).of(returned(1), returned(1))).toMatchObject({ kind: "inconclusive" });
      expect(judging({ compare: { errors: () => answer as never } }).of(threw(1), threw(1))).toMatchObject({
        kind: "inconclusive",
      });
    },
  );

  it("that is asynchronous is inconclusive, and its rejection ends nothing", async () => {
    const { of } = judging({ compare: () => Promise.reject(boom) });
    expect(of(returned(1), returned(1))).toMatchObject({
      kind: "inconclusive",
      reason: expect.stringContaining("promise"),
    });
    // An unhandled rejection would fail this run.
    await new Promise((resolve) => setImmediate(resolve));
  });

  it("that throws is a fault, and inconclusive", () => {
    const values = judging({ compare: fails });
    expect(values.of(returned(1), returned(1))).toEqual({
      kind: "inconclusive",
      reason: "comparer threw",
      error: boom,
    });
    expect(values.faults).toEqual([["compare", boom]]);
    const errors = judging({ compare: { errors: fails } });
    expect(errors.of(threw(1), threw(1))).toMatchObject({ reason: "comparer threw" });
    expect(errors.faults).toEqual([["compare", boom]]);
    const rules = judging({ compare: { normalize: fails } });
    expect(rules.of(returned({ a: 1 }), returned({ a: 2 }))).toMatchObject({ kind: "inconclusive", error: boom });
    expect(rules.faults).toEqual([["normalize", boom]]);
  });
});

describe("known mismatches", () => {
  it("are ignored by the first rule that holds", () => {
    const { of } = judging({
      knownMismatches: [
        { name: "never", when: () => false },
        { name: "small", when: (a: number, b: number) => Math.abs(a - b) < 1 },
        { name: "all", when: () => true },
      ],
    });
    expect(of(returned(1), returned(1.5))).toMatchObject({
      kind: "ignored",
      rule: "small",
      differences: [{ path: "$" }],
    });
    expect(of(returned(1), returned(9))).toMatchObject({ kind: "ignored", rule: "all" });
  });

  it("cost a matching call nothing: rules are asked about mismatches alone", () => {
    let asked = 0;
    const { of } = judging({ knownMismatches: [{ name: "count", when: () => ++asked > 0 }] });
    of(returned(1), returned(1));
    of(returned(1), timedOut);
    expect(asked).toBe(0);
    of(returned(1), returned(2));
    expect(asked).toBe(1);
  });

  it("are named by signature, and by paths that hold every difference", () => {
    const signature = signatureOf([{ path: "$.price", kind: "value", control: 1, candidate: 2 }]).id;
    const bySignature = judging({ knownMismatches: [{ name: "s", signature: ["v2-other", signature] }] });
    expect(bySignature.of(returned({ price: 1 }), returned({ price: 9 }))).toMatchObject({ rule: "s" });
    expect(bySignature.of(returned({ cost: 1 }), returned({ cost: 9 })).kind).toBe("mismatch");
    const byPaths = judging({ knownMismatches: [{ name: "p", paths: ["$.items[*].etag", "**.meta"] }] });
    const value = (etag: number, meta: number, name: string) =>
      returned({ items: [{ etag, meta: { deep: { meta } }, name }] });
    expect(byPaths.of(value(1, 1, "a"), value(2, 2, "a"))).toMatchObject({ kind: "ignored", rule: "p" });
    expect(byPaths.of(value(1, 1, "a"), value(2, 2, "b")).kind).toBe("mismatch");
  });

  const page = (stamp: number, total: number, rows = 60) =>
    returned({ rows: Array.from({ length: rows }, (_, id) => ({ id, updatedAt: stamp })), total });

  it("by paths are decided over all differences, however many are listed", () => {
    const compare = { limits: { timeMs: 60_000 } };
    const { of } = judging({ compare, knownMismatches: [{ name: "clocks", paths: ["**.updatedAt"] }] });
    expect(of(page(1, 5), page(2, 9))).toMatchObject({ kind: "mismatch", moreDifferences: 11 });
    expect(of(page(1, 5), page(2, 5))).toMatchObject({ kind: "ignored", rule: "clocks", moreDifferences: 10 });
    expect(of(page(1, 5, 3_000), page(2, 9, 3_000)).kind).toBe("mismatch");
    expect(of(page(1, 5, 3_000), page(2, 5, 3_000)).kind).toBe("ignored");
  });

  it("by signature are decided over all differences, too", () => {
    const known = signatureOf([{ path: "$.rows[0].updatedAt", kind: "value", control: 1, candidate: 2 }]).id;
    const { of } = judging({ knownMismatches: [{ name: "clocks", signature: known }] });
    expect(of(page(1, 5), page(2, 5)).kind).toBe("ignored");
    expect(of(page(1, 5), page(2, 9)).kind).toBe("mismatch");
  });

  it("are not ignored where a limit ended the walk, or something else is opaque", () => {
    const knownMismatches = [{ name: "clocks", paths: ["**.updatedAt"] }];
    const limited = judging({ knownMismatches, compare: { limits: { nodes: 100 } } });
    expect(limited.of(page(1, 5), page(2, 5))).toEqual({
      kind: "inconclusive",
      reason: 'what was seen is known as "clocks", but not all was seen: more than 100 values',
    });
    const { of } = judging({ knownMismatches });
    const running = (updatedAt: number) => returned({ updatedAt, run: () => updatedAt });
    expect(of(running(1), running(2))).toMatchObject({
      kind: "inconclusive",
      reason: expect.stringContaining("opaque"),
    });
  });

  it("by paths are decided over all that a comparer of one's own lists", () => {
    const differences = Array.from({ length: 60 }, (_, n) => ({
      path: n === 59 ? "$.total" : `$[${n}]`,
      kind: "value",
    }));
    const { of } = judging({
      compare: () => ({ kind: "mismatch", differences }),
      knownMismatches: [{ name: "rows", paths: differences.slice(0, 59).map(({ path }) => path) }],
    });
    const answer = of(returned(1), returned(2));
    expect(answer).toMatchObject({ kind: "mismatch", moreDifferences: 10 });
    differences.pop();
    expect(of(returned(1), returned(2))).toMatchObject({ kind: "ignored", moreDifferences: 9 });
  });

  it("need all the conditions of a rule", () => {
    const { of } = judging({
      knownMismatches: [{ name: "both", paths: ["$.a"], when: (a: { a: number }) => a.a === 1 }],
    });
    expect(of(returned({ a: 1 }), returned({ a: 2 })).kind).toBe("ignored");
    expect(of(returned({ a: 3 }), returned({ a: 2 })).kind).toBe("mismatch");
  });

  it("can be errors too: the third argument has both outcomes", () => {
    const { of } = judging({
      knownMismatches: [
        { name: "throws now", when: (a, b, { candidate }) => a === 1 && b === undefined && candidate.kind === "threw" },
      ],
    });
    expect(of(returned(1), threw(boom))).toMatchObject({ kind: "ignored", rule: "throws now" });
    expect(of(returned(2), threw(boom)).kind).toBe("mismatch");
  });

  it("survive a rule that throws or answers nonsense: a fault, and the next rule is asked", async () => {
    const { of, faults } = judging({
      knownMismatches: [
        { name: "throws", when: fails },
        { name: "promises", when: (() => Promise.reject(boom)) as never },
        { name: "holds", when: () => true },
      ],
    });
    expect(of(returned(1), returned(2))).toMatchObject({ rule: "holds" });
    expect(faults).toEqual([
      ["knownMismatches", boom],
      ["knownMismatches", new TypeError('The known mismatch "promises" returned a promise, not true or false')],
    ]);
    await new Promise((resolve) => setImmediate(resolve));
  });

  it("are known until the rule's end, which is told once", () => {
    const { of, faults } = judging({
      knownMismatches: [{ name: "JIRA-42", when: () => true, until: "2027-01-31", link: "https://j.test/42" }],
    });
    const end = Date.UTC(2027, 0, 31);
    expect(of(returned(1), returned(2), end - 1).kind).toBe("ignored");
    expect(faults).toEqual([]);
    expect(of(returned(1), returned(2), end).kind).toBe("mismatch");
    expect(of(returned(1), returned(2), end + 1).kind).toBe("mismatch");
    expect(faults).toEqual([
      [
        "knownMismatches",
        new Error('The known mismatch "JIRA-42" ended at 2027-01-31T00:00:00.000Z: it is counted as a mismatch again'),
      ],
    ]);
  });
});

describe("a judgement's definition", () => {
  it.each<[unknown, string]>([
    [{ compare: 1 }, "expected `compare` to be rules or a function of both values, got 1"],
    [{ compare: { ignored: [] } }, "unknown option `ignored`"],
    [{ compare: { errors: true } }, "expected `errors` to be a function"],
    [{ knownMismatches: {} }, "expected `knownMismatches` to be a list of known mismatches"],
    [{ knownMismatches: [{ when: () => true }] }, "expected `knownMismatches[0].name` to be a non-empty string"],
    [
      { knownMismatches: [{ name: "a" }] },
      "expected `knownMismatches[0]` to be a rule with `when`, `signature` or `paths`",
    ],
    [{ knownMismatches: [{ name: "a", wen: () => true }] }, "did you mean `knownMismatches[0].when`?"],
    [
      { knownMismatches: [{ name: "a", paths: [] }] },
      "expected `knownMismatches[0].paths` to be a text or a list of them",
    ],
    [{ knownMismatches: [{ name: "a", paths: ["items"] }] }, "At position 0"],
    [{ knownMismatches: [{ name: "a", signature: [""] }] }, "expected `knownMismatches[0].signature[0]`"],
    [
      { knownMismatches: [{ name: "a", when: () => true, until: "soon" }] },
      "expected `knownMismatches[0].until` to be a date",
    ],
  ])("is refused: %o", (definition, message) => {
    expect(() => compileJudgement(definition as JudgementDefinition, 'experiment("x")')).toThrow(message);
    expect(() => compileJudgement(definition as JudgementDefinition, 'experiment("x")')).toThrow('experiment("x"): ');
  });
});

describe("whatever comes", () => {
  it.each(hostile)("$about is judged without throwing", ({ make }) => {
    const rules = judging({ knownMismatches: [{ name: "n", paths: ["$.none"] }] });
    for (const outcome of [returned, threw]) {
      for (const other of [returned(1), threw(1), returned(make()), threw(make())]) {
        expect(rules.of(outcome(make()), other)).toHaveProperty("kind");
        expect(rules.of(other, outcome(make()))).toHaveProperty("kind");
      }
    }
    expect(judging({ compare: () => make() }).of(returned(1), returned(1)).kind).toBe("inconclusive");
  });
});
