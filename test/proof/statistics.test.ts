import { describe, expect, it } from "vitest";
import { findings } from "./statistics/table.ts";

describe("what the verdict promises, simulated", () => {
  it("holds in a small draw of `npm run proof:statistics`", () => {
    expect([...findings(0.01)].filter(({ holds }) => !holds)).toEqual([]);
  });
});
