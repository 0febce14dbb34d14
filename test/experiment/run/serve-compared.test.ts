import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { LaboratoryOptions } from "../../../src/experiment/define/laboratory-options.ts";
import type { AnyFunction } from "../../../src/model/any-function.ts";
import type { Fault } from "../../../src/model/fault.ts";
import type { Result } from "../../../src/model/result.ts";
import type { Rollout, Sample } from "../../../src/model/rollout.ts";
import { memoryPublisher } from "../../../src/publishers/memory.ts";
import { admits, bucketsOf } from "../../../src/rollout/bucket.ts";
import type { RolloutSetting } from "../../../src/rollout/snapshot.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { gates } from "../../../src/stats/gates.ts";
import { cases } from "../../cases.ts";
import { turn } from "../../proof/held.ts";

interface Bench {
  readonly lab: Laboratory;
  readonly clock: FixedClock;
  readonly results: readonly Result[];
  readonly faults: readonly Fault[];
}

function bench(options: LaboratoryOptions = {}): Bench {
  const clock = fixedClock();
  const publisher = memoryPublisher();
  const faults: Fault[] = [];
  const lab = new Laboratory({ clock, publishers: [publisher], onFault: (fault) => faults.push(fault), ...options });
  return {
    lab,
    clock,
    faults,
    get results() {
      return publisher.results;
    },
  };
}

const live = { serve: 1, compare: 1 };
const alone = { serve: 1, compare: 0.0001 };
const byKey: (key: string) => string = () => "control";
const never = (): Promise<never> => new Promise(() => undefined);

async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return { returned: await call() };
  } catch (error) {
    return { threw: error };
  }
}

