import { describe, expect, it } from "vitest";
import { FleetJudge, type Conclusion } from "../../../src/rollout/fleet/fleet-judge.ts";
import { ProcessRun } from "../../../src/rollout/fleet/process-run.ts";
import type { Evidence } from "../../../src/rollout/stores/store.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";

const leaseMs = 15_000;
const evidence = { now: 1, reports: [], units: [] } satisfies Evidence;
const found = { verdict: { at: 1 }, retired: { processes: ["gone"], kept: 1 } } as unknown as Conclusion;

/** A judge by itself: what it asks its store for, in its order, and what that answers. */
function judging() {
  const clock = fixedClock();
  const asked: unknown[][] = [];
  const judged: unknown[] = [];
  const faults: string[] = [];
  const answers = {
    epoch: 3 as number | undefined,
    fence: 7 as number | undefined,
    conclusion: found as Conclusion | undefined,
    isPresent: true,
    /** Of which question nothing comes back, or a refusal. */
    silent: "",
    failing: "",
    /** What happens while the evidence is read. */
    meanwhile: (): void => undefined,
  };
  const answer = async <Value>(name: string, given: readonly unknown[], value: () => Value): Promise<Value> => {
    asked.push([name, ...given]);
    if (answers.silent === name) return new Promise(() => undefined);
    if (answers.failing === name) throw new Error(`no ${name}`);
    return value();
  };
  const run = new ProcessRun("a");
  const store = {
    claim: async (experiment: string, process: string, ttlMs: number) =>
      answer("claim", [experiment, process === run.id, ttlMs], () => answers.fence),
    collect: async (...given: unknown[]) =>
      answer("collect", given, () => {
        answers.meanwhile();
        return evidence;
      }),
    conclude: async (...given: unknown[]) => answer("conclude", given, () => answers.isPresent),
  };
  const judge = new FleetJudge(store as never, clock, "price", run, {
    judges: () => answers.epoch,
    judge(given) {
      judged.push(given);
      return answers.conclusion;
    },
    failed: (error) => void faults.push(String(error)),
  });
  return { judge, clock, run, asked, judged, faults, answers };
}

const claimed = ["claim", "price", true, leaseMs];
const letGo = ["claim", "price", true, 0];
const collected = ["collect", "price", 3, 7];

describe("a look at who judges", () => {
  it("takes the lease, reads all evidence, judges it and writes what was found", async () => {
    const { judge, run, asked, judged, faults } = judging();
    expect(judge.isHolder).toBe(false);
    await judge.look(undefined);
    expect(asked).toEqual([claimed, collected, ["conclude", "price", 7, found.verdict, found.retired]]);
    expect(judged).toEqual([evidence]);
    expect(judge.isHolder).toBe(true);
    await judge.look(run.id);
    expect(asked).toHaveLength(6);
    expect(faults).toEqual([]);
  });

  it("writes nothing where nothing is to be written", async () => {
    const { judge, asked, answers } = judging();
    answers.conclusion = undefined;
    await judge.look(undefined);
    expect(asked).toEqual([claimed, collected]);
    expect(judge.isHolder).toBe(true);
  });

  it("asks for nothing, and holds nothing any more, where another process judges", async () => {
    const { judge, asked } = judging();
    await judge.look("other");
    expect(asked).toEqual([]);
    await judge.look(undefined);
    asked.length = 0;
    await judge.look("other");
    expect(asked).toEqual([]);
    expect(judge.isHolder).toBe(false);
    await judge.release();
    expect(asked).toEqual([]);
  });

  it("judges nothing without the lease", async () => {
    const { judge, asked, answers } = judging();
    answers.fence = undefined;
    await judge.look(undefined);
    expect(asked).toEqual([claimed]);
    expect(judge.isHolder).toBe(false);
  });

  it("asks once for those who look at one moment", async () => {
    const { judge, asked } = judging();
    await Promise.all([judge.look(undefined), judge.look(undefined)]);
    expect(asked).toHaveLength(3);
  });

  it("lets the lease go, once, where this process may not judge any more", async () => {
    const { judge, asked, answers } = judging();
    answers.epoch = undefined;
    await judge.look(undefined);
    expect(asked).toEqual([]);
    answers.epoch = 3;
    await judge.look(undefined);
    asked.length = 0;
    answers.epoch = undefined;
    await judge.look(undefined);
    expect(asked).toEqual([letGo]);
    expect(judge.isHolder).toBe(false);
    await judge.look(undefined);
    expect(asked).toEqual([letGo]);
  });
});

