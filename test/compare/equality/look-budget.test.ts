import { beforeEach, describe, expect, it } from "vitest";
import { defaultCallerMs, LookBudget } from "../../../src/compare/equality/look-budget.ts";

describe("the budget of a look", () => {
  let now = 0;
  const clock = (): number => now;
  const budget = new LookBudget();
  beforeEach(() => {
    now = 100;
    budget.begin(5, clock);
  });

  it("has slots until the clock is looked at, and knows no time before", () => {
    expect(defaultCallerMs).toBe(2);
    expect(budget.slotsLeft).toBe(4_096);
    expect(budget.isCutShort).toBe(false);
    expect(budget.until).toEqual({ until: undefined, isLate: false });
  });

  it("has its time from the first look at the clock, the last millisecond included", () => {
    expect(budget.timeIsUp()).toBe(false);
    expect(budget.until).toEqual({ until: 105, isLate: false });
    now = 105;
    expect(budget.timeIsUp()).toBe(false);
    now = 106;
    expect(budget.timeIsUp()).toBe(true);
    expect(budget.until).toEqual({ until: 105, isLate: true });
  });

  it("goes on with new slots while time is left", () => {
    budget.slotsLeft = -1;
    expect(budget.runsOut()).toBe(false);
    expect(budget.slotsLeft).toBe(4_096);
    now = 106;
    budget.slotsLeft = -1;
    expect(budget.runsOut()).toBe(true);
    expect(budget.isCutShort).toBe(true);
  });

  it("ends after a million slots, whether they come at once or a few at a time", () => {
    budget.slotsLeft = -1_000_001;
    expect(budget.runsOut()).toBe(true);
    budget.begin(5, clock);
    expect(budget.isCutShort).toBe(false);
    let rounds = 0;
    do {
      rounds++;
      budget.slotsLeft = -1;
    } while (!budget.runsOut());
    expect(rounds).toBe(Math.floor(1_000_000 / 4_096) + 1);
    expect(budget.isCutShort).toBe(true);
    // What is many times the slots of a round counts as so many rounds.
    budget.begin(5, clock);
    budget.slotsLeft = -900_000;
    expect(budget.runsOut()).toBe(false);
    budget.slotsLeft = -100_000;
    expect(budget.runsOut()).toBe(true);
  });

  it("guesses from the listing of symbols how long that of keys took, and will take", () => {
    now = 100.2;
    // The symbols took 0.2 ms, so that the keys that were listed before them took 2 ms, and control's will.
    expect(budget.listingEndsLate(100)).toBe(false);
    expect(budget.until.until).toBeCloseTo(103);
    budget.begin(5, clock);
    now = 100.3;
    expect(budget.listingEndsLate(100)).toBe(true);
    expect(budget.until.isLate).toBe(true);
    budget.begin(5, clock);
    now = 100;
    budget.timeIsUp();
    now = 104;
    expect(budget.listingEndsLate(103.9)).toBe(false);
    expect(budget.until.until).toBe(105);
  });

  it("takes the clock that each look brings", () => {
    budget.begin(5, () => 7);
    budget.timeIsUp();
    expect(budget.until.until).toBe(12);
  });
});
