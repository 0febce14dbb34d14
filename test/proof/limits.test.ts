import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/experiment/laboratory.ts";
import type { LaboratoryOptions } from "../../src/experiment/define/laboratory-options.ts";
import { LoopGuard } from "../../src/experiment/limits/loop-guard.ts";
import { fixedClock, type FixedClock } from "../../src/testing/fixed-clock.ts";
import { assertConserved } from "./conservation.ts";
import { held, turn, type Held } from "./held.ts";

const writeOffMs = 600_000;
const never = (): Promise<number> => new Promise<number>(() => {});

let clock: FixedClock;
let lab: Laboratory;

function open(options: LaboratoryOptions = {}): Laboratory {
  clock = fixedClock();
  return (lab = new Laboratory({ clock, ...options }));
}

const status = (name: string) => lab.status().experiments[name]!;

afterEach(() => assertConserved(lab));

describe("a candidate's time", () => {
  it("is up after `timeoutMs`: an outcome at once, published, and control's caller has long been served", async () => {
    const kinds: string[] = [];
    open({ publishers: [{ name: "kinds", publish: (result) => void kinds.push(result.kind) }] });
    const run = lab.experiment("slow", { control: async () => 1, candidate: never, limits: { timeoutMs: 50 } });
    expect(await run()).toBe(1);
    clock.advance(49);
    expect(status("slow")).toMatchObject({ timedOut: 0, inFlight: 1, stalled: 0 });
    assertConserved(lab);
    clock.advance(1);
    expect(status("slow")).toMatchObject({ timedOut: 1, inFlight: 0, stalled: 1, candidatesInFlight: 1 });
    await turn();
    expect(kinds).toEqual(["timed-out"]);
  });

  it("is watched by one timer for all candidates of the same limit", async () => {
    open();
    const run = lab.experiment("slow", { control: () => 1, candidate: never as never, limits: { timeoutMs: 50 } });
    for (let index = 0; index < 40; index++) {
      run();
      clock.advance(1);
    }
    expect(clock.pending).toBe(1);
    clock.advance(9);
    expect(status("slow").timedOut).toBe(0);
    for (let ended = 1; ended <= 40; ended++) {
      clock.advance(1);
      expect(status("slow").timedOut).toBe(ended);
      assertConserved(lab);
    }
  });

  it("is not up for one that settles just before, whatever its neighbours do", async () => {
    open();
    const answers: Held<number>[] = [];
    const run = lab.experiment("slow", {
      control: async () => 1,
      candidate: () => (answers[answers.length] = held<number>()).promise,
      limits: { timeoutMs: 50 },
    });
    await Promise.all([run(), run(), run()]);
    answers[1]!.resolve(1);
    await turn();
    clock.advance(50);
    expect(status("slow")).toMatchObject({ matched: 1, timedOut: 2, stalled: 2 });
  });

  it("never ends with `timeoutMs: Infinity`, but at close it has", async () => {
    open();
    let signal: AbortSignal | undefined;
    const { currentRun } = await import("../../src/experiment/runtime/current-run.ts");
    const run = lab.experiment("endless", {
      control: async () => 1,
      candidate: () => {
        signal = currentRun()!.signal;
        return never();
      },
      limits: { timeoutMs: Infinity },
    });
    await run();
    clock.advance(10 * writeOffMs);
    expect(status("endless")).toMatchObject({ timedOut: 0, inFlight: 1 });
    const closing = lab.close({ timeoutMs: 100 });
    await clock.advanceAsync(100);
    await closing;
    expect(status("endless")).toMatchObject({ timedOut: 1, inFlight: 0 });
    expect(signal!.aborted).toBe(true);
  });

  it("may be longer than any timer", async () => {
    const patient = new Laboratory();
    const run = patient.experiment("patient", {
      control: async () => 1,
      candidate: never,
      limits: { timeoutMs: 2 ** 40 },
    });
    await run();
    // On more milliseconds than a signed 32-bit number holds a timer fires at once, and again, and again.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(patient.status().experiments["patient"]).toMatchObject({ timedOut: 0, inFlight: 1 });
    lab = patient;
  });
});