describe("the lease", () => {
  it("is held for 15 s from the start of its last renewal", async () => {
    const { judge, clock, asked, answers } = judging();
    await judge.look(undefined);
    await clock.advanceAsync(leaseMs - 1);
    expect(judge.isHolder).toBe(true);
    await clock.advanceAsync(1);
    expect(judge.isHolder).toBe(false);
    await judge.look(undefined);
    expect(judge.isHolder).toBe(true);
    answers.meanwhile = () => clock.advance(1_000);
    await clock.advanceAsync(1_000);
    await judge.look(undefined);
    await clock.advanceAsync(leaseMs - 1_000);
    expect(judge.isHolder).toBe(false);
    expect(asked.filter(([name]) => name === "claim")).toEqual([claimed, claimed, claimed]);
  });

  it("is let go at once, and once, where the process leaves", async () => {
    const { judge, asked } = judging();
    await judge.look(undefined);
    asked.length = 0;
    await judge.release();
    expect(asked).toEqual([letGo]);
    expect(judge.isHolder).toBe(false);
    await judge.release();
    expect(asked).toEqual([letGo]);
  });

  it("is let go after what is being judged", async () => {
    const { judge, asked } = judging();
    const looked = judge.look(undefined);
    await judge.release();
    await looked;
    expect(asked.map(([name]) => name)).toEqual(["claim", "collect", "conclude", "claim"]);
    expect(asked.at(-1)).toEqual(letGo);
  });

  it("is lost to a judge whose fence is no longer the present one", async () => {
    const { judge, answers } = judging();
    answers.isPresent = false;
    await judge.look(undefined);
    expect(judge.isHolder).toBe(false);
  });
});

describe("what was read for a judge", () => {
  it.each<readonly [string, (all: ReturnType<typeof judging>) => void]>([
    ["another process holds the lease", ({ judge }) => void judge.look("other")],
    ["the lease has run out", ({ clock }) => clock.advance(leaseMs)],
    ["another epoch has begun", ({ answers }) => void (answers.epoch = 4)],
    ["this process may not judge any more", ({ answers }) => void (answers.epoch = undefined)],
  ])("is not judged where meanwhile %s", async (_, happens) => {
    const all = judging();
    all.answers.meanwhile = () => happens(all);
    await all.judge.look(undefined);
    expect(all.judged).toEqual([]);
    expect(all.asked).toEqual([claimed, collected]);
  });
});

describe("a store that fails a judge", () => {
  it.each([
    ["claim", "a claim"],
    ["collect", "what all processes reported"],
    ["conclude", "a verdict"],
  ])("is told of and asked again with the next look: %s", async (name, what) => {
    const { judge, clock, faults, asked, answers } = judging();
    answers.failing = name;
    await judge.look(undefined);
    expect(faults).toEqual([`Error: no ${name}`]);
    answers.failing = "";
    answers.silent = name;
    const looked = judge.look(undefined);
    await clock.advanceAsync(2_000);
    await looked;
    expect(faults[1]).toBe(`Error: The store did not answer ${what} within 2000 ms`);
    answers.silent = "";
    asked.length = 0;
    await judge.look(undefined);
    expect(asked).toHaveLength(3);
  });

  it.each([
    ["leaves", (all: ReturnType<typeof judging>) => all.judge.release()],
    [
      "may not judge any more",
      (all: ReturnType<typeof judging>) => {
        all.answers.epoch = undefined;
        return all.judge.look(undefined);
      },
    ],
  ])("holds up no process that %s, which holds nothing any more", async (_, leaves) => {
    const all = judging();
    await all.judge.look(undefined);
    all.answers.failing = "claim";
    await leaves(all);
    expect(all.judge.isHolder).toBe(false);
    all.answers.failing = "";
    all.answers.epoch = 3;
    await all.judge.look(undefined);
    all.answers.silent = "claim";
    const left = leaves(all);
    await all.clock.advanceAsync(2_000);
    await left;
    expect(all.faults).toEqual(["Error: no claim", "Error: The store did not answer a claim within 2000 ms"]);
  });
});
