import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock, type Clock } from "../../../src/model/clock.ts";
import { surroundings } from "../../../src/experiment/runtime/current-run.ts";
import { safeClock, safeRandom } from "../../../src/experiment/runtime/safe-clock.ts";
import { turn } from "../../proof/held.ts";

const boom = new Error("boom");
const fail = (): never => {
  throw boom;
};

function safe(parts: Partial<Record<keyof Clock, unknown>>) {
  const faults: unknown[] = [];
  const clock = { now: () => 1, monotonic: () => 1, after: () => () => undefined, ...parts } as Clock;
  return { given: clock, clock: safeClock(clock, (error) => faults.push(error)), faults };
}

function random(source: (...args: unknown[]) => unknown) {
  const faults: unknown[] = [];
  return { draw: safeRandom(source as () => number, (error) => faults.push(error)), faults };
}

describe("a safe clock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is the system's own where that is given", () => {
    expect(safeClock(systemClock, fail)).toBe(systemClock);
  });

  it("asks the given clock as its method, outside of every experiment", () => {
    const asked: unknown[] = [];
    const cancel = (): void => undefined;
    const callback = (): void => undefined;
    const methods = {
      now(...args: unknown[]): number {
        return (asked.push(this, surroundings(), args), 7);
      },
      monotonic(...args: unknown[]): number {
        return (asked.push(this, surroundings(), args), -3);
      },
      after(...args: unknown[]): () => void {
        asked.push(this, surroundings(), args);
        return cancel;
      },
    };
    const { clock, given, faults } = safe(methods);
    expect([clock.now(), clock.monotonic(), clock.after(5, callback, true)]).toEqual([7, -3, cancel]);
    const times = [given, "detached", []];
    expect(asked).toEqual([...times, ...times, given, "detached", [5, callback, true]]);
    expect(faults).toEqual([]);
  });

  it.each([
    ["throws", fail, boom],
    ["gives no number", () => "12", new TypeError("`clock.now` returned no finite number")],
    ["gives NaN", () => NaN, new TypeError("`clock.now` returned no finite number")],
    ["gives Infinity", () => Infinity, new TypeError("`clock.now` returned no finite number")],
    ["gives a promise", () => Promise.reject(boom), new TypeError("`clock.now` returned no finite number")],
  ])("answers with the system's time where the given one %s, and that is a fault", async (_, now, fault) => {
    const { clock, faults } = safe({ now });
    expect(clock.now()).toBe(1_000_000);
    expect(faults).toEqual([fault]);
    vi.useRealTimers();
    await turn();
  });

  it("answers with the system's durations, too", () => {
    const { clock, faults } = safe({ monotonic: () => undefined });
    const before = performance.now();
    expect(clock.monotonic()).toBeGreaterThanOrEqual(before);
    expect(faults).toEqual([new TypeError("`clock.monotonic` returned no finite number")]);
  });

  it("never runs back where durations are measured, and may where the time of day is told", () => {
    const times = [5, 3, 8];
    const { clock } = safe({ monotonic: () => times.shift(), now: () => times.length });
    expect([clock.monotonic(), clock.monotonic(), clock.monotonic()]).toEqual([5, 5, 8]);
    times.push(1, 1);
    expect(clock.now()).toBe(2);
    times.pop();
    expect(clock.now()).toBe(1);
  });

  it.each([
    ["throws", fail, boom],
    ["gives nothing to cancel with", () => 5, new TypeError("`clock.after` returned no function to cancel with")],
    ["gives a promise", () => Promise.reject(boom), new TypeError("`clock.after` returned no function to cancel with")],
  ])("sets the system's timer where the given one %s, and that is a fault", async (_, after, fault) => {
    const { clock, faults } = safe({ after });
    const rung: string[] = [];
    clock.after(1, () => rung.push("first"));
    clock.after(2, () => rung.push("second"))();
    vi.useRealTimers();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(rung).toEqual(["first"]);
    expect(faults).toEqual([fault, fault]);
  });
});

describe("safe random numbers", () => {
  it("are the system's where none are given", () => {
    const draws = Array.from({ length: 100 }, safeRandom(undefined, fail));
    expect(new Set(draws).size).toBeGreaterThan(90);
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });

  it("are what is given, from 0 up to 1, asked for outside of every experiment", () => {
    const asked: unknown[] = [];
    const numbers = [0, 0.5, 0.999];
    const { draw, faults } = random((...args) => (asked.push(surroundings(), ...args), numbers.shift()));
    expect([draw(), draw(), draw()]).toEqual([0, 0.5, 0.999]);
    expect(asked).toEqual(["detached", "detached", "detached"]);
    expect(faults).toEqual([]);
  });

  const none = new TypeError("`random` returned no number from 0 up to 1");
  it.each([
    ["1", () => 1, none],
    ["a negative number", () => -0.1, none],
    ["NaN", () => NaN, none],
    ["no number", () => "0.5", none],
    ["a promise", () => Promise.reject(boom), none],
    ["an error", fail, boom],
  ])("draw nothing where the source gives %s, each time anew, and that is a fault", async (_, source, fault) => {
    const { draw, faults } = random(source);
    expect([draw(), draw()]).toEqual([1, 1]);
    expect(faults).toEqual([fault, fault]);
    await turn();
  });

  it("draw nothing while the source itself asks for one", () => {
    let inner: number | undefined;
    const { draw, faults } = random(() => {
      inner = draw();
      return 0.25;
    });
    expect([draw(), inner]).toEqual([0.25, 1]);
    expect(draw()).toBe(0.25);
    expect(faults).toEqual([]);
  });
});
