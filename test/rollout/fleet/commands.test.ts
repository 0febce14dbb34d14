import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { call } from "../host.ts";
import { stored } from "../stored.ts";
import { started, unloaded, wayTo } from "./process.ts";

const by = "Ada";
const oncePolled = 12_001;
/** Whoever asks for the candidate to do less is never told no. */
const safe = { reason: "wrong totals", by };

/** A store whose next compare-and-sets do what a test wants. */
function steered(): { store: RolloutStore; inner: RolloutStore; before: () => unknown; writes: number } {
  const inner = memoryStore();
  const steering = { inner, writes: 0, before: (): unknown => undefined, store: inner };
  steering.store = {
    ...wayTo(inner).store,
    async compareAndSet(...given) {
      steering.writes++;
      await steering.before();
      return inner.compareAndSet(...given);
    },
  };
  return steering;
}

describe("what a person asks for", () => {
  it("waits for the store's state, but for what makes the candidate do less", async () => {
    const clock = fixedClock();
    const way = wayTo(memoryStore());
    way.state = "cut";
    const process = unloaded(way.store, clock);
    const { ramp } = process;
    await expect(ramp.advance({ by })).rejects.toMatchObject({
      ...{ code: "invalid-state", message: "ramp: cannot advance. The store's state is not known yet" },
    });
    await ramp.pause({ by });
    await clock.advanceAsync(oncePolled);
    expect(process.kinds).toEqual(["paused"]);
    expect(ramp.status()).toMatchObject({ state: { mode: "paused" }, synchronized: false });
    way.state = "open";
    await clock.advanceAsync(2 * oncePolled);
    expect(await stored(way.store)).toMatchObject({ mode: "paused" });
    expect(ramp.status().synchronized).toBe(true);
  });

  it("is refused with a sentence where the store fails, and holds where that does less", async () => {
    const clock = fixedClock();
    const way = wayTo(memoryStore());
    const process = await started(way.store, clock);
    const { ramp } = process;
    way.state = "cut";
    await expect(ramp.advance({ by })).rejects.toThrow("ramp: cannot advance. The store failed");
    expect(process.faults).toEqual(["Error: no way to the store"]);
    expect(ramp.current().stage).toBe("shadow");
    await ramp.pause({ by });
    // On top of what only this process knows nothing is promoted.
    await expect(ramp.resume({ by })).rejects.toThrow(
      "ramp: cannot resume. What was done here is not in the store yet",
    );
    way.state = "open";
    await clock.advanceAsync(oncePolled);
    await ramp.resume({ by });
    expect((await stored(way.store))!.history.map(({ kind }) => kind)).toEqual(["paused", "resumed"]);
  });

  it("is refused where another process was first, whose state holds then", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const { ramp: one } = await started(store, clock);
    const { ramp: other } = await started(wayTo(store).store, clock);
    await one.advance({ by });
    await expect(other.advance({ by: "Ben" })).rejects.toThrow("ramp: cannot advance. Another process was first");
    expect(other.status()).toMatchObject({ state: { share: 0.25 }, synchronized: true });
    expect((await stored(store))!.history.map((change) => change.by)).toEqual(["Ada"]);
    await other.advance({ by: "Ben" });
    expect((await stored(store))!.share).toBe(0.5);
  });

  it("is refused where what came with its writing allows it no more", async () => {
    const clock = fixedClock();
    const { store, inner } = steered();
    const { ramp: one } = await started(inner, clock);
    const process = await started(store, clock);
    const other = process.ramp;
    await one.rollback(safe);
    await other.pause({ by: "Ben" });
    expect(other.status().state.mode).toBe("rolled-back");
    await expect(other.resume({ by: "Ben" })).rejects.toMatchObject({ code: "invalid-state" });
    expect(process.kinds).not.toContain("resumed");
  });

  it("lies on top of what others write again and again, and a fault says so after five times", async () => {
    const clock = fixedClock();
    const steering = steered();
    const { ramp: other } = await started(steering.inner, clock);
    const process = await started(steering.store, clock);
    const { ramp } = process;
    let turns = 0;
    steering.writes = 0;
    steering.before = async () =>
      ++turns % 2 === 1 ? other.advance({ by: "Ben" }) : other.stepBack({ ...safe, by: "Ben" });
    await ramp.pause({ by });
    expect(steering.writes).toBe(5);
    expect(process.faults).toEqual(["Error: The store's state changed 5 times while it was being written"]);
    expect(ramp.status()).toMatchObject({ state: { mode: "paused" }, synchronized: false });
    steering.before = () => undefined;
    await clock.advanceAsync(oncePolled);
    expect(await stored(steering.inner)).toMatchObject({ mode: "paused" });
    expect(process.kinds.filter((kind) => kind === "paused")).toHaveLength(1);
  });
});

describe("what a ramp asks for by itself", () => {
  it("is not asked again before a poll where the store fails, and never rejects", async () => {
    const clock = fixedClock();
    const steering = steered();
    const options = { onReady: "advance", minimumTimeMs: 1_000, steps: [0.25] } as const;
    const { ramp, host } = await started(steering.store, clock, options);
    // Its first poll makes it the judge.
    await clock.advanceAsync(oncePolled);
    steering.before = () => {
      throw new Error("read-only");
    };
    steering.writes = 0;
    for (let poll = 0; poll < 12; poll++) {
      for (let index = 0; index < 400; index++) call(ramp, host, { key: `customer-${host.called}` });
      await clock.advanceAsync(10_000);
    }
    expect(ramp.current().stage).toBe("shadow");
    expect(ramp.verdict().kind).toBe("ready");
    expect(steering.writes).toBeGreaterThan(1);
    expect(steering.writes).toBeLessThanOrEqual(12);
    expect(new Set(host.faults.map(({ error }) => String(error)))).toEqual(new Set(["Error: read-only"]));
    steering.before = () => undefined;
    await clock.advanceAsync(2 * oncePolled);
    expect(ramp.current()).toMatchObject({ stage: "ramp", share: 0.25 });
  });
});