describe("serving the candidate beside control", () => {
  it("leaves nothing of what control's own kind of promise rejects with, where the candidate answers", async () => {
    class Request extends Promise<string> {
      abort(): void {}
    }
    const unhandled: unknown[] = [];
    const remember = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", remember);
    const { lab } = bench();
    const call = lab.experiment("who", {
      control: (): Promise<string> => Request.reject(new Error("control's")),
      candidate: () => "candidate",
      key: () => "k",
      rollout: live,
    });
    expect(await call()).toBe("candidate");
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", remember);
    expect(unhandled).toEqual([]);
  });

  it("serves its share of keys the candidate's answer, and every other control's", async () => {
    const { lab, results } = bench();
    const who = lab.experiment("who", {
      control: byKey,
      candidate: () => "candidate",
      key: (key) => key,
      rollout: { serve: 0.3, compare: 1 },
    });
    const bucket = bucketsOf("who");
    const keys = Array.from({ length: 300 }, (_, index) => `customer-${index}`);
    for (const key of keys) {
      const expected = admits(0.3, bucket(key)) ? "candidate" : "control";
      expect([who(key), who(key)]).toEqual([expected, expected]);
    }
    await lab.flush();
    const served = results.filter(({ served: by }) => by === "candidate").length;
    expect(served).toBe(2 * keys.filter((key) => admits(0.3, bucket(key))).length);
    expect(lab.status().experiments["who"]).toMatchObject({ served, fellBack: 0, calls: 600, started: 600 });
    expect(results[0]!.rollout).toEqual({ stage: "ramp", share: 0.3, epoch: 1 });
  });

  it("keeps everybody in who is in, as the share grows", () => {
    const { lab } = bench();
    const whoAt = [0.01, 0.05, 0.1, 0.25, 0.5, 1].map((serve) =>
      lab.experiment("who", {
        control: byKey,
        candidate: () => "candidate",
        key: (key) => key,
        rollout: { serve, compare: 0 },
        replace: true,
      }),
    );
    for (let index = 0; index < 2_000; index++) {
      const served = whoAt.map((who) => who(`customer-${index}`));
      expect(served.join()).toMatch(/^(control,?)*(candidate,?)*$/);
    }
  });

  it("is a promise where control returns a lazy thenable, which is never run then", async () => {
    const { lab } = bench();
    let ran = 0;
    const query = {
      then(resolve: (value: string) => void): void {
        ran += 1;
        resolve("control");
      },
    };
    const who = lab.experiment("who", {
      control: () => query as unknown as Promise<string>,
      candidate: (): Promise<string> => "candidate" as unknown as Promise<string>,
      rollout: live,
    });
    const answer = who();
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe("candidate");
    expect(ran).toBe(0);
    expect(lab.status().experiments["who"]).toMatchObject({ served: 1, fellBack: 0, inconclusive: 1 });
  });

  it("is control's where the candidate's arguments cannot be made, and nothing is compared", () => {
    const { lab, faults } = bench({ random: () => 0.99 });
    const who = lab.experiment("who", {
      control: (): string => "control",
      candidate: () => "candidate",
      prepare: () => {
        throw new Error("no arguments");
      },
      rollout: alone,
    });
    expect(who()).toBe("control");
    expect(faults.map(({ operation }) => operation)).toEqual(["prepare"]);
    expect(lab.status().experiments["who"]).toMatchObject({ served: 0, started: 0, skips: { "prepare-failed": 1 } });
  });

  it.each(["concurrent", "later"] as const)(
    "throws what control throws where the candidate fails as well, or answers too late: %s",
    async (when) => {
      const { lab } = bench();
      const error = new Error("control");
      const who = lab.experiment("who", {
        control: (): string => {
          throw error;
        },
        candidate: (): string => {
          if (when === "later") return Promise.resolve("late") as never;
          throw new Error("candidate");
        },
        rollout: live,
      });
      expect(who).toThrow(error);
      await lab.settled();
      expect(lab.status().experiments["who"]).toMatchObject({ served: 0, fellBack: 1 });
    },
  );

  it("needs no rollout that listens, and counts one that fails to", async () => {
    const { lab, faults } = bench();
    const shadow = { stage: "shadow", share: 0, serve: 0, compare: 1, epoch: 1 } as never;
    const sides = { control: () => 1, candidate: () => 1 };
    lab.experiment("deaf", { ...sides, rollout: { current: () => shadow, bucket: () => 0 } })();
    expect(faults).toEqual([]);
    const error = new Error("no record");
    const record = (): never => {
      throw error;
    };
    lab.experiment("failing", { ...sides, rollout: { current: () => shadow, bucket: () => 0, record } })();
    await lab.settled();
    expect(faults).toEqual([{ operation: "rollout", error, experiment: "failing" }]);
  });

  it("tells its rollout everything of the comparison", async () => {
    const { lab, clock } = bench();
    const samples: Sample[] = [];
    const rollout: Rollout = {
      current: () => ({ stage: "shadow", share: 0, serve: 0, compare: 1, epoch: 7 }) as never,
      bucket: () => 0,
      record: (sample) => void samples.push(sample),
    };
    const who = lab.experiment("who", {
      control: (how: string): string => {
        clock.advance(3);
        if (how === "control throws") throw new Error(how);
        return "a";
      },
      candidate: (how) => {
        clock.advance(4);
        if (how === "candidate throws") throw new Error(how);
        return "a";
      },
      key: (how) => how,
      rollout,
    });
    clock.advance(100);
    for (const how of ["both answer", "control throws", "candidate throws"]) await outcomeOf(() => who(how));
    await lab.settled();
    const told = samples.map(({ experiment, candidate, kind, controlMs, candidateMs, key, epoch, at }) => ({
      ...{ experiment, candidate, kind, controlMs, candidateMs, key, epoch, at },
    }));
    const all = { experiment: "who", candidate: "candidate", controlMs: 3, candidateMs: 4, epoch: 7, at: clock.now() };
    expect(told).toEqual([
      { ...all, kind: "match", key: "both answer", at: expect.any(Number) as number },
      { ...all, kind: "mismatch", key: "control throws" },
      { ...all, kind: "mismatch", key: "candidate throws" },
    ]);
    expect(samples.map((sample) => [sample.controlThrew, sample.candidateThrew])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
    expect(samples[1]!.result()).toMatchObject({ experiment: "who", kind: "mismatch" });
  });

  it("is control's for a call without a key, or whose key cannot be had", () => {
    const { lab, faults } = bench();
    const keys: AnyFunction[] = [
      () => undefined,
      () => null,
      () => Promise.resolve("a"),
      () => {
        throw new Error("no key");
      },
    ];
    for (const [index, key] of keys.entries()) {
      const who = lab.experiment(`who-${index}`, {
        control: (): string => "control",
        candidate: () => "candidate",
        key,
        rollout: { serve: 0.9999, compare: 1 },
      });
      expect(who()).toBe("control");
    }
    expect(faults.map(({ operation }) => operation)).toEqual(["key", "key"]);
  });

  it("answers as soon as the candidate has, however long control takes", async () => {
    const { lab, clock, results } = bench();
    let finish: (value: string) => void = () => undefined;
    const who = lab.experiment("who", {
      control: () => new Promise<string>((resolve) => (finish = resolve)),
      candidate: async () => Promise.resolve("candidate"),
      rollout: live,
    });
    expect(await who()).toBe("candidate");
    expect(lab.status().experiments["who"]).toMatchObject({ served: 1, inFlight: 1 });
    clock.advance(5_000);
    finish("control");
    await lab.settled();
    await lab.flush();
    expect(results[0]).toMatchObject({ served: "candidate", kind: "mismatch" });
    expect(results[0]!.control.outcome).toEqual({ kind: "returned", value: "control" });
  });

  it("returns the very value that the candidate returned, and compares what it was by then", async () => {
    const { lab, results } = bench();
    const mine = { total: 1 };
    const price = lab.experiment("price", {
      control: async () => Promise.resolve({ total: 1 }),
      candidate: async () => Promise.resolve(mine),
      rollout: live,
    });
    const answer = await price();
    expect(answer).toBe(mine);
    answer.total = 99;
    await lab.settled();
    await lab.flush();
    expect(results[0]!.kind).toBe("match");
  });

  it.each([
    [
      "throws at once",
      () => {
        throw new Error("candidate");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("candidate"))],
    ["rejects with undefined", async () => Promise.reject(undefined as unknown as Error)],
  ])(
    "falls back to control's own outcome when the candidate %s, and counts it",
    async (_how, candidate: () => Promise<string>) => {
      const { lab, results } = bench();
      const value = { mine: true };
      const error = new Error("control's own");
      const fine = lab.experiment("fine", {
        control: async () => Promise.resolve(value),
        candidate: candidate as AnyFunction,
        rollout: live,
      });
      const bad = lab.experiment("bad", {
        control: async () => Promise.reject(error),
        candidate: candidate as AnyFunction,
        rollout: live,
      });
      expect(await fine()).toBe(value);
      await expect(bad()).rejects.toBe(error);
      await lab.settled();
      await lab.flush();
      expect(lab.status().experiments["fine"]).toMatchObject({ served: 0, fellBack: 1 });
      expect(results.map(({ served }) => served)).toEqual(["control", "control"]);
    },
  );

  it("falls back to control when the candidate's time is up", async () => {
    const { lab, clock, results } = bench();
    const who = lab.experiment("who", {
      control: async () => Promise.resolve("control"),
      candidate: never,
      rollout: live,
      limits: { timeoutMs: 100 },
    });
    const answer = who();
    await clock.advanceAsync(101);
    expect(await answer).toBe("control");
    await lab.flush();
    expect(results[0]).toMatchObject({ served: "control", kind: "timed-out" });
    expect(lab.status().experiments["who"]).toMatchObject({ fellBack: 1, served: 0 });
  });

  it("serves a synchronous caller at once, from a candidate that answers at once", () => {
    const { lab } = bench();
    const who = lab.experiment("who", {
      control: (): string => "control",
      candidate: () => "candidate",
      rollout: live,
    });
    expect(who()).toBe("candidate");
    const rescued = lab.experiment("rescued", {
      control: (): string => {
        throw new Error("control");
      },
      candidate: () => "candidate",
      rollout: live,
    });
    expect(rescued()).toBe("candidate");
  });

  it("serves control to a synchronous caller whose candidate returns a promise, and says so", async () => {
    const { lab, results } = bench();
    const candidate = (async () => Promise.resolve("candidate")) as unknown as () => string;
    const who = lab.experiment("who", { control: (): string => "control", candidate, rollout: live });
    expect(who()).toBe("control");
    await lab.settled();
    await lab.flush();
    expect(results[0]!.served).toBe("control");
    expect(lab.status().experiments["who"]).toMatchObject({ served: 0, fellBack: 1 });
  });

  it("leaves no rejection of control's unhandled where the candidate answered", async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", listen);
    const { lab } = bench();
    const who = lab.experiment("who", {
      control: async (): Promise<string> => Promise.reject(new Error("control")),
      candidate: async () => Promise.resolve("candidate"),
      rollout: live,
    });
    expect(await who()).toBe("candidate");
    await lab.settled();
    await new Promise(setImmediate);
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  it("waits for no deferred turn", async () => {
    const { lab } = bench();
    const who = lab.experiment("who", {
      control: async () => Promise.resolve("control"),
      candidate: async () => Promise.resolve("candidate"),
      order: "deferred",
      rollout: live,
    });
    expect(await who()).toBe("candidate");
  });

  it("stops serving a candidate that fails in a row, and starts again when a probe succeeds", async () => {
    const { lab, clock } = bench();
    let broken = true;
    const who = lab.experiment("who", {
      control: (): string => "control",
      candidate: () => {
        if (broken) throw new Error("candidate");
        return "candidate";
      },
      rollout: live,
      limits: { breakAfter: 3, breakMs: 1_000 },
    });
    for (let call = 0; call < 10; call++) expect(who()).toBe("control");
    await lab.settled();
    expect(lab.status().experiments["who"]).toMatchObject({ fellBack: 3, skips: { "breaker-open": 7 } });
    broken = false;
    clock.advance(2_000);
    // The probe is compared, and serves nobody.
    expect(who()).toBe("control");
    await lab.settled();
    expect(who()).toBe("candidate");
  });
});

describe("a served candidate that is slow", () => {
  const slow = (graceMs?: number) => {
    const { lab, clock, samples } = graced();
    const call = lab.experiment("who", {
      control: async (): Promise<string> => Promise.resolve("same"),
      candidate: () => new Promise<string>((resolve) => void clock.after(5_000, () => resolve("same"))),
      key: () => "key",
      rollout: { ...samples, current: samples.current, ...(graceMs !== undefined && { graceMs }) },
    });
    return { lab, clock, call, samples };
  };

  it("has a second once control has answered, and is compared as ever", async () => {
    const { lab, clock, call, samples } = slow();
    const answer = call();
    await turn();
    clock.advance(999);
    expect(await Promise.race([answer, turn().then(() => "waiting")])).toBe("waiting");
    clock.advance(2);
    expect(await answer).toBe("same");
    expect(lab.status().experiments["who"]).toMatchObject({ served: 0, fellBack: 1, inFlight: 1 });
    clock.advance(5_000);
    await lab.settled();
    expect(lab.status().experiments["who"]).toMatchObject({ matched: 1, fellBack: 1, served: 0 });
    expect(samples.seen).toMatchObject([{ kind: "match", fellBack: "slow" }]);
    expect(gates.errors(0.001).penalty(samples.seen[0]!)).toBe(1);
  });

  it("has as long as its rollout says", async () => {
    const { lab, clock, call } = slow(10);
    const answer = call();
    await turn();
    clock.advance(11);
    expect(await answer).toBe("same");
    expect(lab.status().experiments["who"]).toMatchObject({ fellBack: 1 });
    const patient = slow(Infinity);
    const later = patient.call();
    await turn();
    patient.clock.advance(5_001);
    expect(await later).toBe("same");
    expect(patient.lab.status().experiments["who"]).toMatchObject({ fellBack: 0, served: 1 });
  });

  it("is refused a time that is none", () => {
    const define = (graceMs: unknown) => () =>
      new Laboratory().experiment("x", {
        control: () => 1,
        candidate: () => 1,
        key: () => "key",
        rollout: { serve: 1, graceMs } as never,
      });
    for (const graceMs of [-1, NaN, "1000"]) expect(define(graceMs)).toThrow(/rollout\.graceMs/);
  });

  it("costs a call whose sides both answer at once no deadline", () => {
    const clock = fixedClock();
    let timers = 0;
    const counting = {
      ...clock,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: () => (timers++, () => undefined),
    };
    const lab = new Laboratory({ clock: counting });
    const call = lab.experiment("who", {
      control: () => "control",
      candidate: () => "candidate",
      key: () => "k",
      rollout: { serve: 1 },
    });
    for (let times = 0; times < 10; times++) expect(call()).toBe("candidate");
    expect(timers).toBe(0);
  });

  it("says in each result why control answered", async () => {
    const seen: unknown[] = [];
    const lab = new Laboratory({ publishers: [({ fellBack }) => void seen.push(fellBack)] });
    const served = { key: () => "key", rollout: { serve: 1 } } as const;
    lab.experiment("threw", { control: () => 1, candidate: () => fail(), ...served })();
    lab.experiment("asynchronous", {
      control: () => 1,
      candidate: (async () => Promise.resolve(1)) as never,
      ...served,
    })();
    lab.experiment("served", { control: () => 1, candidate: () => 1, ...served })();
    const careful = { serve: 1, onMismatch: "control" } as const;
    lab.experiment("mismatch", { control: () => 1, candidate: () => 2, ...served, rollout: careful })();
    await lab.close();
    expect(seen.sort()).toEqual(["asynchronous", "mismatch", "threw", undefined]);
  });
});

function fail(): never {
  throw new Error("candidate");
}

function graced() {
  const clock = fixedClock();
  const lab = new Laboratory({ clock });
  const seen: Sample[] = [];
  const live = { stage: "live", share: 1, compare: 1, epoch: 1 } as const;
  const samples = {
    seen,
    current: () => live,
    bucket: () => 0,
    record: (sample: Sample) => void seen.push(sample),
  };
  return { lab, clock, samples };
}

describe('a rollout with `onMismatch: "control"`', () => {
  it("waits for both, and serves control where they differ", async () => {
    const { lab, results } = bench();
    let finish: (value: number) => void = () => undefined;
    const slow: (cents: number) => Promise<number> = () => new Promise((resolve) => (finish = resolve));
    const price = lab.experiment("price", {
      control: slow,
      candidate: async (cents) => Promise.resolve(cents),
      rollout: { serve: 1, onMismatch: "control" },
    });
    let answered = false;
    const same = price(5).finally(() => (answered = true));
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    finish(5);
    expect(await same).toBe(5);
    const different = price(5);
    finish(6);
    expect(await different).toBe(6);
    await lab.settled();
    await lab.flush();
    expect(results.map(({ served, kind }) => [served, kind])).toEqual([
      ["candidate", "match"],
      ["control", "mismatch"],
    ]);
    expect(lab.status().experiments["price"]).toMatchObject({ served: 1, fellBack: 1 });
  });

  it("counts a candidate that fails once", async () => {
    const { lab } = bench();
    const control = { mine: true };
    const price = lab.experiment("price", {
      control: async () => Promise.resolve(control),
      candidate: async () => Promise.reject(new Error("candidate")),
      rollout: { serve: 1, onMismatch: "control" },
    });
    expect(await price()).toBe(control);
    await lab.settled();
    expect(lab.status().experiments["price"]).toMatchObject({ served: 0, fellBack: 1 });
  });

  it("does so at once where both answer at once", () => {
    const { lab } = bench();
    const price = lab.experiment("price", {
      control: (cents: number) => cents,
      candidate: (cents) => (cents === 3 ? -1 : cents),
      rollout: { serve: 1, onMismatch: "control" },
    });
    expect([1, 2, 3, 4].map((cents) => price(cents))).toEqual([1, 2, 3, 4]);
    expect(lab.status().experiments["price"]).toMatchObject({ served: 3, fellBack: 1 });
  });
});

describe("serving the candidate alone", () => {
  it("does not run control, and starts it when the candidate fails", async () => {
    const { lab, clock } = bench({ random: () => 0.5 });
    const started: string[] = [];
    const bad = new Set(["throws", "rejects", "hangs"]);
    const who = lab.experiment("who", {
      control: async (how: string) => {
        started.push(how);
        return Promise.resolve("control");
      },
      candidate: (how: string) => {
        if (how === "throws") throw new Error("candidate");
        if (how === "rejects") return Promise.reject(new Error("candidate"));
        return how === "hangs" ? never() : Promise.resolve("candidate");
      },
      rollout: alone,
      limits: { timeoutMs: 100 },
    });
    for (const how of ["fine", ...bad]) {
      const answer = who(how);
      await clock.advanceAsync(101);
      expect(await answer).toBe(bad.has(how) ? "control" : "candidate");
    }
    expect(started).toEqual([...bad]);
    expect(lab.status().experiments["who"]).toMatchObject({ served: 1, fellBack: 3, skips: { "sampled-out": 4 } });
  });

  it("rejects with control's own reason where both fail", async () => {
    const { lab } = bench({ random: () => 0.5 });
    const error = new Error("control's own");
    const who = lab.experiment("who", {
      control: async (): Promise<string> => Promise.reject(error),
      candidate: async () => Promise.reject(new Error("candidate")),
      rollout: alone,
    });
    await expect(who()).rejects.toBe(error);
    const sync = lab.experiment("sync", {
      control: (): string => {
        throw error;
      },
      candidate: () => {
        throw new Error("candidate");
      },
      rollout: alone,
    });
    expect(() => sync()).toThrow(error);
  });

  it("is control's to answer for an awaiting caller where no promise can be resolved with what the candidate returns", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const refusing = Object.defineProperty({}, "then", {
      get() {
        throw new Error("then");
      },
    });
    for (const value of [proxy, refusing]) {
      for (const candidate of [() => value, () => ({ then: (fulfil: (given: unknown) => void) => fulfil(value) })]) {
        const { lab } = bench({ random: () => 0.5 });
        const who = lab.experiment("who", {
          control: async () => "control",
          candidate: candidate as () => never,
          rollout: alone,
        });
        expect(await who()).toBe("control");
        expect(lab.status().experiments["who"]).toMatchObject({ served: 0, fellBack: 1 });
      }
    }
  });

  it("keeps a promise a promise when a synchronous candidate stands in for an asynchronous control", async () => {
    const { lab } = bench({ random: () => 0.5 });
    const declared = lab.experiment("declared", {
      control: async () => Promise.resolve("control"),
      candidate: () => "candidate",
      rollout: alone,
    });
    expect(declared()).toBeInstanceOf(Promise);
    expect(await declared()).toBe("candidate");
    const complete = lab.experiment("complete", {
      control: async () => Promise.resolve("control"),
      candidate: (): string => {
        throw new Error("candidate");
      },
      rollout: "complete",
    });
    await expect(complete()).rejects.toThrow("candidate");
  });

  it("tells a rollout whether the candidate failed, and never that it matched", async () => {
    const samples: Sample[] = [];
    const rollout: Rollout = {
      current: () => ({ stage: "live", share: 1, compare: 0.0001, epoch: 7 }),
      bucket: () => 0,
      record: (sample) => void samples.push(sample),
    };
    const { lab } = bench({ random: () => 0.5 });
    const control: (fails: boolean) => Promise<string> = async () => Promise.resolve("control");
    const who = lab.experiment("who", {
      control,
      candidate: async (fails) => (fails ? Promise.reject(new Error("candidate")) : Promise.resolve("candidate")),
      rollout,
    });
    await who(false);
    await who(true);
    expect(samples.map(({ kind, candidateThrew, epoch }) => ({ kind, candidateThrew, epoch }))).toEqual([
      { kind: "inconclusive", candidateThrew: false, epoch: 7 },
      { kind: "inconclusive", candidateThrew: true, epoch: 7 },
    ]);
    expect(samples.map((sample) => sample.result())).toEqual([undefined, undefined]);
    expect(lab.status().experiments["who"]!.candidates["candidate"]!.tally.kinds.match).toBe(0);
  });

  it("tells a rollout how long the candidate took, and that control did not throw", async () => {
    const samples: Sample[] = [];
    const rollout: Rollout = {
      current: () => ({ stage: "live", share: 1, compare: 0.0001, epoch: 7 }),
      bucket: () => 0,
      record: (sample) => void samples.push(sample),
    };
    const { lab, clock } = bench({ random: () => 0.5 });
    clock.advance(1_000);
    const control: (fails: boolean) => string = () => "control";
    const who = lab.experiment("who", {
      control,
      candidate: (fails) => {
        clock.advance(7);
        if (fails) throw new Error("candidate");
        return "candidate";
      },
      rollout,
    });
    expect([who(false), who(true)]).toEqual(["candidate", "control"]);
    expect(
      samples.map(({ candidateMs, controlMs, controlThrew }) => ({ candidateMs, controlMs, controlThrew })),
    ).toEqual([
      { candidateMs: 7, controlMs: NaN, controlThrew: false },
      { candidateMs: 7, controlMs: NaN, controlThrew: false },
    ]);
  });

  it("is done with a call when control has answered it, whatever its candidate comes to later", async () => {
    const { lab, clock } = bench({ random: () => 0.5 });
    let late: (value: string) => void = () => undefined;
    let controlCalls = 0;
    const who = lab.experiment("who", {
      control: async () => Promise.resolve(`control ${++controlCalls}`),
      candidate: () => new Promise<string>((resolve) => (late = resolve)),
      rollout: alone,
      limits: { timeoutMs: 50 },
    });
    const answer = who();
    clock.advance(60);
    expect(await answer).toBe("control 1");
    late("candidate");
    await new Promise((resolve) => setImmediate(resolve));
    expect(controlCalls).toBe(1);
    expect(lab.status().experiments["who"]).toMatchObject({ served: 0, fellBack: 1 });
  });

  it("throws at once what a synchronous candidate throws when it is complete", () => {
    const { lab } = bench();
    const who = lab.experiment("who", {
      control: () => "control",
      candidate: () => {
        throw new Error("candidate");
      },
      rollout: "complete",
    });
    expect(who).toThrow("candidate");
  });

  it("hands on what can be awaited as it is, beside an asynchronous control too", async () => {
    const { lab } = bench();
    const query = { then: (resolve: (rows: string) => void) => resolve("rows") } as PromiseLike<string>;
    const who = lab.experiment("who", {
      control: async (): Promise<string> => Promise.resolve("control"),
      candidate: () => query as Promise<string>,
      rollout: "complete",
    });
    const given: unknown = who();
    expect(given).toBe(query);
    expect(await given).toBe("rows");
  });

  it("has nobody to fall back to when it is complete", async () => {
    const { lab } = bench();
    let controlCalls = 0;
    const error = new Error("candidate");
    const who = lab.experiment("who", {
      control: async () => Promise.resolve(`control ${++controlCalls}`),
      candidate: async (): Promise<string> => Promise.reject(error),
      rollout: "complete",
    });
    for (let call = 0; call < 50; call++) await expect(who()).rejects.toBe(error);
    expect(controlCalls).toBe(0);
    expect(lab.status().experiments["who"]!.skips).toEqual({ complete: 50 });
  });

  it("takes control as the truth again when the laboratory is switched off", async () => {
    const { lab } = bench();
    const who = lab.experiment("who", {
      control: (): string => "control",
      candidate: () => "candidate",
      rollout: "complete",
    });
    expect(who()).toBe("candidate");
    lab.enabled = false;
    expect(who()).toBe("control");
  });
});

describe("the first law, under a rollout", () => {
  type Behavior = "returns" | "throws" | "resolves" | "rejects" | "hangs";
  const settled: Behavior[] = ["returns", "throws", "resolves", "rejects"];
  const rollouts: RolloutSetting[] = [
    "off",
    "shadow",
    "live",
    "complete",
    live,
    alone,
    { serve: 0.5, compare: 0.5 },
    { serve: 0, compare: 1 },
  ];

  function behave(how: Behavior, answer: unknown): unknown {
    switch (how) {
      case "returns":
        return answer;
      case "throws":
        throw answer;
      case "resolves":
        return Promise.resolve(answer);
      case "rejects":
        return Promise.reject(answer);
      case "hangs":
        return never();
    }
  }

  it("returns exactly the serving behavior's outcome, or control's, whatever the candidate does", async () => {
    const property = fc.asyncProperty(
      fc.record({
        control: fc.constantFrom(...settled),
        candidate: fc.constantFrom<Behavior>(...settled, "hangs"),
        rollout: fc.constantFrom(...rollouts),
        onMismatch: fc.constantFrom("serve" as const, "control" as const),
        order: fc.constantFrom("control-first" as const, "deferred" as const),
        draw: fc.constantFrom(0, 0.4, 0.9),
        key: fc.constantFrom("a", "b", "c", "d"),
        // Falsy answers too: what is thrown, or returned, may be nothing at all.
        answers: fc.constantFrom<readonly [unknown, unknown]>(
          [{ of: "control" }, { of: "candidate" }],
          [undefined, { of: "candidate" }],
          [{ of: "control" }, null],
          [0, 0],
        ),
      }),
      async ({ control, candidate, rollout, onMismatch, order, draw, key, answers: [ofControl, ofCandidate] }) => {
        const { lab, clock } = bench({ random: () => draw });
        const call = lab.experiment("law", {
          control: (() => behave(control, ofControl)) as AnyFunction,
          candidate: (() => behave(candidate, ofCandidate)) as AnyFunction,
          key: (given: string) => given,
          limits: { timeoutMs: 50 },
          rollout: typeof rollout === "string" ? rollout : { ...rollout, onMismatch },
          order,
        });
        // `complete` has no fallback: a candidate that hangs there hangs, as a control would.
        fc.pre(!(candidate === "hangs" && rollout === "complete"));
        const answer = outcomeOf(() => call(key));
        await clock.advanceAsync(60);
        const got = await answer;
        const of = (how: Behavior, value: unknown): unknown =>
          how === "throws" || how === "rejects" ? { threw: value } : { returned: value };
        const allowed = [of(control, ofControl)];
        const bySnapshot =
          rollout !== "off" &&
          rollout !== "shadow" &&
          !(typeof rollout === "object" && "serve" in rollout && rollout.serve === 0);
        if (bySnapshot && (candidate === "returns" || candidate === "resolves"))
          allowed.push(of(candidate, ofCandidate));
        if (rollout === "complete") allowed.splice(0, 1, of(candidate, ofCandidate));
        const identical = allowed.some((each) => {
          const [[kind, value]] = Object.entries(each as object) as [[string, unknown]];
          return kind in (got as object) && Object.is((got as Record<string, unknown>)[kind], value);
        });
        expect(identical, JSON.stringify({ got, allowed })).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: cases(300) });
  });
});

describe("a rollout in a definition", () => {
  const both = { control: () => 1, candidate: () => 1 };

  it.each([
    [{ serve: 1.5 }, /rollout\.serve.*from 0 to 1, got 1\.5/],
    [{ serve: -0.1 }, /rollout\.serve.*from 0 to 1, got -0\.1/],
    [{ serve: NaN }, /rollout\.serve/],
    [{ serve: 0.1, compare: 2 }, /rollout\.compare/],
    [{ server: 0.1 }, /unknown option `rollout\.server`; did you mean `rollout\.serve`/],
    ["ramp", /a stage that says its share/],
    ["lively", /one of "off", "shadow", "live", "complete", got "lively"/],
    [7, /rollout/],
    [{ current: 1 }, /rollout\.current.*a function/],
  ])("refuses %j with what was expected", (rollout, message) => {
    const { lab } = bench();
    expect(() => lab.experiment("price", { ...both, rollout: rollout as RolloutSetting })).toThrow(
      expect.objectContaining({ code: "invalid-definition", message: expect.stringMatching(message) }),
    );
    // Nothing of it stays behind: the name is free.
    expect(lab.experiment("price", both)()).toBe(1);
  });

  it("is refused beside several candidates, of which none is the one to serve", () => {
    const { lab } = bench();
    expect(() =>
      lab.experiment("price", { control: () => 1, candidates: { a: () => 1, b: () => 1 }, rollout: "shadow" }),
    ).toThrow(/`rollout` to be left out where there are several candidates/);
  });

  it("refuses another experiment's ramp, and leaves the name free", () => {
    const { lab } = bench();
    const rollout = ramp({ unkeyed: "by-call" });
    lab.experiment("price", { ...both, rollout });
    expect(() => lab.experiment("tax", { ...both, rollout })).toThrow(/Make one ramp for each experiment/);
    expect(lab.experiment("tax", both)()).toBe(1);
    expect(lab.experiment("price", { ...both, rollout, replace: true })()).toBe(1);
  });

  it("ends with the experiment that another takes the place of", () => {
    const { lab, clock } = bench();
    const idle = clock.pending;
    lab.experiment("price", { ...both, rollout: ramp({ unkeyed: "by-call" }) });
    expect(clock.pending).toBe(idle + 1);
    lab.experiment("price", { ...both, replace: true });
    expect(clock.pending).toBe(idle);
  });

  it("runs control alone when it cannot say where it stands", () => {
    const { lab, faults } = bench();
    let broken = false;
    const rollout: Rollout = {
      current() {
        if (broken) throw new Error("broken");
        return { stage: "live", share: 1, compare: 1, epoch: 1 };
      },
      bucket: () => 0,
    };
    const who = lab.experiment("who", { control: (): string => "control", candidate: () => "candidate", rollout });
    expect(who()).toBe("candidate");
    broken = true;
    expect(who()).toBe("control");
    expect(faults).toEqual([expect.objectContaining({ operation: "rollout", experiment: "who" })]);
  });

  it("cannot hold up the end of a laboratory", async () => {
    const { lab, clock } = bench();
    const rollout: Rollout = {
      current: () => ({ stage: "live", share: 1, compare: 1, epoch: 1 }),
      bucket: () => 0,
      close: never,
    };
    lab.experiment("price", { ...both, rollout });
    const closed = lab.close({ timeoutMs: 1_000 });
    await clock.advanceAsync(1_000);
    expect(await closed).toMatchObject({ complete: true });
  });
});
