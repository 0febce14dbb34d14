import { describe, expect, it } from "vitest";
import { surelyEqual } from "../../src/compare/equality/surely-equal.ts";
import { answerOf } from "./equality-page.ts";
import { table } from "./equality-table.ts";

describe("the table of equality", () => {
  it("has at least 150 pairs", () => {
    expect(table.length).toBeGreaterThanOrEqual(150);
  });

  it.each(table.map((row) => ({ ...row, name: `${row.group}: ${row.about}` })))(
    "$name: $answer",
    ({ pair, answer }) => {
      const [control, candidate] = pair();
      expect(answerOf(control, candidate)).toBe(answer);
      const [first, second] = pair();
      expect(answerOf(second, first), "in the other order").toBe(answer);
      const [nested, nestedToo] = pair();
      expect(answerOf({ list: [nested] }, { list: [nestedToo] }), "nested").toBe(answer);
    },
  );

  it.each(table.filter((row) => row.answer !== "equal"))("the gate never lets through: $about", ({ pair }) => {
    const [control, candidate] = pair();
    expect(surelyEqual(control, candidate)).toBe(false);
    expect(surelyEqual([{ a: candidate }], [{ a: control }])).toBe(false);
  });
});
