import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/model/backoff.ts";

describe("the wait after failures in a row", () => {
  const backoff = { firstMs: 100, mostMs: 1_000 };

  it("doubles up to its bound, however many there were", () => {
    const waits = [1, 2, 3, 4, 5, 6, 5_000].map((failures) => backoffMs(backoff, failures, () => 1));
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it("is half of the step at least", () => {
    expect(backoffMs(backoff, 3, () => 0)).toBe(200);
  });
});
