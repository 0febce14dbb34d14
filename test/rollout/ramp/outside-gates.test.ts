import { describe, expect, it } from "vitest";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { gates } from "../../../src/stats/gates.ts";
import { call, testHost, type TestHost } from "../host.ts";

const by = "Ada";
const second = 1_000;

interface Driven {
  readonly ramp: Ramp;
  readonly host: TestHost;
}

function bound(ask: () => PromiseLike<number> | number, more: RampOptions = {}, gate = {}): Driven {
  const budget = gates.external({ name: "error-budget", everyMs: 10 * second, max: 0.5, ask, ...gate });
  const list = [gates.mismatches(0.01), budget];
  const made = ramp({ gates: list, onReady: "advance", minimumTimeMs: 60 * second, steps: [0.5], ...more });
  const host = testHost();
  made.bind!("price", host);
  return { ramp: made, host };
}

/** A hundred good calls a second. */
async function drive({ ramp: driven, host }: Driven, seconds: number): Promise<void> {
  for (let elapsed = 0; elapsed < seconds; elapsed++) {
    for (let index = 0; index < 100; index++) call(driven, host, { key: `customer-${host.called}` });
    await host.clock.advanceAsync(second);
  }
}

const kinds = ({ host }: Driven): readonly string[] => host.events.map(({ kind }) => kind);

describe("a gate from outside", () => {
  it("lets the ramp go on while its answers are tolerated, asked as often as it says, and is quoted", async () => {
    let asked = 0;
    const driven = bound(async () => Promise.resolve(++asked && 0.25));
    await drive(driven, 60);
    expect(asked).toBe(7);
    await drive(driven, 300);
    expect(driven.ramp.current().stage).toBe("live");
    expect(driven.host.events.find(({ kind }) => kind === "advanced")!.reason).toMatch(
      /mismatch: at most .* error-budget: 0.25, at most 0.5 tolerated\.$/,
    );
    expect(driven.ramp.verdict().gates.at(-1)).toMatchObject({
      ...{ name: "error-budget", by: "outside", last: 0.25, state: "ready", bad: 0 },
    });
  });

  it("keeps a step from being taken while its last answer is above what is tolerated", async () => {
    let answer = 0.6;
    const driven = bound(() => answer, {}, { alarmAfter: 1_000 });
    await drive(driven, 200);
    expect(driven.ramp.verdict()).toMatchObject({ kind: "not-ready" });
    expect(driven.ramp.verdict().reasons).toEqual(["error-budget: 0.6, at most 0.5 tolerated."]);
    expect(kinds(driven)).toEqual([]);
    answer = 0.5;
    await drive(driven, 20);
    expect(driven.ramp.current().share).toBe(0.5);
  });

  it("needs an answer of each step, and alarms after as many above it in a row as were asked for", async () => {
    let answer = 0;
    const driven = bound(() => answer, { steps: [{ share: 0.5, minimumTimeMs: 1e9 }] }, { alarmAfter: 3 });
    await drive(driven, 90);
    expect(driven.ramp.current().share).toBe(0.5);
    answer = 2;
    await drive(driven, 20);
    answer = 0;
    await drive(driven, 10);
    answer = 2;
    await drive(driven, 20);
    expect(driven.ramp.current().share).toBe(0.5);
    await drive(driven, 10);
    expect(driven.ramp.status().state).toMatchObject({ stage: "shadow", mode: "rolled-back" });
    expect(driven.host.events.at(-1)!.reason).toBe(
      "candidate: error-budget alarms: above it in 3 answers in a row, 2 in the last of them, at most 0.5 tolerated.",
    );
    expect(driven.ramp.verdict().gates.at(-1)).toMatchObject({ state: "insufficient", units: 0 });
  });

  it("does as others do where a ramp only tells, and takes no step in that step any more", async () => {
    let answer = 2;
    const driven = bound(() => answer, { onRegression: "notify" });
    await drive(driven, 20);
    answer = 0;
    await drive(driven, 300);
    expect(kinds(driven)).toEqual(["regressed"]);
    expect(driven.ramp.verdict()).toMatchObject({ kind: "regressed", gate: "error-budget" });
  });

  it("is shown and never acts where it runs dry", async () => {
    const driven = bound(() => 2, {}, { dryRun: true });
    await drive(driven, 300);
    expect(driven.ramp.current().stage).toBe("live");
    expect(kinds(driven)).not.toContain("rolled-back");
    expect(driven.ramp.verdict().reasons.at(-1)).toMatch(/^error-budget \(dry run\) alarms: above it in 2 answers/);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("unreachable");
      },
    ],
    ["rejects", () => Promise.reject(new Error("unreachable"))],
    ["never answers", () => new Promise<number>(() => undefined)],
    ["returns no number", () => "0.1" as never],
    ["returns NaN", () => NaN],
  ])(
    "is a fault where it %s; no step is taken, and after three times in a row the ramp says that it is stalled",
    async (_how, fails) => {
      let failing = true;
      const driven = bound(() => (failing ? fails() : 0.1));
      await drive(driven, 200);
      expect(driven.ramp.verdict()).toMatchObject({ kind: "insufficient", missing: "too-short" });
      expect(kinds(driven)).toEqual(["stalled"]);
      expect(driven.host.events[0]!.reason).toMatch(/^error-budget: no answer, \d+ times in a row/);
      expect(driven.host.faults.length).toBeGreaterThan(15);
      expect(new Set(driven.host.faults.map(({ operation }) => operation))).toEqual(new Set(["gate"]));
      failing = false;
      await drive(driven, 30);
      expect(driven.ramp.current().share).toBe(0.5);
    },
  );

  it("is not asked while nothing runs or all is decided, nor after the laboratory has closed", async () => {
    let asked = 0;
    const driven = bound(() => ++asked && 0, { completeAfterMs: 0, steps: [] });
    await driven.ramp.off({ by, reason: "harm" });
    asked = 0;
    await driven.host.clock.advanceAsync(60 * second);
    expect(asked).toBe(0);
    await driven.ramp.clear({ by });
    await driven.ramp.advance({ by });
    await driven.ramp.advance({ by });
    await driven.host.clock.advanceAsync(60 * second);
    expect(asked).toBe(6);
    await driven.ramp.complete({ by });
    await driven.host.clock.advanceAsync(60 * second);
    expect(asked).toBe(6);
    await driven.ramp.close!();
    expect(driven.host.clock.pending).toBe(0);
  });

  it("is asked of everything that it needs", () => {
    const right = { name: "mine", everyMs: 1_000, max: 1, ask: () => 0 };
    expect(() => gates.external({ ...right, everyMs: 1 })).toThrow(/`everyMs` to be/);
    expect(() => gates.external({ ...right, ask: 0 as never })).toThrow(/`ask` to be a function/);
    expect(() => gates.external({ ...right, max: NaN })).toThrow(/`max` to be/);
    expect(() => ramp({ gates: [{ ...gates.mismatches(), by: "outside" }] })).toThrow(
      /`gates\[0\].outside` to be an object/,
    );
    expect(() => ramp({ gates: [gates.external({ ...right, max: -3 }), gates.external(right)] })).toThrow(
      /no other gate has/,
    );
  });
});
