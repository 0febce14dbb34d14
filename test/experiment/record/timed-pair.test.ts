import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { PairTimer } from "../../../src/experiment/record/pair-timer.ts";
import { timedPair } from "../../../src/experiment/record/timed-pair.ts";
import type { Sample } from "../../../src/model/rollout.ts";
import { gates } from "../../../src/rollout/index.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";

const at = (startedAt: number, syncEndedAt: number, endedAt: number) => ({ startedAt, syncEndedAt, endedAt });

describe("a timed pair", () => {
  it.each([
    ["control first", at(0, 1, 20), at(1, 4, 30), { controlMs: 17, candidateMs: 29 }],
    ["the candidate first", at(3, 5, 20), at(0, 3, 30), { controlMs: 17, candidateMs: 28 }],
    ["both at once", at(0, 5, 5), at(5, 15, 15), { controlMs: 5, candidateMs: 10 }],
    ["no less than its own synchronous part", at(0, 2, 6), at(2, 6, 9), { controlMs: 2, candidateMs: 7 }],
  ])("is each side's own time: %s", (_what, control, candidate, times) => {
    expect(timedPair(control, candidate, [control, candidate], true, false)).toEqual(times);
  });

  it("is none where the order was not drawn, and says where that is the candidate's doing", () => {
    const [control, candidate] = [at(0, 1, 20), at(1, 4, 30)];
    expect(timedPair(control, candidate, [control, candidate], false, false)).toBe(undefined);
    expect(timedPair(control, candidate, [control, candidate], false, true)).toBe("synchronous");
    expect(timedPair(control, candidate, [control, candidate], true, true)).toBe("synchronous");
    const [one, other] = [at(0, 5, 5), at(5, 15, 15)];
    expect(timedPair(one, other, [one, other], true, true)).toEqual({ controlMs: 5, candidateMs: 10 });
  });
});

describe("which calls are timed", () => {
  it("is one in 16, unevenly", () => {
    const timer = new PairTimer();
    const gaps: number[] = [];
    for (let call = 0, last = 0; call < 64_000; call++) {
      if (timer.take() === "untimed") continue;
      gaps.push(call - last);
      last = call;
    }
    expect(gaps.length).toBeGreaterThan(3_700);
    expect(gaps.length).toBeLessThan(4_300);
    expect(new Set(gaps.slice(1)).size).toBe(31);
  });

  it("are drawn only when 32 calls were seen, of which one in 100 took longer than 1 ms at most", () => {
    const timer = new PairTimer();
    for (let call = 0; call < 31; call++) timer.observe(0.5);
    expect([timer.mayDraw, timer.isLong]).toEqual([false, false]);
    timer.observe(1);
    expect([timer.mayDraw, timer.isLong]).toEqual([true, false]);
    for (let call = 0; call < 5; call++) timer.observe(1.1);
    expect([timer.mayDraw, timer.isLong]).toEqual([false, true]);
    for (let call = 0; call < 1_000; call++) timer.observe(0.5);
    expect(timer.mayDraw).toBe(true);
  });
});

const later = (clock: FixedClock, ms: number): Promise<number> =>
  new Promise((resolve) => clock.after(ms, () => resolve(1)));

interface Seen {
  readonly pairs: Exclude<Sample["pair"], undefined>[];
  readonly order: string[];
}

async function drive(
  clock: FixedClock,
  candidate: () => unknown,
  calls: number,
  more: { readonly timesPairs?: boolean; readonly order?: "deferred" | "random" } = {},
): Promise<Seen> {
  const seen: Seen = { pairs: [], order: [] };
  const lab = new Laboratory({ clock });
  const call = lab.experiment("p", {
    control: async () => (seen.order.push("control"), later(clock, 5)),
    candidate: async () => (seen.order.push("candidate"), candidate() as number),
    key: () => "k",
    ...(more.order && { order: more.order }),
    rollout: {
      current: () => ({ stage: "shadow", share: 0, compare: 1, epoch: 1 }),
      bucket: () => 0,
      record: ({ pair }) => pair !== undefined && seen.pairs.push(pair),
      ...(more.timesPairs !== undefined && { timesPairs: more.timesPairs }),
    },
  });
  for (let time = 0; time < calls; time++) {
    const answer = call();
    await clock.advanceAsync(20);
    await answer;
  }
  await lab.settled();
  return seen;
}

