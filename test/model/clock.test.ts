import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/model/clock.ts";

describe("the system's clock", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("goes on by itself while a test suite fakes timers; only the time of day is the faked one", async () => {
    const before = systemClock.monotonic();
    vi.useFakeTimers({ now: 1_000_000 });
    vi.advanceTimersByTime(3_600_000);
    expect(systemClock.monotonic() - before).toBeLessThan(3_000_000);
    expect(systemClock.now()).toBe(4_600_000);
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
  });

  it("goes on where a test suite has `performance.now` stand still", () => {
    const before = systemClock.monotonic();
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const during = systemClock.monotonic();
    now.mockRestore();
    expect(during).toBeGreaterThanOrEqual(before);
    expect(before).toBeGreaterThan(0);
  });

  it.each([
    ["none", undefined],
    ["one that tells no time", {}],
  ])("takes the time of day where a runtime has no `performance`: %s", async (_about, performance) => {
    vi.stubGlobal("performance", performance);
    vi.resetModules();
    const { systemClock: loaded } = await import("../../src/model/clock.ts");
    vi.unstubAllGlobals();
    expect(Math.abs(loaded.monotonic() - Date.now())).toBeLessThan(1_000);
  });

  it("calls back once, unless it is cancelled, and not before its time", async () => {
    const rung: string[] = [];
    const startedAt = systemClock.monotonic();
    const cancel = systemClock.after(5, () => rung.push("cancelled"));
    cancel();
    await new Promise<void>((resolve) => systemClock.after(10, () => resolve(void rung.push("rings"))));
    expect(systemClock.monotonic() - startedAt).toBeGreaterThan(9);
    expect(rung).toEqual(["rings"]);
  });

  it("waits 24.8 days for what is later still, where a timer would ring at once", async () => {
    const rung: string[] = [];
    const cancel = systemClock.after(2 ** 40, () => rung.push("rings"));
    await new Promise<void>((resolve) => systemClock.after(10, resolve));
    cancel();
    expect(rung).toEqual([]);
  });

  it.each([
    ["is not there", undefined],
    [
      "throws",
      {
        now: (): never => {
          throw new Error("not here");
        },
        eventLoopUtilization: (): never => {
          throw new Error("not here");
        },
      },
    ],
    ["returns no number", { now: (): undefined => undefined }],
  ])(
    "is the time of day where `performance` %s, and calls are answered and compared all the same",
    async (_, stand) => {
      vi.stubGlobal("performance", stand);
      vi.resetModules();
      try {
        const { Laboratory } = await import("../../src/index.ts");
        const lab = new Laboratory({ publishers: [] });
        const call = lab.experiment("x", { control: async () => ({ a: [1] }), candidate: async () => ({ a: [2] }) });
        expect(await call()).toEqual({ a: [1] });
        await lab.settled();
        expect(lab.status().experiments["x"]).toMatchObject({ mismatched: 1, faults: {} });
        await lab.close();
      } finally {
        vi.unstubAllGlobals();
        vi.resetModules();
      }
    },
  );
});
