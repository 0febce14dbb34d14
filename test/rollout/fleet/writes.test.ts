import { describe, expect, it } from "vitest";
import { statusText } from "../../../src/cli/rollout-text.ts";
import { Laboratory } from "../../../src/index.ts";
import type { WritesStanding } from "../../../src/model/writes-standing.ts";
import { ramp } from "../../../src/rollout/index.ts";
import { readStored, type Stored } from "../../../src/rollout/stored-command.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { standing } from "../../../src/testing/store-writes.ts";

/** A process whose experiment stands beside parallel writes. */
function process(store: RolloutStore, clock: FixedClock, writes?: () => WritesStanding | undefined): Laboratory {
  const lab = new Laboratory({ clock, labels: { build: "a1" } });
  lab.comparison("payments", { rollout: ramp({ store, steps: [0.5] }), ...(writes && { writes }) });
  return lab;
}

const seen = async (store: RolloutStore): Promise<Stored> => (await readStored(store, "payments", "reader"))!;

describe("how parallel writes stand", () => {
  it("is in the store of their rollout within a minute, also where a process judges that has no worker", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const judge = process(store, clock);
    await clock.advanceAsync(30_000);
    let at = clock.now();
    const worker = process(store, clock, () => standing(at));
    await clock.advanceAsync(60_000);
    expect((await seen(store)).verdict!.writes).toEqual(standing(at));
    at = clock.now();
    await clock.advanceAsync(60_000);
    expect((await seen(store)).verdict!.writes!.at).toBe(at);
    await Promise.all([judge.close(), worker.close()]);
  });

  it("stays as it was told last once no process tells it, with its age", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const judge = process(store, clock);
    const at = clock.now();
    const worker = process(store, clock, () => standing(at));
    await clock.advanceAsync(60_000);
    await worker.close();
    await clock.advanceAsync(3_600_000);
    const stored = await seen(store);
    expect(stored.verdict!.writes).toEqual(standing(at));
    expect(statusText("payments", stored)).toContain("1 h ago");
    await judge.close();
  });

  it("is that of the process that read it last", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const all = [30, 50, 40].map((at) => process(store, clock, () => standing(at)));
    await clock.advanceAsync(120_000);
    expect((await seen(store)).verdict!.writes!.at).toBe(50);
    await Promise.all(all.map(async (each) => each.close()));
  });

  it("is left out where it is none, and the report counts all the same", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const lab = process(store, clock, () => ({ ...standing(1), holders: "s3cr3t" }) as never);
    await clock.advanceAsync(60_000);
    const stored = await seen(store);
    expect(stored.verdict).toMatchObject({ evidenceEpoch: 1 });
    expect(stored.verdict!.writes).toBeUndefined();
    await store.sync([
      {
        ...{ experiment: "payments", process: "old", epoch: 1, evidenceEpoch: 1, at: clock.now(), version: "a1" },
        ...{ candidates: {}, units: [], writes: { at: "s3cr3t" } as never },
      },
    ]);
    await clock.advanceAsync(60_000);
    expect((await seen(store)).verdict!.writes).toBeUndefined();
    await lab.close();
  });

  it("is told as sentences by `sidelane rollout status`, and in no other rollout's", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const lab = process(store, clock, () => standing(clock.now() - 5_000));
    await clock.advanceAsync(60_000);
    const stored = { ...(await seen(store)), now: clock.now() };
    const writes = { ...standing(stored.now - 5_000), lastReconciliation: { at: stored.now - 7_200_000, clean: true } };
    const text = statusText("payments", { ...stored, verdict: { ...stored.verdict!, writes } });
    expect(text).toContain(`  parallel writes
    buckets              candidate 0-31; unknown 32-63; the stage is ramp at 50 %
    control → candidate  3 operations waiting, the oldest for 40 ms, 1 DEAD, 2 records BLOCKED
    candidate → control  UNKNOWN: that side's database could not be read
    reconciled           clean, 2 h ago
    read                 2026-01-01 00:00:55 UTC, 5 s ago
`);
    expect(statusText("price", { ...stored, verdict: { ...stored.verdict!, writes: undefined } })).not.toContain(
      "writes",
    );
    await lab.close();
  });

  it("passes through the terminal as counts alone, whatever another program has put there", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const lab = process(store, clock);
    await clock.advanceAsync(60_000);
    const stored = await seen(store);
    const spoiled = { ...standing(1), stage: "\u001b[31ms3cr3t" } as never;
    expect(statusText("payments", { ...stored, verdict: { ...stored.verdict!, writes: spoiled } })).not.toContain(
      "s3cr3t",
    );
    await lab.close();
  });
});
