import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import { newsIn, newsOf } from "../../../src/rollout/stores/shared.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { transition } from "../../../src/rollout/transition.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { stored } from "../stored.ts";
import { started, type Process } from "./process.ts";

const by = "Ada";
const oncePolled = 12_001;
/** By then a process has asked its store about what it heard of. */
const confirmed = 1_001;

/** A store whose news is what the test says, and which counts how often it is asked. */
function telling() {
  const inner = memoryStore();
  const watchers = new Set<(experiment: string, heard?: unknown) => void>();
  const told = { asked: 0, reaches: true };
  const store: RolloutStore = {
    ...inner,
    async sync(reports) {
      told.asked++;
      if (!told.reaches) throw new Error("no way to the store");
      return inner.sync(reports);
    },
    watch(onChange) {
      watchers.add(onChange);
      return () => void watchers.delete(onChange);
    },
  };
  const tell = (heard?: unknown, experiment = "price"): void => {
    for (const watcher of watchers) watcher(experiment, heard);
  };
  return { store, inner, told, tell };
}

/** One process at 50 %, which knows of no change until it is told, and one that makes changes. */
async function serving(clock: FixedClock) {
  const { store, inner, told, tell } = telling();
  const process = await started(store, clock);
  await process.ramp.advance({ by });
  await process.ramp.advance({ by });
  await clock.advanceAsync(oncePolled);
  expect(process.served()).toBeGreaterThan(0.3);
  told.asked = 0;
  return { process, inner, told, tell };
}

async function rolledBack(inner: RolloutStore) {
  const before = (await stored(inner))!;
  const next = transition(before, { kind: "rollback", by, reason: "wrong totals", at: 1 });
  expect(await inner.compareAndSet("price", before.id, next)).toBe(true);
  return next;
}

const state = ({ ramp }: Process) => ramp.status().state;

describe("the news of a rollback", () => {
  it("has nobody served at once, before the store is asked, and is confirmed within a second", async () => {
    const clock = fixedClock();
    const { process, inner, told, tell } = await serving(clock);
    const next = await rolledBack(inner);
    tell(next);
    expect(process.served()).toBe(0);
    expect(process.ramp.current()).toMatchObject({ stage: "shadow", share: 0, compare: 1 });
    expect(process.ramp.status().synchronized).toBe(false);
    expect(told.asked).toBe(0);
    await clock.advanceAsync(confirmed);
    expect(told.asked).toBe(1);
    expect(state(process).id).toBe(next.id);
    expect(process.ramp.status().synchronized).toBe(true);
    expect(process.served()).toBe(0);
  });

  it("holds while the store cannot be asked, however long that is", async () => {
    const clock = fixedClock();
    const { process, inner, told, tell } = await serving(clock);
    tell(await rolledBack(inner));
    told.reaches = false;
    await clock.advanceAsync(10 * 60_000);
    expect(process.served()).toBe(0);
    told.reaches = true;
    await clock.advanceAsync(oncePolled);
    expect(state(process).mode).toBe("rolled-back");
  });

  it("switches a candidate off that may not even run", async () => {
    const clock = fixedClock();
    const { process, tell } = await serving(clock);
    tell({ ...state(process), id: "off", stage: "off", share: 0 });
    expect(process.ramp.current()).toMatchObject({ stage: "off", share: 0, compare: 0 });
  });

  it("takes nothing from the evidence of a step that goes on, where it was forged", async () => {
    const clock = fixedClock();
    const { process, told, tell } = await serving(clock);
    const before = state(process).id;
    const { comparisons } = process.ramp.verdict();
    tell({ id: "forged", stage: "shadow", share: 0 });
    expect(process.served()).toBe(0);
    expect(process.ramp.verdict().comparisons).toBe(comparisons);
    await clock.advanceAsync(confirmed);
    expect(told.asked).toBe(1);
    expect(state(process).id).toBe(before);
    expect(process.served()).toBeGreaterThan(0.3);
  });
});

