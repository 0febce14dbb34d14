import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import type { FleetVerdict, Report, RolloutStore } from "../../../src/rollout/stores/store.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { call } from "../host.ts";
import { stored } from "../stored.ts";
import { started, unloaded, wayTo } from "./process.ts";

const by = "Ada";
const minute = 60_000;
const poll = 12_000;

describe("a store that is out of reach", () => {
  it.each(["cut", "silent"] as const)(
    "at the start has nobody served, is told as a fault, and is found when it is back: %s",
    async (state) => {
      const clock = fixedClock();
      const inner = memoryStore();
      const first = await started(inner, clock);
      await first.ramp.advance({ by });
      const way = wayTo(inner);
      way.state = state;
      const late = unloaded(way.store, clock);
      for (let waited = 0; waited < 60; waited += 5) {
        await clock.advanceAsync(5 * minute);
        expect(late.served()).toBe(0);
        expect(late.ramp.current().compare).toBe(0);
      }
      expect(late.faults[0]).toMatch(/no way to the store|The store did not answer an exchange within 2000 ms/);
      way.state = "open";
      await clock.advanceAsync(poll + 2_000);
      expect(late.served()).toBeGreaterThan(0.1);
    },
  );

  it.each(["cut", "silent"] as const)(
    "for an hour costs a fault with every attempt and nothing else: %s",
    async (state) => {
      const clock = fixedClock();
      const way = wayTo(memoryStore());
      const process = await started(way.store, clock);
      await process.ramp.advance({ by });
      way.state = state;
      const timers = clock.pending;
      await clock.advanceAsync(60 * minute);
      // A silent one takes 2 s for each attempt.
      expect(process.faults.length).toBeGreaterThan(200);
      expect(process.faults.length).toBeLessThan(900);
      expect(clock.pending).toBeLessThanOrEqual(timers + 2);
      expect(process.served()).toBe(0);
      way.state = "open";
      await clock.advanceAsync(poll + 2_000);
      expect(process.served()).toBeGreaterThan(0.1);
      expect(process.ramp.status()).toMatchObject({ stale: false, synchronized: true });
    },
  );

  it("and slow, within its deadline, is one like any other; slower than that, it is none", async () => {
    const clock = fixedClock();
    const inner = memoryStore();
    let lateMs = 1_500;
    const slow = async <Value>(ask: () => PromiseLike<Value>): Promise<Value> => {
      const answer = await ask();
      await new Promise<void>((resolve) => clock.after(lateMs, resolve));
      return answer;
    };
    const store: RolloutStore = {
      ...wayTo(inner).store,
      sync: (...given) => slow(() => inner.sync(...given)),
      compareAndSet: (...given) => slow(() => inner.compareAndSet(...given)),
    };
    const process = unloaded(store, clock);
    await clock.advanceAsync(10_000);
    const step = process.ramp.advance({ by });
    await clock.advanceAsync(10_000);
    await step;
    expect(process.faults).toEqual([]);
    for (let waited = 0; waited < 10; waited++) {
      await clock.advanceAsync(minute);
      expect(process.served()).toBeGreaterThan(0.1);
    }
    lateMs = 2_500;
    await clock.advanceAsync(2 * minute);
    expect(process.served()).toBe(0);
    expect(process.faults.at(-1)).toContain("The store did not answer an exchange within 2000 ms");
  });
});

describe("a state of a newer release", () => {
  it("is refused with a sentence, left as it is, and serves nobody", async () => {
    const clock = fixedClock();
    const inner = memoryStore();
    const one = await started(inner, clock);
    await one.ramp.advance({ by });
    const before = (await stored(inner))!;
    const newer = { ...before, id: "newer", parent: before.id, epoch: 3, version: 3 as unknown as 2 };
    expect(await inner.compareAndSet("price", before.id, newer)).toBe(true);
    const late = unloaded(inner, clock);
    await clock.advanceAsync(5 * minute);
    expect(late.served()).toBe(0);
    expect(one.served()).toBe(0);
    expect(late.faults[0]).toMatch(/version/);
    expect(await inner.compareAndSet("price", "newer", before)).toBe(true);
  });
});

describe("2 000 short-lived processes an hour", () => {
  it("leave one row, and all that they saw", async () => {
    const clock = fixedClock();
    const inner = memoryStore();
    let rows = 0;
    const store: RolloutStore = {
      ...inner,
      async collect(...given) {
        const evidence = await inner.collect(...given);
        rows = Math.max(rows, evidence.reports.length);
        return evidence;
      },
    };
    const judge = await started(store, clock);
    const lived = 200;
    for (let index = 0; index < lived; index++) {
      const process = await started(inner, clock);
      call(process.ramp, process.host, { key: `customer-${index}` });
      await process.ramp.close!();
      await clock.advanceAsync(1_800);
    }
    await clock.advanceAsync(3 * minute);
    expect(judge.ramp.verdict().comparisons).toBe(lived);
    // A minute's, until they are folded with the next verdict.
    expect(rows).toBeLessThan(120);
    rows = 0;
    await clock.advanceAsync(minute);
    expect(rows).toBeLessThanOrEqual(2);
    expect(judge.faults).toEqual([]);
  });
});

