import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { readState } from "../../../src/rollout/read-state.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { gates } from "../../../src/stats/gates.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { stored } from "../stored.ts";
import { call, testHost, type TestHost } from "../host.ts";

const by = "Ada";
const harm = { by, reason: "it deletes the cache" };
const minute = 60_000;

interface Process {
  readonly ramp: Ramp;
  readonly host: TestHost;
}

async function started(
  store: RolloutStore | undefined,
  clock: FixedClock,
  version = "v1",
  more: RampOptions = {},
): Promise<Process> {
  const made = ramp({ gates: [gates.mismatches(0.01)], steps: [0.1, 0.5], version, ...(store && { store }), ...more });
  const host = testHost(clock);
  made.bind!("price", host);
  await made.loaded;
  await clock.advanceAsync(0);
  return { ramp: made, host };
}

describe("a rollout that a person switches off", () => {
  it("runs the candidate no more, neither served nor compared, until a person has cleared it and gone on", async () => {
    const clock = fixedClock();
    const rollout = ramp({ steps: [0.5] });
    const lab = new Laboratory({ clock });
    let runs = 0;
    const price = lab.experiment("price", {
      control: (id: number) => id,
      candidate: (id) => {
        runs++;
        return id;
      },
      key: String,
      rollout,
    });
    await rollout.advance({ by });
    for (let id = 0; id < 100; id++) price(id);
    expect(runs).toBe(100);
    await rollout.rollback({ by, reason: "wrong totals" });
    await rollout.off(harm);
    for (let id = 0; id < 100; id++) price(id);
    expect(runs).toBe(100);
    expect(lab.status().experiments["price"]!.skips).toMatchObject({ off: 100 });
    const page = lab.report("price");
    expect(page.split("\n")[0]).toBe("price · SWITCHED OFF · off");
    expect(page).toContain(
      "candidate: SWITCHED OFF\n  Switched off until a person clears it, by Ada, it deletes the cache",
    );
    await expect(rollout.advance({ by })).rejects.toThrow(/`clear` it first/);
    await expect(rollout.off(harm)).rejects.toThrow(/It is off already/);
    await rollout.clear({ by });
    for (let id = 0; id < 100; id++) price(id);
    expect(runs).toBe(100);
    await rollout.advance({ by });
    price(1);
    expect(runs).toBe(101);
    await lab.close();
  });

  it("needs a person and a reason", async () => {
    await expect(ramp().off({ by } as never)).rejects.toThrow(/`reason` to be a non-empty string/);
    await expect(ramp().off({ by: "ramp", reason: "x" })).rejects.toMatchObject({ code: "invalid-option" });
  });

  it("is off in every process, also where it is not known yet, and in those of versions that come later", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const [one, two] = [await started(store, clock), await started(store, clock)];
    await one.ramp.advance({ by });
    await one.ramp.off(harm);
    await clock.advanceAsync(20_000);
    expect([one, two].map((each) => each.ramp.current().stage)).toEqual(["off", "off"]);
    // Told by the process that wrote it.
    expect(one.host.events.at(-1)).toMatchObject({ kind: "switched-off", by, reason: harm.reason });
    expect(two.host.events).toEqual([]);
    const unread = ramp({ store, version: "v1" });
    unread.bind!("price", testHost(clock));
    expect(unread.current()).toMatchObject({ stage: "off", compare: 0 });
    const next = await started(store, clock, "v2");
    expect(next.ramp.current()).toMatchObject({ stage: "off", compare: 0 });
  });

  it("keeps a version off that others have come after, running beside them or deployed again", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const old = await started(store, clock);
    await old.ramp.off(harm);
    const next = await started(store, clock, "v2");
    await next.ramp.advance({ by });
    expect(next.ramp.current()).toMatchObject({ stage: "shadow", compare: 1 });
    await clock.advanceAsync(20_000);
    expect(old.ramp.current()).toMatchObject({ stage: "off", compare: 0 });
    await next.ramp.close!();
    await clock.advanceAsync(11 * minute);
    expect(old.ramp.status().state).toMatchObject({ candidateVersion: "v1", stage: "off", mode: "rolled-back" });
    expect(readState(JSON.parse(JSON.stringify((await stored(store))!))).versions).toContainEqual({
      version: "v1",
      latch: expect.objectContaining({ by, off: true }),
    });
  });

  it("is off at once where the store fails, and off everywhere when it is back", async () => {
    const clock = fixedClock();
    const kept = memoryStore();
    let fails = false;
    const failing: RolloutStore["compareAndSet"] = async (...args) =>
      fails ? Promise.reject(new Error("unreachable")) : kept.compareAndSet(...args);
    const one = await started({ ...kept, compareAndSet: failing }, clock);
    const two = await started(kept, clock);
    fails = true;
    await one.ramp.off(harm);
    expect([one.ramp.current().stage, two.ramp.current().stage]).toEqual(["off", "shadow"]);
    fails = false;
    await clock.advanceAsync(20_000);
    expect(two.ramp.current().stage).toBe("off");
  });
});

describe("a rollout of which a person says how much is compared", () => {
  it("compares that share in all processes and versions, and keeps what was seen", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const [one, two] = [await started(store, clock), await started(store, clock, "v1", { compare: 0.8 })];
    for (let index = 0; index < 300; index++) call(one.ramp, one.host, { key: `customer-${index}` });
    await clock.advanceAsync(2 * minute);
    const { comparisons } = one.ramp.verdict();
    expect(two.ramp.current().compare).toBe(0.8);
    await one.ramp.compare(0.25, { by });
    expect(one.ramp.verdict().comparisons).toBe(comparisons);
    expect(one.ramp.status().state.history.at(-1)).toMatchObject({
      ...{ kind: "compare-changed", compare: 0.25, by },
      reason: "25 % of the calls are compared",
    });
    await clock.advanceAsync(20_000);
    expect([one, two].map((each) => each.ramp.current().compare)).toEqual([0.25, 0.25]);
    await one.ramp.advance({ by });
    expect(one.ramp.current()).toMatchObject({ stage: "ramp", share: 0.1, compare: 0.25 });
    const next = await started(store, clock, "v2");
    expect(next.ramp.current()).toMatchObject({ stage: "shadow", compare: 0.25 });
    await next.ramp.compare(1, { by, reason: "the night is quiet" });
    expect(next.ramp.current().compare).toBe(1);
  });

  it("takes a share from 0 to 1, from a person, that is another one", async () => {
    const rollout = ramp();
    await expect(rollout.compare(2, { by })).rejects.toThrow(/`share` to be .*, got 2/);
    await expect(rollout.compare(0.5, {} as never)).rejects.toThrow(/`by`/);
    await rollout.compare(0, { by });
    expect(rollout.current()).toMatchObject({ stage: "shadow", compare: 0 });
    await expect(rollout.compare(0, { by })).rejects.toThrow(/So much is compared already/);
    expect(() => readState({ ...rollout.status().state, compare: 2 })).toThrow(/`compare`/);
  });
});
