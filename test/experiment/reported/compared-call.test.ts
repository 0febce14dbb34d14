import { afterEach, describe, expect, it } from "vitest";
import type { LaboratoryOptions } from "../../../src/experiment/define/laboratory-options.ts";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { currentRun } from "../../../src/experiment/runtime/current-run.ts";
import type { ComparisonCall } from "../../../src/experiment/reported/comparison-call.ts";
import type { Fault } from "../../../src/model/fault.ts";
import type { Outcome } from "../../../src/model/observation.ts";
import type { Rollout, RolloutSnapshot, Sample } from "../../../src/model/rollout.ts";
import { memoryPublisher } from "../../../src/publishers/memory.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { gates } from "../../../src/rollout/index.ts";
import { cases } from "../../cases.ts";
import { turn } from "../../proof/held.ts";

let clock: FixedClock;
let faults: Fault[];
let seen: ReturnType<typeof memoryPublisher>;
let lab: Laboratory;

function open(options: LaboratoryOptions = {}): Laboratory {
  clock = fixedClock();
  faults = [];
  seen = memoryPublisher();
  lab = new Laboratory({ clock, publishers: [seen], onFault: (fault) => faults.push(fault), ...options });
  return lab;
}

const status = (name = "checkout") => lab.status().experiments[name]!;
const returned = <Value>(value: Value): Outcome<Value> => ({ kind: "returned", value });
const threw = (error: unknown): Outcome<never> => ({ kind: "threw", error });
const timedOut: Outcome<never> = { kind: "timed-out", afterMs: 7 };
const messages = (): string[] => faults.map(({ error }) => (error as Error).message);

afterEach(async () => {
  const closing = lab.close({ timeoutMs: 10 });
  await clock.advanceAsync(10);
  await closing;
});

describe("a call whose outcomes are handed in", () => {
  it.each([
    ["equal values match", returned({ id: 1 }), returned({ id: 1 }), "match"],
    ["others do not", returned({ id: 1 }), returned({ id: 2 }), "mismatch"],
    ["equal errors match", threw(new Error("gone")), threw(new Error("gone")), "match"],
    ["an error beside a value", returned(1), threw(new Error("gone")), "mismatch"],
    ["a candidate that timed out", returned(1), timedOut, "timed-out"],
    ["a control that timed out", timedOut, returned(1), "inconclusive"],
    ["both timed out", timedOut, timedOut, "timed-out"],
  ] as const)("%s", async (_, control, candidate, kind) => {
    for (const order of ["control", "candidate"] as const) {
      open();
      const call = lab.comparison("checkout").begin();
      expect(call).toMatchObject({ serve: "control", compare: true, epoch: 0, skipped: undefined });
      expect(status()).toMatchObject({ calls: 1, started: 1, inFlight: 1, candidatesInFlight: 1 });
      if (order === "control") call.control(control, 4);
      call.candidate(candidate, 6);
      if (order === "candidate") call.control(control, 4);
      await lab.settled();
      await lab.flush();
      expect(status()).toMatchObject({ started: 1, inFlight: 0, candidatesInFlight: 0, faults: {} });
      expect(seen.results).toHaveLength(1);
      const [result] = seen.results;
      expect(result).toMatchObject({ kind, served: "control", control: { durationMs: 4 } });
      expect(result!.candidates[0]).toMatchObject({ name: "candidate", durationMs: 6 });
    }
  });

  it("leaves what is handed in as it is", async () => {
    open();
    const outcome = returned({ id: 1 });
    const call = lab.comparison("checkout").begin();
    call.control(outcome);
    call.candidate(returned({ id: 2 }));
    await lab.settled();
    await lab.flush();
    expect(Object.isFrozen(outcome)).toBe(false);
  });

  it("keeps what was handed in first as it was then", async () => {
    open();
    const basket = { items: [1] };
    const call = lab.comparison("checkout").begin();
    call.control(returned(basket));
    basket.items.push(2);
    call.candidate(returned({ items: [1] }));
    await lab.settled();
    expect(status()).toMatchObject({ matched: 1 });
  });

  it("takes the time where no duration is handed in: since the call began, or since `as`", async () => {
    open();
    const call = lab.comparison("checkout").begin();
    clock.advance(5);
    call.as("candidate", () => clock.advance(20));
    call.candidate(returned(1));
    call.control(returned(2));
    await lab.settled();
    await lab.flush();
    const [result] = seen.results;
    expect(result).toMatchObject({ control: { durationMs: 25, offsetMs: 0 } });
    expect(result!.candidates[0]).toMatchObject({ durationMs: 20, offsetMs: 5 });
  });

  it("goes by the clock of a replay's durations too, which are longer than the call", async () => {
    open();
    const call = lab.comparison("checkout").begin();
    call.control(returned(1), 900);
    call.candidate(returned(2), 1_500);
    await lab.settled();
    await lab.flush();
    expect(seen.results[0]).toMatchObject({ control: { durationMs: 900, offsetMs: 0 } });
  });

  it("follows rules, files groups, and runs hooks as an experiment does", async () => {
    open();
    const told: string[] = [];
    const calls = lab.comparison("checkout", {
      compare: { ignore: ["$.at"] },
      knownMismatches: [{ name: "rounding", when: (control, candidate) => control !== candidate, paths: ["$.total"] }],
      context: (input: { cart: string }) => ({ cart: input.cart, from: "options" }),
      clean: () => "cleaned",
      afterRun: ({ kind }) => told.push(kind),
      onNewMismatch: ({ context }) => told.push(String(context["cart"])),
    });
    for (const [control, candidate] of [
      [
        { total: 1, at: 1 },
        { total: 1, at: 2 },
      ],
      [
        { total: 1, at: 1 },
        { total: 2, at: 2 },
      ],
      [
        { total: 1, id: 1 },
        { total: 1, id: 2 },
      ],
    ] as const) {
      const call = calls.begin({ input: { cart: "c-1" }, context: { from: "begin" } });
      call.control(returned(control));
      call.candidate(returned(candidate));
    }
    await lab.settled();
    await lab.flush();
    expect(status()).toMatchObject({ matched: 1, ignored: 1, mismatched: 1 });
    expect(told).toEqual(["match", "ignored", "c-1", "mismatch"]);
    expect(seen.results[0]).toMatchObject({
      context: { cart: "c-1", from: "begin" },
      control: { evidence: "cleaned" },
    });
    expect(status().groups).toHaveLength(1);
  });

  it("makes `settled()` reject under `throwOnMismatch`", async () => {
    open({ throwOnMismatch: true });
    const call = lab.comparison("checkout").begin();
    call.control(returned(1));
    call.candidate(returned(2));
    await expect(lab.settled()).rejects.toThrow(/1 call did not match/);
  });
});

