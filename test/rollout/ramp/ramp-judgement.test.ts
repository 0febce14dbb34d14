import { describe, expect, it } from "vitest";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { snapshotOf } from "../../../src/rollout/snapshot.ts";
import type { RolloutState } from "../../../src/rollout/state.ts";
import { gates } from "../../../src/stats/gates.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { begun, enough, judging, type Judging } from "./judging.ts";

describe("a ramp that judges alone", () => {
  it("looks at every 64th unit, and tells once that it is ready", () => {
    const { judgement, record, told, asked, kinds } = judging();
    record(enough - 1);
    expect(told).toEqual([]);
    record(1);
    expect(told).toEqual([["ready", 1_000, judgement.verdict(false).reasons.join(" ")]]);
    expect(judgement.verdict(false).kind).toBe("ready");
    record(200);
    judgement.check();
    expect(kinds()).toEqual(["ready"]);
    expect(asked).toEqual([]);
    // What runs is the same, and is told anew.
    judgement.goesOn();
    judgement.check();
    expect(kinds()).toEqual(["ready", "ready"]);
  });

  it("looks with every check as well", () => {
    const { judgement, record, kinds } = judging();
    record(enough - 2);
    expect(kinds()).toEqual([]);
    judgement.check();
    expect(kinds()).toEqual(["ready"]);
  });

  it("asks for the next step where it is to, of this epoch alone, and says whether that pauses", () => {
    const steps = [{ share: 0.1, pause: true }, 0.5];
    const { record, asked, kinds, told } = judging({ onReady: "advance", steps });
    record(enough);
    expect(kinds()).toEqual(["ready"]);
    const step = { kind: "advance", at: 1_000, reason: told[0]![2], epoch: 1, pauses: true };
    expect(asked).toEqual([step]);
    // It was left: it is asked for again, and told of once.
    record(64);
    expect(asked).toHaveLength(2);
    expect(kinds()).toEqual(["ready"]);
  });

  it.each<readonly [string, (is: Judging["is"]) => void]>([
    ["while it may not promote", (is) => void (is.mayPromote = false)],
    ["while it is rolled back", (is) => void (is.state = { ...begun, mode: "rolled-back" })],
    ["while a source allows less", (is) => void (is.limited = true)],
  ])("takes no step, and tells of none, %s", (_, change) => {
    const { judgement, record, is, told, asked } = judging({ onReady: "advance" });
    change(is);
    record(enough);
    judgement.check();
    expect([told, asked]).toEqual([[], []]);
    Object.assign(is, { mayPromote: true, state: begun, limited: false });
    judgement.check();
    expect(asked).toHaveLength(1);
  });

  it("takes none while it is paused or live, and says that it is ready", () => {
    for (const more of [{ mode: "paused" }, { stage: "live", share: 1 }] as const) {
      const { judgement, record, is, asked, kinds } = judging({ onReady: "advance", minimumServed: 1 });
      is.state = { ...begun, ...more };
      judgement.startAfresh(1_000);
      record(2 * enough, { served: true });
      expect(kinds()).toEqual(["ready"]);
      expect(asked).toEqual([]);
    }
  });

  it("takes none before its minimum time has passed since its evidence began", () => {
    const { judgement, record, is, kinds } = judging({ minimumTimeMs: 5_000 });
    is.now = 5_999;
    record(enough);
    judgement.check();
    expect(kinds()).toEqual([]);
    is.now = 6_000;
    judgement.check();
    expect(kinds()).toEqual(["ready"]);
    judgement.startAfresh(6_000);
    is.now = 10_999;
    record(enough);
    judgement.check();
    is.now = 11_000;
    expect(kinds()).toEqual(["ready"]);
    judgement.check();
    expect(kinds()).toEqual(["ready", "ready"]);
  });

  it("forgets what it has seen where something else runs, or where that is left out, and says why", () => {
    const { judgement, record, faults } = judging();
    record(100);
    expect(judgement.verdict(false).units).toBe(100);
    judgement.gatherAnew();
    expect(judgement.verdict(false).units).toBe(0);
    expect(faults).toEqual([]);
    record(100);
    judgement.gatherAnew("It was out of reach.");
    expect(faults).toEqual(["store: Error: It was out of reach."]);
    record(100);
    judgement.startAfresh(5);
    expect(judgement.verdict(false).units).toBe(0);
    expect(judgement.basis().since).toBe(5);
  });
});

