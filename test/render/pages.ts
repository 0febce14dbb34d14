import { compileJudgement, judge, type JudgementDefinition } from "../../src/compare/judge.ts";
import type { Outcome } from "../../src/model/observation.ts";
import type { Result } from "../../src/model/result.ts";

export const returned = (value: unknown): Outcome => ({ kind: "returned", value });

/** A result as an experiment makes it, from two outcomes. */
export function resultOf(control: Outcome, candidate: Outcome, options: JudgementDefinition = {}): Result {
  const comparison = judge(control, candidate, compileJudgement(options, "x"), 0);
  const seen = { evidence: "live", durationMs: 1.5, syncMs: 1, offsetMs: 0 } as const;
  return {
    id: "r-1",
    experiment: "price",
    startedAt: 0,
    served: "control",
    context: { cart: 7 },
    control: { name: "control", outcome: control, ...seen },
    candidates: [{ name: "candidate", outcome: candidate, ...seen, comparison }],
    kind: comparison.kind,
  };
}

export function differ(control: unknown, candidate: unknown, options?: JudgementDefinition): Result {
  return resultOf(returned(control), returned(candidate), options);
}

class Order {
  id = 7;
  total = 12;
}

const order = {
  id: 7,
  customer: { name: "Ada", mail: "ada@example.com" },
  lines: [{ sku: "a", price: 10 }],
  total: 10,
};
const rows = Array.from({ length: 8 }, (_, id) => ({ id, name: `row ${id}` }));
const text = Array.from({ length: 400 }, (_, index) => `word${index}`).join(" ");

function nested(depth: number, leaf: unknown): unknown {
  let value = leaf;
  for (let level = 0; level < depth; level++) value = { child: value };
  return value;
}

/** What a person has to be able to read when it is drawn in a browser: one page of each kind. */
export const pages: Readonly<Record<string, Result>> = {
  typical: differ(order, { ...order, lines: [{ sku: "a", price: 12 }], total: 12 }),
  hostile: differ(
    { "<script>alert(1)</script>": "</style><img src=x onerror=alert(1)>", note: "\"&amp;'" },
    { "<script>alert(1)</script>": "</pre></section><b>bold</b>", note: "\"&lt;'" },
  ),
  bidi: differ(
    { title: "שלום עולם", path: "user\u202Egnp.exe", مفتاح: "قيمة", plain: "after" },
    { title: "שלום, עולם!", path: "user.exe", مفتاح: "قيمة أخرى", plain: "before" },
  ),
  "long-text": differ({ body: text, url: `https://example.com/${"a".repeat(600)}` }, { body: text.replace("word300", "WORD300"), url: `https://example.com/${"a".repeat(599)}b` }), // prettier-ignore
  "thousand-differences": differ(
    Array.from({ length: 1_000 }, (_, index) => index),
    Array.from({ length: 1_000 }, (_, index) => index + 10_000),
    // However slow the machine is.
    { compare: { limits: { timeMs: Infinity } } },
  ),
  deep: differ(nested(60, { value: 1 }), nested(60, { value: 2 })),
  ignored: differ(
    { ...order, updatedAt: "2026-01-01", lines: rows },
    { ...order, updatedAt: "2026-01-02", lines: rows, total: 11 },
    {
      compare: { ignore: ["$.updatedAt"] },
      knownMismatches: [{ name: "JIRA-42 rounding", paths: ["$.total"] }],
    },
  ),
  "inserted-row": differ(rows, [...rows.slice(0, 3), { id: 99, name: "inserted" }, ...rows.slice(3)]),
  invisible: differ(
    { nbsp: "1\u00A0000", accent: "\u00E9", soft: "co-op", spaces: "a b", variation: "☎" },
    { nbsp: "1\u202F000", accent: "e\u0301", soft: "co\u00AD-op", spaces: "a  b", variation: "☎\uFE0F" },
  ),
  types: differ(
    { id: 1, at: new Date(0), tags: new Set(["a"]), order: new Order(), map: new Map([["k", 1]]), big: 1n, none: null, gone: 1, bytes: new Uint8Array([1, 2]), failed: new TypeError("no") }, // prettier-ignore
    { id: "1", at: "1970-01-01T00:00:00.000Z", tags: ["a"], order: { id: 7, total: 13 }, map: new Map([["k", 2]]), big: 1, none: undefined, extra: true, bytes: new Uint8Array([1, 3]), failed: new RangeError("no") }, // prettier-ignore
  ),
};
