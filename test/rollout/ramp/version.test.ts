import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { Result } from "../../../src/model/result.ts";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { initialState, type RolloutState } from "../../../src/rollout/state.ts";
import { transition } from "../../../src/rollout/transition.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { gates } from "../../../src/stats/gates.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { call, testHost, type TestHost } from "../host.ts";

const by = "Ada";
const minute = 60_000;

interface Process {
  readonly ramp: Ramp;
  readonly host: TestHost;
}

async function started(
  store: RolloutStore,
  clock: FixedClock,
  version: string,
  more: RampOptions = {},
): Promise<Process> {
  const made = ramp({ gates: [gates.mismatches(0.01)], steps: [0.1, 0.5], store, version, ...more });
  const host = testHost(clock);
  made.bind!("price", host);
  await made.loaded;
  // What follows from having been loaded.
  await clock.advanceAsync(0);
  return { ramp: made, host };
}

/** At 50 %, with evidence. */
async function halfway(store: RolloutStore, clock: FixedClock, version = "v1"): Promise<Process> {
  const first = await started(store, clock, version);
  for (const kind of ["advance", "advance"] as const) await first.ramp[kind]({ by });
  for (let index = 0; index < 300; index++) call(first.ramp, first.host, { key: `customer-${index}` });
  await clock.advanceAsync(2 * minute);
  // Some keys may share a place.
  expect(first.ramp.verdict().units).toBeGreaterThan(290);
  return first;
}

describe("a version of the candidate", () => {
  it("is named where there is a store, by the ramp or by the laboratory's label, or the definition is refused", () => {
    const both = { control: () => 1, candidate: () => 1, key: String };
    const lab = new Laboratory({ clock: fixedClock() });
    expect(() => lab.experiment("price", { ...both, rollout: ramp({ store: memoryStore() }) })).toThrow(
      /experiment\("price"\): expected a `version` in a `ramp` with a `store`.*labels: \{ build/,
    );
    lab.experiment("price", { ...both, rollout: ramp({ store: memoryStore(), version: "7" }) });
    lab.experiment("local", { ...both, rollout: ramp() });
    const labeled = new Laboratory({ clock: fixedClock(), labels: { build: "4f2a" } });
    labeled.experiment("price", { ...both, rollout: ramp({ store: memoryStore() }) });
    expect(() => new Laboratory({ labels: { build: "" } })).toThrow(/`labels.build` to be a non-empty string/);
    expect(() => ramp({ version: 7 as never })).toThrow(/`version` to be a non-empty string/);
    expect(() => ramp({ onNewVersion: "stay" as never })).toThrow(/`onNewVersion` to be one of/);
  });

  it("is carried by results and by the status", async () => {
    const results: Result[] = [];
    const lab = new Laboratory({ labels: { build: "4f2a" }, publishers: [(result) => void results.push(result)] });
    const both = { control: () => 1, candidate: () => 2, key: () => "k" };
    lab.experiment("by-label", both)();
    lab.experiment("by-ramp", { ...both, rollout: ramp({ version: "7" }) })();
    await lab.flush();
    expect(results.map(({ experiment, version }) => [experiment, version])).toEqual([
      ["by-label", "4f2a"],
      ["by-ramp", "7"],
    ]);
    expect(lab.status().experiments["by-label"]!.version).toBe("4f2a");
    await lab.close();
  });

  it("begins in shadow and without evidence when it is new, and says so", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const old = await halfway(store, clock);
    const next = await started(store, clock, "v2");
    expect(next.ramp.current()).toMatchObject({ stage: "shadow", share: 0 });
    expect(next.ramp.verdict()).toMatchObject({ units: 0, comparisons: 0 });
    expect(next.host.events).toEqual([
      expect.objectContaining({ kind: "new-version", version: "v2", from: expect.objectContaining({ share: 0.5 }) }),
    ]);
    // The other processes hear of it, and serve nobody from here on.
    await clock.advanceAsync(10_000);
    expect(old.ramp.current()).toMatchObject({ stage: "shadow", share: 0 });
    expect(old.ramp.verdict().reasons[0]).toMatch(/runs version v1, and version v2 is the present one/);
  });

  it("keeps the stage where it was told to, and never the evidence", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    await halfway(store, clock);
    const next = await started(store, clock, "v2", { onNewVersion: "keep" });
    expect(next.ramp.current()).toMatchObject({ stage: "ramp", share: 0.5 });
    expect(next.ramp.verdict()).toMatchObject({ units: 0 });
  });

  it("serves control where a newer one is known, adds no evidence and moves nothing, however bad it is", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const old = await halfway(store, clock);
    const next = await started(store, clock, "v2");
    await next.ramp.advance({ by });
    for (let elapsed = 0; elapsed < 90; elapsed++) {
      for (let index = 0; index < 20; index++) {
        const who = call(old.ramp, old.host, { key: `c${old.host.called}`, isBad: true });
        expect(who).toBe("control");
      }
      await clock.advanceAsync(minute);
    }
    expect(next.ramp.status().state).toMatchObject({ mode: "running", candidateVersion: "v2", share: 0.1 });
    expect(next.ramp.verdict()).toMatchObject({ comparisons: 0 });
  });

  it("comes back when no newer one has been heard of for ten minutes, with fresh evidence", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const old = await halfway(store, clock);
    const next = await started(store, clock, "v2");
    await clock.advanceAsync(30 * minute);
    expect(old.ramp.status().state.candidateVersion).toBe("v2");
    await next.ramp.close!();
    await clock.advanceAsync(9 * minute);
    expect(old.ramp.status().state.candidateVersion).toBe("v2");
    await clock.advanceAsync(2 * minute);
    expect(old.ramp.status().state).toMatchObject({ candidateVersion: "v1", stage: "shadow", mode: "running" });
    expect(old.ramp.verdict()).toMatchObject({ units: 0 });
    expect(old.host.events.at(-1)).toMatchObject({ kind: "new-version", version: "v1", by: "ramp" });
  });

  it("stays rolled back when it is deployed again, while others are not held by that", async () => {
    const clock = fixedClock();
    const store = memoryStore();
    const old = await halfway(store, clock);
    await old.ramp.rollback({ by, reason: "wrong totals" });
    const next = await started(store, clock, "v2");
    expect(next.ramp.status().state.mode).toBe("running");
    await next.ramp.close!();
    await clock.advanceAsync(11 * minute);
    expect(old.ramp.status().state).toMatchObject({ candidateVersion: "v1", mode: "rolled-back" });
    expect(old.ramp.verdict().reasons[0]).toMatch(/Rolled back until a person clears it, by Ada, wrong totals/);
    await old.ramp.clear({ by });
    const third = await started(store, clock, "v3");
    await third.ramp.close!();
    await clock.advanceAsync(11 * minute);
    expect(old.ramp.status().state).toMatchObject({ candidateVersion: "v1", mode: "running" });
  });

  it("is other code where a definition without a version is replaced, and begins again", () => {
    const lab = new Laboratory({ clock: fixedClock() });
    const rollout = ramp({ gates: [gates.mismatches(0.01)] });
    const define = (candidate: (id: number) => number): ((id: number) => number) =>
      lab.experiment("price", { control: (id: number) => id, candidate, key: String, rollout, replace: true });
    const first = define((id) => id);
    void rollout.advance({ by });
    for (let id = 0; id < 200; id++) first(id);
    expect(rollout.verdict().units).toBeGreaterThan(195);
    define((id) => id + 1);
    expect(rollout.verdict().units).toBe(0);
    expect(rollout.current().stage).toBe("shadow");
  });
});

