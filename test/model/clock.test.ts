import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/model/clock.ts";

describe("the system's clock", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("goes with fake timers while there are some, and on by itself before and after", () => {
    const before = systemClock.monotonic();
    vi.useFakeTimers();
    const faked = systemClock.monotonic();
    vi.advanceTimersByTime(3_600_000);
    expect(systemClock.monotonic() - faked).toBe(3_600_000);
    vi.useRealTimers();
    const after = systemClock.monotonic();
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after - before).toBeLessThan(3_600_000);
  });

  it("calls back once, unless it is cancelled, and not before its time", () => {
    vi.useFakeTimers();
    const rung: string[] = [];
    systemClock.after(10, () => rung.push("rings"));
    const cancel = systemClock.after(10, () => rung.push("cancelled"));
    cancel();
    vi.advanceTimersByTime(9);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(rung).toEqual(["rings"]);
  });

  it("waits 24.8 days for what is later still, where a timer would ring at once", () => {
    vi.useFakeTimers();
    const rung: string[] = [];
    systemClock.after(2 ** 40, () => rung.push("rings"));
    vi.advanceTimersByTime(1_000);
    expect(rung).toEqual([]);
  });
});
