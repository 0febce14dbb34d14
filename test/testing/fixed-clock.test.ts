import { describe, expect, it } from "vitest";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";

describe("fixedClock", () => {
  it("stands still until it is advanced", () => {
    const clock = fixedClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  it("runs timers in the order in which they fall due, those armed on the way included", () => {
    const clock = fixedClock();
    const rung: string[] = [];
    clock.after(20, () => rung.push(`late at ${clock.monotonic()}`));
    clock.after(10, () => {
      rung.push(`early at ${clock.monotonic()}`);
      clock.after(5, () => rung.push(`armed at ${clock.monotonic()}`));
    });
    clock.advance(30);
    expect(rung).toEqual(["early at 10", "armed at 15", "late at 20"]);
    expect(clock.pending).toBe(0);
  });

  it("does not run what was cancelled or lies beyond", () => {
    const clock = fixedClock();
    const rung: string[] = [];
    clock.after(10, () => rung.push("cancelled"))();
    clock.after(11, () => rung.push("beyond"));
    clock.advance(10);
    expect(rung).toEqual([]);
    expect(clock.pending).toBe(1);
  });

  it("lets promises settle between timers when asked to", async () => {
    const clock = fixedClock();
    const seen: string[] = [];
    const wait = (durationMs: number): Promise<void> => new Promise((resolve) => clock.after(durationMs, resolve));
    void (async () => {
      await wait(10);
      await Promise.resolve();
      seen.push(`first at ${clock.monotonic()}`);
      await wait(10);
      seen.push(`second at ${clock.monotonic()}`);
    })();
    await clock.advanceAsync(20);
    expect(seen).toEqual(["first at 10", "second at 20"]);
  });
});

describe("seededRandom", () => {
  it("repeats itself with the same seed and not with another", () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it("is even: the mean of 10 000 draws lies within 0.02 of a half", () => {
    const random = seededRandom(7);
    let sum = 0;
    for (let index = 0; index < 10_000; index++) sum += random();
    expect(Math.abs(sum / 10_000 - 0.5)).toBeLessThan(0.02);
  });
});
