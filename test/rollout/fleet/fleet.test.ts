import { describe, expect, it } from "vitest";
import type { Clock } from "../../../src/model/clock.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { transition } from "../../../src/rollout/transition.ts";
import { gates } from "../../../src/stats/gates.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { call } from "../host.ts";
import { stored } from "../stored.ts";
import { started, unloaded, wayTo, type Process } from "./process.ts";

const by = "Ada";
const minute = 60_000;
const oncePolled = 12_001;

/** So many processes at 50 %, of which none watches. */
async function fleet(
  count: number,
  store: RolloutStore,
  clock: FixedClock,
): Promise<(Process & { way: ReturnType<typeof wayTo> })[]> {
  const ways = Array.from({ length: count }, () => wayTo(store));
  const processes = await Promise.all(ways.map(async (way) => Object.assign(await started(way.store, clock), { way })));
  await processes[0]!.ramp.advance({ by });
  await processes[0]!.ramp.advance({ by });
  await clock.advanceAsync(oncePolled);
  for (const each of processes) expect(each.served()).toBeGreaterThan(0.3);
  return processes;
}

describe("a rollback", () => {
  it("is not lost where a person pauses elsewhere before hearing of it", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const [one, other] = await fleet(2, store, clock);
    await one!.ramp.rollback({ by, reason: "wrong totals" });
    await other!.ramp.pause({ by: "Ben", reason: "I wonder" });
    await clock.advanceAsync(oncePolled);
    expect(await stored(store)).toMatchObject({ stage: "shadow", mode: "rolled-back" });
    for (const each of [one!, other!]) {
      expect(each.ramp.status()).toMatchObject({ synchronized: true, state: { mode: "rolled-back" } });
      expect(each.served()).toBe(0);
    }
  });

  it("is told once, however many processes ask for it at one moment, and by the one that wrote it", async () => {
    const clock = fixedClock();
    const processes = await fleet(5, memoryStore(), clock);
    await Promise.all(processes.map(async ({ ramp }) => ramp.rollback({ by, reason: "wrong totals" })));
    await clock.advanceAsync(minute);
    expect(processes.flatMap(({ kinds }) => kinds.filter((kind) => kind === "rolled-back"))).toHaveLength(1);
  });

  it("is told where it was asked for while nothing can be written, and then not again", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const [one] = await fleet(2, store, clock);
    one!.way.state = "cut";
    await one!.ramp.rollback({ by, reason: "wrong totals" });
    expect(one!.kinds.at(-1)).toBe("rolled-back");
    expect((await stored(store))!.share).toBe(0.5);
    one!.way.state = "open";
    await clock.advanceAsync(2 * oncePolled);
    expect(await stored(store)).toMatchObject({ mode: "rolled-back" });
    expect(one!.kinds.filter((kind) => kind === "rolled-back")).toHaveLength(1);
  });

  it("is written once where the store took it and its answer was lost", async () => {
    const clock = fixedClock();
    const inner = memoryStore();
    let isLost = false;
    const store: RolloutStore = {
      ...wayTo(inner).store,
      async compareAndSet(...given) {
        const replaced = await inner.compareAndSet(...given);
        if (isLost) throw new Error("the connection broke");
        return replaced;
      },
    };
    const process = await started(store, clock);
    await process.ramp.advance({ by });
    await process.ramp.advance({ by });
    isLost = true;
    await process.ramp.stepBack({ by, reason: "not yet" });
    isLost = false;
    await clock.advanceAsync(2 * oncePolled);
    expect(await stored(inner)).toMatchObject({ share: 0.25, epoch: 4 });
    expect(process.kinds.filter((kind) => kind === "rolled-back")).toHaveLength(1);
    expect(process.ramp.status().synchronized).toBe(true);
  });
});

