// Run by render.test.ts with a heap of 128 MB: what must not exhaust memory, from capture to the drawing.
import { capture } from "../../src/compare/copy/capture.ts";
import { compileJudgement, judge } from "../../src/compare/judge.ts";
import { signatureOf } from "../../src/compare/signature.ts";
import type { Result } from "../../src/model/result.ts";
import { renderHtml, renderText } from "../../src/render/index.ts";
import { deep, shared } from "../compare/hostile.ts";

function cyclic(leaf: number): unknown {
  const value: Record<string, unknown> = { leaf };
  value.self = { up: value };
  return value;
}

const large = (first: number): unknown => Array.from({ length: 1_000_000 }, (_, index) => index + first);

const pairs: readonly (readonly [string, unknown, unknown])[] = [
  ["cycles", cyclic(1), cyclic(2)],
  ["deep", deep(100_000), [deep(100_000)]],
  ["shared", { value: shared(40), n: 1 }, { value: shared(40), n: 2 }],
  ["large", large(0), large(1)],
];

for (const [about, control, candidate] of pairs) {
  const outcome = { kind: "returned", value: capture(control).value } as const;
  const other = { kind: "returned", value: capture(candidate).value } as const;
  const comparison = judge(outcome, other, compileJudgement({}, "child"), 0);
  if ("differences" in comparison) signatureOf(comparison.differences);
  const seen = { evidence: "captured", durationMs: 1, syncMs: 1, offsetMs: 0 } as const;
  const result: Result = {
    id: "1",
    experiment: about,
    startedAt: 0,
    served: "control",
    context: { control, candidate },
    control: { name: "control", outcome, ...seen },
    candidates: [{ name: "candidate", outcome: other, ...seen, comparison }],
    kind: comparison.kind,
  };
  const text = await renderText(result);
  const html = await renderHtml(result);
  if (text.length > 500_000 || html.length > 1_000_000)
    throw new Error(`${about}: ${text.length}, ${html.length} characters`);
  console.log(about);
}
console.log("done");
