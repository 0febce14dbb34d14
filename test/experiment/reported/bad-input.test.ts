import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { ComparisonCall } from "../../../src/experiment/reported/comparison-call.ts";
import type { Fault } from "../../../src/model/fault.ts";
import { hostileValues } from "../../../src/testing/hostile-values.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";

let clock: FixedClock;
let faults: Fault[];
let lab: Laboratory;

beforeEach(() => {
  clock = fixedClock();
  faults = [];
  lab = new Laboratory({ clock, onFault: (fault) => faults.push(fault) });
});

afterEach(async () => {
  const closing = lab.close({ timeoutMs: 10 });
  await clock.advanceAsync(10);
  await closing;
});

const status = () => lab.status().experiments["told"]!;
const told = (): string[] =>
  faults.map(({ operation, error }) => {
    expect(operation).toBe("report");
    return (error as Error).message.replace('comparison("told"): ', "");
  });
const returned = { kind: "returned", value: 1 } as const;

describe("what is no outcome", () => {
  it.each([
    [undefined, "undefined"],
    [5, "5"],
    ["returned", '"returned"'],
    [[], "an array"],
    [{}, "an object without a `kind`"],
    [{ kind: "match" }, 'the kind "match"'],
    [{ kind: "returned" }, "`returned` without a `value`"],
    [{ kind: "threw", value: 1 }, "`threw` without an `error`"],
    [
      {
        get kind() {
          throw new Error("mine");
        },
      },
      "an unreadable object",
    ],
    [Proxy.revocable({}, {}).proxy, undefined],
  ])("(%#) is a counted fault, and makes the call inconclusive at once", async (given, got) => {
    for (const side of ["control", "candidate"] as const) {
      const calls = lab.comparison("told", { replace: true, limits: { breakAfter: 1 } });
      const call = calls.begin();
      call[side](given as never);
      call[side === "control" ? "candidate" : "control"](returned);
      await lab.settled();
      expect(status()).toMatchObject({ inconclusive: 1, candidatesInFlight: 0, faults: { report: 1 } });
      expect(status().candidates["candidate"]!.breaker).toBe("closed");
    }
    if (got !== undefined) expect(told()[0]).toContain(`{ kind: "timed-out", afterMs }, got ${got}`);
  });

  it("is not what a hostile value is that was returned or thrown", async () => {
    const calls = lab.comparison("told", { limits: { breakAfter: Infinity } });
    const values = hostileValues();
    for (const [, value] of values) {
      const call = calls.begin();
      call.control({ kind: "returned", value });
      call.candidate({ kind: "threw", error: value });
    }
    await lab.settled();
    expect(status()).toMatchObject({ started: values.length, inFlight: 0, faults: {} });
  });
});

describe("what is wrong in a report", () => {
  const cases: readonly (readonly [string, (call: ComparisonCall) => void, string])[] = [
    ...([-1, NaN, Infinity, "5", null] as const).map(
      (ms) =>
        [
          `a duration of ${ms}`,
          (call: ComparisonCall) => call.control(returned, ms as number),
          "expected `durationMs` to be a number of at least 0",
        ] as const,
    ),
    [
      "a second report",
      (call) => {
        call.control(returned);
        call.control(returned);
      },
      "control's outcome was reported twice",
    ],
    [
      "a second report of the candidate",
      (call) => {
        call.candidate(returned);
        call.candidate(returned);
      },
      "the candidate's outcome was reported twice",
    ],
    [
      "a report after the end",
      (call) => {
        call.abandon();
        call.control(returned);
      },
      "was reported after the call had ended",
    ],
    [
      "two ends",
      (call) => {
        call.abandon();
        call.abandon();
      },
      "`abandon` was said after the call had ended",
    ],
    ["a fallback of control", (call) => call.fellBack("slow"), "of a call that control was to serve"],
    ["a fallback for no reason", (call) => call.fellBack("so" as never), "`fellBack` expects one of"],
    ["no reason", (call) => call.abandon(5 as never), "`abandon` expects a text"],
    ["nothing to run", (call) => call.as("candidate", 5 as never), "`as` expects a function to run, got number"],
    ["no side", (call) => call.as("both" as never, () => 1), '`as` expects "control" or "candidate"'],
  ];

  it.each(cases)("%s is a counted fault and throws nothing", async (_, misuse, message) => {
    const call = lab.comparison("told").begin();
    misuse(call);
    expect(told().join("\n")).toContain(message);
    call.abandon();
    await lab.settled();
    expect(status()).toMatchObject({ started: 1, inFlight: 0, candidatesInFlight: 0 });
  });

  it("takes the time in place of a duration that is none", async () => {
    const call = lab.comparison("told").begin();
    clock.advance(30);
    call.control(returned, NaN);
    call.candidate({ kind: "timed-out", afterMs: NaN });
    await lab.settled();
    const { tally } = status().candidates["candidate"]!;
    expect(tally.control).toMatchObject({ count: 1 });
    expect(status()).toMatchObject({ timedOut: 1 });
  });

  it("is the report of a side that was not to run", () => {
    const call = lab.comparison("told", { sample: 0 }).begin();
    call.candidate(returned);
    call.control(returned);
    expect(told()).toEqual(["the candidate's outcome was reported of a call that is not compared"]);
  });

  it("is a second `fellBack`, unless it says the same", () => {
    const call = lab.comparison("told", { rollout: "live" }).begin();
    call.fellBack("slow");
    call.fellBack("slow");
    expect(faults).toEqual([]);
    call.fellBack("mismatch");
    expect(told()).toEqual(["`fellBack` was said after the call had ended, or twice"]);
  });
});

describe("what is handed to `begin`", () => {
  it.each([
    [5, "an object, got 5"],
    [null, "an object, got null"],
    [{ again: 5 }, "`again` to be a function, got 5"],
    [{ context: "cart" }, '`context` to be an object, got "cart"'],
  ])("(%#) may be anything", async (given, message) => {
    const call = lab.comparison("told").begin(given as never);
    call.control(returned);
    call.candidate(returned);
    await lab.settled();
    expect(status()).toMatchObject({ matched: 1 });
    expect(told()).toEqual([`expected what is handed to \`begin\`, ${message}`]);
  });

  it("may throw while it is read", async () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error("mine");
        },
      },
    );
    const call = lab.comparison("told", { rollout: "live" }).begin(hostile);
    call.control(returned);
    call.candidate(returned);
    await lab.settled();
    expect(status()).toMatchObject({ matched: 1, faults: { report: 1 } });
  });

  it("may be a key that is none: that is control's below `live`", () => {
    const call = lab.comparison("told", { rollout: { serve: 0.5 } }).begin({ key: {} as never });
    expect(call.serve).toBe("control");
    expect(faults).toMatchObject([{ operation: "key" }]);
  });
});

describe("functions of the options that fail", () => {
  const broken = (): never => {
    throw new Error("mine");
  };

  it.each([
    ["enabled", { serve: "control", skipped: "gate-failed" }],
    ["key", { serve: "control", compare: true }],
    ["context", { serve: "control", compare: true }],
  ] as const)("`%s` is a counted fault", (option, expected) => {
    const rollout = { serve: 0.5 };
    const call = lab.comparison("told", { rollout, key: () => 1, [option]: broken }).begin();
    expect(call).toMatchObject(expected);
    expect(faults).toMatchObject([{ operation: option }]);
  });
});
