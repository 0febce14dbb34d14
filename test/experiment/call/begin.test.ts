import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { ComparisonCall } from "../../../src/experiment/reported/comparison-call.ts";
import { SidelaneError } from "../../../src/model/errors.ts";
import type { Fault } from "../../../src/model/fault.ts";
import type { Outcome } from "../../../src/model/observation.ts";
import type { Rollout, RolloutEvent, RolloutSnapshot } from "../../../src/model/rollout.ts";
import { memoryPublisher } from "../../../src/publishers/memory.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";

let clock: FixedClock;
let faults: Fault[];
let seen: ReturnType<typeof memoryPublisher>;
let events: RolloutEvent[];
let lab: Laboratory;

beforeEach(() => {
  clock = fixedClock();
  faults = [];
  events = [];
  seen = memoryPublisher();
  const told = { name: "events", publish: () => {}, publishEvent: (event: RolloutEvent) => void events.push(event) };
  lab = new Laboratory({ clock, publishers: [seen, told], onFault: (fault) => faults.push(fault) });
});

afterEach(async () => {
  const closing = lab.close({ timeoutMs: 10 });
  await clock.advanceAsync(10);
  await closing;
});

const status = () => lab.status().experiments["told"]!;
const returned = (value: unknown): Outcome => ({ kind: "returned", value });
const threw: Outcome = { kind: "threw", error: new Error("no") };

function at(snapshot: Partial<RolloutSnapshot>): Rollout {
  return { current: () => ({ stage: "live", share: 1, compare: 1, epoch: 4, ...snapshot }), bucket: () => 0 };
}

function end(call: ComparisonCall, control: unknown, candidate: unknown): void {
  call.control(returned(control));
  call.candidate(returned(candidate));
}

async function told(): Promise<typeof seen.results> {
  await lab.settled();
  await lab.flush();
  return seen.results;
}

describe("a comparison's name", () => {
  it("is refused where another has it, unless it is to take its place", () => {
    lab.comparison("told").begin();
    expect(() => lab.comparison("told")).toThrow(SidelaneError);
    expect(() => lab.comparison("told", { replace: false })).toThrow(SidelaneError);
    expect(() => lab.comparison("told", { replace: true })).not.toThrow();
  });
});

describe("a call that is begun alone", () => {
  it("is not compared, and keeps the side that serves it", () => {
    const calls = lab.comparison("told", { rollout: at({}) });
    expect(calls.begin({ key: "k" })).toMatchObject({ compare: true, serve: "candidate" });
    expect(calls.begin({ key: "k", alone: true })).toMatchObject({
      ...{ compare: false, serve: "candidate", skipped: "sampled-out", epoch: 4, mayFallBack: false },
    });
    expect(calls.begin({ key: "k", alone: "yes" as never })).toMatchObject({ compare: true });
  });

  it("is control's where control serves, in the rollout's epoch", () => {
    const calls = lab.comparison("told", { rollout: at({ stage: "shadow", share: 0 }) });
    const call = calls.begin({ key: "k", alone: true });
    expect(call).toMatchObject({ compare: false, serve: "control", skipped: "sampled-out", epoch: 4 });
    expect(status()).toMatchObject({ calls: 1, started: 0, skips: { "sampled-out": 1 } });
  });
});

describe("a candidate that has failed in a row", () => {
  it("does not serve the call that probes it, and serves again after that", () => {
    const limits = { breakAfter: 1, breakMs: 10 };
    const calls = lab.comparison("told", { rollout: at({}), limits });
    const failing = calls.begin({ key: "k" });
    failing.candidate(threw);
    failing.control(returned(1));
    expect(calls.begin({ key: "k" })).toMatchObject({ serve: "control", compare: false, skipped: "breaker-open" });
    clock.advance(10);
    const probe = calls.begin({ key: "k" });
    expect(probe).toMatchObject({ serve: "control", compare: true, skipped: undefined });
    end(probe, 1, 1);
    expect(calls.begin({ key: "k" })).toMatchObject({ serve: "candidate", compare: true });
  });
});

