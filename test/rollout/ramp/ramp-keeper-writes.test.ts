import { describe, expect, it } from "vitest";
import { initialState } from "../../../src/rollout/state.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { transition } from "../../../src/rollout/transition.ts";
import { wayTo } from "../fleet/process.ts";
import { stored } from "../stored.ts";
import { asked, kept, opened } from "./kept.ts";

/** A store that takes what is written, and whose answer to that is lost as often as a test says. */
function losing(inner: RolloutStore) {
  const lost = { writes: 0, written: 0 };
  const store: RolloutStore = {
    ...wayTo(inner).store,
    async compareAndSet(...given) {
      lost.written++;
      const isReplaced = await inner.compareAndSet(...given);
      if (lost.writes-- > 0) throw new Error("no answer");
      return isReplaced;
    },
  };
  return { store, lost };
}

describe("what was written, and nobody said so", () => {
  it("is news here, once, as soon as the store says that it has it", async () => {
    const { store, lost } = losing(memoryStore());
    const { keeper, clock, told, faults } = await opened(store);
    told.length = 0;
    lost.writes = 1;
    await expect(keeper.apply(asked("advance", "Ada"))).rejects.toThrow("The store failed");
    expect(keeper.state.stage).toBe("shadow");
    const before = keeper.report();
    await clock.advanceAsync(12_001);
    expect(keeper.state.stage).toBe("ramp");
    expect(told).toEqual(["advanced"]);
    // The same answer once more.
    keeper.heard({ state: keeper.state }, keeper.report(), clock.monotonic());
    // And one to a question from before.
    keeper.heard({ state: null }, before, clock.monotonic());
    await clock.advanceAsync(12_001);
    expect(told).toEqual(["advanced"]);
    expect(keeper.state.stage).toBe("ramp");
    expect(faults).toEqual(["Error: no answer"]);
  });
});

describe("what makes the candidate do less", () => {
  it("is tried once where the store fails, and told here, once", async () => {
    const way = wayTo(memoryStore());
    const { keeper, clock, told, faults, alive } = await opened(way.store);
    told.length = 0;
    way.state = "silent";
    const paused = keeper.apply(asked("pause", "Ada"));
    expect(keeper.state.mode).toBe("paused");
    await clock.advanceAsync(2_000);
    await paused;
    expect(told).toEqual(["paused"]);
    expect(faults).toEqual(["Error: The store did not answer a new state within 2000 ms"]);
    way.state = "open";
    alive.length = 0;
    await clock.advanceAsync(12_001);
    expect(keeper.synchronized).toBe(true);
    expect(told).toEqual(["paused"]);
    // Nobody waits for what is written with the polls.
    expect(new Set(alive)).toEqual(new Set([false]));
  });

  it("is news once the store has answered, where it does", async () => {
    const { keeper, told } = await opened(memoryStore());
    await keeper.apply(asked("advance", "Ada"));
    told.length = 0;
    const written = keeper.apply(asked("pause", "Ada"));
    expect(told).toEqual([]);
    await written;
    expect(told).toEqual(["paused"]);
  });

  it("is not tried again where the store refuses it and does not say why", async () => {
    const inner = memoryStore();
    const way = wayTo(inner);
    let tried = 0;
    const { keeper, faults } = await opened({
      ...way.store,
      async compareAndSet(...given) {
        if (way.state === "open") return inner.compareAndSet(...given);
        tried++;
        return false;
      },
    });
    way.state = "cut";
    faults.length = 0;
    await keeper.apply(asked("pause", "Ada"));
    expect(tried).toBe(1);
    expect(faults).toEqual(["Error: no way to the store"]);
  });

  it.each(["ramp", "Ada"])(
    "is written before a step is taken, which keeps the process alive for a person: %s",
    async (by) => {
      const way = wayTo(memoryStore());
      const { keeper, alive } = await opened(way.store);
      way.state = "cut";
      await keeper.apply(asked("pause"));
      way.state = "open";
      alive.length = 0;
      const resumed = keeper.apply(asked("resume", by));
      expect(keeper.promoting).toBe(true);
      await resumed;
      expect(keeper.promoting).toBe(false);
      expect(keeper.state.history.map(({ kind }) => kind)).toEqual(["paused", "resumed"]);
      expect(new Set(alive)).toEqual(new Set([by === "Ada"]));
    },
  );

  it("is written before the process leaves, which is kept alive for it", async () => {
    const store = memoryStore();
    const way = wayTo(store);
    const { keeper, alive } = await opened(way.store);
    way.state = "cut";
    await keeper.apply(asked("pause"));
    way.state = "open";
    alive.length = 0;
    await keeper.leave();
    expect(new Set(alive)).toEqual(new Set([true]));
    expect((await stored(store))!.mode).toBe("paused");
  });
});

