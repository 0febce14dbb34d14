import { describe, expect, it } from "vitest";
import { CandidateBreaker } from "../../src/experiment/limits/circuit-breaker.ts";
import { CpuBudget } from "../../src/experiment/limits/cpu-budget.ts";

describe("a breaker that let a call in which did not take place", () => {
  it("stays closed where it was closed", () => {
    const breaker = new CandidateBreaker(1, 1_000);
    expect(breaker.admits(0)).toBe(true);
    breaker.release(0);
    expect(breaker.state).toBe("closed");
  });

  it("lets the very next call be the probe", () => {
    const breaker = new CandidateBreaker(1, 1_000);
    breaker.failed(0);
    expect(breaker.admits(1_000)).toBe(true);
    breaker.release(1_000);
    expect(breaker.state).toBe("open");
    expect(breaker.admits(1_000)).toBe(true);
    expect(breaker.state).toBe("half-open");
  });

  it("lets another probe in after ten minutes, when the first never ends", () => {
    const breaker = new CandidateBreaker(1, 1_000);
    breaker.failed(0);
    breaker.admits(1_000);
    expect(breaker.admits(600_999)).toBe(false);
    expect(breaker.admits(601_000)).toBe(true);
  });
});

describe("a share of the loop's time", () => {
  it("is spent when nothing is left of it, and comes back at its rate, up to 50 ms", () => {
    const budget = new CpuBudget(0.01);
    expect(budget.has(0)).toBe(true);
    expect(budget.restMs).toBe(0);
    budget.spend(50);
    expect(budget.has(0)).toBe(false);
    budget.spend(10);
    expect(budget.restMs).toBe(1_000);
    expect(budget.has(1_000)).toBe(false);
    expect(budget.has(1_001)).toBe(true);
    expect(budget.has(1_000_000)).toBe(true);
    budget.spend(50);
    expect(budget.has(1_000_000)).toBe(false);
  });

  it("of nothing never comes back", () => {
    const budget = new CpuBudget(0);
    budget.spend(51);
    expect(budget.restMs).toBe(Infinity);
    expect(budget.has(1e9)).toBe(false);
  });
});
