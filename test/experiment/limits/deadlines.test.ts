import { describe, expect, it } from "vitest";
import { Deadline, Deadlines } from "../../../src/experiment/limits/deadlines.ts";
import type { Clock } from "../../../src/model/clock.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";

function open(): {
  clock: FixedClock;
  deadlines: Deadlines;
  expired: string[];
  timers: number[];
  item(name: string): Deadline;
} {
  const clock = fixedClock();
  const timers: number[] = [];
  const counting: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, ...rest) => (timers.push(delayMs), clock.after(delayMs, ...rest)),
  };
  const expired: string[] = [];
  const deadlines = new Deadlines(counting, (call) => call());
  return { clock, deadlines, expired, timers, item: (name) => new Deadline(() => void expired.push(name)) };
}

describe("deadlines of one length", () => {
  it("are left by those that are removed, from wherever they stood", () => {
    for (const removed of ["a", "b", "c"]) {
      const { clock, deadlines, expired, item } = open();
      const items = new Map(["a", "b", "c"].map((name) => [name, item(name)]));
      for (const each of items.values()) deadlines.add(each, 10, clock.monotonic());
      deadlines.remove(items.get(removed)!);
      deadlines.remove(items.get(removed)!);
      clock.advance(10);
      expect(expired).toEqual(["a", "b", "c"].filter((name) => name !== removed));
    }
  });

  it("have one timer, set anew for the one that is due next, and none for what is never due", () => {
    const { clock, deadlines, expired, timers, item } = open();
    deadlines.add(item("never"), Infinity, clock.monotonic());
    expect(timers).toEqual([]);
    deadlines.add(item("a"), 10, clock.monotonic());
    clock.advance(4);
    deadlines.add(item("b"), 10, clock.monotonic());
    expect(timers).toEqual([10]);
    clock.advance(6);
    expect(expired).toEqual(["a"]);
    expect(timers).toEqual([10, 4]);
    clock.advance(4);
    expect(expired).toEqual(["a", "b"]);
    expect(timers).toEqual([10, 4]);
    deadlines.expireAll();
    expect(expired).toEqual(["a", "b", "never"]);
  });
});

describe("a deadline that a caller waits for", () => {
  it("keeps the process alive until it is removed, and nothing else does", () => {
    const kept: unknown[] = [];
    const clock: Clock = {
      ...fixedClock(),
      after: (_delayMs, _callback, keepAlive) => {
        kept.push(keepAlive);
        return () => kept.push("cancelled");
      },
    };
    const deadlines = new Deadlines(clock, (call) => call());
    const [one, two, beside] = [1, 2, 3].map(() => new Deadline(() => undefined));
    deadlines.add(beside!, 10, 0);
    deadlines.add(one!, 10, 0, true);
    deadlines.add(two!, 10, 0, true);
    deadlines.remove(one!);
    deadlines.remove(beside!);
    expect(kept).toEqual([false, true]);
    deadlines.remove(two!);
    expect(kept).toEqual([false, true, "cancelled"]);
  });

  it("is due like every other, and when everything ends", () => {
    const { clock, deadlines, expired, item } = open();
    deadlines.add(item("a"), 10, 0, true);
    clock.advance(10);
    deadlines.add(item("b"), 10, 10, true);
    deadlines.expireAll();
    expect(expired).toEqual(["a", "b"]);
    expect(clock.pending).toBe(0);
  });
});

describe("a timer", () => {
  function byHand(): { deadlines: Deadlines; rings: (() => void)[]; time: { ms: number } } {
    const time = { ms: 0 };
    const rings: (() => void)[] = [];
    const clock: Clock = {
      now: () => time.ms,
      monotonic: () => time.ms,
      after: (_delayMs, callback) => (rings.push(callback), () => undefined),
    };
    return { deadlines: new Deadlines(clock, (call) => call()), rings, time };
  }

  it("that never rings is set anew by a later deadline of its length", async () => {
    const { deadlines, rings, time } = byHand();
    const expired: string[] = [];
    deadlines.add(new Deadline(() => expired.push("a")), 30, 0);
    time.ms = 900;
    deadlines.add(new Deadline(() => expired.push("b")), 30, 900);
    expect(rings).toHaveLength(1);
    time.ms = 1_100;
    deadlines.add(new Deadline(() => expired.push("c")), 30, 1_100);
    expect(rings).toHaveLength(2);
    time.ms = 1_130;
    rings[1]!();
    rings[2]!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(expired).toEqual(["a", "b", "c"]);
  });

  it("that is set for what was overdue already lets a pending answer come first", async () => {
    const { deadlines, rings, time } = byHand();
    const expired: string[] = [];
    time.ms = 30;
    deadlines.add(new Deadline(() => expired.push("hangs")), 20, 0);
    time.ms = 50;
    rings[0]!();
    expect(expired).toEqual([]);
    time.ms = 60;
    rings[1]!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(expired).toEqual(["hangs"]);
  });

  it("whose deadline ended in the turn of grace leaves the next one its own time", async () => {
    const { deadlines, rings, time } = byHand();
    const expired: string[] = [];
    const answered = new Deadline(() => expired.push("answered"));
    deadlines.add(answered, 20, 0, true);
    time.ms = 60;
    rings[0]!();
    time.ms = 100;
    rings[1]!();
    deadlines.remove(answered);
    deadlines.add(new Deadline(() => expired.push("next")), 20, 60, true);
    await new Promise((resolve) => setImmediate(resolve));
    expect({ expired, timers: rings.length }).toEqual({ expired: [], timers: 3 });
  });

  it("that rings after a pause of the event loop lets pending answers come first, once", async () => {
    const { deadlines, rings, time } = byHand();
    const expired: string[] = [];
    const answered = new Deadline(() => expired.push("answered"));
    deadlines.add(answered, 100, 0);
    deadlines.add(new Deadline(() => expired.push("hangs")), 100, 0);
    time.ms = 400;
    rings[0]!();
    expect(expired).toEqual([]);
    deadlines.remove(answered);
    time.ms = 9_000;
    rings[1]!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(expired).toEqual(["hangs"]);
    expect(rings).toHaveLength(2);
  });

  it("that rings early, since the event loop was blocked before it was set, lets pending answers come first", async () => {
    const { deadlines, rings, time } = byHand();
    const expired: string[] = [];
    const answered = new Deadline(() => expired.push("answered"));
    time.ms = 30;
    deadlines.add(answered, 20, 0);
    deadlines.add(new Deadline(() => expired.push("hangs")), 20, 0);
    // By the loop's own time, which is that of the turn in which it was set.
    rings[0]!();
    expect(expired).toEqual([]);
    deadlines.remove(answered);
    time.ms = 60;
    rings[1]!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(expired).toEqual(["hangs"]);
  });
});