describe("two who ask for the same at one moment", () => {
  it.each([
    ["a person hears why not", "Ada", "ramp: cannot resume. It is not paused."],
    ["the ramp leaves it", "ramp", undefined],
  ])("get it once: %s", async (_, by, message) => {
    const { keeper } = await opened(memoryStore());
    await keeper.apply(asked("pause", "Ada"));
    const both = await Promise.allSettled([keeper.apply(asked("resume", "Ada")), keeper.apply(asked("resume", by))]);
    expect(both[0].status).toBe("fulfilled");
    expect((both[1] as { reason?: Error }).reason?.message).toBe(message);
    expect(keeper.state.history.map(({ kind }) => kind)).toEqual(["paused", "resumed"]);
  });
});

describe("a store that has lost what it had acknowledged", () => {
  it.each([
    ["has nothing", (): null => null, "running", "ramp"],
    [
      "has another line, in which it was rolled back",
      () => transition(initialState([0.1, 0.5], 0, "shadow", "v1"), asked("rollback")),
      "rolled-back",
      "shadow",
    ],
  ] as const)("has the safer one hold at once where it %s, and is mended", async (_, found, mode, stage) => {
    const store = memoryStore();
    const { keeper, answers, told, clock } = await opened(store);
    await keeper.apply(asked("advance", "Ada"));
    await store.forget("price");
    const given = found();
    if (given !== null) await store.compareAndSet("price", undefined, given);
    answers.length = told.length = 0;
    keeper.heard({ state: given }, keeper.report(), clock.monotonic());
    expect(keeper.state).toMatchObject({ mode, stage });
    expect(keeper.synchronized).toBe(false);
    // What is not the store's is not judged, nor told of yet.
    expect(answers).toEqual([]);
    expect(told).toEqual([]);
    await clock.advanceAsync(0);
    expect(keeper.synchronized).toBe(true);
    expect(keeper.state).toMatchObject({ mode, stage });
    expect((await stored(store))!.id).toBe(keeper.state.id);
    expect(told).toEqual(["forked"]);
  });
});

describe("how long the store's state holds", () => {
  it("is `staleAfterMs` from the start of the last exchange that succeeded", async () => {
    const way = wayTo(memoryStore());
    const { keeper, clock } = await opened(way.store);
    way.state = "cut";
    keeper.heard({}, keeper.report(), clock.monotonic());
    await clock.advanceAsync(60_000);
    expect(keeper.isStale()).toBe(false);
    await clock.advanceAsync(1);
    expect([keeper.isStale(), keeper.synchronized]).toEqual([true, false]);
  });

  it("is not begun before one is known", () => {
    const { keeper, answers, clock } = kept(memoryStore());
    expect(keeper.isStale()).toBe(false);
    keeper.heard({}, keeper.report(), clock.monotonic());
    expect(answers).toEqual([]);
    expect([keeper.known, keeper.isStale(), keeper.synchronized]).toEqual([false, false, false]);
  });
});
