import { describe, expect, it } from "vitest";
import { initialState, transition, type RolloutState } from "../../src/rollout/state.ts";
import type { ReportedTotals, RolloutStore } from "../../src/rollout/stores/store.ts";

/** What every store owes; `open` gives two views of one fresh store, as two processes would have. */
export function testStore(name: string, open: () => Promise<readonly [RolloutStore, RolloutStore]>): void {
  const first = initialState([0.1, 0.5], 1_000);
  const advance = (state: RolloutState): RolloutState =>
    transition(state, { kind: "advance", by: "Ada", reason: "ready", at: state.changedAt + 1 });
  const totals = (process: string, epoch: number, units: number): ReportedTotals => ({
    process,
    epoch,
    candidates: {
      v2: {
        comparisons: units,
        units,
        keys: units,
        gates: { mismatch: { units, bad: 1.5, calls: units, badCalls: 1.5 } },
      },
    },
  });

  describe(`${name}, as a store of rollouts`, () => {
    it("has nothing at first", async () => {
      const [store] = await open();
      expect(await store.load("price")).toBe(undefined);
      expect(await store.totals("price", 1)).toEqual([]);
    });

    it("gives back what was put, to everybody", async () => {
      const [one, other] = await open();
      expect(await one.compareAndSet("price", undefined, first)).toBe(true);
      expect(await other.load("price")).toEqual(first);
    });

    it("replaces a state only where its epoch is the expected one", async () => {
      const [one, other] = await open();
      const second = advance(first);
      expect(await one.compareAndSet("price", 1, second)).toBe(false);
      await one.compareAndSet("price", undefined, first);
      expect(await other.compareAndSet("price", undefined, first)).toBe(false);
      expect(await other.compareAndSet("price", 1, second)).toBe(true);
      expect(await one.compareAndSet("price", 1, second)).toBe(false);
      expect(await one.load("price")).toEqual(second);
    });

    it("lets exactly one of many win that ask at once, time after time", async () => {
      const views = await open();
      await views[0].compareAndSet("price", undefined, first);
      let state = first;
      for (let round = 0; round < 30; round++) {
        const kind = round % 2 === 0 ? "pause" : "resume";
        const contenders = Array.from({ length: 8 }, (_, index) =>
          transition(state, { kind, by: `person-${index}`, reason: "", at: round }),
        );
        const won = await Promise.all(
          contenders.map((next, index) => views[index % 2]!.compareAndSet("price", state.epoch, next)),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await views[1].load("price")).toEqual(contenders[won.indexOf(true)]);
        state = contenders[won.indexOf(true)]!;
      }
    });

    it("keeps experiments apart, whatever they are called", async () => {
      const [one, other] = await open();
      const names = ["price", "Price", "../price", "price/1", "..", "", "ünï", "con", "a".repeat(60), "%70rice"];
      let state = first;
      for (const each of names) {
        state = { ...state, since: state.since + 1 };
        await one.compareAndSet(each, undefined, state);
      }
      const kept = await Promise.all(names.map(async (each) => (await other.load(each))?.since));
      expect(kept).toEqual(names.map((_, index) => first.since + index + 1));
    });

    it("hands out states that nobody can change for others", async () => {
      const [one, other] = await open();
      const mine = structuredClone(first) as { -readonly [Key in keyof RolloutState]: RolloutState[Key] };
      await one.compareAndSet("price", undefined, mine);
      mine.stage = "live";
      expect((await other.load("price"))?.stage).toBe("shadow");
    });

    it("keeps each process's latest totals, and gives those of the epoch that is asked for", async () => {
      const [one, other] = await open();
      await one.report("price", totals("a", 1, 10));
      await one.report("price", totals("a", 1, 20));
      await other.report("price", totals("b/../b", 1, 5));
      await other.report("price", totals("c", 2, 7));
      const byProcess = (all: readonly ReportedTotals[]): unknown[] =>
        all.map(({ process, candidates }) => [process, candidates["v2"]!.units]).sort();
      expect(byProcess(await one.totals("price", 1))).toEqual([
        ["a", 20],
        ["b/../b", 5],
      ]);
      expect(byProcess(await one.totals("price", 2))).toEqual([["c", 7]]);
      expect(await one.totals("stock", 1)).toEqual([]);
      expect((await other.totals("price", 2))[0]).toEqual(totals("c", 2, 7));
    });

    it("tells watchers of a change, and no more when they have gone", async ({ skip }) => {
      const [one, other] = await open();
      if (!other.watch) return skip("it is looked at instead of watching");
      let changes = 0;
      const stop = other.watch("price", () => changes++);
      await one.compareAndSet("price", undefined, first);
      await one.compareAndSet("stock", undefined, first);
      await Promise.resolve();
      expect(changes).toBe(1);
      stop();
      await one.compareAndSet("price", 1, advance(first));
      await Promise.resolve();
      expect(changes).toBe(1);
    });
  });
}