describe("a state of many versions", () => {
  const deploy = (state: RolloutState, version: string, more = {}): RolloutState =>
    transition(state, { kind: "new-version", by: "ramp", at: 1, reason: "", version, ...more });
  const ask = (state: RolloutState, kind: "advance" | "rollback" | "complete", more = {}): RolloutState =>
    transition(state, { kind, by, at: 1, reason: "", ...more });

  it("remembers the last 32 of them", () => {
    let state = initialState([], 0, "shadow", "0");
    for (let version = 1; version < 100; version++) state = deploy(state, String(version));
    expect(state.versions).toHaveLength(32);
    expect(state.versions!.at(-1)).toEqual({ version: "99" });
    expect(deploy(state, "98")).toBe(state);
    expect(deploy(state, "98", { returns: true }).candidateVersion).toBe("98");
  });

  it("does not let what one version did roll back another", () => {
    const state = deploy(ask(initialState([], 0, "shadow", "v1"), "advance"), "v2");
    expect(ask(state, "rollback", { by: "ramp", version: "v1" })).toBe(state);
    expect(ask(state, "rollback", { by: "ramp", version: "v2" }).mode).toBe("rolled-back");
  });

  it("stays complete whichever version comes, and off", () => {
    const live = ask(initialState([], 0, "shadow", "v1"), "advance");
    expect(deploy(ask(live, "complete"), "v2")).toMatchObject({ stage: "complete", candidateVersion: "v2" });
    expect(deploy(initialState([], 0, "off", "v1"), "v2")).toMatchObject({ stage: "off" });
  });

  it("does not keep the stage of one that was rolled back", () => {
    const bad = ask(ask(initialState([], 0, "shadow", "v1"), "advance"), "rollback");
    const good = ask(deploy(bad, "v2"), "advance");
    expect(good.stage).toBe("live");
    const back = deploy(good, "v1", { returns: true, keepsStage: true });
    expect(back).toMatchObject({ stage: "shadow", share: 0, mode: "rolled-back" });
  });
});
