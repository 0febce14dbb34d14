import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { statusText } from "../../src/cli/rollout-text.ts";
import { memoryPublisher } from "../../src/index.ts";
import type { CandidateTally, TallyRecord } from "../../src/model/tally-record.ts";
import type { WritesStanding } from "../../src/model/writes-standing.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { ramp } from "../../src/rollout/index.ts";
import { readStored } from "../../src/rollout/stored-command.ts";
import { memoryStore } from "../../src/rollout/stores/memory.ts";
import { readRecords } from "../../src/records/index.ts";
import type { Payment } from "./ledger.ts";
import { broken, toldBank } from "./told-bank.ts";
import { keptText } from "../../src/testing/kept-text.ts";

const told = (tallies: readonly TallyRecord[]): readonly WritesStanding[] =>
  (tallies as readonly CandidateTally[]).flatMap(({ of }) => of?.writes ?? []);

describe("the standing of parallel writes", () => {
  it("is told in counts with the minute's records of the experiment of that name", async () => {
    const publisher = memoryPublisher();
    const all = toldBank([publisher]);
    const startedAt = all.clock.now();
    await broken(all);
    await all.clock.advanceAsync(60_000);
    const [standing, ...more] = told(publisher.tallies);
    expect(more).toEqual([]);
    const none = { rows: 0, oldestMs: 0, dead: 0, blocked: 0, skipped: 0 };
    expect(standing).toEqual({
      at: expect.any(Number) as number,
      stage: "shadow",
      share: 0,
      lag: {
        control: { rows: 2, oldestMs: expect.any(Number) as number, dead: 1, blocked: 2, skipped: 1 },
        candidate: none,
      },
      holders: [["control", 64]],
      lastReconciliation: {
        ...{ at: expect.any(Number) as number, clean: true },
        ...{ keys: 2, findings: 0, inconclusive: 0, invariants: 0 },
      },
    });
    const { at, lag, lastReconciliation } = standing!;
    expect(at - startedAt).toBeGreaterThan(15_000);
    expect(lastReconciliation!.at - startedAt).toBeGreaterThanOrEqual(2_000);
    expect(lastReconciliation!.at - startedAt).toBeLessThan(4_000);
    expect(lag.control!.oldestMs).toBeGreaterThan(10_000);
    expect(lag.control!.oldestMs).toBeLessThan(at - startedAt);
  });

  it("comes once a minute while a worker looks, and no more once nobody does", async () => {
    const publisher = memoryPublisher();
    const { laboratory, clock, work } = toldBank([publisher]);
    expect(laboratory.status().experiments["payments"]!.writes).toBeUndefined();
    await clock.advanceAsync(120_000);
    expect(told(publisher.tallies)).toEqual([]);
    await work(180_000);
    expect(told(publisher.tallies)).toHaveLength(3);
    expect(laboratory.status().experiments["payments"]!.writes).toMatchObject({ stage: "shadow" });
    await clock.advanceAsync(300_000);
    // What was read after the last minute's end.
    expect(told(publisher.tallies).length).toBeLessThanOrEqual(4);
    const ats = told(publisher.tallies).map(({ at }) => at);
    expect(new Set(ats).size).toBe(ats.length);
  });

  it("carries nothing of records, operations or people, in any line", async () => {
    const lines: string[] = [];
    const stream = keptText(lines);
    const all = toldBank([ndjsonPublisher({ stream })]);
    await broken(all);
    await all.laboratory.close();
    const records = [];
    for await (const record of readRecords(Readable.from(lines))) records.push(record);
    expect(told(records as TallyRecord[])).toMatchObject([{ lag: { control: { dead: 1, skipped: 1 } } }]);
    expect(lines.join("")).not.toContain("s3cr3t");
  });

  it("tells a difference by the numbers of the reconciliation alone", async () => {
    const publisher = memoryPublisher();
    const all = toldBank([publisher]);
    await broken(all);
    await all.reconcile();
    await all.work(1_000);
    await all.laboratory.close();
    const { lastReconciliation, lag } = told(publisher.tallies).at(-1)!;
    // The skipped operation's two accounts; those behind the dead one are on their way.
    expect(lastReconciliation).toMatchObject({ clean: false, findings: 2 });
    expect(lag.control!.skipped).toBe(0);
  });

  it("leaves out the side that cannot be read, and says so of its buckets", async () => {
    const publisher = memoryPublisher();
    const all = toldBank([publisher]);
    await broken(all);
    const down = (): Promise<never> => Promise.reject(new Error("connection refused"));
    const counting = all.candidate.side.outbox.count;
    Object.assign(all.candidate.side.outbox, { count: down });
    await all.work(1_000);
    const known = all.laboratory.status().experiments["payments"]!.writes!;
    expect(known.lag.candidate).toBeUndefined();
    expect(known.lag.control).toMatchObject({ rows: 2, dead: 1 });
    expect(known.holders).toEqual([["control", 64]]);
    Object.assign(all.candidate.side.outbox, { count: counting });
    Object.assign(all.control.side.outbox, { count: down });
    await all.work(1_000);
    await all.laboratory.close();
    const last = told(publisher.tallies).at(-1)!;
    expect(last).toMatchObject({ holders: [["unknown", 64]] });
    expect(Object.keys(last.lag)).toEqual(["candidate"]);
  });

  it("stays as it was read last where neither can be read", async () => {
    const all = toldBank([]);
    await broken(all);
    const known = all.laboratory.status().experiments["payments"]!.writes;
    for (const { side } of [all.control, all.candidate]) {
      Object.assign(side.outbox, { count: () => Promise.reject(new Error("connection refused")) });
    }
    await all.work(20_000);
    expect(all.laboratory.status().experiments["payments"]!.writes).toEqual(known);
  });

  it("is what `sidelane rollout status` reads of the store of their rollout", async () => {
    const store = memoryStore();
    const rollout = ramp({ store, steps: [0.5] });
    const all = toldBank([], { rollout, partition: (op: Payment) => op.from });
    await rollout.loaded;
    await broken(all);
    await all.work(60_000);
    const stored = (await readStored(store, "payments", "reader"))!;
    const text = statusText("payments", stored);
    expect(text).toMatch(/buckets +all 64 control's; the stage is shadow\n/);
    expect(text).toMatch(/control → candidate +\d operations waiting, .*, 1 DEAD, 2 records BLOCKED, 1 skipped/);
    expect(text).toMatch(/reconciled +clean, \d+ s ago: 0 findings of 2 records\n|reconciled +clean, .* min ago/);
    expect(JSON.stringify(stored)).not.toContain("s3cr3t");
    await all.laboratory.close();
  });
});
