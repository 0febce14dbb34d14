import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/experiment/laboratory.ts";
import type { LaboratoryOptions } from "../../src/experiment/define/laboratory-options.ts";
import { currentRun, type CurrentRun } from "../../src/experiment/runtime/current-run.ts";
import { fixedClock, type FixedClock } from "../../src/testing/fixed-clock.ts";
import { assertConserved } from "./conservation.ts";
import { held, turn } from "./held.ts";

let clock: FixedClock;
let lab: Laboratory;

function open(options: LaboratoryOptions = {}): Laboratory {
  clock = fixedClock();
  return (lab = new Laboratory({ clock, ...options }));
}

const status = (name: string) => lab.status().experiments[name]!;
const never = (): Promise<number> => new Promise<number>(() => {});

afterEach(() => assertConserved(lab));

describe("currentRun()", () => {
  it("is nothing outside of every behavior", () => {
    open();
    expect(currentRun()).toBeUndefined();
  });

  it("tells a candidate from control, in the synchronous part and for the candidate after an await", async () => {
    open();
    const seen: (string | undefined)[] = [];
    const note = (): unknown => seen.push(currentRun() && `${currentRun()!.role} ${currentRun()!.behavior}`);
    const run = lab.experiment("mail", {
      control: async () => {
        note();
        await Promise.resolve();
        note();
      },
      candidates: {
        next: async () => {
          note();
          await Promise.resolve();
          note();
        },
      },
    });
    await run();
    await turn();
    expect(seen).toEqual(["control control", "candidate next", undefined, "candidate next"]);
    expect(currentRun()).toBeUndefined();
  });

  it.each([
    ["matches", { kinds: [] }, "control-first"],
    ["is published", {}, "control-first"],
    ["is deferred", {}, "deferred"],
  ] as const)(
    "knows the work that a synchronous candidate leaves behind, where the call %s",
    async (_, publisher, order) => {
      open({ publishers: [{ name: "all", publish: () => undefined, ...publisher }] });
      const seen: (string | undefined)[] = [];
      const nested = lab.experiment("nested", { control: () => 1, candidate: () => 1 });
      const leaveBehind = async (): Promise<void> => {
        await turn();
        nested();
        seen.push(currentRun()?.role);
      };
      const run = lab.experiment("leaves", {
        control: () => 1,
        candidate: () => (void leaveBehind(), 1),
        order,
      });
      run();
      for (let turns = 0; turns < 5; turns++) await turn();
      expect(seen).toEqual(["candidate"]);
      expect(lab.status().experiments["nested"]!.skips).toEqual({ nested: 1 });
    },
  );

  it("tells whose outcome is to be the caller's", () => {
    open();
    const seen: unknown[] = [];
    const note = (): number => seen.push(`${currentRun()!.behavior} ${currentRun()!.serves}`);
    const sides = { control: note, candidate: note };
    for (const rollout of ["shadow", "live"] as const) lab.experiment(rollout, { ...sides, rollout })();
    lab.experiment("alone", { ...sides, rollout: { serve: 1, compare: 0 }, key: () => 1 })();
    expect(seen.slice(0, 2)).toEqual(["control true", "candidate false"]);
    expect(seen.slice(2, 4).sort()).toEqual(["candidate true", "control false"]);
    expect(seen.slice(4)).toEqual(["candidate true"]);
  });

  it("names the experiment", () => {
    open();
    let seen: string | undefined;
    lab.experiment("named", { control: () => 1, candidate: () => ((seen = currentRun()!.experiment), 1) })();
    expect(seen).toBe("named");
  });

  it("is not kept through an await with `trackRuns: false`", async () => {
    open({ trackRuns: false });
    const seen: unknown[] = [];
    const run = lab.experiment("untracked", {
      control: async () => 1,
      candidate: async () => {
        seen.push(currentRun()?.role);
        await Promise.resolve();
        seen.push(currentRun()?.role);
        return 1;
      },
    });
    await run();
    await turn();
    expect(seen).toEqual(["candidate", undefined]);
  });
});

describe("a candidate's signal", () => {
  function hanging(timeoutMs: number): { call: () => Promise<number>; run: () => CurrentRun } {
    let current: CurrentRun | undefined;
    const call = lab.experiment("hanging", {
      control: async () => 1,
      candidate: () => ((current = currentRun()), never()),
      limits: { timeoutMs },
    });
    return { call, run: () => current! };
  }

  it("is aborted when its time is up, and not before", async () => {
    open();
    const { call, run } = hanging(50);
    await call();
    const { signal } = run();
    clock.advance(49);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ name: "TimeoutError" });
  });

  it("is aborted already where it is asked for too late", async () => {
    open();
    const { call, run } = hanging(50);
    await call();
    clock.advance(50);
    expect(run().signal.aborted).toBe(true);
    expect(run().signal).toBe(run().signal);
  });

  it("is aborted when the laboratory closes", async () => {
    open();
    const { call, run } = hanging(60_000);
    await call();
    const { signal } = run();
    const closing = lab.close({ timeoutMs: 100 });
    await clock.advanceAsync(100);
    await closing;
    expect(signal.aborted).toBe(true);
    expect(status("hanging")).toMatchObject({ timedOut: 1, inFlight: 0, candidatesInFlight: 0 });
  });

  it("stays as it is for a candidate that answered in time", async () => {
    open();
    const answer = held<number>();
    let signal: AbortSignal | undefined;
    const call = lab.experiment("answering", {
      control: async () => 1,
      candidate: () => ((signal = currentRun()!.signal), answer.promise),
      limits: { timeoutMs: 50 },
    });
    await call();
    answer.resolve(1);
    await turn();
    clock.advance(1_000);
    expect(signal!.aborted).toBe(false);
  });
});

