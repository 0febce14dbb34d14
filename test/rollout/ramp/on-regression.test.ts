import { describe, expect, it } from "vitest";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import { gates, type Gate } from "../../../src/stats/gates.ts";
import { call, testHost, type TestHost } from "../host.ts";

const by = "Ada";

interface Driven {
  readonly ramp: Ramp;
  readonly host: TestHost;
}

function bound(options: RampOptions, host = testHost()): Driven {
  const made = ramp({ gates: [gates.mismatches(0.01)], onReady: "advance", minimumTimeMs: 60_000, ...options });
  made.bind!("price", host);
  return { ramp: made, host };
}

function drive({ ramp: driven, host }: Driven, calls: number, isBad = false): void {
  for (let index = 0; index < calls; index++) {
    call(driven, host, { key: `customer-${host.called}`, isBad });
    host.clock.advance(100);
  }
}

const kinds = ({ host }: Driven): readonly string[] => host.events.map(({ kind }) => kind);

describe("a ramp whose gate alarms", () => {
  it("takes no step where it was told to pause, says so once, and goes on with fresh evidence when a person resumes it", async () => {
    const driven = bound({ onRegression: "pause", steps: [0.5] });
    await driven.ramp.advance({ by });
    drive(driven, 200, true);
    expect(kinds(driven)).toEqual(["advanced", "paused"]);
    expect(driven.ramp.current()).toMatchObject({ stage: "ramp", share: 0.5 });
    expect(driven.host.events.at(-1)!.reason).toMatch(/^candidate: mismatch alarms: \d+ of the last \d+ units/);
    expect(driven.ramp.verdict()).toMatchObject({ kind: "regressed", standing: "paused" });
    drive(driven, 5_000);
    expect(kinds(driven)).toEqual(["advanced", "paused"]);
    await driven.ramp.resume({ by, reason: "it was a broken import" });
    expect(driven.ramp.verdict()).toMatchObject({ units: 0, kind: "insufficient" });
    drive(driven, 50, true);
    expect(kinds(driven).slice(2)).toEqual(["resumed", "paused"]);
    await driven.ramp.resume({ by });
    drive(driven, 5_000);
    expect(driven.ramp.current().stage).toBe("live");
  });

  it("is heard of where it is paused already, by its event alone", async () => {
    const driven = bound({ onRegression: "pause" });
    await driven.ramp.pause({ by });
    drive(driven, 200, true);
    expect(kinds(driven)).toEqual(["paused", "regressed"]);
    expect(driven.ramp.status().state.mode).toBe("paused");
  });

  it("only tells where it was told to, once, takes no step on that evidence, and leaves the rest to people", async () => {
    const driven = bound({ onRegression: "notify" });
    drive(driven, 60, true);
    drive(driven, 20_000);
    expect(kinds(driven)).toEqual(["regressed"]);
    expect(driven.host.events[0]).toMatchObject({ by: "ramp", from: { stage: "shadow" }, to: { stage: "shadow" } });
    expect(driven.ramp.verdict().kind).toBe("regressed");
    expect(driven.ramp.current().stage).toBe("shadow");
    await driven.ramp.rollback({ by, reason: "seen" });
    await driven.ramp.clear({ by });
    drive(driven, 60, true);
    expect(kinds(driven).at(-1)).toBe("regressed");
  });

  it("forgets what alarmed in every process when a person resumes it", async () => {
    const host = testHost();
    const store = memoryStore();
    const options: RampOptions = { onRegression: "pause", store, version: "v1" };
    const one = bound(options, host);
    const two = bound(options, testHost(host.clock));
    await one.ramp.loaded;
    await two.ramp.loaded;
    drive(two, 100);
    drive(one, 100, true);
    await host.clock.advanceAsync(20_000);
    expect(two.ramp.status().state.mode).toBe("paused");
    await two.ramp.resume({ by });
    await host.clock.advanceAsync(120_000);
    for (const { ramp: each } of [one, two]) {
      expect(each.status().state.mode).toBe("running");
      expect(each.verdict()).toMatchObject({ comparisons: 0 });
    }
  });
});

describe("a gate that runs dry", () => {
  const dry = (gate: Gate): Gate => ({ ...gate, dryRun: true });

  it.each(["of all calls", "of what the candidate answered"])(
    "is judged and shown, and never acts: %s",
    async (what) => {
      const driven = bound({ gates: [gates.errors(0.01), dry(gates.mismatches(0.01))], steps: [0.5] });
      if (what !== "of all calls") await driven.ramp.advance({ by });
      drive(driven, 400, true);
      const verdict = driven.ramp.verdict();
      expect(verdict.gates.find(({ name }) => name === "mismatch")).toMatchObject({ dryRun: true, state: "regressed" });
      expect(verdict.reasons).toContainEqual(
        expect.stringMatching(/^mismatch \(dry run\): regressed, 100 % of \d+ units, 1 % tolerated\.$/),
      );
      drive(driven, 5_000, true);
      expect(kinds(driven)).not.toContain("rolled-back");
      expect(driven.ramp.current().stage).toBe("live");
      expect(driven.host.events.at(-1)!.reason).toMatch(/mismatch \(dry run\): regressed/);
    },
  );

  it("does not stall a ramp that it says nothing to, nor act over several processes", async () => {
    const silent = gates.custom({ name: "mine", max: 0.1, of: () => undefined });
    const driven = bound({ gates: [gates.mismatches(0.01), dry(silent)], store: memoryStore(), version: "v1" });
    await driven.ramp.loaded;
    for (let round = 0; round < 20; round++) {
      drive(driven, 100);
      await driven.host.clock.advanceAsync(10_000);
    }
    expect(kinds(driven)).not.toContain("stalled");
    expect(driven.ramp.current().stage).toBe("ramp");
  });

  it("is not the only one", () => {
    expect(() => ramp({ gates: [dry(gates.mismatches())] })).toThrow(/`gates` to be at least one gate that acts/);
    expect(() => ramp({ gates: [{ ...gates.mismatches(), dryRun: 1 as never }] })).toThrow(/`gates\[0\].dryRun`/);
  });
});
