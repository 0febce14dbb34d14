import { describe, expect, it } from "vitest";
import type { RolloutEvent } from "../../../src/model/rollout.ts";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { snapshotOf } from "../../../src/rollout/snapshot.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import { gates } from "../../../src/stats/gates.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { started, wayTo } from "../fleet/process.ts";
import { call, testHost, type TestHost } from "../host.ts";
import { switchable } from "../switchable.ts";

const by = "Ada";
const minute = 60_000;

function bound(options: RampOptions = {}, host: TestHost = testHost()): { ramp: Ramp; host: TestHost } {
  const made = ramp({ gates: [gates.mismatches(0.01)], minimumTimeMs: minute, ...options });
  made.bind!("price", host);
  return { ramp: made, host };
}

const calls = (driven: { ramp: Ramp; host: TestHost }, count: number): void => {
  for (let index = 0; index < count; index++) call(driven.ramp, driven.host, { key: `customer-${driven.host.called}` });
};

describe("a ramp whose source changes", () => {
  it("says which way that goes, and nothing where the same is served", async () => {
    const source = switchable(snapshotOf("complete"));
    const { ramp: driven, host } = bound({ source, steps: [0.2, 0.5] });
    await driven.advance({ by });
    const { length } = host.events;
    const limits = [
      snapshotOf("ramp", 0.1),
      snapshotOf("ramp", 0.1, 0, 0.5),
      snapshotOf("ramp", 0.15),
      snapshotOf("off"),
      snapshotOf("shadow"),
      snapshotOf("complete"),
    ];
    for (const limit of limits) source.set(limit);
    const told = host.events.slice(length);
    expect(told.map(({ kind, from, to }) => [kind, from.stage, from.share, to.stage, to.share])).toEqual([
      ["rolled-back", "ramp", 0.2, "ramp", 0.1],
      ["advanced", "ramp", 0.1, "ramp", 0.15],
      ["rolled-back", "ramp", 0.15, "off", 0],
      ["advanced", "off", 0, "shadow", 0],
      ["advanced", "shadow", 0, "ramp", 0.2],
    ]);
    for (const { by: who, reason } of told) expect([who, reason]).toEqual(["source", "The source changed."]);
  });

  it("keeps what was seen where the same is served", () => {
    const source = switchable(snapshotOf("live"));
    const driven = bound({ source });
    calls(driven, 10);
    source.set(snapshotOf("live", 1, 0, 0.5));
    expect(driven.ramp.verdict().units).toBeGreaterThan(0);
  });

  it("starts it once, stops it when it is closed, and counts what that throws", async () => {
    const order: string[] = [];
    const source = {
      ...switchable(snapshotOf("complete")),
      onChange: () => () => {
        throw new Error("no way back");
      },
      start: () => {
        order.push("started");
        return () => void order.push("stopped");
      },
    };
    const { ramp: driven, host } = bound({ source });
    expect(order).toEqual(["started"]);
    await driven.close!();
    await driven.close!();
    expect(order).toEqual(["started", "stopped"]);
    expect(host.faults.map(({ operation, error }) => [operation, String(error)])).toEqual([
      ["rollout", "Error: no way back"],
    ]);
    expect(host.clock.pending).toBe(0);
  });
});

describe("a ramp out of reach of its store", () => {
  it.each(["ramp", "live"] as const)("serves control in %s, and as before in complete", async (stage) => {
    const clock = fixedClock();
    const way = wayTo(memoryStore());
    const { ramp: driven } = await started(way.store, clock, { steps: [0.5], completeAfterMs: 0, compare: 0.5 });
    await driven.advance({ by });
    if (stage === "live") await driven.advance({ by });
    const served = driven.current().share;
    expect(served).toBeGreaterThan(0);
    way.state = "cut";
    await clock.advanceAsync(59_000);
    expect(driven.current().share).toBe(served);
    await clock.advanceAsync(20_000);
    expect(driven.current()).toMatchObject({ stage: "shadow", share: 0, compare: 0.5, epoch: 0 });
    expect(driven.status()).toMatchObject({ stale: true, state: { stage } });
    if (stage === "ramp") return;
    way.state = "open";
    await clock.advanceAsync(12_001);
    await driven.complete({ by });
    way.state = "cut";
    await clock.advanceAsync(2 * minute);
    expect(driven.current()).toMatchObject({ stage: "complete", share: 1 });
  });

  it("says that it compares nothing before it knows the state", async () => {
    const clock = fixedClock();
    const way = wayTo(memoryStore());
    way.state = "cut";
    const host = testHost(clock);
    const made = ramp({ gates: [gates.mismatches(0.01)], version: "v1", store: way.store, quietAfterMs: minute });
    made.bind!("price", host);
    expect(made.current()).toMatchObject({ stage: "off", compare: 0 });
    await clock.advanceAsync(90_000);
    expect(host.events.map(({ kind }) => kind)).toEqual(["no-traffic"]);
  });
});