describe("AsyncLocalStorage of the program's own", () => {
  const tenant = new AsyncLocalStorage<string>();

  it.each(["control-first", "deferred"] as const)(
    "is the caller's in a %s candidate, before and after an await",
    async (order) => {
      open();
      const seen: unknown[] = [];
      const run = lab.experiment("tenant", {
        control: async () => 1,
        candidate: async () => {
          seen.push(tenant.getStore());
          await Promise.resolve();
          seen.push(tenant.getStore());
          return 1;
        },
        order,
      });
      await tenant.run("acme", () => run());
      await turn();
      expect(seen).toEqual(["acme", "acme"]);
    },
  );

  it("is nobody's in publishers, hooks that come later, and timers", async () => {
    const seen: unknown[] = [];
    const note = (): void => void seen.push(tenant.getStore() ?? "nobody");
    open({
      publishers: [
        {
          name: "notes",
          publish: async () => {
            note();
            await Promise.resolve();
            note();
          },
        },
      ],
      onFault: note,
    });
    const run = lab.experiment("tenant", {
      control: async () => 1,
      candidate: async () => 2,
      afterRun: note,
      onNewMismatch: note,
    });
    await tenant.run("acme", () => run());
    await turn();
    expect(seen).toEqual(["nobody", "nobody", "nobody", "nobody"]);
  });

  it("is left alone in control", async () => {
    open();
    const run = lab.experiment("entering", {
      control: async () => {
        tenant.enterWith("entered by control");
        await Promise.resolve();
        return tenant.getStore();
      },
      candidate: async () => "entered by control",
    });
    expect(await tenant.run("acme", () => run())).toBe("entered by control");
    await turn();
    expect(status("entering").matched).toBe(1);
  });
});

describe("an experiment inside another", () => {
  function nested(outerControl: () => unknown, outerCandidate: (inner: () => unknown) => unknown) {
    let innerCandidates = 0;
    const inner = lab.experiment("inner", { control: () => 1, candidate: () => ((innerCandidates += 1), 1) });
    const outer = lab.experiment("outer", {
      control: () => outerControl.call(inner),
      candidate: () => outerCandidate(inner),
    });
    return { inner, outer, innerCandidates: () => innerCandidates };
  }

  it("runs its control alone inside a candidate, and the skip is counted", () => {
    open();
    const { outer, innerCandidates } = nested(
      () => 1,
      (inner) => inner(),
    );
    expect(outer()).toBe(1);
    expect(innerCandidates()).toBe(0);
    expect(status("inner")).toMatchObject({ calls: 1, started: 0, skips: { nested: 1 } });
  });

  it("does so also after the candidate has awaited", async () => {
    open();
    const inner = lab.experiment("inner", { control: () => 1, candidate: () => 1 });
    const outer = lab.experiment("outer", {
      control: async () => 1,
      candidate: async () => {
        await Promise.resolve();
        return inner();
      },
    });
    await outer();
    await turn();
    expect(status("inner").skips).toEqual({ nested: 1 });
    expect(status("outer").matched).toBe(1);
  });

  it("runs as ever inside a control", async () => {
    open();
    const inner = lab.experiment("inner", { control: () => 1, candidate: () => 1 });
    const outer = lab.experiment("outer", {
      control: async () => (await Promise.resolve(), inner()),
      candidate: async () => 1,
    });
    const direct = lab.experiment("direct", { control: () => inner(), candidate: () => 1 });
    await outer();
    direct();
    await turn();
    expect(status("inner")).toMatchObject({ calls: 2, matched: 2, skips: {} });
  });

  it("makes no 32 768 candidates of 15 levels", () => {
    open();
    let candidates = 0;
    let level = lab.experiment("level 0", { control: () => 1, candidate: () => ((candidates += 1), 1) });
    for (let depth = 1; depth < 15; depth++) {
      const below = level;
      level = lab.experiment(`level ${depth}`, {
        control: () => below(),
        candidate: () => ((candidates += 1), below()),
      });
    }
    expect(level()).toBe(1);
    expect(candidates).toBe(15);
    assertConserved(lab);
  });
});