describe("a timed-out candidate's slot", () => {
  it("stays taken until it settles", async () => {
    open();
    const answer = held<number>();
    const run = lab.experiment("slow", {
      control: async () => 1,
      candidate: () => answer.promise,
      limits: { timeoutMs: 50, maxInFlight: 1 },
    });
    await run();
    clock.advance(50);
    await run();
    expect(status("slow")).toMatchObject({ stalled: 1, candidatesInFlight: 1, skips: { "in-flight": 1 } });
    answer.resolve(1);
    await turn();
    expect(status("slow")).toMatchObject({ stalled: 0, candidatesInFlight: 0, timedOut: 1, matched: 0 });
    expect(lab.status().candidatesInFlight).toBe(0);
    await run();
    await turn();
    expect(status("slow")).toMatchObject({ matched: 1, skips: { "in-flight": 1 } });
  });

  it("is written off after ten minutes, and counted once when it settles after all", async () => {
    open();
    const answer = held<number>();
    const run = lab.experiment("stuck", {
      control: async () => 1,
      candidate: () => answer.promise,
      limits: { timeoutMs: 50, maxInFlight: 1 },
    });
    await run();
    clock.advance(50 + writeOffMs - 1);
    expect(status("stuck")).toMatchObject({ stalled: 1, candidatesInFlight: 1 });
    clock.advance(1);
    expect(status("stuck")).toMatchObject({ stalled: 0, candidatesInFlight: 0, timedOut: 1 });
    answer.reject(new Error("late"));
    await turn();
    expect(status("stuck")).toMatchObject({ stalled: 0, candidatesInFlight: 0, timedOut: 1 });
    expect(lab.status().candidatesInFlight).toBe(0);
  });
});

describe("candidates in flight", () => {
  it("are at most `maxInFlight` of an experiment; over it control runs alone", async () => {
    open();
    const run = lab.experiment("full", { control: async () => 1, candidate: never, limits: { maxInFlight: 3 } });
    for (let index = 0; index < 5; index++) expect(await run()).toBe(1);
    expect(status("full")).toMatchObject({ candidatesInFlight: 3, started: 3, skips: { "in-flight": 2 } });
  });

  it("are at most `maxInFlight` of a laboratory, all experiments together", async () => {
    open({ limits: { maxInFlight: 3 } });
    const one = lab.experiment("one", { control: async () => 1, candidate: never });
    const two = lab.experiment("two", { control: async () => 2, candidate: never });
    for (let index = 0; index < 3; index++) expect([await one(), await two()]).toEqual([1, 2]);
    expect(lab.status().candidatesInFlight).toBe(3);
    expect(status("one").skips).toEqual({ "laboratory-in-flight": 1 });
    expect(status("two").skips).toEqual({ "laboratory-in-flight": 2 });
  });

  it("are told to publishers that count them, up and down alike", async () => {
    let inFlight = 0;
    const answer = held<number>();
    open({
      publishers: [{ name: "gauge", publish() {}, onInFlight: (_, change) => void (inFlight += change) }],
    });
    const run = lab.experiment("gauge", { control: async () => 1, candidate: () => answer.promise });
    await Promise.all([run(), run()]);
    expect(inFlight).toBe(2);
    answer.resolve(1);
    await turn();
    expect(inFlight).toBe(0);
  });
});