describe("a process that cannot reach its store", () => {
  it.each(["cut", "silent"] as const)(
    "serves control after a minute and a poll, says so, and comes back by itself: %s",
    async (state) => {
      const clock = fixedClock();
      const [one, other] = await fleet(2, memoryStore(), clock);
      other!.way.state = state;
      await one!.ramp.rollback({ by, reason: "wrong totals" });
      await clock.advanceAsync(minute + oncePolled);
      expect(other!.served()).toBe(0);
      expect(other!.ramp.status()).toMatchObject({ stale: true, synchronized: false, running: { stage: "shadow" } });
      expect(other!.faults.length).toBeGreaterThan(0);
      await one!.ramp.clear({ by });
      await one!.ramp.advance({ by });
      await one!.ramp.advance({ by });
      other!.way.state = "open";
      await clock.advanceAsync(oncePolled + 2_000);
      expect(other!.ramp.status()).toMatchObject({ stale: false, synchronized: true });
      expect(other!.served()).toBeGreaterThan(0.3);
    },
  );

  it("serves nobody by an expired state in the first call after it was stopped, before any timer rings", async () => {
    const clock = fixedClock();
    let elapsed = 0;
    const stopped: Clock = { ...clock, monotonic: () => clock.monotonic() + elapsed };
    const process = unloaded(memoryStore(), { ...clock, ...stopped });
    await process.ramp.loaded;
    await process.ramp.advance({ by });
    await process.ramp.advance({ by });
    expect(process.served()).toBeGreaterThan(0.3);
    elapsed = 90_000;
    expect(process.served()).toBe(0);
    await clock.advanceAsync(oncePolled);
    expect(process.served()).toBeGreaterThan(0.3);
  });

  it("goes by the last known state for ever where it was told to, and in complete", async () => {
    const clock = fixedClock();
    const ways = [wayTo(memoryStore()), wayTo(memoryStore())] as const;
    const forEver = await started(ways[0].store, clock, { staleAfterMs: Infinity });
    await forEver.ramp.advance({ by });
    const complete = await started(ways[1].store, clock, { completeAfterMs: 0, steps: [] });
    await complete.ramp.advance({ by });
    await complete.ramp.complete({ by });
    for (const way of ways) way.state = "cut";
    await clock.advanceAsync(60 * minute);
    expect(forEver.ramp.current()).toMatchObject({ stage: "ramp", share: 0.25 });
    expect(complete.ramp.current()).toMatchObject({ stage: "complete" });
  });

  it("serves everybody as before through a healthy hour, without a fault", async () => {
    const clock = fixedClock();
    const processes = await fleet(3, memoryStore(), clock);
    for (let elapsed = 0; elapsed < 60; elapsed++) {
      await clock.advanceAsync(minute);
      for (const each of processes) expect(each.served()).toBeGreaterThan(0.3);
    }
    expect(processes.flatMap(({ faults }) => faults)).toEqual([]);
  });

  it("is told the bound at definition, which leaves time for two looks at least", () => {
    expect(() => unloaded(memoryStore(), fixedClock(), { staleAfterMs: 5_000 })).toThrow(
      /`staleAfterMs` to be at least twice `checkEveryMs`, which is 10000, got 5000/,
    );
  });
});