describe("an alarm", () => {
  const alarmed = (options: RampOptions, state: RolloutState = begun) => {
    const all = judging(options, state);
    all.record(200, { kind: "mismatch", candidate: "next" });
    return all;
  };

  it("rolls back, once, and says whose it is and why", () => {
    const { judgement, asked, told, record } = alarmed({});
    const reason = `next: ${judgement.verdict(false).reasons.join(" ")}`;
    expect(asked).toEqual([{ kind: "rollback", at: 1_000, reason: expect.stringMatching(/^next: .*mismatch/) }]);
    expect(reason).toMatch(/^next: /);
    expect(told).toEqual([]);
    judgement.startAfresh(1_000);
    record(200, { kind: "mismatch" });
    expect(asked).toHaveLength(2);
  });

  it("pauses where it is to, and only tells of it where it is paused already or is to tell", () => {
    const pause = { kind: "pause", at: 1_000, reason: expect.any(String), alarmed: true };
    expect(alarmed({ onRegression: "pause" }).asked).toEqual([pause]);
    for (const all of [
      alarmed({ onRegression: "pause" }, { ...begun, mode: "paused" }),
      alarmed({ onRegression: "notify" }),
    ]) {
      expect(all.asked).toEqual([]);
      expect(all.told).toEqual([["regressed", 1_000, expect.stringMatching(/^next: /)]]);
    }
  });
});

describe("evidence that will never suffice", () => {
  it("comes up once, until something else stands in the way or other evidence is gathered", () => {
    const { judgement, record, is, kinds, told } = judging();
    record(200, { kind: "inconclusive" });
    is.snapshot = snapshotOf("shadow", 0, 0, 0);
    judgement.check();
    is.snapshot = snapshotOf("shadow");
    is.isCurrent = false;
    judgement.check();
    expect(told).toEqual([]);
    is.isCurrent = true;
    judgement.check();
    judgement.check();
    expect(kinds()).toEqual(["stalled"]);
    expect(told[0]![2]).toMatch(/^inconclusive:/);
    judgement.startAfresh(1_000);
    record(200, { kind: "inconclusive" });
    judgement.check();
    expect(kinds()).toEqual(["stalled", "stalled"]);
  });
});

describe("a share that is another one than promised", () => {
  const ramping: RolloutState = { ...begun, stage: "ramp", share: 0.5 };
  const skewed = () => {
    const all = judging({}, ramping);
    for (let key = 0; key < 400; key++) all.record(1, { key: `k${key}`, served: true });
    return all;
  };

  it("pauses, unless a source limits what is served", () => {
    const { judgement, asked, is } = skewed();
    is.limited = true;
    judgement.check();
    expect(asked).toEqual([]);
    is.limited = false;
    judgement.check();
    expect(asked).toEqual([
      { kind: "pause", at: 1_000, reason: expect.stringMatching(/^The candidate answered \d+ of \d+ keys, and 50 %/) },
    ]);
  });

  it("is tested anew when a person goes on, and not when a pause begins", () => {
    const { judgement, asked, is } = skewed();
    is.state = { ...ramping, mode: "paused" };
    judgement.goesOn();
    judgement.check();
    expect(asked).toHaveLength(1);
    is.state = ramping;
    judgement.goesOn();
    judgement.check();
    expect(asked).toHaveLength(1);
  });

  it("is that of keys which nobody chose", () => {
    const { judgement, asked, record } = judging({ steps: [{ keys: () => false }, 0.5] }, ramping);
    for (let call = 0; call < 400; call++) record(1, { key: `team-${call}`, served: true });
    expect(judgement.basis().all.keys).toBeGreaterThan(350);
    judgement.check();
    expect(asked).toEqual([]);
  });
});