describe("a candidate that fails in a row", () => {
  function failing(fails: () => boolean) {
    let runs = 0;
    const run = lab.experiment("frail", {
      control: async () => 1,
      candidate: async () => {
        runs += 1;
        if (fails()) throw new Error("no");
        return 1;
      },
      limits: { breakAfter: 3, breakMs: 1_000 },
    });
    return {
      call: async () => {
        expect(await run()).toBe(1);
        await turn();
      },
      runs: () => runs,
      breaker: () => status("frail").candidates["candidate"]!.breaker,
    };
  }

  it("pauses, is probed by one call after the pause, and rests twice as long after each failed probe", async () => {
    open();
    const { call, runs, breaker } = failing(() => true);
    for (let index = 0; index < 3; index++) {
      expect(breaker()).toBe("closed");
      await call();
    }
    expect(breaker()).toBe("open");
    let probes = 0;
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000]) {
      clock.advance(pauseMs - 1);
      await call();
      expect(runs()).toBe(3 + probes);
      clock.advance(1);
      await call();
      expect(runs()).toBe(3 + ++probes);
    }
    expect(status("frail").skips).toEqual({ "breaker-open": 8 });
  });

  it("goes on when the probe succeeds, from the first pause again", async () => {
    open();
    let fails = true;
    const { call, breaker } = failing(() => fails);
    for (let index = 0; index < 3; index++) await call();
    clock.advance(1_000);
    await call();
    fails = false;
    clock.advance(2_000);
    await call();
    expect(breaker()).toBe("closed");
    fails = true;
    for (let index = 0; index < 3; index++) await call();
    expect(breaker()).toBe("open");
    clock.advance(1_000);
    fails = false;
    await call();
    expect(breaker()).toBe("closed");
  });

  it("lets one probe through at a time", async () => {
    open();
    const answers: Held<number>[] = [];
    const run = lab.experiment("frail", {
      control: async () => 1,
      candidate: () => (answers[answers.length] = held<number>()).promise,
      limits: { breakAfter: 1, breakMs: 1_000 },
    });
    await run();
    answers[0]!.reject(new Error("no"));
    await turn();
    clock.advance(1_000);
    await Promise.all([run(), run(), run()]);
    expect(answers).toHaveLength(2);
    expect(status("frail")).toMatchObject({ skips: { "breaker-open": 2 } });
    expect(status("frail").candidates["candidate"]!.breaker).toBe("half-open");
  });

  it("does not lose its probe to arguments that cannot be made", async () => {
    open();
    let preparable = true;
    let fails = true;
    const run = lab.experiment("frail", {
      control: () => 1,
      candidate: () => {
        if (fails) throw new Error("no");
        return 1;
      },
      prepare: () => {
        if (!preparable) throw new Error("no arguments");
        return [];
      },
      limits: { breakAfter: 1, breakMs: 1_000 },
    });
    run();
    await turn();
    clock.advance(1_000);
    preparable = false;
    run();
    expect(status("frail").skips).toEqual({ "prepare-failed": 1 });
    preparable = true;
    fails = false;
    run();
    expect(status("frail")).toMatchObject({ matched: 1, candidates: { candidate: { breaker: "closed" } } });
  });

  it("is paused by timeouts, too", async () => {
    open();
    const run = lab.experiment("hung", {
      control: async () => 1,
      candidate: never,
      limits: { timeoutMs: 10, breakAfter: 2, breakMs: 1_000 },
    });
    await Promise.all([run(), run()]);
    clock.advance(10);
    await run();
    expect(status("hung")).toMatchObject({ timedOut: 2, skips: { "breaker-open": 1 } });
  });

  it("is not paused for failing where control fails as well", async () => {
    open();
    const fail = (): number => {
      throw new Error("no");
    };
    const run = lab.experiment("both", { control: fail, candidate: fail, limits: { breakAfter: 1 } });
    for (let index = 0; index < 5; index++) expect(run).toThrow("no");
    await turn();
    expect(status("both")).toMatchObject({ matched: 5, skips: {} });
  });

  it("leaves its neighbours running", async () => {
    open();
    const run = lab.experiment("two", {
      control: () => 1,
      candidates: {
        sound: () => 1,
        frail: () => {
          throw new Error("no");
        },
      },
      limits: { breakAfter: 2 },
    });
    for (let index = 0; index < 6; index++) run();
    await turn();
    const { candidates, skips } = status("two");
    expect(skips).toEqual({});
    expect(candidates["sound"]).toMatchObject({ matched: 6, breaker: "closed" });
    expect(candidates["sound"]!.skips).toEqual({});
    expect(candidates["frail"]).toMatchObject({ mismatched: 2, breaker: "open", skips: { "breaker-open": 4 } });
  });
});

