import { describe, expect, it } from "vitest";
import type { RolloutState } from "../../../src/rollout/state.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import { transition } from "../../../src/rollout/transition.ts";
import { wayTo } from "../fleet/process.ts";
import { stored } from "../stored.ts";
import { asked, kept, opened } from "./kept.ts";

describe("a ramp's state without a store", () => {
  it("is known at once, and changes at once", async () => {
    const { keeper, told } = kept(undefined);
    await keeper.loaded;
    expect([keeper.known, keeper.isStored, keeper.synchronized, keeper.isStale()]).toEqual([true, false, true, false]);
    await keeper.apply(asked("advance"));
    await keeper.apply(asked("clear"));
    expect(told).toEqual(["advanced"]);
    expect(keeper.state).toMatchObject({ stage: "ramp", share: 0.1 });
  });
});

describe("what a ramp asks of its own state by itself", () => {
  it("is left, and never rejects, before the state is known, where the store fails, and where another was first", async () => {
    const store = memoryStore();
    const way = wayTo(store);
    const unknown = kept(way.store);
    await unknown.keeper.apply(asked("advance"));
    expect(unknown.keeper.state.stage).toBe("shadow");

    const one = await opened(way.store);
    const other = await opened(store);
    way.state = "cut";
    await one.keeper.apply(asked("advance"));
    expect(one.faults).toEqual(["Error: no way to the store"]);
    expect(one.keeper.promoteFrom).toBe(one.keeper.now() + one.keeper.everyMs);
    expect(one.keeper.promoting).toBe(false);
    // Something waits to be written: nothing is taken on top of it.
    await one.keeper.apply(asked("pause"));
    await one.keeper.apply(asked("resume"));
    expect(one.keeper.state.mode).toBe("paused");
    expect(one.keeper.synchronized).toBe(false);
    way.state = "open";
    await one.keeper.settle();
    expect((await stored(store))!.mode).toBe("paused");
    expect(one.keeper.synchronized).toBe(true);

    await one.keeper.apply(asked("resume", "Ada"));
    await other.keeper.apply(asked("advance"));
    expect((await stored(store))!.history.map(({ kind }) => kind)).toEqual(["paused", "resumed"]);
    expect(other.keeper.state.id).toBe((await stored(store))!.id);
    expect(other.told).not.toContain("advanced");
  });

  it("does not keep a process alive, and what a person asks for does", async () => {
    const { keeper, alive } = await opened(memoryStore());
    for (const [kind, by, isAlive] of [
      ["advance", "ramp", false],
      ["advance", "Ada", true],
      ["pause", "ramp", false],
      ["resume", "Ada", true],
      ["step-back", "Ada", true],
    ] as const) {
      alive.length = 0;
      await keeper.apply(asked(kind, by));
      expect([kind, by, ...new Set(alive)]).toEqual([kind, by, isAlive]);
    }
    alive.length = 0;
    await keeper.leave();
    expect(new Set(alive)).toEqual(new Set([true]));
    expect([keeper.leaves, keeper.hasLeft]).toEqual([true, true]);
  });

  it("asks again after a refusal in the same way", async () => {
    for (const by of ["ramp", "Ada"]) {
      const store = memoryStore();
      const one = await opened(store);
      const other = await opened(store);
      await other.keeper.apply(asked("advance", "Ben"));
      one.alive.length = 0;
      await one.keeper.apply(asked("advance", by)).catch(() => undefined);
      // The write, and the look.
      expect(one.alive).toEqual([by === "Ada", by === "Ada"]);
      expect(one.keeper.state.id).toBe(other.keeper.state.id);
    }
  });
});

describe("the news of a state", () => {
  it("says nothing before a state is known, of the present one, or of one that was left", async () => {
    const rolledBack = (state: RolloutState): RolloutState => transition(state, asked("rollback"));
    const unknown = kept(memoryStore());
    expect(unknown.keeper.hears({ ...rolledBack(unknown.keeper.state), stage: "off" })).toBe(false);
    const { keeper } = await opened(memoryStore());
    expect(keeper.hears({ ...keeper.state, stage: "off" })).toBe(false);
    await keeper.apply(asked("advance", "Ada"));
    const { state } = keeper;
    expect(keeper.hears({ ...state, stage: "off", share: 0 })).toBe(false);
    await keeper.apply(asked("advance", "Ada"));
    expect(keeper.hears({ ...state, stage: "off", share: 0 })).toBe(false);
    expect(keeper.ahead.isEmpty).toBe(true);
    expect(keeper.hears(rolledBack(keeper.state))).toBe(true);
    expect([keeper.ahead.isEmpty, keeper.synchronized]).toEqual([false, false]);
  });
});

describe("what a process reports of its state", () => {
  it("is what it knows, and that it leaves", async () => {
    const store = memoryStore();
    const unknown = kept(store);
    for (const absent of ["knows", "leaves"]) expect(unknown.keeper.report()).not.toHaveProperty(absent);
    const { keeper, answers, clock, renewed } = await opened(store);
    expect(renewed).toEqual([]);
    await clock.advanceAsync(12_001);
    expect(keeper.report()).toMatchObject({ experiment: "price", epoch: 1, evidenceEpoch: 1, knows: keeper.state.id });
    expect(answers.length).toBeGreaterThan(0);
    const before = keeper.report().process;
    keeper.heard({}, keeper.report(), clock.monotonic());
    expect(keeper.hasLeft).toBe(false);
    await keeper.leave();
    expect(keeper.report().leaves).toBe(true);
    // Opened again, it is another one, which does not leave.
    keeper.open("price");
    expect(renewed).toEqual([undefined]);
    expect(keeper.report()).not.toHaveProperty("leaves");
    expect(keeper.report().process).not.toBe(before);
    expect(keeper.hasLeft).toBe(false);
    // Heard of once, it is not said again.
    keeper.heard({}, { ...keeper.report(), leaves: true }, clock.monotonic());
    expect(keeper.hasLeft).toBe(true);
  });
});