describe("what a step is judged by", () => {
  it("is what chosen keys were answered too, in a step of these alone", () => {
    const served = (more: Partial<RolloutState>): boolean =>
      "served" in judging({ steps: [{ keys: () => true }, 0.5] }, { ...begun, ...more }).judgement.basis();
    expect(served({ stage: "ramp", share: 0 })).toBe(true);
    expect(served({ stage: "ramp", share: 0.5 })).toBe(true);
    expect(served({ stage: "shadow", share: 0 })).toBe(false);
  });

  it("alarms falsely as seldom as it is set to", () => {
    const bad = (options: RampOptions): number => {
      const { record, asked } = judging(options);
      let calls = 0;
      for (; asked.length === 0; calls++) record(1, { kind: "mismatch" });
      return calls;
    };
    expect(bad({ falseAlarmEvery: 1 })).toBeLessThan(bad({}));
  });

  it("counts a fault of a gate", async () => {
    const own = gates.custom({ name: "own", max: 0.01, of: () => 7 });
    const { record, faults } = judging({ gates: [own] });
    record(1, { result: () => ({}) as never });
    expect(faults).toEqual([expect.stringMatching(/^gate: /)]);
    const clock = fixedClock();
    const budget = gates.external({
      name: "budget",
      max: 1,
      everyMs: 1_000,
      alarmAfter: 1,
      ask: () => "much" as never,
    });
    const outside = judging({ gates: [gates.mismatches(0.01), budget] });
    outside.judgement.start(clock);
    await clock.advanceAsync(2_000);
    expect(outside.faults[0]).toMatch(/^gate: /);
  });

  it("rolls back by a gate from outside", async () => {
    const clock = fixedClock();
    const budget = gates.external({ name: "budget", max: 1, everyMs: 1_000, alarmAfter: 1, ask: () => 2 });
    const { judgement, asked } = judging({ gates: [gates.mismatches(0.01), budget] });
    judgement.start(clock);
    await clock.advanceAsync(2_000);
    expect(asked).toMatchObject([{ kind: "rollback", at: 1_000, reason: expect.stringContaining("budget") }]);
  });
});

describe("what a verdict rests on", () => {
  it("is the terms, when it began, and what was seen, with gates from outside where there are any", () => {
    const terms = { risk: 0.02, minimumUnits: 7, minimumKeys: 8, minimumTimeMs: 9, minimumServed: 10 };
    const { judgement, record } = judging(terms);
    record(3);
    expect(judgement.basis()).toMatchObject({ since: 1_000, terms, all: { comparisons: 3 } });
    expect(judgement.basis()).not.toHaveProperty("outside");
    const budget = gates.external({ name: "budget", max: 1, everyMs: 1_000, ask: () => 0 });
    expect(judging({ gates: [gates.mismatches(0.01), budget] }).judgement.basis().outside).toHaveLength(1);
  });

  it("asks outside only for what is known, current and under way", async () => {
    let asked = 0;
    const budget = gates.external({ name: "budget", max: 1, everyMs: 1_000, ask: () => ++asked && 0 });
    const clock = fixedClock();
    const { judgement, is } = judging({ gates: [gates.mismatches(0.01), budget] });
    const stop = judgement.start(clock);
    const more = async (change: Partial<typeof is>): Promise<boolean> => {
      const now = { ...is };
      Object.assign(is, change);
      const before = asked;
      await clock.advanceAsync(2_000);
      Object.assign(is, now);
      return asked > before;
    };
    expect(await more({})).toBe(true);
    expect(await more({ known: false })).toBe(false);
    expect(await more({ isCurrent: false })).toBe(false);
    for (const [stage, isAsked] of [
      ["off", false],
      ["ramp", true],
      ["live", true],
      ["complete", false],
    ] as const)
      expect(await more({ snapshot: snapshotOf(stage, 0.5) }), stage).toBe(isAsked);
    stop();
    expect(clock.pending).toBe(0);
  });
});