describe("who serves a call", () => {
  it("is the candidate, whose outcome is the caller's", async () => {
    open();
    const call = lab.comparison("checkout", { rollout: "live" }).begin({ key: "c-1" });
    expect(call).toMatchObject({ serve: "candidate", compare: true, epoch: 1 });
    call.control(returned(1));
    call.candidate(returned(2));
    await lab.settled();
    await lab.flush();
    expect(seen.results[0]).toMatchObject({ served: "candidate", rollout: { stage: "live" } });
    expect(status()).toMatchObject({ served: 1, fellBack: 0 });
  });

  it.each(["threw", "timed-out"] as const)("falls back without saying so where the candidate %s", async (kind) => {
    open();
    const call = lab.comparison("checkout", { rollout: "live" }).begin();
    call.candidate(kind === "threw" ? threw("no") : timedOut);
    call.control(returned(1));
    call.fellBack(kind);
    await lab.settled();
    await lab.flush();
    expect(seen.results[0]).toMatchObject({ served: "control", fellBack: kind });
    expect(status()).toMatchObject({ served: 0, fellBack: 1, faults: {} });
  });

  it("is told where the caller got control's outcome after all", async () => {
    open();
    const call = lab.comparison("checkout", { rollout: "live" }).begin();
    call.control(returned(1));
    call.fellBack("slow");
    call.candidate(returned(2));
    await lab.settled();
    await lab.flush();
    expect(seen.results[0]).toMatchObject({ served: "control", fellBack: "slow" });
    expect(status()).toMatchObject({ served: 0, fellBack: 1, faults: {} });
  });

  it("sticks to the key, be it handed to `begin` or made of the input", () => {
    open();
    const rollout = { serve: 0.5 } as const;
    const byBegin = lab.comparison("price", { rollout });
    const byInput = lab.comparison("price", { rollout, replace: true, key: (input: number) => input });
    const served = [...Array(100).keys()].map((key) => {
      const calls = [byBegin.begin({ key }), byInput.begin({ input: key }), byInput.begin({ key, input: -1 })];
      const [first, ...others] = calls.map(({ serve }) => serve);
      expect(others).toEqual([first, first]);
      for (const call of calls) call.abandon("only asked");
      return first;
    });
    expect(new Set(served)).toEqual(new Set(["control", "candidate"]));
    expect(faults).toEqual([]);
  });

  it("is control below `live` without a key, which is told once", () => {
    open();
    const calls = lab.comparison("checkout", { rollout: { serve: 0.999 } });
    for (let call = 0; call < 3; call++) expect(calls.begin().serve).toBe("control");
    expect(faults.map(({ operation }) => operation)).toEqual(["key"]);
    expect(messages()[0]).toMatch(/a call was begun without a `key`/);
    expect(lab.comparison("drawn", { rollout: { serve: 1, unkeyed: "by-call" } }).begin().serve).toBe("candidate");
  });

  it("cannot be decided by the comparison itself", () => {
    open();
    expect(() => lab.comparison("checkout", { rollout: { serve: 1, onMismatch: "control" } })).toThrow(
      'comparison("checkout"): expected `rollout.onMismatch` to be "serve"',
    );
  });
});