describe("what is announced of all calls", () => {
  it("goes to publishers with the rollout's stage and version", async () => {
    const calls = lab.comparison("told", { rollout: at({ stage: "ramp", share: 0.25 }), key: () => "k" });
    calls.announce({ kind: "no-traffic", reason: "nobody came" });
    await lab.flush();
    const stage = { stage: "ramp", share: 0.25, epoch: 4 };
    expect(events).toEqual([
      {
        ...{ kind: "no-traffic", experiment: "told", from: stage, to: stage, at: clock.now() },
        ...{ by: "comparison", reason: "nobody came" },
      },
    ]);
  });

  it("is of `shadow` without a rollout, and bears the build", async () => {
    lab = new Laboratory({
      ...{ clock, labels: { build: "b-7" }, onFault: (fault) => faults.push(fault) },
      publishers: [{ name: "events", publish: () => {}, publishEvent: (event) => void events.push(event) }],
    });
    lab.comparison("told").announce({ kind: "no-answer", reason: "silence" });
    await lab.flush();
    const stage = { stage: "shadow", share: 0, epoch: 0 };
    expect(events).toMatchObject([{ kind: "no-answer", version: "b-7", from: stage, to: stage }]);
  });

  it("is a fault where it cannot be read", () => {
    lab.comparison("told").announce(undefined as never);
    expect(faults).toMatchObject([{ operation: "report", experiment: "told" }]);
  });
});

describe("what is handed to `begin`", () => {
  it("is told as wrong with a code, and a context of `null` is none", async () => {
    const calls = lab.comparison("told");
    end(calls.begin({ context: null as never }), 1, 2);
    expect(faults.map(({ error }) => [(error as SidelaneError).code, (error as Error).message])).toEqual([
      ["invalid-option", expect.stringContaining("`context` to be an object, got null")],
    ]);
    expect((await told())[0]!.context).toEqual({});
  });

  it("brings a context of its own, over the one of the options", async () => {
    const own = { cart: 1, of: "begin" };
    const shared = { shop: 2, of: "options" };
    for (const [name, options, given] of [
      ["own", {}, { context: own }],
      ["shared", { context: () => shared }, {}],
      ["both", { context: () => shared }, { context: own }],
    ] as const) {
      end(lab.comparison(name, options).begin(given), 1, 2);
    }
    const contexts = (await told()).map(({ context }) => context);
    expect(contexts).toEqual([own, shared, { shop: 2, cart: 1, of: "begin" }]);
    expect(faults).toEqual([]);
  });

  it("is told once to lack the key that its share needs", () => {
    const calls = lab.comparison("told", { rollout: { serve: 0.5 } });
    for (const given of [{}, { input: 1 }]) expect(calls.begin(given).serve).toBe("control");
    expect(faults).toMatchObject([{ operation: "key", error: { code: "invalid-option" } }]);
  });
});

describe("control once more, for its noise", () => {
  const again = { id: 3 };

  /** A mismatch of the candidate's, then control once more; what the report of noise says of it. */
  async function rerun(once: () => unknown, options: object = {}): Promise<object> {
    const calls = lab.comparison("told", { noise: { controlIsReadOnly: true }, ...options });
    end(calls.begin({ again: once as never }), { id: 1 }, { id: 2 });
    for (let turn = 0; turn < 3; turn++) await clock.advanceAsync(100);
    await told();
    return status().noise!;
  }

  it("is compared with what control returned before", async () => {
    expect(await rerun(() => returned(again))).toMatchObject({ reruns: 1, timedOut: 0, paths: [{ differed: 1 }] });
    expect(faults).toEqual([]);
  });

  it("is no noise where it is what it was", async () => {
    expect(await rerun(() => returned({ id: 1 }))).toMatchObject({ reruns: 1, timedOut: 0, paths: [{ differed: 0 }] });
  });

  it("is made comparable as control's first answer was", async () => {
    const asked: unknown[] = [];
    const prepareComparable = (value: object, side: string): object => (asked.push(side), { ...value, id: 1 });
    await rerun(() => returned(again), {
      prepareComparable: (value: object, side: string) => (side === "control" ? prepareComparable(value, side) : value),
    });
    expect(asked).toEqual(["control", "control"]);
    expect(status().noise).toMatchObject({ reruns: 1, paths: [{ differed: 0 }] });
  });

  it("that threw is noise beside an answer", async () => {
    expect(await rerun(() => threw)).toMatchObject({ reruns: 1, timedOut: 0 });
    expect(faults).toEqual([]);
  });

  it("that tells no outcome says nothing, and is a fault", async () => {
    expect(await rerun(() => 5)).toMatchObject({ timedOut: 1 });
    expect(faults.map(({ error }) => (error as Error).message)).toEqual([
      expect.stringContaining("`again` to tell an outcome, got"),
    ]);
  });

  it("does not come where noise is not looked for", async () => {
    let asked = 0;
    end(lab.comparison("told").begin({ again: () => (asked++, returned(1)) }), 1, 2);
    await told();
    expect(asked).toBe(0);
  });
});
