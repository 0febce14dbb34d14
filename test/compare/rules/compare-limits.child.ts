import { compare } from "../../../src/compare/index.ts";

// Run in a process of its own with a heap of 128 MB; prints one line a case.
// Whether it is over in time is the machine's affair, save where an answer is asked for.
const limitsOf = (name: string): { timeMs: number } => ({
  timeMs: name.startsWith("a depth") || name.endsWith("shared references") ? 10_000 : 300,
});

function cycle(end: number): unknown {
  const head: Record<string, unknown> = { end };
  head["list"] = [head, new Map([["self", head]])];
  return head;
}

function deep(levels: number, end: unknown): unknown {
  let value = end;
  for (let level = 0; level < levels; level++) value = { below: value };
  return value;
}

function shared(levels: number, end: unknown): unknown {
  let value = end;
  for (let level = 0; level < levels; level++) value = { left: value, right: value };
  return value;
}

function numbers(change: number): number[] {
  const list = Array.from({ length: 1_000_000 }, (_, index) => index);
  list[change] = -1;
  return list;
}

const cases: Readonly<Record<string, () => readonly [unknown, unknown]>> = {
  "equal cycles": () => [cycle(1), cycle(1)],
  "different cycles": () => [cycle(1), cycle(2)],
  "a depth of 100 000": () => [deep(100_000, 1), deep(100_000, 1)],
  "a depth of 100 000, different": () => [deep(100_000, 1), deep(100_000, 2)],
  "equal shared references": () => [shared(40, 1), shared(40, 1)],
  "different shared references": () => [shared(40, 1), shared(40, 2)],
  "a million equal numbers": () => [numbers(0), numbers(0)],
  "a million numbers, two different": () => [numbers(0), numbers(999_999)],
  "a million numbers and none": () => [numbers(0), []],
  "a million objects": () => [numbers(0).map((id) => ({ id })), numbers(9).map((id) => ({ id }))],
};

for (const [name, pair] of Object.entries(cases)) {
  const [control, candidate] = pair();
  const answers = [undefined, { unordered: ["**"] }, { ignore: ["**.nothing"], tolerance: 1e-9 }].map((rules) => {
    const answer = compare(control, candidate, { ...rules, limits: limitsOf(name) });
    return answer.kind === "mismatch" ? `${answer.kind} ${answer.signature.slice(0, 3)}` : answer.kind;
  });
  console.log(`${name}: ${answers.join(", ")}`);
}
