import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { Sample } from "../../../src/model/rollout.ts";
import { gates } from "../../../src/rollout/index.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../../src/testing/index.ts";

const notFound = (id: number): boolean => id % 33 === 0;
function look(id: number): number {
  if (notFound(id)) throw new Error("not found");
  return id;
}
const lookLater = async (id: number): Promise<number> => Promise.resolve().then(() => look(id));
const lookLazily = (id: number): PromiseLike<number> => ({
  then: (fulfilled, rejected) => lookLater(id).then(fulfilled, rejected),
});

type Side = (id: number) => unknown;

const ways: readonly (readonly [string, { control: Side; candidate: Side; compare?: number; order?: "deferred" }])[] = [
  ["all calls compared", { control: lookLater, candidate: lookLater }],
  ["a tenth of the calls compared", { control: lookLater, candidate: lookLater, compare: 0.1 }],
  ["next to none of the calls compared", { control: lookLater, candidate: lookLater, compare: 1e-9 }],
  ["a synchronous candidate", { control: lookLater, candidate: look, compare: 0.1 }],
  ["both synchronous", { control: look, candidate: look, compare: 0.1 }],
  ["a lazy thenable as control", { control: lookLazily, candidate: lookLater }],
  ["a lazy thenable as control, seldom compared", { control: lookLazily, candidate: lookLater, compare: 0.1 }],
  ["a candidate that waits its turn", { control: lookLater, candidate: lookLater, order: "deferred" }],
];

describe("where control fails as well", () => {
  it.each(ways)(
    "a failure is none of the candidate's, with %s",
    async (_way, { control, candidate, compare, order }) => {
      const clock = fixedClock();
      const lab = new Laboratory({ clock, random: seededRandom(3) });
      const rollout = ramp({ steps: [0.5], ...(compare !== undefined && { compare }) });
      const call = lab.experiment("find", {
        control: control as (id: number) => Promise<number>,
        candidate: candidate as (id: number) => Promise<number>,
        key: String,
        rollout,
        ...(order && { order }),
      });
      await rollout.advance({ by: "Ada" });
      for (let id = 0; id < 3_000; id++) {
        try {
          await call(id);
        } catch (error) {
          expect((error as Error).message).toBe("not found");
        }
        if (id % 50 === 0) await clock.advanceAsync(1_000);
      }
      expect(rollout.status().state.mode).toBe("running");
      expect(rollout.verdict().gates.find(({ name }) => name === "candidate-error")).toMatchObject({ bad: 0 });
      const { tally, breaker } = lab.status().experiments["find"]!.candidates["candidate"]!;
      expect({ errors: tally.candidateErrors, breaker }).toEqual({ errors: 0, breaker: "closed" });
      void lab.close();
    },
  );

  it("a breaker stays closed, however many calls both fail at in a row", async () => {
    const lab = new Laboratory({ clock: fixedClock(), random: () => 0.5 });
    const fail = async (): Promise<never> => Promise.reject(new Error("not found"));
    const call = lab.experiment("find", {
      control: fail,
      candidate: fail,
      key: () => "k",
      rollout: { serve: 1, compare: 1e-9 },
    });
    for (let time = 0; time < 100; time++) await expect(call()).rejects.toThrow("not found");
    expect(lab.status().experiments["find"]!.candidates["candidate"]!.breaker).toBe("closed");
  });

  it("a failure that control does not share still counts, once, however it is served", async () => {
    for (const compare of [1, 1e-9]) {
      const samples: Sample[] = [];
      const lab = new Laboratory({ clock: fixedClock(), random: () => 0.5 });
      const call = lab.experiment("find", {
        control: async () => Promise.resolve(1),
        candidate: async () => Promise.reject<number>(new Error("bad")),
        key: () => "k",
        rollout: {
          current: () => ({ stage: "live", share: 1, compare, epoch: 1 }),
          bucket: () => 0,
          record: (sample) =>
            void samples.push({ ...sample, candidateThrew: sample.candidateThrew, aboutControl: sample.aboutControl }),
        },
      });
      await expect(call()).resolves.toBe(1);
      await lab.settled();
      expect(samples.map((sample) => gates.errors().penalty(sample))).toEqual([1]);
    }
  });
});

describe("beside a control that never settles", () => {
  const never = (): Promise<number> => new Promise(() => undefined);

  it.each([
    ["rejects", 1, async () => Promise.reject<number>(new Error("bad"))],
    ["hangs as well", 1, never],
    ["rejects, and is not compared", 1e-9, async () => Promise.reject<number>(new Error("bad"))],
  ])("a candidate that %s is rolled back or stopped", async (_what, compare, candidate) => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock, random: seededRandom(1) });
    const rollout = ramp({ compare });
    const call = lab.experiment("find", {
      control: never,
      candidate,
      key: String,
      rollout,
      limits: { maxInFlight: 1e6 },
    });
    for (let step = 0; step < 6; step++) await rollout.advance({ by: "Ada" });
    for (let id = 0; id < 100; id++) {
      void (call as (id: number) => Promise<number>)(id);
      await clock.advanceAsync(1_000);
    }
    const { breaker } = lab.status().experiments["find"]!.candidates["candidate"]!;
    expect(breaker !== "closed" || rollout.status().state.mode === "rolled-back").toBe(true);
    void lab.close();
  });

  it("a failure is told when a candidate's time has passed, and no second time when control comes", async () => {
    const clock = fixedClock();
    const samples: Pick<Sample, "aboutControl" | "kind">[] = [];
    const bad: (number | undefined)[] = [];
    let answer: (value: number) => void = () => undefined;
    const lab = new Laboratory({ clock });
    const call = lab.experiment("find", {
      control: async () => new Promise<number>((resolve) => (answer = resolve)),
      candidate: async () => Promise.reject<number>(new Error("bad")),
      limits: { timeoutMs: 500 },
      key: () => "k",
      rollout: {
        current: () => ({ stage: "shadow", share: 0, compare: 1, epoch: 1 }),
        bucket: () => 0,
        record(sample) {
          samples.push({ aboutControl: sample.aboutControl, kind: sample.kind });
          bad.push(gates.errors().penalty(sample));
        },
      },
    });
    void call();
    await clock.advanceAsync(499);
    expect(samples).toEqual([]);
    await clock.advanceAsync(2);
    expect(samples).toEqual([{ aboutControl: "pending", kind: "inconclusive" }]);
    answer(1);
    await clock.advanceAsync(10);
    await lab.settled();
    expect(samples.slice(1)).toEqual([{ aboutControl: "late", kind: "mismatch" }]);
    expect(bad).toEqual([1, undefined]);
  });

  it("a laboratory that closes tells nothing of it", async () => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    const call = lab.experiment("find", {
      control: never,
      candidate: async () => Promise.reject<number>(new Error("bad")),
      limits: { breakAfter: 1 },
    });
    void call();
    await clock.advanceAsync(5);
    await lab.close({ timeoutMs: 0 });
    expect(lab.status().experiments["find"]!.candidates["candidate"]!.breaker).toBe("closed");
  });
});