const firsts = ({ order }: Seen): number => order.filter((who, index) => index % 2 === 0 && who === "candidate").length;

describe("in calls", () => {
  it("the candidate is called first in half of the timed ones, one in 32 in all", async () => {
    const clock = fixedClock();
    const seen = await drive(clock, () => later(clock, 7), 1_000);
    expect(seen.pairs.length).toBeGreaterThan(20);
    expect(seen.pairs.length).toBeLessThan(70);
    expect(seen.pairs.every((pair) => pair !== "synchronous" && pair.controlMs === 5 && pair.candidateMs === 7)).toBe(
      true,
    );
    expect(firsts(seen)).toBeGreaterThan(5);
    expect(firsts(seen)).toBeLessThan(45);
  });

  it("control is always first beside a candidate that works long before it returns, and that is told", async () => {
    const clock = fixedClock();
    const seen = await drive(clock, () => (clock.advance(10), later(clock, 1)), 800);
    expect(firsts(seen)).toBe(0);
    expect(seen.pairs.length).toBeGreaterThan(10);
    expect(new Set(seen.pairs)).toEqual(new Set(["synchronous"]));
  });

  it("none is timed where nobody looks, or where the candidate waits its turn", async () => {
    const clock = fixedClock();
    for (const more of [{ timesPairs: false }, { order: "deferred" }] as const) {
      const seen = await drive(clock, () => later(clock, 7), 200, more);
      expect([seen.pairs.length, firsts(seen)]).toEqual([0, 0]);
    }
  });

  it("all are where the order is random", async () => {
    const clock = fixedClock();
    const seen = await drive(clock, () => later(clock, 7), 200, { order: "random" });
    expect(seen.pairs).toHaveLength(200);
  });

  it("a ramp looks where it has a gate of latencies", () => {
    expect(ramp().timesPairs).toBe(true);
    expect(ramp({ gates: [gates.errors()] }).timesPairs).toBe(false);
  });

  it("without a rollout an asynchronous candidate that burns processor time is not ready", async () => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    const call = lab.experiment("p", {
      control: async () => later(clock, 2),
      candidate: async () => (clock.advance(10), 1),
    });
    for (let time = 0; time < 2_000; time++) {
      const answer = call();
      await clock.advanceAsync(20);
      await answer;
    }
    const { verdict } = lab.status().experiments["p"]!.candidates["candidate"]!;
    expect(verdict.gates.find(({ name }) => name === "slower-than")).toMatchObject({ state: "insufficient", units: 0 });
    expect(verdict.stalled).toMatch(/cannot tell/);
  });

  /** @param more what keeps its calls from the fast path */
  async function driveWithoutRollout(isAsync: boolean, more: object): Promise<object> {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    const order: string[] = [];
    const side =
      (name: string, ms: number): (() => unknown) =>
      () => {
        order.push(name);
        if (isAsync) return later(clock, ms);
        clock.advance(ms / 10);
        return 1;
      };
    const call = lab.experiment("p", { control: side("control", 5), candidate: side("candidate", 9), ...more });
    for (let time = 0; time < 1_500; time++) {
      const answer = call();
      if (isAsync) await clock.advanceAsync(20);
      else clock.advance(20);
      await answer;
    }
    const { verdict, tally } = lab.status().experiments["p"]!.candidates["candidate"]!;
    return { gates: verdict.gates, comparisons: verdict.comparisons, tally, order };
  }

  it.each([
    ["synchronous", false],
    ["asynchronous", true],
  ])("are the same on the fast path as off it: %s", async (_what, isAsync) => {
    const fast = await driveWithoutRollout(isAsync, {});
    expect(fast).toEqual(await driveWithoutRollout(isAsync, { context: {} }));
    const { gates: judged, order } = fast as { gates: readonly { name: string; units: number }[]; order: string[] };
    expect(judged.find(({ name }) => name === "slower-than")!.units).toBeGreaterThan(0);
    expect(firsts({ pairs: [], order })).toBeGreaterThan(20);
  });
});
