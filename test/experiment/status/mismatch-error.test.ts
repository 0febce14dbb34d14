import { describe, expect, it, vi } from "vitest";
import { MismatchError, SidelaneError, type CandidateObservation, type Difference } from "../../../src/index.ts";
import { aResult } from "../../../src/testing/index.ts";

function differencesAt(...paths: readonly [string, ...string[]]): readonly [Difference, ...Difference[]] {
  return paths.map((path): Difference => ({ path, kind: "value" })) as [Difference, ...Difference[]];
}

function mismatching(parts: Partial<CandidateObservation>, ...paths: string[]): Partial<CandidateObservation> {
  const differences = differencesAt("$", ...paths);
  return { ...parts, comparison: { kind: "mismatch", differences, signature: "s" } };
}

function throwing(error: unknown): Partial<CandidateObservation> {
  return mismatching({ outcome: { kind: "threw", error } });
}

function errorWith(stack: unknown): Error {
  return Object.defineProperty(new TypeError("no luck"), "stack", { value: stack });
}

describe("the message of a MismatchError", () => {
  it("shows control and each candidate that mismatches, and where", () => {
    const error = new MismatchError(
      aResult({
        experiment: 'the "price"',
        candidates: [
          mismatching({ name: "rules" }, "$.total"),
          { name: "sql", comparison: { kind: "match" } },
          mismatching({ name: "omitted", outcome: { kind: "returned", value: undefined }, evidence: "omitted" }),
          mismatching({ name: "late", outcome: { kind: "timed-out", afterMs: 12.345 } }),
        ],
      }),
    );
    expect(error.message).toBe(`experiment "the \\"price\\"" mismatched
control:
  { id: 42, name: "Ada", total: 12.5 }
rules:
  { id: 42, name: "Ada", total: 13 }
differences:
  $ (value)
  $.total (value)
omitted:
  (left out)
differences:
  $ (value)
late:
  timed out after 12.3 ms
differences:
  $ (value)`);
  });

  it("lists ten differences, and says how many more there are", () => {
    const paths = Array.from({ length: 11 }, (_, index) => `$[${index}]`);
    const ten = new MismatchError(aResult({ candidates: [mismatching({}, ...paths.slice(0, 9))] })).message;
    expect(ten).toMatch(/ {2}\$\[8\] \(value\)$/);
    const twelve = new MismatchError(aResult({ candidates: [mismatching({}, ...paths)] })).message;
    expect(twelve).toBe(`${ten}\n  … 2 more (10 of 12 shown)`);
  });

  it("says what each side has there, but for what `clean` keeps back", () => {
    const differences = [
      { path: "$.total", kind: "value", control: "1\u00a0234 €", candidate: "1 234 €" },
      { path: "$.tax", kind: "removed", control: 2 },
    ] as const;
    const comparison = { kind: "mismatch", differences, signature: "s", moreDifferences: 7 } as const;
    expect(new MismatchError(aResult({ candidates: [{ comparison }] })).message).toMatch(
      /\n {2}\$\.total \(value\) {2}"1⟨U\+00A0⟩234 €" → "1 234 €"\n {2}\$\.tax \(removed\) {2}2\n {2}… 7 more \(2 of 9 shown\)$/,
    );
    for (const evidence of ["cleaned", "omitted"] as const) {
      const { message } = new MismatchError(aResult({ candidates: [{ comparison, evidence }] }));
      expect(message).toContain("\n  $.total (value)\n  $.tax (removed)\n");
    }
  });

  it("shows what was thrown, with the first five places of its stack", () => {
    const frames = Array.from({ length: 7 }, (_, index) => `at place${index} (file.js:${index}:1)`);
    const stack = ["TypeError: no luck", "that was made at noon", ...frames.map((frame) => `\t  ${frame}  `)].join(
      "\n",
    );
    const { message } = new MismatchError(aResult({ candidates: [throwing(errorWith(stack))] }));
    expect(message).toBe(`experiment "find-user" mismatched
control:
  { id: 42, name: "Ada", total: 12.5 }
candidate threw:
  TypeError { message: "no luck" }
    at place0 (file.js:0:1)
    at place1 (file.js:1:1)
    at place2 (file.js:2:1)
    at place3 (file.js:3:1)
    at place4 (file.js:4:1)
differences:
  $ (value)`);
  });

  it.each([
    ["an error without a stack", errorWith(undefined)],
    ["an error whose stack is no text", errorWith(5)],
    ["what is no error", { stack: "Error\n    at somewhere" }],
    [
      "an error whose stack cannot be read",
      Object.defineProperty(new Error("no luck"), "stack", {
        get: () => {
          throw new Error("refused");
        },
      }),
    ],
  ])("has no places of %s", (_, thrown) => {
    const { message } = new MismatchError(aResult({ candidates: [throwing(thrown)] }));
    expect(message).toMatch(/^candidate threw:\n {2}.+\ndifferences:$/m);
  });

  it("shortens long values", () => {
    const long = { kind: "returned", value: "x".repeat(1_000) } as const;
    const { message } = new MismatchError(aResult({ control: { outcome: long }, candidates: [mismatching({})] }));
    expect(message.split("\n")[2]).toBe(`  "${"x".repeat(198)}…`);
  });
});

describe("a MismatchError", () => {
  it("is plain data to be printed or sent: no values, only where they differ", () => {
    const result = aResult({
      experiment: "price",
      candidates: [
        mismatching({ name: "rules" }, "$.total"),
        { name: "sql", comparison: { kind: "match" } },
        mismatching({ name: "new" }),
      ],
    });
    const error = new MismatchError(result);
    expect(error).toBeInstanceOf(SidelaneError);
    expect(error.result).toBe(result);
    expect(Object.keys(error)).not.toContain("result");
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "MismatchError",
      code: "mismatch",
      message: error.message,
      experiment: "price",
      id: result.id,
      differences: [
        { candidate: "rules", path: "$", kind: "value" },
        { candidate: "rules", path: "$.total", kind: "value" },
        { candidate: "new", path: "$", kind: "value" },
      ],
    });
  });
});

it("is one also for another copy of the package, and no other error of ours is", async () => {
  vi.resetModules();
  const other = await import("../../../src/experiment/status/mismatch-error.ts");
  expect(other.MismatchError).not.toBe(MismatchError);
  const error: unknown = new other.MismatchError(aResult());
  expect(error instanceof MismatchError).toBe(true);
  expect(error instanceof SidelaneError).toBe(true);
  expect(new SidelaneError("name-taken", "taken") instanceof MismatchError).toBe(false);
  class Special extends MismatchError {}
  expect(error instanceof Special).toBe(false);
});
