import { expect } from "vitest";
import type { FixedClock } from "../../src/testing/fixed-clock.ts";

/** Lets time pass by half seconds, five minutes at most, until something holds; fails where it never does. */
export const passing =
  (clock: FixedClock) =>
  async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    for (let step = 0; step < 600 && !(await holds()); step++) {
      await clock.advanceAsync(500);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await holds()).toBe(true);
  };
