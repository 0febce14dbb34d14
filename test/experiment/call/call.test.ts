import { beforeEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { LaboratoryOptions } from "../../../src/experiment/define/laboratory-options.ts";
import type { ExperimentStatus } from "../../../src/experiment/status/status.ts";
import type { Fault } from "../../../src/model/fault.ts";
import type { Result } from "../../../src/model/result.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { Rollout, RolloutSnapshot } from "../../../src/model/rollout.ts";
import { bucketCount } from "../../../src/rollout/bucket.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { turn } from "../../proof/held.ts";

let lab: Laboratory;
let faults: Fault[];
let results: Result[];
let drawn: number;
let ran: unknown[][];

function open(options: LaboratoryOptions = {}): void {
  const told: Result[] = [];
  results = told;
  lab = new Laboratory({
    onFault: (fault) => faults.push(fault),
    publishers: [{ name: "all", publish: (result) => void told.push(result) }],
    random: () => ((drawn += 1), 0.5),
    ...options,
  });
  drawn = 0;
}

beforeEach(() => {
  faults = [];
  ran = [];
  open();
});

const status = (name: string): ExperimentStatus => lab.status().experiments[name]!;
const candidate = (...args: unknown[]): string => (ran.push(args), "answer");
const control: (...args: unknown[]) => string = () => "answer";

describe("`prepare`", () => {
  const throwing = Object.assign([1], {
    [Symbol.iterator]() {
      throw new Error("no iteration");
    },
  });
  const revoked = Proxy.revocable([], {});
  revoked.revoke();

  it.each([
    ["something that can be spread, but is no array", new Set([1])],
    ["a text", "ab"],
    ["nothing", undefined],
    ["an array that cannot be gone through", throwing],
    ["a revoked proxy", revoked.proxy],
  ])("that gives %s is one fault that says so, and control runs alone", (_name, given) => {
    const run = lab.experiment("prepared", { control, candidate, prepare: () => given as unknown[] });
    expect(run(1)).toBe("answer");
    expect(ran).toEqual([]);
    expect(status("prepared").skips).toEqual({ "prepare-failed": 1 });
    expect(status("prepared").faults).toEqual({ prepare: 1 });
    expect(faults).toEqual([
      expect.objectContaining({
        operation: "prepare",
        error: new TypeError("`prepare` must return the candidate's arguments as an array"),
      }),
    ]);
  });

  it("that throws is one fault, and control runs alone", () => {
    const error = new Error("no");
    const run = lab.experiment("prepared", {
      control,
      candidate,
      prepare: () => {
        throw error;
      },
    });
    expect(run(1)).toBe("answer");
    expect(ran).toEqual([]);
    expect(faults).toEqual([expect.objectContaining({ operation: "prepare", error })]);
  });
});

describe("a candidate's arguments", () => {
  const given = { id: 1 };

  it("are control's own", () => {
    lab.experiment("own", { control, candidate })(given);
    expect(ran[0]![0]).toBe(given);
  });

  it("are equal copies with `isolate`", () => {
    lab.experiment("isolated", { control, candidate, isolate: true })(given);
    expect(ran[0]).toEqual([given]);
    expect(ran[0]![0]).not.toBe(given);
  });

  it("that cannot be copied are a fault, and control runs alone", () => {
    expect(lab.experiment("isolated", { control, candidate, isolate: true })(() => 1)).toBe("answer");
    expect(ran).toEqual([]);
    expect(status("isolated")).toMatchObject({ skips: { "prepare-failed": 1 }, faults: { isolate: 1 } });
  });
});

describe("`context`", () => {
  async function contextOf(context: unknown): Promise<unknown> {
    open({ context: { service: "shop" } });
    lab.experiment("told", { control, candidate, context: () => context as Record<string, unknown> })(1);
    await lab.settled();
    return results.at(-1)!.context;
  }

  it("is put over the laboratory's own", async () => {
    expect(await contextOf({ user: 1 })).toEqual({ service: "shop", user: 1 });
    expect(await contextOf({ service: "bar" })).toEqual({ service: "bar" });
  });

  it.each([["text"], [undefined], [null], [7]])("that is %j adds nothing", async (context) => {
    expect(await contextOf(context)).toEqual({ service: "shop" });
    expect(faults).toEqual([]);
  });

  it("that throws, or cannot be read, is a fault and adds nothing", async () => {
    const unreadable = Object.defineProperty({}, "user", {
      enumerable: true,
      get() {
        throw new Error("unreadable");
      },
    });
    expect(await contextOf(unreadable)).toEqual({ service: "shop" });
    expect(status("told").faults).toEqual({ context: 1 });
    open();
    lab.experiment("told", {
      control,
      candidate,
      context: () => {
        throw new Error("no");
      },
    })(1);
    expect(status("told").faults).toEqual({ context: 1 });
  });
});

describe("the draw of a sample", () => {
  it("is made where there is something to draw, and not otherwise", () => {
    for (const [sample, draws] of [
      [0, 0],
      [0.4, 1],
      [1, 0],
    ] as const) {
      open();
      lab.experiment("drawn", { control, candidate, sample })(1);
      expect({ sample, drawn }).toEqual({ sample, drawn: draws });
    }
  });

  it("takes numbers below the share", () => {
    open({ random: () => 0.5 });
    lab.experiment("below", { control, candidate, sample: 0.51 })(1);
    lab.experiment("at", { control, candidate, sample: 0.5 })(1);
    expect(status("below").started).toBe(1);
    expect(status("at").skips).toEqual({ "sampled-out": 1 });
  });

  it("is made under a rollout where it compares some of the calls", () => {
    for (const [compare, draws] of [
      [1, 0],
      [0.6, 1],
    ] as const) {
      open();
      lab.experiment("drawn", { control, candidate, rollout: { serve: 0, compare } })(1);
      expect({ compare, drawn }).toEqual({ compare, drawn: draws });
      expect(status("drawn").started).toBe(1);
    }
  });
});

describe("the laboratory's bound", () => {
  it("counts deferred candidates that have not started yet", async () => {
    open({ limits: { maxInFlight: 2 } });
    const run = lab.experiment("late", { control, candidate, order: "deferred" });
    for (let call = 0; call < 3; call++) run(call);
    expect(status("late").skips).toEqual({ "laboratory-in-flight": 1 });
    await lab.settled();
    expect(ran.length).toBe(2);
  });
});

describe("a rollout", () => {
  interface Asked extends Rollout {
    readonly buckets: string[];
  }

  function at(snapshot: Partial<RolloutSnapshot>, bucket: (key: string) => number = () => 0): Asked {
    const buckets: string[] = [];
    return {
      buckets,
      current: () => ({ stage: "ramp", share: 0.5, compare: 1, epoch: 1, ...snapshot }),
      bucket: (_experiment, key) => (buckets.push(key), bucket(key)),
    };
  }

  it("is asked for a bucket where its share depends on one", () => {
    for (const stage of ["shadow", "live", "complete"] as const) {
      const rollout = at({ stage });
      lab.experiment(stage, { control, candidate, rollout, key: () => "key" })(1);
      expect(rollout.buckets).toEqual([]);
    }
    const rollout = at({});
    lab.experiment("ramp", { control, candidate, rollout, key: () => "key" })(1);
    expect(rollout.buckets).toEqual(["key"]);
  });

  it("takes a bigint for a key as its text, and tells of a key that it cannot use", () => {
    const faults: unknown[] = [];
    const lab = new Laboratory({
      onFault: ({ operation, error }) => {
        if (operation === "key") faults.push([operation, (error as Error).message]);
      },
    });
    const rollout = at({ stage: "ramp", share: 0.5 });
    const call = lab.experiment("ids", { control, candidate, rollout, key: (id) => id as never });
    call(17n);
    expect(rollout.buckets).toEqual(["17"]);
    for (const missing of [undefined, null]) call(missing);
    expect(faults).toEqual([]);
    call({ id: 1 });
    expect(rollout.buckets).toEqual(["17"]);
    expect(faults).toEqual([["key", "`key` must return a string, a number or a bigint, not object"]]);
    faults.length = 0;
    for (const unusable of [NaN, Infinity, true, Symbol("id"), () => "id"]) call(unusable);
    expect(rollout.buckets).toEqual(["17"]);
    expect(faults.map((fault) => (fault as string[])[1]!.split("not ")[1])).toEqual([
      "NaN",
      "Infinity",
      "boolean",
      "symbol",
      "function",
    ]);
  });

  it("draws every call anew where its rollout says so and there is no key", () => {
    const draws = [0.1, 0.6, 0.4, 0.9];
    const lab = new Laboratory({ random: () => draws.shift()! });
    const who = { control: () => "control", candidate: () => "candidate" };
    const call = lab.experiment("anew", { ...who, rollout: { serve: 0.5, compare: 0.9999, unkeyed: "by-call" } });
    // Two numbers a call: the bucket, and whether it is compared.
    expect([call(), call()]).toEqual(["candidate", "candidate"]);
    expect(draws).toEqual([]);
  });

  it.each([
    ["a share", { serve: 0.5 }],
    ["a ramp", ramp()],
  ] as const)("is refused without a key where its rollout is %s, since it would serve nobody", (_, rollout) => {
    expect(() => lab.experiment("unkeyed", { control, candidate, rollout })).toThrow(
      /experiment\("unkeyed"\): expected a `key` beside .*unkeyed: "by-call"/,
    );
    expect(() =>
      lab.experiment("both", { control, candidate, key: String, rollout: ramp({ unkeyed: "by-call" }) }),
    ).toThrow(/`unkeyed` to be left out where there is a `key`/);
  });

  it("takes a number for a key as its text", () => {
    const rollout = at({});
    lab.experiment("numbers", { control, candidate, rollout, key: (id) => id as number })(17);
    expect(rollout.buckets).toEqual(["17"]);
  });

  it("serves control and says so where it cannot tell a bucket", () => {
    const rollout = at({}, () => {
      throw new Error("no bucket");
    });
    expect(lab.experiment("broken", { control: () => "control", candidate, rollout, key: () => "key" })()).toBe(
      "control",
    );
    expect(faults).toEqual([expect.objectContaining({ operation: "rollout", experiment: "broken" })]);
  });

  it("whose key calls the experiment again asks for it once", () => {
    let asked = 0;
    const behind: (id: unknown) => string = () => "control";
    const run: (id: unknown) => string = lab.experiment("again", {
      control: behind,
      candidate: () => "candidate",
      rollout: at({}),
      key: (id) => {
        asked += 1;
        run(id);
        return "key";
      },
    });
    expect(run(1)).toBe("candidate");
    expect(asked).toBe(1);
    expect(status("again").skips).toEqual({ detached: 1 });
  });

  it("does not overrule the experiment's own gates", async () => {
    for (const rollout of [{ serve: 0 }, { serve: 1 }, { serve: 1, compare: 0 }]) {
      open();
      const name = `gated ${JSON.stringify(rollout)}`;
      const answer = lab.experiment(name, { control: () => "control", candidate, enabled: () => false, rollout })();
      expect(answer).toBe("control");
      expect(status(name)).toMatchObject({ started: 0, skips: { "not-enabled": 1 } });
    }
    expect(ran.length).toBe(0);
    await turn();
    expect(results).toEqual([]);
  });

  it("does not run a candidate that it neither serves nor compares", () => {
    expect(lab.experiment("quiet", { control, candidate, rollout: { serve: 0, compare: 0.4 } })(1)).toBe("answer");
    expect(ran).toEqual([]);
    expect(status("quiet").skips).toEqual({ "sampled-out": 1 });
  });

  it("has control answer where the arguments of a candidate that would answer alone cannot be made", () => {
    const run = lab.experiment("unprepared", {
      control: () => "control",
      candidate,
      rollout: { serve: 1, compare: 0.0001 },
      prepare: () => undefined as unknown as [],
    });
    expect(run()).toBe("control");
    expect(ran).toEqual([]);
  });

  it("has a candidate that fails answer all the same when it is complete", async () => {
    let stage: "live" | "complete" = "live";
    const rollout: Rollout = {
      current: () => ({ stage, share: 1, compare: stage === "live" ? 1 : 0, epoch: 1 }),
      bucket: () => 0,
    };
    let fails = true;
    const run = lab.experiment("complete", {
      control: () => "control",
      candidate: () => {
        if (fails) throw new Error("no");
        return "candidate";
      },
      rollout,
      limits: { breakAfter: 1 },
    });
    expect(run()).toBe("control");
    await lab.settled();
    expect(status("complete").candidates["candidate"]!.breaker).toBe("open");
    fails = false;
    expect(run()).toBe("control");
    stage = "complete";
    expect(run()).toBe("candidate");
    await lab.close();
    expect(run()).toBe("candidate");
    expect(status("complete").skips).toEqual({ "breaker-open": 1, complete: 1, closed: 1 });
  });

  it("has control answer a laboratory that is switched off while its key is asked for", () => {
    const run = lab.experiment("switched", {
      control: () => "control",
      candidate: () => "candidate",
      rollout: at({ stage: "complete", share: 1 }),
      key: () => ((lab.enabled = false), "key"),
    });
    expect(run()).toBe("control");
    expect(status("switched").skips).toEqual({ disabled: 1 });
  });

  it("says of a closed laboratory that it is closed, of a candidate that fails in a row, too", async () => {
    const failing = (): string => {
      throw new Error("no");
    };
    const limits = { breakAfter: 1 };
    const run = lab.experiment("closed", {
      control,
      candidate: failing,
      rollout: at({ stage: "shadow", share: 0 }),
      limits,
    });
    run();
    await lab.settled();
    expect(status("closed").candidates["candidate"]!.breaker).toBe("open");
    await lab.close();
    expect(run()).toBe("answer");
    expect(status("closed").skips).toEqual({ closed: 1 });
  });

  it("has a deferred candidate answer the callers that it serves, however much processor time others have cost", async () => {
    const clock = fixedClock();
    open({ clock });
    const run = lab.experiment("deferred", {
      control: (key: string) => `control of ${key}`,
      candidate: (key: string) => (clock.advance(1_000), `candidate of ${key}`),
      order: "deferred",
      rollout: at({ stage: "ramp", share: 0.5 }, (key) => (key === "in" ? 0 : bucketCount - 1)),
      key: (key) => key,
    });
    expect(run("out")).toBe("control of out");
    await lab.settled();
    expect([run("out"), run("in")]).toEqual(["control of out", "candidate of in"]);
    expect(status("deferred").skips).toEqual({ "cpu-budget": 1 });
  });
});