describe("a busy event loop", () => {
  function guardAt(readings: number[]): { guard: LoopGuard; reads: () => number; clock: FixedClock } {
    const time = fixedClock();
    let reads = 0;
    const guard = new LoopGuard(0.8, time, {
      eventLoopUtilization: (one, other) => {
        if (one !== undefined && other !== undefined) return { utilization: readings.shift()! };
        reads += 1;
        return { utilization: 0 };
      },
    });
    return { guard, reads: () => reads, clock: time };
  }

  it("is read at most every 100 ms, and busy over its limit", () => {
    const { guard, reads, clock: time } = guardAt([0.9, 0.8, 0.81]);
    expect(guard.busy).toBe(false);
    time.advance(99);
    expect(guard.busy).toBe(false);
    expect(reads()).toBe(1);
    const seen: boolean[] = [];
    for (let index = 0; index < 3; index++) {
      time.advance(100);
      seen.push(guard.busy, guard.busy);
    }
    expect(seen).toEqual([true, true, false, false, true, true]);
    expect(reads()).toBe(4);
  });

  it("is never busy where the runtime has no reading, or the limit is 1", () => {
    expect(new LoopGuard(0, fixedClock(), {}).busy).toBe(false);
    const { guard } = guardAt([]);
    expect(guard.busy).toBe(false);
    const reading = { eventLoopUtilization: () => ({ utilization: 1 }) };
    const unlimited = new LoopGuard(1, fixedClock(), reading);
    expect([unlimited.busy, unlimited.busy]).toEqual([false, false]);
  });

  it("skips candidates, and counts them", () => {
    open({ limits: { maxLoopUtilization: 0 } });
    const run = lab.experiment("busy", { control: () => 1, candidate: () => 1 });
    run();
    // The test computes: since the first reading the loop has been busy all the time.
    const until = performance.now() + 20;
    while (performance.now() < until);
    clock.advance(100);
    run();
    expect(status("busy")).toMatchObject({ started: 1, skips: { "loop-busy": 1 } });
  });
});

describe("a deferred candidate that computes", () => {
  function computing(costMs: number, cpuShare = 0.01) {
    let runs = 0;
    const run = lab.experiment("computing", {
      control: () => 1,
      candidate: () => {
        runs += 1;
        clock.advance(costMs);
        return 1;
      },
      order: "deferred",
      limits: { cpuShare },
    });
    return { run, runs: () => runs };
  }

  it("runs in a later turn, one a turn", async () => {
    open();
    const { run, runs } = computing(1);
    run();
    run();
    run();
    expect(runs()).toBe(0);
    const seen: number[] = [];
    for (let index = 0; index < 3; index++) {
      await new Promise(setImmediate);
      seen.push(runs());
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  it("rests after a long slice until its share of the time has paid for it", async () => {
    open();
    const { run, runs } = computing(100);
    run();
    await turn();
    expect(runs()).toBe(1);
    // 100 ms out of the 50 ms saved: a debt of 50 ms, which 1 % pays in 5 s.
    clock.advance(4_800);
    run();
    await turn();
    expect(runs()).toBe(1);
    clock.advance(300);
    run();
    await turn();
    expect(runs()).toBe(2);
    expect(status("computing").skips).toEqual({ "cpu-budget": 1 });
  });

  it("runs as soon as its own share of the time has paid, however long another one rests", async () => {
    open();
    const order: string[] = [];
    const computing = (name: string, costMs: number) =>
      lab.experiment(name, {
        control: () => 1,
        candidate: () => {
          order.push(name);
          clock.advance(costMs);
          return 1;
        },
        order: "deferred",
      });
    const [dear, cheap] = [computing("dear", 100), computing("cheap", 60)];
    // A debt of 50 ms, to be paid in 5 s, and one of 10 ms, to be paid in 1 s.
    for (const run of [dear, cheap, dear, cheap]) run();
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(order).toEqual(["dear", "cheap"]);
    await clock.advanceAsync(1_100);
    await turn();
    expect(order).toEqual(["dear", "cheap", "cheap"]);
    await lab.close({ timeoutMs: 0 }).catch(() => {});
  });

  it("keeps to its share also when a burst of calls comes in one turn", async () => {
    open();
    const { run, runs } = computing(20);
    for (let index = 0; index < 100; index++) run();
    for (let index = 0; index < 200; index++) await new Promise(setImmediate);
    // 50 ms are saved up: the third slice of 20 ms goes into debt.
    expect(runs()).toBe(3);
    assertConserved(lab);
    await clock.advanceAsync(1_200);
    await turn();
    expect(runs()).toBe(4);
    await lab.close({ timeoutMs: 0 }).catch(() => {});
  });
});