describe("`as`", () => {
  it("runs a side as such, and returns or throws what it does", () => {
    open();
    const run = (rollout: "shadow" | "live" | "complete") => {
      const call = lab.comparison(rollout, { rollout }).begin();
      return (["control", "candidate"] as const).map((side) =>
        call.as(side, () => {
          const { experiment, role, behavior, serves } = currentRun()!;
          return [experiment, role, behavior, serves];
        }),
      );
    };
    expect(run("shadow")).toEqual([
      ["shadow", "control", "control", true],
      ["shadow", "candidate", "candidate", false],
    ]);
    expect(run("live")).toEqual([
      ["live", "control", "control", false],
      ["live", "candidate", "candidate", true],
    ]);
    // Alone, it runs in control's place.
    expect(run("complete")[1]).toEqual(["complete", "control", "candidate", true]);
    const error = new Error("mine");
    const call = lab.comparison("checkout").begin();
    expect(() =>
      call.as("candidate", () => {
        throw error;
      }),
    ).toThrow(error);
  });

  it("knows the candidate through an await, and what it calls as nested", async () => {
    open();
    const inner = lab.experiment("inner", { control: () => 1, candidate: () => 1 });
    const call = lab.comparison("checkout").begin();
    await call.as("candidate", async () => {
      await turn();
      expect(currentRun()?.role).toBe("candidate");
      inner();
      expect(lab.comparison("nested").begin()).toMatchObject({ compare: false, serve: "control", skipped: "nested" });
    });
    expect(lab.status().experiments["inner"]!.skips).toEqual({ nested: 1 });
  });
});