describe("a store that lost what it had acknowledged", () => {
  async function losing(clock: FixedClock) {
    let inner = memoryStore();
    const store: RolloutStore = {
      sync: (...given) => inner.sync(...given),
      compareAndSet: (...given) => inner.compareAndSet(...given),
      claim: (...given) => inner.claim(...given),
      collect: (...given) => inner.collect(...given),
      conclude: (...given) => inner.conclude(...given),
      forget: (...given) => inner.forget(...given),
    };
    const processes = await fleet(3, store, clock);
    const lose = async (state: Awaited<ReturnType<typeof stored>>): Promise<void> => {
      inner = memoryStore();
      if (state) await inner.compareAndSet("price", undefined, state);
    };
    return { store, processes, lose };
  }

  it("has its rollback restored, by one event, and all agree within two polls", async () => {
    const clock = fixedClock();
    const { store, processes, lose } = await losing(clock);
    const before = await stored(store);
    await processes[0]!.ramp.rollback({ by, reason: "wrong totals" });
    await lose(before);
    await clock.advanceAsync(2 * oncePolled);
    expect(await stored(store)).toMatchObject({ stage: "shadow", mode: "rolled-back" });
    for (const each of processes) {
      expect(each.served()).toBe(0);
      expect(each.ramp.status()).toMatchObject({ synchronized: true, state: { mode: "rolled-back" } });
    }
    expect(new Set(processes.map(({ ramp }) => ramp.status().state.id)).size).toBe(1);
    expect(processes.flatMap(({ kinds }) => kinds.filter((kind) => kind === "forked"))).toHaveLength(1);
  });

  it("keeps what is safer of what it has, and what was lost", async () => {
    const clock = fixedClock();
    const { store, processes, lose } = await losing(clock);
    const atHalf = (await stored(store))!;
    const atQuarter = transition(atHalf, { kind: "step-back", by, at: 0, reason: "" });
    await processes[0]!.ramp.advance({ by });
    await clock.advanceAsync(oncePolled);
    expect(processes[1]!.ramp.current().stage).toBe("live");
    await lose(atQuarter);
    await clock.advanceAsync(2 * oncePolled);
    expect(await stored(store)).toMatchObject({ stage: "ramp", share: 0.25, mode: "running" });
    for (const each of processes) expect(each.ramp.current()).toMatchObject({ stage: "ramp", share: 0.25 });
    expect(processes.flatMap(({ kinds }) => kinds.filter((kind) => kind === "forked"))).toHaveLength(1);
  });

  it("gets everything back where it was emptied", async () => {
    const clock = fixedClock();
    const { store, processes, lose } = await losing(clock);
    const { epoch } = (await stored(store))!;
    await lose(undefined);
    await clock.advanceAsync(2 * oncePolled);
    expect(await stored(store)).toMatchObject({ share: 0.5, epoch: epoch + 1 });
    for (const each of processes) expect(each.served()).toBeGreaterThan(0.3);
    expect(processes.flatMap(({ kinds }) => kinds.filter((kind) => kind === "forked"))).toHaveLength(1);
  });
});

describe("a fleet's clock", () => {
  const skewed = (clock: FixedClock, skew: () => number): FixedClock => ({ ...clock, now: () => clock.now() + skew() });

  it.each([
    [[0, 11 * minute], 0],
    [[0, -60 * minute, 60 * minute], 0],
    [[0], 11 * minute],
    [[0, 0], -60 * minute],
  ])("keeps a step's time though clocks are off by %j ms, and one steps by %d", async (skews, jump) => {
    const clock = fixedClock();
    const store = memoryStore();
    let jumped = 0;
    const processes = await Promise.all(
      skews.map(async (skew) =>
        started(
          store,
          skewed(clock, () => skew + jumped),
          { onReady: "advance", minimumTimeMs: 10 * minute, minimumUnits: 100 },
        ),
      ),
    );
    const startedAt = clock.monotonic();
    let key = 0;
    while (
      processes.every(({ ramp }) => ramp.current().stage === "shadow") &&
      clock.monotonic() - startedAt < 20 * minute
    ) {
      if (clock.monotonic() - startedAt > 70_000) jumped = jump;
      for (const { ramp, host } of processes)
        for (let index = 0; index < 20; index++) call(ramp, host, { key: `customer-${key++}` });
      await clock.advanceAsync(5_000);
    }
    const seconds = (clock.monotonic() - startedAt) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(600);
    expect(seconds).toBeLessThan(720);
  });
});

describe("a rollout's first state", () => {
  it.each([-60 * minute, 60 * minute])("begins at the store's time, %d ms from this machine's", async (offMs) => {
    const clock = fixedClock();
    const elsewhere = (): RolloutStore => {
      const inner = memoryStore();
      return { ...inner, sync: async (given) => ({ ...(await inner.sync(given)), now: clock.now() + offMs }) };
    };
    const one = await started(elsewhere(), clock);
    expect(one.ramp.status().state).toMatchObject({ since: clock.now() + offMs, changedAt: clock.now() + offMs });
    const early = unloaded(elsewhere(), clock);
    const off = early.ramp.off({ by, reason: "it does harm" });
    await clock.advanceAsync(oncePolled);
    await off;
    const { history, changedAt } = early.ramp.status().state;
    expect(history.every(({ at }) => Math.abs(at - clock.now() - offMs) < minute)).toBe(true);
    expect(Math.abs(changedAt - clock.now() - offMs)).toBeLessThan(minute);
  });
});