describe("a publisher that calls an experiment", () => {
  it.each([true, false])(
    "is not observed while it answers at once, result after result (trackRuns: %s)",
    async (trackRuns) => {
      let published = 0;
      open({
        trackRuns,
        publishers: [
          () => {
            published += 1;
            observed();
          },
        ],
      });
      const observed = lab.experiment("observed", { control: () => 1, candidate: () => 1 });
      for (let call = 1; call <= 3; call++) {
        observed();
        await turn();
        await turn();
        expect(published).toBe(call);
      }
      expect(status("observed")).toMatchObject({ calls: 6, started: 3, skips: { detached: 3 } });
    },
  );

  it("does not observe itself, at once or after an await", async () => {
    let published = 0;
    open({
      publishers: [
        {
          name: "recursive",
          publish: async () => {
            published += 1;
            run();
            await Promise.resolve();
            run();
          },
        },
      ],
    });
    const run = lab.experiment("observed", { control: () => 1, candidate: () => 2 });
    run();
    await turn();
    await turn();
    expect(published).toBe(1);
    expect(status("observed")).toMatchObject({ calls: 3, started: 1, skips: { detached: 2 } });
  });
});

describe("arguments", () => {
  it("are the very same for both sides", () => {
    open();
    const seen: unknown[] = [];
    const order = { lines: [1] };
    const run = lab.experiment("same", {
      control: (given: object) => seen.push(given) > 0,
      candidate: (given: object) => seen.push(given) > 0,
    });
    run(order);
    expect(seen[0]).toBe(order);
    expect(seen[1]).toBe(order);
  });

  it("are the candidate's own copy with `isolate: true`, taken only when it runs", () => {
    open();
    let read = 0;
    const order = {
      get total() {
        read += 1;
        return 1;
      },
    };
    const copies: unknown[] = [];
    const run = lab.experiment("isolated", {
      control: (given: { total: number }) => given !== undefined,
      candidate: (given: { total: number }) => {
        copies.push(given);
        given.total = 2;
        return true;
      },
      isolate: true,
    });
    lab.enabled = false;
    run(order);
    expect(read).toBe(0);
    lab.enabled = true;
    run(order);
    expect(read).toBe(1);
    expect(copies[0]).not.toBe(order);
    expect(order.total).toBe(1);
  });

  it("that cannot be copied are a counted fault and a skip", () => {
    open();
    const run = lab.experiment("uncopied", {
      control: (call: () => number) => call(),
      candidate: (call: () => number) => call(),
      isolate: true,
    });
    expect(run(() => 1)).toBe(1);
    expect(status("uncopied")).toMatchObject({ skips: { "prepare-failed": 1 }, faults: { isolate: 1 } });
  });

  it("that a candidate changed are told and counted, in the share of calls that is looked at", async () => {
    const told: unknown[] = [];
    const draws: number[] = [];
    open({
      publishers: [{ name: "told", publish: (result) => void told.push(result.candidates[0].argumentsMutated) }],
      random: () => draws.shift() ?? 0.9,
    });
    const run = lab.experiment("changed", {
      control: (order: { total: number }, changes: boolean) => [order, changes].length,
      candidate: (order: { total: number }, changes: boolean) => (changes && (order.total += 1), 2),
      checkArguments: 0.1,
    });
    draws.push(0.05, 0.5, 0.05);
    run({ total: 1 }, true);
    run({ total: 1 }, true);
    run({ total: 1 }, false);
    await turn();
    expect(told).toEqual([true, undefined, false]);
    expect(status("changed").argumentsMutated).toBe(1);
  });
});

describe("a call that is skipped", () => {
  it("is counted by its reason, and control answers", async () => {
    open();
    const one = (): number => 1;
    const base = { control: one, candidate: one };
    lab.experiment("not-enabled", { ...base, enabled: () => false })();
    lab.experiment("switched off", { ...base, enabled: false })();
    lab.experiment("sampled-out", { ...base, sample: 0 })();
    lab.experiment("off", { ...base, rollout: "off" })();
    lab.experiment("complete", { ...base, rollout: "complete" })();
    const constructed = lab.experiment("constructed", {
      control: function Control(this: object) {},
      candidate: () => undefined,
    });
    Reflect.construct(constructed, []);
    const late = lab.experiment("late", base);
    lab.enabled = false;
    late();
    lab.enabled = true;
    await lab.close();
    late();
    const skips = Object.fromEntries(
      Object.entries(lab.status().experiments).map(([name, { skips }]) => [name, skips]),
    );
    expect(skips).toEqual({
      "not-enabled": { "not-enabled": 1 },
      "switched off": { "not-enabled": 1 },
      "sampled-out": { "sampled-out": 1 },
      off: { off: 1 },
      complete: { complete: 1 },
      constructed: { constructed: 1 },
      late: { disabled: 1, closed: 1 },
    });
  });
});
