import { describe, expect, it } from "vitest";
import { watching } from "../../../src/rollout/stores/watching.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";

const minute = 60_000;

/** A connection to listen on, which breaks when the test says so. */
function connection() {
  const clock = fixedClock();
  const heard: string[] = [];
  const attempts: number[] = [];
  const is = { open: true, stopped: 0 };
  let end: (() => void) | undefined;
  let tell: (payload: string) => void = () => undefined;
  const stop = watching(
    async (_, onMessage, onEnd) => {
      attempts.push(clock.monotonic());
      if (!is.open) throw new Error("no way to the server");
      [tell, end] = [onMessage, onEnd];
      return Promise.resolve(() => is.stopped++);
    },
    "changes",
    (payload) => heard.push(payload),
    clock,
  );
  return { clock, heard, attempts, is, stop, tell: (payload: string) => tell(payload), end: () => end!() };
}

describe("a watch", () => {
  it("hears what is told, until it is stopped", async () => {
    const { clock, heard, is, stop, tell } = connection();
    await clock.advanceAsync(0);
    tell("one");
    stop();
    tell("two");
    expect(heard).toEqual(["one"]);
    expect(is.stopped).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it("that has ended is begun again within a third of a second, once, however often its end is told", async () => {
    const { clock, heard, attempts, tell, end } = connection();
    await clock.advanceAsync(0);
    end();
    end();
    await clock.advanceAsync(301);
    expect(attempts).toHaveLength(2);
    tell("again");
    expect(heard).toEqual(["again"]);
  });

  it("that cannot be begun is tried for ever, ever more rarely and not at one moment in all processes", async () => {
    const { clock, attempts, heard, is, tell, end } = connection();
    await clock.advanceAsync(0);
    is.open = false;
    end();
    await clock.advanceAsync(60 * minute);
    const waits = attempts.slice(1).map((at, index) => at - attempts[index]!);
    expect(attempts.length).toBeGreaterThan(60);
    expect(attempts.length).toBeLessThan(260);
    expect(waits[0]).toBeLessThanOrEqual(300);
    expect(Math.max(...waits)).toBeGreaterThan(30_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(45_000);
    expect(new Set(waits.slice(20).map(Math.round)).size).toBeGreaterThan(20);
    is.open = true;
    await clock.advanceAsync(45_000);
    tell("back");
    expect(heard).toEqual(["back"]);
    // The next end is a first one again.
    const before = attempts.length;
    end();
    await clock.advanceAsync(301);
    expect(attempts).toHaveLength(before + 1);
  });

  it("that is stopped while it waits is begun no more", async () => {
    const { clock, attempts, stop, end } = connection();
    await clock.advanceAsync(0);
    end();
    stop();
    await clock.advanceAsync(minute);
    expect(attempts).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it("closes a connection that ended before it was open, and takes what closing one comes to", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const clock = fixedClock();
    let closed = 0;
    let attempts = 0;
    const close = (): Promise<never> => Promise.reject(new Error(`close ${++closed}`));
    const closeAtOnce = (): never => {
      closed++;
      throw new Error("closed");
    };
    const stop = watching(
      async (_, __, onEnd) => {
        if (++attempts === 1) onEnd();
        return Promise.resolve(attempts === 1 ? close : closeAtOnce);
      },
      "changes",
      () => undefined,
      clock,
    );
    await clock.advanceAsync(0);
    expect(closed).toBe(1);
    await clock.advanceAsync(301);
    expect(attempts).toBe(2);
    stop();
    expect(closed).toBe(2);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});