describe("news that is forged, old or nonsense", () => {
  it.each<readonly [string, unknown]>([
    ["more than is granted", { id: "forged", stage: "live", share: 1, candidateVersion: "v1" }],
    ["that all is decided", { id: "forged", stage: "complete", share: 1, candidateVersion: "v1" }],
    ["nothing", undefined],
    ["no state", "rolled-back"],
    ["null", null],
    ["no id", { stage: "off", share: 0 }],
    ["an id beyond measure", { id: "x".repeat(100), stage: "off", share: 0 }],
    ["no stage that there is", { id: "forged", stage: "none", share: 0 }],
    ["no share", { id: "forged", stage: "ramp", share: -1 }],
    ["no version", { id: "forged", stage: "off", share: 0, candidateVersion: 1 }],
    ["nonsense for what is compared", { id: "forged", stage: "off", share: 0, compare: "none" }],
  ])("changes nothing and has the store asked at once, where it says %s", async (_, heard) => {
    const clock = fixedClock();
    const { process, told, tell } = await serving(clock);
    const before = process.ramp.current();
    tell(heard);
    expect(process.ramp.current()).toEqual(before);
    await clock.advanceAsync(0);
    expect(told.asked).toBe(1);
    expect(process.ramp.current()).toEqual(before);
  });

  it("does not loosen what was heard before it", async () => {
    const clock = fixedClock();
    const { process, inner, told, tell } = await serving(clock);
    tell(await rolledBack(inner));
    told.reaches = false;
    tell({ id: "forged", stage: "live", share: 1, candidateVersion: "v1" });
    await clock.advanceAsync(confirmed);
    expect(process.served()).toBe(0);
  });

  it("of another experiment asks for nothing", async () => {
    const clock = fixedClock();
    const { process, told, tell } = await serving(clock);
    tell({ id: "other", stage: "off", share: 0 }, "stock");
    await clock.advanceAsync(0);
    expect(told.asked).toBe(0);
    expect(process.served()).toBeGreaterThan(0.3);
  });

  it("of a state that has been left since holds nobody up", async () => {
    const clock = fixedClock();
    const { process, inner, tell } = await serving(clock);
    const past = await rolledBack(inner);
    await clock.advanceAsync(oncePolled);
    await process.ramp.clear({ by });
    await process.ramp.advance({ by });
    expect(process.served()).toBeGreaterThan(0.1);
    tell(past);
    expect(process.served()).toBeGreaterThan(0.1);
  });

  it("stops nobody where everything was decided: there the store is asked", async () => {
    const clock = fixedClock();
    const { store, told, tell } = telling();
    const { ramp } = await started(store, clock, { completeAfterMs: 0, steps: [] });
    await ramp.advance({ by });
    await ramp.complete({ by });
    told.asked = 0;
    tell({ id: "forged", stage: "shadow", share: 0 });
    expect(ramp.current()).toMatchObject({ stage: "complete", share: 1 });
    await clock.advanceAsync(0);
    expect(told.asked).toBe(1);
  });

  it("comes from a laboratory that is closed to nobody", async () => {
    const clock = fixedClock();
    const { process, inner, tell } = await serving(clock);
    tell(await rolledBack(inner));
    await process.ramp.close!();
    expect(clock.pending).toBe(0);
  });
});

describe("how news is written", () => {
  it.each(["price", "{price}", 'a "b" {"c":1}', "\ud83d\ude80", "料".repeat(200), "price\n1", ""])(
    "names the experiment and what its state allows: %j",
    async (name) => {
      const clock = fixedClock();
      const { process } = await serving(clock);
      const given = state(process);
      const [experiment, heard] = newsIn(newsOf(name, given));
      expect(experiment).toBe(name);
      expect(heard).toEqual({ id: given.id, stage: "ramp", share: 0.5, candidateVersion: "v1" });
    },
  );

  it("names the experiment alone where a version is too long for PostgreSQL", async () => {
    const clock = fixedClock();
    const { process } = await serving(clock);
    const news = newsOf("料".repeat(200), { ...state(process), candidateVersion: "料".repeat(3_000) });
    expect(newsIn(news)).toEqual(["料".repeat(200)]);
    expect(
      Buffer.byteLength(newsOf("price", { ...state(process), candidateVersion: "料".repeat(2_400) })),
    ).toBeLessThan(8_000);
  });
});