describe("a poisoned report", () => {
  const good: Report = {
    ...{ experiment: "price", process: "other", epoch: 1, evidenceEpoch: 1, version: "v1", at: 0, units: [] },
    candidates: { candidate: { comparisons: 5, units: 5, keys: 5, gates: {} } },
  };
  const table = { window: 1, level: 0, fingerprint: "f", seen: "?", gates: {} };
  it.each<readonly [string, unknown]>([
    ["counts below nothing", { ...good, candidates: { candidate: { comparisons: -5, units: 5, keys: 5, gates: {} } } }],
    [
      "counts that are none",
      { ...good, candidates: { candidate: { comparisons: "5", units: NaN, keys: 5, gates: {} } } },
    ],
    [
      "counts beyond measure",
      { ...good, candidates: { candidate: { comparisons: 1e300, units: 5, keys: 5, gates: {} } } },
    ],
    ["no candidates", { ...good, candidates: null }],
    ["a list for candidates", { ...good, candidates: [1] }],
    [
      "a thousand gates",
      {
        ...good,
        candidates: {
          candidate: {
            ...good.candidates["candidate"],
            gates: Object.fromEntries(
              Array.from({ length: 1_000 }, (_, index) => [`g${index}`, { units: 1, bad: 1, calls: 1, badCalls: 1 }]),
            ),
          },
        },
      },
    ],
    ["a name of a megabyte", { ...good, process: "p".repeat(2 ** 20) }],
    ["an epoch that is none", { ...good, epoch: "first" }],
    ["a table that cannot be read", { ...good, candidates: {}, units: [table] }],
    ["a table without gates", { ...good, candidates: {}, units: [{ ...table, gates: null }] }],
    ["a table that is null", { ...good, candidates: {}, units: [null] }],
    [
      "a table whose gate is null",
      { ...good, candidates: {}, units: [{ ...table, seen: "", gates: { mismatches: null } }] },
    ],
  ])("is left out and told once, and stops nobody: %s", async (_, report) => {
    const clock = fixedClock();
    const store = memoryStore();
    const judge = await started(store, clock);
    for (let index = 0; index < 100; index++) call(judge.ramp, judge.host, { key: `customer-${index}` });
    await Promise.resolve(store.sync([report as Report])).catch(() => undefined);
    await clock.advanceAsync(3 * minute);
    expect(judge.ramp.verdict()).toMatchObject({ comparisons: 100, kind: "insufficient" });
    expect(judge.faults.length).toBeLessThanOrEqual(1);
    for (const fault of judge.faults) expect(fault).toMatch(/left out of the evidence/);
    expect(judge.ramp.status().synchronized).toBe(true);
  });
});

describe("what a judge wrote for the next one", () => {
  const nothing = { evidenceEpoch: 1, version: "v1", candidates: {}, gone: {}, folded: {} };
  const fold = { through: 5, units: 5, gates: {} };

  it.each<readonly [string, unknown]>([
    ["processes that are gone, one of them null", { ...nothing, gone: { other: null } }],
    ["a list of those", { ...nothing, gone: [null] }],
    ["one that went at no time", { ...nothing, gone: { other: { at: "then", candidates: {} } } }],
    ["candidates that are none", { ...nothing, candidates: { candidate: null } }],
    ["a fold that is null", { ...nothing, folded: { all: null } }],
    ["a fold without gates", { ...nothing, folded: { all: { through: 5, units: 5 } } }],
    ["a fold whose gate is null", { ...nothing, folded: { served: { ...fold, gates: { mismatch: null } } } }],
    ["a fold of less than nothing", { ...nothing, folded: { all: { ...fold, units: -5 } } }],
    ["a fold through no window", { ...nothing, folded: { all: { ...fold, through: "last" } } }],
  ])("is left out and told once where it cannot be read, and stops no judge: %s", async (_, kept) => {
    const clock = fixedClock();
    const inner = memoryStore();
    let concluded = 0;
    const store: RolloutStore = {
      ...inner,
      collect: async (...given) => ({ ...(await inner.collect(...given)), kept }),
      conclude: (...given) => (concluded++, inner.conclude(...given)),
    };
    const judge = await started(store, clock);
    for (let index = 0; index < 100; index++) call(judge.ramp, judge.host, { key: `customer-${index}` });
    await clock.advanceAsync(3 * minute);
    expect(judge.ramp.verdict()).toMatchObject({ comparisons: 100, kind: "insufficient" });
    expect(concluded).toBeGreaterThan(2);
    expect(judge.faults).toEqual([expect.stringMatching(/folded cannot be read: it is left out of the evidence/)]);
  });

  const found = { at: 1, evidenceEpoch: 1, version: "v1", distinct: { all: 0, served: 0 } };

  it.each<readonly [string, unknown]>([
    ["no verdict in it", found],
    ["a verdict that is null", { ...found, verdict: null }],
    ["a verdict without gates", { ...found, verdict: { kind: "ready", reasons: [] } }],
    ["no number of keys", { ...found, distinct: null, verdict: { kind: "ready", reasons: [], gates: [] } }],
    ["a time beyond measure", { ...found, at: 1e300, verdict: { kind: "ready", reasons: [], gates: [] } }],
  ])("is told where its verdict cannot be read, and written anew: %s", async (_, verdict) => {
    const clock = fixedClock();
    const store = memoryStore();
    await (
      await started(store, clock)
    ).ramp.close!();
    const fence = await store.claim("price", "another", 1);
    expect(await store.conclude("price", fence!, verdict as FleetVerdict, undefined)).toBe(true);
    const judge = await started(store, clock);
    for (let index = 0; index < 100; index++) call(judge.ramp, judge.host, { key: `customer-${index}` });
    await clock.advanceAsync(3 * minute);
    // With each exchange, until a judge has written its own.
    expect(judge.faults.length).toBeLessThanOrEqual(2);
    expect([...new Set(judge.faults)]).toEqual([expect.stringMatching(/verdict of all processes cannot be read/)]);
    const reader = { experiment: "price", process: "reader", epoch: 1, evidenceEpoch: 1, candidates: {}, units: [] };
    const { states } = await store.sync([reader as unknown as Report]);
    expect(states["price"]?.verdict).toMatchObject({ verdict: { kind: "insufficient", comparisons: 100 } });
  });
});