describe("a fleet's judge", () => {
  it("takes no step while a process runs another epoch, and none while it cannot reach the store", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const ways = [wayTo(store), wayTo(store)] as const;
    const options = { onReady: "advance", minimumTimeMs: 0, minimumUnits: 100, unitWindowMs: 0 } as const;
    const [judge, other] = [await started(ways[0].store, clock, options), await started(ways[1].store, clock, options)];
    const feed = (): void => {
      for (let index = 0; index < 600; index++) call(judge.ramp, judge.host, { key: `customer-${judge.host.called}` });
    };
    await judge.ramp.advance({ by });
    // The other one has been heard of, and does not know it yet.
    ways[1].state = "cut";
    feed();
    await clock.advanceAsync(30_000);
    expect((await stored(store))!.share).toBe(0.25);
    // It was not heard of for a minute.
    await clock.advanceAsync(minute);
    expect((await stored(store))!.share).toBe(0.5);
    expect(other.served()).toBe(0);
    ways[0].state = "silent";
    feed();
    await clock.advanceAsync(5 * minute);
    expect((await stored(store))!.share).toBe(0.5);
  });

  it.each(["sync", "claim", "collect"] as const)(
    "takes no step on its own matches while %s alone fails, and counts that as a fault",
    async (failing) => {
      const clock = fixedClock();
      const inner = memoryStore();
      let fails = false;
      const { store } = wayTo(inner);
      const down = { [failing]: () => Promise.reject(new Error("down")) };
      const partly = (): RolloutStore => (fails ? { ...store, ...down } : store);
      const judge = await started(
        {
          ...store,
          sync: (...given) => partly().sync(...given),
          claim: (...given) => partly().claim(...given),
          collect: (...given) => partly().collect(...given),
        },
        clock,
        { onReady: "advance", minimumTimeMs: 0, minimumUnits: 100, unitWindowMs: 0 },
      );
      fails = true;
      for (let index = 0; index < 600; index++) call(judge.ramp, judge.host, { key: `customer-${index}` });
      await clock.advanceAsync(5 * minute);
      expect((await stored(inner))!.share).toBe(0);
      expect(judge.faults.length).toBeGreaterThan(10);
      expect(new Set(judge.faults)).toEqual(new Set(["Error: down"]));
      fails = false;
      await clock.advanceAsync(oncePolled);
      expect((await stored(inner))!.share).toBe(0.25);
    },
  );

  it("is followed by another one when it is gone, which goes on with all evidence", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const first = await started(store, clock, { onReady: "advance", minimumTimeMs: 0, minimumKeys: 0 });
    for (let index = 0; index < 400; index++) call(first.ramp, first.host, { key: `one-${index}` });
    await clock.advanceAsync(20_000);
    await first.ramp.close!();
    const second = await started(store, clock, { onReady: "advance", minimumTimeMs: 0, minimumKeys: 0 });
    for (let index = 0; index < 200; index++) call(second.ramp, second.host, { key: `other-${index}` });
    await clock.advanceAsync(2 * minute);
    expect(second.ramp.current()).toMatchObject({ stage: "ramp", share: 0.25 });
  });

  it("takes a step as soon as its time has come, though nothing has come in for many looks", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const options = { onReady: "advance", minimumTimeMs: 20 * minute, minimumKeys: 0 } as const;
    const judge = await started(store, clock, options);
    for (let index = 0; index < 700; index++) call(judge.ramp, judge.host, { key: `customer-${index}` });
    await clock.advanceAsync(19.9 * minute);
    expect((await stored(store))!.share).toBe(0);
    await clock.advanceAsync(2 * oncePolled);
    expect((await stored(store))!.share).toBe(0.25);
  });

  it("judges at the very next look what another process reports after many in which nothing came", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const options = { minimumTimeMs: 60 * minute, unitWindowMs: 0, gates: [gates.mismatches(0.01)] };
    const judge = await started(store, clock, options);
    const other = await started(store, clock, options);
    for (const { ramp, host } of [judge, other])
      for (let index = 0; index < 300; index++) call(ramp, host, { key: `customer-${index}` });
    await clock.advanceAsync(15 * minute);
    expect(judge.ramp.verdict()).toMatchObject({ kind: "insufficient", comparisons: 600 });
    for (let index = 0; index < 40; index++) call(other.ramp, other.host, { key: `more-${index}` });
    await clock.advanceAsync(2 * oncePolled);
    expect(judge.ramp.verdict()).toMatchObject({ comparisons: 640, units: 640 });
    for (let index = 0; index < 3; index++) call(judge.ramp, judge.host, { key: `own-${index}` });
    await clock.advanceAsync(oncePolled);
    expect(judge.ramp.verdict().kind).toBe("insufficient");
    expect(judge.ramp.verdict()).toMatchObject({ comparisons: 643, units: 643 });
  });

  it("writes a verdict that all read", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const processes = [await started(store, clock), await started(store, clock)];
    for (const { ramp, host } of processes) {
      for (let index = 0; index < 300; index++) call(ramp, host, { key: `customer-${index}` });
    }
    await clock.advanceAsync(2 * minute);
    const [one, other] = processes.map(({ ramp }) => ramp.verdict());
    expect(one!.units).toBeGreaterThan(290);
    expect(one!.units).toBeLessThanOrEqual(300);
    expect(one!.comparisons).toBe(600);
    expect(other).toMatchObject({ units: one!.units, comparisons: 600 });
  });

  it("writes it anew where the one that is there was dated ahead, by a clock that was set back", async () => {
    const clock = fixedClock();
    const inner = memoryStore();
    const dates: number[] = [];
    const store: RolloutStore = {
      ...wayTo(inner).store,
      async sync(reports) {
        const { now, states } = await inner.sync(reports);
        const { price } = states;
        const verdict = price?.verdict && { ...price.verdict, at: now + 60 * minute };
        return { now, states: verdict ? { price: { ...price, verdict } } : states };
      },
      async conclude(...given) {
        dates.push(given[2].at);
        return inner.conclude(...given);
      },
    };
    const first = await started(store, clock);
    await clock.advanceAsync(minute);
    await first.ramp.close!();
    await started(store, clock);
    await clock.advanceAsync(oncePolled);
    const { length } = dates;
    // Before the process that ended is folded, for which a verdict is written in any case.
    await clock.advanceAsync(45_000);
    expect(dates.length).toBeGreaterThan(length);
  });

  it("finds together what each process sees a little of", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const processes = await Promise.all(Array.from({ length: 50 }, () => started(store, clock)));
    let key = 0;
    let isBad = false;
    const seconds = async (count: number): Promise<void> => {
      for (let second = 0; second < count; second++) {
        for (let index = 0; index < 20; index++) {
          const { ramp, host } = processes[key % 50]!;
          call(ramp, host, { key: `customer-${key++}`, isBad: isBad && key % 20 === 0 });
        }
        await clock.advanceAsync(1_000);
      }
    };
    await seconds(120);
    isBad = true;
    let took = 0;
    for (; took < 200 && processes.some(({ ramp }) => ramp.status().state.mode === "running"); took += 5)
      await seconds(5);
    // A minute, 15 s, a poll and the next look.
    expect(took).toBeLessThanOrEqual(60 + 15 + 12 + 5);
    expect(processes.flatMap(({ kinds }) => kinds)).toEqual(["rolled-back"]);
  });
});

describe("another program with an experiment of the same name", () => {
  it("serves nobody by a state with other steps, and says so", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const one = await started(store, clock);
    await one.ramp.advance({ by });
    const other = await started(store, clock, { steps: [0.1, 0.25] });
    expect(one.served()).toBeGreaterThan(0.1);
    expect(other.served()).toBe(0);
    expect(other.faults).toEqual([expect.stringMatching(/kept with the steps 0.25, 0.5, and this ramp has 0.1, 0.25/)]);
    await clock.advanceAsync(minute);
    expect(other.faults).toHaveLength(1);
    expect((await stored(store))!.share).toBe(0.25);
  });
});