describe("what a verdict of a ramp rests on", () => {
  it("says where it stands still and why, and otherwise nothing of the kind", async () => {
    const driven = bound({ minimumUnits: 300, minimumKeys: 50, minimumServed: 40, risk: 0.02 });
    calls(driven, 5);
    const basis = driven.ramp.basis!();
    expect(basis).toMatchObject({
      since: driven.host.clock.now(),
      terms: { risk: 0.02, minimumUnits: 300, minimumKeys: 50, minimumTimeMs: minute, minimumServed: 40 },
      all: { comparisons: 5 },
    });
    for (const absent of ["standing", "outside", "served"]) expect(basis).not.toHaveProperty(absent);
    await driven.ramp.pause({ by, reason: "lunch" });
    expect(driven.ramp.basis!().standing).toEqual({ is: "paused", reason: expect.stringMatching(/Ada, lunch/) });
  });

  it("says what was answered elsewhere", async () => {
    const budget = gates.external({ name: "budget", everyMs: 1_000, max: 1, ask: () => 0.5 });
    const driven = bound({ gates: [budget, gates.mismatches(0.01)] });
    await driven.host.clock.advanceAsync(0);
    expect(driven.ramp.basis!().outside).toEqual([
      { name: "budget", state: "ready", reason: "budget: 0.5, at most 1 tolerated." },
    ]);
  });

  it("keeps windows for records alone", () => {
    const secret = "0123456789abcdef0123456789abcdef";
    const recorded = bound({}, { ...testHost(), units: { secret } });
    const plain = bound();
    for (const driven of [recorded, plain]) calls(driven, 5);
    expect(recorded.ramp.basis!().all.windows).toHaveLength(1);
    expect(plain.ramp.basis!().all.windows).toEqual([]);
  });
});

describe("a ramp that is bound", () => {
  it("begins on its laboratory's clock, and again only where its candidate may be other code", async () => {
    const host = testHost(fixedClock(5_000_000));
    const { ramp: driven } = bound({}, host);
    expect(driven.status().state).toMatchObject({ since: host.clock.now(), changedAt: host.clock.now(), epoch: 1 });
    await driven.advance({ by });
    driven.bind!("price", host);
    expect(driven.status().state).toMatchObject({ stage: "shadow" });
    expect(host.events.at(-1)).toMatchObject({
      ...{ kind: "new-version", by: "ramp", reason: "The experiment was defined anew." },
    });

    const versioned = bound({ version: "v1" });
    await versioned.ramp.advance({ by });
    versioned.ramp.bind!("price", versioned.host);
    expect(versioned.ramp.status().state.stage).toBe("ramp");
    expect(() => versioned.ramp.bind!("tax", versioned.host)).toThrow(/got the ramp of "price"/);
  });

  it("has the version that the laboratory's label says where it names none", () => {
    const host = { ...testHost(), build: "a-build" } as TestHost;
    expect(bound({}, host).ramp.status().state.candidateVersion).toBe("a-build");
    expect(bound({ version: "v1" }, host).ramp.status().state.candidateVersion).toBe("v1");
  });

  it("acts on an alarm once, as it was told to, however much alarms after it", async () => {
    for (const [onRegression, kinds, mode] of [
      ["rollback", ["rolled-back"], "rolled-back"],
      ["pause", ["paused"], "paused"],
      ["notify", ["regressed"], "running"],
    ] as const) {
      const driven = bound({ onRegression });
      for (let index = 0; index < 100; index++)
        call(driven.ramp, driven.host, { key: `customer-${index}`, isBad: true });
      driven.host.clock.advance(5 * minute);
      expect(driven.host.events.map(({ kind }: RolloutEvent) => kind)).toEqual(kinds);
      expect(driven.host.events[0]!.reason).toMatch(/^candidate: mismatch alarms/);
      expect(driven.ramp.status().state.mode).toBe(mode);
    }
    // Paused by a person, it says so and stays paused.
    const paused = bound({ onRegression: "pause" });
    await paused.ramp.pause({ by });
    for (let index = 0; index < 100; index++) call(paused.ramp, paused.host, { key: `customer-${index}`, isBad: true });
    expect(paused.host.events.map(({ kind }) => kind)).toEqual(["paused", "regressed"]);
  });
});