describe("a call that ends otherwise", () => {
  it("is `inconclusive: abandoned` at its deadline, and says nothing of the candidate", async () => {
    open();
    const calls = lab.comparison("checkout", { limits: { timeoutMs: 50, breakAfter: 1 } });
    calls.begin();
    calls.begin().control(returned(1));
    calls.begin().candidate(threw("no"));
    clock.advance(49);
    expect(status()).toMatchObject({ inFlight: 3, candidatesInFlight: 3 });
    clock.advance(1);
    await lab.settled();
    await lab.flush();
    expect(status()).toMatchObject({ inconclusive: 3, inFlight: 0, candidatesInFlight: 0 });
    expect(status().candidates["candidate"]).toMatchObject({ breaker: "closed", tally: { candidateErrors: 0 } });
    for (const { candidates } of seen.results) {
      expect(candidates[0].comparison).toEqual({ kind: "inconclusive", reason: "abandoned" });
    }
    expect(seen.results[0]).toMatchObject({ control: { evidence: "omitted", durationMs: 0, offsetMs: 0 } });
  });

  it("lets a candidate that runs under its signal say for a second that its time was up", async () => {
    open();
    const calls = lab.comparison("checkout", { limits: { timeoutMs: 50 } });
    const call = calls.begin();
    const other = calls.begin();
    const { signal } = call;
    other.as("candidate", () => undefined);
    call.control(returned(1));
    other.control(returned(1));
    clock.advance(50);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ name: "TimeoutError" });
    call.candidate(threw(signal.reason));
    clock.advance(1_000);
    await lab.settled();
    await lab.flush();
    expect(status()).toMatchObject({ timedOut: 1, inconclusive: 1, inFlight: 0, candidatesInFlight: 0, faults: {} });
    expect(seen.results[0]!.candidates[0].outcome).toEqual({ kind: "timed-out", afterMs: 50 });
  });

  it("can be abandoned, for a reason that does not leave the process", async () => {
    open();
    const call = lab.comparison("checkout").begin();
    const { signal } = call;
    call.control(returned(1));
    call.abandon("the client went away");
    expect(signal.reason).toMatchObject({ name: "AbortError" });
    await lab.settled();
    await lab.flush();
    expect(seen.results[0]!.candidates[0].comparison).toEqual({
      kind: "inconclusive",
      reason: "abandoned: the client went away",
    });
    expect(status()).toMatchObject({ inconclusive: 1, candidatesInFlight: 0, faults: {} });
  });

  it("ends with its laboratory", async () => {
    open();
    const calls = lab.comparison("checkout", { rollout: "live" });
    const call = calls.begin();
    const { signal } = call;
    const closing = lab.close({ timeoutMs: 100 });
    await clock.advanceAsync(100);
    await closing;
    expect(signal.aborted).toBe(true);
    expect(status()).toMatchObject({ inconclusive: 1, inFlight: 0, candidatesInFlight: 0 });
    call.candidate(returned(1));
    const late = calls.begin();
    expect(late).toMatchObject({ serve: "candidate", compare: false, skipped: "closed" });
    late.candidate(returned(1));
    expect(status()).toMatchObject({ calls: 2, skips: { closed: 1 }, served: 1, faults: { report: 1 } });
  });

  it("leaves the breaker's probe to another call", () => {
    open();
    const calls = lab.comparison("checkout", { limits: { breakAfter: 1, breakMs: 10 } });
    const failing = calls.begin();
    failing.control(returned(1));
    failing.candidate(threw("no"));
    const breaker = (): string => status().candidates["candidate"]!.breaker;
    expect(breaker()).toBe("open");
    expect(calls.begin()).toMatchObject({ compare: false, skipped: "breaker-open" });
    clock.advance(10);
    const probe = calls.begin();
    expect(probe.compare).toBe(true);
    expect(breaker()).toBe("half-open");
    probe.abandon();
    expect(breaker()).toBe("open");
    const next = calls.begin();
    next.candidate(returned(1));
    next.control(returned(1));
    expect(breaker()).toBe("closed");
  });
});

describe("what gates learn of a call", () => {
  const penalties = async (say: (call: ComparisonCall) => void): Promise<unknown[]> => {
    open();
    const learnt: unknown[] = [];
    const record = (sample: Sample): void => {
      learnt.push([gates.mismatches(), gates.errors(), gates.inconclusive()].map((gate) => gate.penalty(sample)));
    };
    const snapshot: RolloutSnapshot = { stage: "shadow", share: 0, epoch: 1, compare: 1 };
    const rollout: Rollout = { current: () => snapshot, bucket: () => 0, record };
    say(lab.comparison("checkout", { rollout }).begin());
    await lab.settled();
    return learnt.flat();
  };

  it("is nothing but that it could not be compared, where it was abandoned", async () => {
    expect(await penalties((call) => call.abandon())).toEqual([undefined, undefined, 1]);
    const failed = await penalties((call) => {
      call.candidate(threw("no"));
      call.abandon();
    });
    expect(failed).toEqual([undefined, undefined, 1]);
  });

  it.each([
    ["the candidate timed out", returned(1), timedOut, [1, 1, 0]],
    ["both timed out", timedOut, timedOut, [undefined, 0, 0]],
    ["control timed out, and the candidate threw", timedOut, threw("no"), [undefined, 0, 1]],
  ] as const)("where %s", async (_, control, candidate, expected) => {
    const learnt = await penalties((call) => {
      call.candidate(candidate);
      call.control(control);
    });
    expect(learnt).toEqual(expected);
  });
});

describe("100 000 calls that are begun and forgotten", () => {
  it("are bounded and counted", async () => {
    open();
    const calls = lab.comparison("checkout", { limits: { timeoutMs: 50, maxInFlight: 20 } });
    const count = cases(100_000);
    for (let call = 0; call < count; call++) {
      calls.begin();
      if (call % 1_000 === 999) clock.advance(10);
    }
    expect(status().inFlight).toBeLessThanOrEqual(20);
    clock.advance(50);
    await lab.settled();
    const { calls: begun, started, inconclusive, skips } = status();
    expect(begun).toBe(count);
    expect(inconclusive).toBe(started);
    expect(skips["in-flight"]).toBe(count - started);
    expect(faults).toEqual([]);
  });
});
