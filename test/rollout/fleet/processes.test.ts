import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { sample } from "../../stats/sample.ts";
import { started, unloaded, wayTo, type Process } from "./process.ts";

const minute = 60_000;

/** Has a process see comparisons without a key: each is a unit of its own. */
function see({ ramp, host }: Process, count: number, kind: "match" | "mismatch" = "match"): void {
  for (let index = 0; index < count; index++) {
    host.called++;
    ramp.record!(sample({ kind, at: host.clock.now(), epoch: ramp.current().epoch }));
  }
}

async function judged(store: RolloutStore, clock: FixedClock): Promise<Process> {
  return started(store, clock, { process: "judge" });
}

describe("a process of a fleet", () => {
  it("has all that it saw counted when it goes, also what it saw last", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const judge = await judged(store, clock);
    const other = await started(store, clock);
    see(other, 300);
    await other.ramp.close!();
    await clock.advanceAsync(minute);
    expect(judge.ramp.verdict()).toMatchObject({ comparisons: 300, units: 300 });
  });

  it.each(["pod-1", "a~b", "p".repeat(200)])(
    "is counted as itself where another one that runs has its name, %j, and a fault says so once",
    async (process) => {
      const clock = fixedClock();
      const store = memoryStore();
      const judge = await judged(store, clock);
      const others = [await started(store, clock, { process }), await started(store, clock, { process })];
      for (let round = 0; round < 6; round++) {
        others.forEach((other, index) => see(other, 10 + index));
        await clock.advanceAsync(minute / 2);
      }
      expect(judge.ramp.verdict()).toMatchObject({ comparisons: 126, units: 126 });
      expect(judge.faults).toEqual([expect.stringContaining(`Two processes that run at once have the name`)]);
      expect(judge.faults[0]).toContain(JSON.stringify(process));
    },
  );

  it("may have the name of one that was killed, whose evidence stays", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const judge = await judged(store, clock);
    const way = wayTo(store);
    const killed = await started(way.store, clock, { process: "pod-1" });
    see(killed, 100);
    await clock.advanceAsync(minute);
    way.state = "cut";
    const again = await started(store, clock, { process: "pod-1" });
    for (let round = 0; round < 15; round++) {
      see(again, 10);
      await clock.advanceAsync(minute);
    }
    expect(judge.ramp.verdict().comparisons).toBe(250);
    expect(judge.faults).toEqual([]);
  });

  it("asks its store once a poll for all experiments of a laboratory", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const asked: (readonly string[])[] = [];
    const counted: RolloutStore = {
      ...store,
      sync(reports) {
        asked.push(reports.map(({ experiment }) => experiment));
        return store.sync(reports);
      },
    };
    const laboratory = new Laboratory({ clock });
    const names = ["price", "search", "total"];
    for (const name of names) {
      const rollout = ramp({ store: counted, version: "v1", unkeyed: "by-call" });
      laboratory.experiment(name, { control: () => 1, candidate: () => 1, rollout });
    }
    await clock.advanceAsync(minute);
    asked.length = 0;
    await clock.advanceAsync(10 * minute);
    // Every 10 s, give or take a fifth.
    expect(asked.length).toBeGreaterThan(49);
    expect(asked.length).toBeLessThan(76);
    for (const experiments of asked) expect(experiments).toEqual(names);
    await laboratory.close();
  });

  it("is refused a name that is none, or too long to be one", () => {
    for (const process of ["", "p".repeat(201), 1 as unknown as string])
      expect(() => unloaded(memoryStore(), fixedClock(), { process })).toThrow(/`process` to be a text of 1 to 200/);
  });
});

describe("a process that was silent", () => {
  it.each([5, 20])("for %d minutes has what it saw counted once when it comes back", async (minutes) => {
    const clock = fixedClock();
    const store = memoryStore();
    const judge = await judged(store, clock);
    const way = wayTo(store);
    const other = await started(way.store, clock);
    see(other, 200);
    see(other, 1, "mismatch");
    await clock.advanceAsync(minute);
    way.state = "cut";
    await clock.advanceAsync(minutes * minute);
    see(other, 10);
    expect(judge.ramp.verdict()).toMatchObject({ comparisons: 201, units: 201 });
    way.state = "open";
    // Twice, since it may be silent again.
    for (const seen of [211, 231]) {
      await clock.advanceAsync(2 * minute);
      expect(judge.ramp.verdict()).toMatchObject({ comparisons: seen, units: seen });
      expect(judge.ramp.verdict().reasons.join()).not.toContain("2 of");
      way.state = "cut";
      await clock.advanceAsync(minutes * minute);
      expect(judge.ramp.verdict()).toMatchObject({ comparisons: seen, units: seen });
      see(other, 20);
      way.state = "open";
    }
    expect(judge.faults).toEqual([]);
  });

  it("while it judged is counted once by the next judge, and by itself when it judges again", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const ways = [wayTo(store), wayTo(store)] as const;
    const [first, second] = [await started(ways[0].store, clock), await started(ways[1].store, clock)];
    see(first, 100);
    see(second, 50);
    await clock.advanceAsync(minute);
    ways[0].state = "cut";
    await clock.advanceAsync(20 * minute);
    expect(second.ramp.verdict().comparisons).toBe(150);
    ways[0].state = "open";
    await clock.advanceAsync(minute);
    ways[1].state = "cut";
    await clock.advanceAsync(20 * minute);
    see(first, 7);
    await clock.advanceAsync(minute);
    expect(first.ramp.verdict()).toMatchObject({ comparisons: 157, units: 157 });
  });

  it("for an hour goes on as another one, says what is left out, and has nothing counted twice", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const judge = await judged(store, clock);
    const way = wayTo(store);
    const other = await started(way.store, clock, { process: "pod-1" });
    see(other, 200);
    await clock.advanceAsync(minute);
    way.state = "cut";
    await clock.advanceAsync(2 * minute);
    see(other, 10);
    await clock.advanceAsync(90 * minute);
    see(other, 5);
    way.state = "open";
    await clock.advanceAsync(2 * minute);
    expect(judge.ramp.verdict()).toMatchObject({ comparisons: 205, units: 205 });
    const said = other.faults.filter((fault) => !fault.includes("no way to the store"));
    expect(said).toEqual([expect.stringContaining("The store was out of reach for 50 minutes")]);
  });

  it("after it left, and is defined again, begins anew", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const judge = await judged(store, clock);
    const other = await started(store, clock);
    see(other, 100);
    await other.ramp.close!();
    await clock.advanceAsync(5 * minute);
    other.ramp.bind!("price", other.host);
    await clock.advanceAsync(minute);
    see(other, 10);
    await clock.advanceAsync(2 * minute);
    expect(judge.ramp.verdict()).toMatchObject({ comparisons: 110, units: 110 });
  });
});
