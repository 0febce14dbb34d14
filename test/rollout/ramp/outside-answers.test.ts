import { afterEach, describe, expect, it } from "vitest";
import { OutsideGates } from "../../../src/rollout/ramp/outside-gates.ts";
import { gates } from "../../../src/stats/gates.ts";
import type { Verdict } from "../../../src/stats/verdict.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";

const everyMs = 1_000;

/** One answer that a test gives when it wants to. */
interface Asked {
  answer(value: number): void;
  fail(error: Error): void;
}

const cancels: (() => void)[] = [];
afterEach(() => {
  for (const cancel of cancels.splice(0)) cancel();
});

function asking(terms: { alarmAfter?: number; dryRun?: boolean } = {}) {
  const clock = fixedClock();
  const asked: Asked[] = [];
  const told = { alarms: 0, faults: [] as string[], asks: true };
  const gate = gates.external({
    ...{ name: "budget", everyMs, max: 1 },
    ask: () => new Promise<number>((resolve, reject) => asked.push({ answer: resolve, fail: reject })),
    ...terms,
  });
  const outside = new OutsideGates([gates.mismatches(0.01), gate], {
    asks: () => told.asks,
    alarmed: () => void told.alarms++,
    now: () => clock.now(),
    onFault: (error) => void told.faults.push(String(error)),
  });
  cancels.push(outside.start(clock));
  const reading = () => outside.added(verdict("ready")).gates.at(-1)!;
  /** Gives the answer to the last question, and asks the next one. */
  const answered = async (value: unknown): Promise<void> => {
    asked.at(-1)!.answer(value as number);
    await clock.advanceAsync(everyMs);
  };
  return { outside, clock, asked, told, reading, answered };
}

function verdict(kind: Verdict["kind"], more = {}): Verdict {
  const facts = { candidate: "v2", confidence: 0.99, comparisons: 1, units: 1, gates: [], reasons: [`seen: ${kind}.`] };
  const own = { insufficient: { missing: "too-few", moreUnits: 3 }, regressed: { gate: "mismatch", since: 1 } };
  return { ...facts, ...(kind in own && own[kind as keyof typeof own]), kind, ...more } as Verdict;
}

describe("the answers of a gate from outside", () => {
  it("count as they come, and only those that are asked for last", async () => {
    const { asked, clock, told, reading, outside, answered } = asking();
    expect(reading()).toEqual({
      ...{ name: "budget", max: 1, by: "outside", units: 0, bad: 0, rate: 0, upperBound: 1 },
      ...{ state: "insufficient", moreUnits: 0 },
    });
    await answered(0.5);
    expect(reading()).toMatchObject({ state: "ready", units: 1, bad: 0, last: 0.5, upperBound: 0.5 });
    // Not answered in time: the next one is asked, and nothing is known.
    await clock.advanceAsync(everyMs);
    expect(told.faults).toEqual([`Error: Gate budget did not answer within ${everyMs} ms`]);
    expect(reading()).toMatchObject({ state: "insufficient", units: 1 });
    expect(reading()).not.toHaveProperty("last");
    asked.at(-2)!.answer(7);
    await clock.advanceAsync(0);
    expect(reading()).toMatchObject({ state: "insufficient", units: 1 });
    asked.at(-1)!.answer(2);
    await clock.advanceAsync(0);
    expect(reading()).toMatchObject({ state: "not-ready", units: 2, bad: 1, rate: 0.5, last: 2 });
    // A late failure is not heard, either.
    await clock.advanceAsync(2 * everyMs);
    expect(told.faults).toHaveLength(2);
    asked.at(-2)!.fail(new Error("late"));
    await clock.advanceAsync(0);
    expect(told.faults).toHaveLength(2);
    expect(outside.states()).toEqual([
      { name: "budget", state: "insufficient", reason: "budget: no answer, 1 times in a row, at most 1 tolerated." },
    ]);
  });

  it("are none where they are no finite numbers, each a fault that quotes them", async () => {
    for (const [value, quoted] of [
      ["0.1", "0.1"],
      [Infinity, "Infinity"],
      [undefined, "undefined"],
    ] as const) {
      const { told, reading, answered } = asking();
      await answered(value);
      expect(told.faults).toEqual([`TypeError: Gate budget was answered ${quoted}, which is no number`]);
      expect(reading()).toMatchObject({ state: "insufficient", units: 0 });
    }
  });

  it("alarm after so many above it in a row, once, and for the rest of the step", async () => {
    const { told, reading, answered, outside, clock } = asking({ alarmAfter: 3 });
    for (const value of [2, 2, 1, 2, 2]) await answered(value);
    expect([told.alarms, reading().state]).toEqual([0, "not-ready"]);
    const since = clock.now() - 2 * everyMs;
    await answered(3);
    expect(told.alarms).toBe(1);
    expect(reading()).toMatchObject({ state: "regressed", regressedSince: since, alarmedBy: { seen: 3, bad: 3 } });
    for (const value of [0, 5, 5, 5, 5]) await answered(value);
    expect(told.alarms).toBe(1);
    expect(reading()).toMatchObject({ state: "regressed", regressedSince: since, alarmedBy: { seen: 3, bad: 3 } });
    expect(outside.states()[0]!.reason).toBe(
      "budget alarms: above it in 3 answers in a row, 3 in the last of them, at most 1 tolerated.",
    );
    outside.forget();
    expect(reading()).toMatchObject({ state: "insufficient", units: 0, bad: 0 });
    expect(outside.states()[0]!.reason).toBe("budget: no answer in this step so far, at most 1 tolerated.");
  });

  it("to a question of an earlier step are not heard, and are not missed", async () => {
    const { asked, clock, told, reading, outside } = asking();
    outside.forget();
    asked[0]!.answer(9);
    await clock.advanceAsync(0);
    expect(reading()).toMatchObject({ state: "insufficient", units: 0 });
    await clock.advanceAsync(everyMs);
    expect([asked.length, told.faults]).toEqual([2, []]);
  });

  it("alarm nobody where it runs dry", async () => {
    const { told, reading, answered, outside } = asking({ alarmAfter: 1, dryRun: true });
    await answered(2);
    expect(told.alarms).toBe(0);
    expect(reading()).toMatchObject({ state: "regressed", dryRun: true });
    expect(outside.states()[0]!.reason).toMatch(/^budget \(dry run\) alarms/);
  });

  it("are not asked for while they say nothing, and no more once it has stopped", async () => {
    const { asked, clock, told } = asking();
    told.asks = false;
    await clock.advanceAsync(5 * everyMs);
    expect(asked).toHaveLength(1);
    told.asks = true;
    await clock.advanceAsync(everyMs);
    expect(asked).toHaveLength(2);
    cancels.splice(0).forEach((cancel) => cancel());
    await clock.advanceAsync(5 * everyMs);
    expect([asked.length, clock.pending]).toEqual([2, 0]);
  });
});

