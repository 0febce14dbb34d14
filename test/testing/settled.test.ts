import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { fixedClock, memoryPublisher, settled } from "../../src/testing/index.ts";

describe("settled", () => {
  it("resolves at once where nothing runs", async () => {
    await settled(new Laboratory());
  });

  it("waits for candidates, for comparing and for publishers, without a clock that moves", async () => {
    const memory = memoryPublisher();
    const lab = new Laboratory({ publishers: [memory], clock: fixedClock() });
    let answer!: (value: number) => void;
    const slow = new Promise<number>((resolve) => (answer = resolve));
    const price = lab.experiment("price", { control: async () => 1, candidate: () => slow });
    expect(await price()).toBe(1);
    let done = false;
    const waiting = settled(lab).then(() => (done = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    answer(2);
    await waiting;
    expect(memory.results.map(({ kind }) => kind)).toEqual(["mismatch"]);
  });

  it("waits for deferred candidates", async () => {
    const memory = memoryPublisher();
    const lab = new Laboratory({ publishers: [memory] });
    const price = lab.experiment("price", {
      control: async () => 1,
      candidate: async () => 1,
      execution: "deferred",
    });
    await Promise.all([price(), price()]);
    expect(memory.results).toEqual([]);
    await settled(lab);
    expect(memory.results).toHaveLength(2);
  });

  it("waits for a candidate that hangs until its time is up", async () => {
    const clock = fixedClock();
    const memory = memoryPublisher();
    const lab = new Laboratory({ publishers: [memory], clock });
    const price = lab.experiment("price", {
      control: async () => 1,
      candidate: () => new Promise<number>(() => undefined),
      limits: { timeoutMs: 1_000 },
    });
    await price();
    const waiting = settled(lab);
    clock.advance(1_001);
    await waiting;
    expect(memory.results.map(({ kind }) => kind)).toEqual(["timed-out"]);
  });
});