describe("a verdict with what was answered elsewhere", () => {
  const line = {
    good: "budget: 0.5, at most 1 tolerated.",
    above: "budget: 2, at most 1 tolerated.",
    none: "budget: no answer in this step so far, at most 1 tolerated.",
  };
  /** With this as the only answer. */
  async function added(seen: Verdict, answer?: number, terms = {}): Promise<Verdict> {
    const { outside, answered } = asking({ alarmAfter: 2, ...terms });
    if (answer !== undefined) await answered(answer);
    return outside.added(seen);
  }

  it("is the one on what was seen where there are no such gates", () => {
    const seen = verdict("ready");
    const host = { asks: () => true, alarmed: () => undefined, now: () => 0, onFault: () => undefined };
    expect(new OutsideGates([gates.mismatches()], host).added(seen)).toBe(seen);
  });

  it.each([
    ["ready", 0.5, "ready", ["seen: ready.", line.good]],
    ["ready", 2, "not-ready", [line.above]],
    ["ready", undefined, "insufficient", [line.none]],
    ["insufficient", 0.5, "insufficient", ["seen: insufficient."]],
    ["insufficient", 2, "not-ready", [line.above]],
    ["insufficient", undefined, "insufficient", ["seen: insufficient."]],
    ["not-ready", 0.5, "not-ready", ["seen: not-ready."]],
    ["not-ready", 2, "not-ready", ["seen: not-ready.", line.above]],
    ["not-ready", undefined, "not-ready", ["seen: not-ready."]],
    ["regressed", 0.5, "regressed", ["seen: regressed."]],
    ["regressed", 2, "regressed", ["seen: regressed."]],
    ["regressed", undefined, "regressed", ["seen: regressed."]],
  ] as const)("of %s and the answer %s is %s", async (seen, answer, kind, reasons) => {
    const both = await added(verdict(seen), answer);
    expect(both).toMatchObject({ kind, reasons });
    expect(both.gates).toHaveLength(1);
    if (seen === "insufficient" && kind === seen) expect(both).toMatchObject({ missing: "too-few", moreUnits: 3 });
    if (seen === "ready" && kind === "insufficient") expect(both).toMatchObject({ missing: "too-short", moreUnits: 0 });
  });

  it("alarms by the gate where what was seen does not", async () => {
    const { outside, answered } = asking({ alarmAfter: 1 });
    await answered(2);
    for (const kind of ["ready", "insufficient", "not-ready"] as const)
      expect(outside.added(verdict(kind))).toMatchObject({
        ...{ kind: "regressed", gate: "budget" },
        reasons: ["budget alarms: above it in 1 answers in a row, 2 in the last of them, at most 1 tolerated."],
      });
    expect(outside.added(verdict("regressed"))).toMatchObject({ gate: "mismatch", reasons: ["seen: regressed."] });
  });

  it("shows a gate that runs dry behind all else, whatever it says", async () => {
    const dry = { dryRun: true };
    for (const kind of ["ready", "insufficient", "not-ready", "regressed"] as const)
      expect(await added(verdict(kind), 2, dry)).toMatchObject({
        kind,
        reasons: [`seen: ${kind}.`, "budget (dry run): 2, at most 1 tolerated."],
      });
  });

  it("is stalled once a gate that acts has not answered three times in a row", async () => {
    for (const [failures, isStalled] of [
      [2, false],
      [3, true],
    ] as const) {
      const { outside, clock } = asking();
      await clock.advanceAsync(failures * everyMs);
      const reason = `budget: no answer, ${failures} times in a row, at most 1 tolerated.`;
      expect(outside.added(verdict("ready"))).toMatchObject({ kind: "insufficient", reasons: [reason] });
      expect(outside.added(verdict("insufficient")).stalled).toBe(isStalled ? reason : undefined);
      expect(outside.added(verdict("insufficient", { stalled: "no keys" })).stalled).toBe("no keys");
    }
    const { outside, clock } = asking({ dryRun: true });
    await clock.advanceAsync(5 * everyMs);
    expect(outside.added(verdict("ready"))).toMatchObject({ kind: "ready" });
    expect(outside.added(verdict("ready"))).not.toHaveProperty("stalled");
  });
});
