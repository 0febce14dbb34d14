import { describe, expect, it, vi } from "vitest";
import { Laboratory, MismatchError, SidelaneError, type LaboratoryOptions } from "../../src/index.ts";
import type { Fault } from "../../src/model/fault.ts";
import type { Publisher } from "../../src/model/publisher.ts";
import type { Result } from "../../src/model/result.ts";
import type { Rollout, RolloutHost } from "../../src/model/rollout.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { held, turn } from "../proof/held.ts";

const same = { control: () => 1, candidate: () => 1 };
const differing = { control: () => 1, candidate: () => 2 };
const timers = { now: () => 0, monotonic: () => 0, after: () => () => undefined };

function errorOf(options: unknown): { code?: string; message?: string } | undefined {
  try {
    new Laboratory(options as LaboratoryOptions);
    return undefined;
  } catch (error) {
    if (!(error instanceof SidelaneError)) throw error;
    return { code: error.code, message: error.message };
  }
}

describe("a laboratory's options", () => {
  it.each<[unknown, string]>([
    [7, "expected `options` to be an object, got 7"],
    [{ publishers: {} }, "expected `publishers` to be an array, got an object"],
    [{ onFault: 1 }, "expected `onFault` to be a function, got 1"],
    [{ enabled: "yes" }, 'expected `enabled` to be true or false, got "yes"'],
    [{ context: "shop" }, 'expected `context` to be an object, got "shop"'],
    [{ throwOnMismatch: 1 }, "expected `throwOnMismatch` to be a boolean, a function or an object, got 1"],
    [{ trackRuns: 0 }, "expected `trackRuns` to be true or false, got 0"],
    [{ random: 0.5 }, "expected `random` to be a function, got 0.5"],
    [{ clock: 0 }, "expected `clock` to be an object, got 0"],
    [{ clock: { ...timers, now: 0 } }, "expected `clock.now` to be a function, got 0"],
    [{ clock: { ...timers, monotonic: 0 } }, "expected `clock.monotonic` to be a function, got 0"],
    [{ clock: { ...timers, after: 0 } }, "expected `clock.after` to be a function, got 0"],
    [{ limits: 5 }, "expected `limits` to be an object, got 5"],
    [{ limits: { maxInFlight: -1 } }, "expected `limits.maxInFlight` to be a whole number of at least 0, got -1"],
    [{ limits: { maxInFlight: 1.5 } }, "expected `limits.maxInFlight` to be a whole number of at least 0, got 1.5"],
    [
      { limits: { maxLoopUtilization: 1.5 } },
      "expected `limits.maxLoopUtilization` to be a number from 0 to 1, got 1.5",
    ],
    [
      { limits: { maxInflight: 5 } },
      "unknown option `limits.maxInflight`; did you mean `limits.maxInFlight`? Known options: maxInFlight, maxLoopUtilization, maxBytes",
    ],
    [
      { publisher: [] },
      "unknown option `publisher`; did you mean `publishers`? Known options: publishers, onFault, enabled, context, labels, pseudonymKey, throwOnMismatch, limits, trackRuns, clock, random",
    ],
    [
      {
        publishers: [
          { name: "log", publish() {} },
          { name: "log", publish() {} },
        ],
      },
      'expected `publishers` to be of different names, got "log". Give one of them another `name`',
    ],
  ])("are refused where they are wrong: %j", (options, message) => {
    expect(errorOf(options)).toEqual({ code: "invalid-definition", message: `new Laboratory(): ${message}` });
  });

  it("says which publisher is none", () => {
    const message = errorOf({ publishers: [() => undefined, {}] })!.message!;
    expect(message).toContain("publishers[1]");
  });

  it.each<[LaboratoryOptions]>([
    [{}],
    [
      {
        publishers: [],
        enabled: true,
        context: {},
        throwOnMismatch: false,
        trackRuns: true,
        random: () => 0,
        clock: timers,
      },
    ],
    [{ throwOnMismatch: true, limits: {} }],
    [{ throwOnMismatch: () => new Error("mismatch"), limits: { maxInFlight: 0, maxLoopUtilization: 1 } }],
  ])("are taken where they are right", (options) => {
    expect(errorOf(options)).toBeUndefined();
  });

  it("names that are taken are refused, unless they are to be replaced", () => {
    const lab = new Laboratory();
    lab.experiment("price", same);
    expect(() => lab.experiment("price", same)).toThrow(
      expect.objectContaining({
        code: "name-taken",
        message:
          'experiment("price"): this laboratory has an experiment of that name. Choose another; define it once, outside the class or function, where this runs once an instance or a call (a class field, a constructor, a handler), or use `science` there; or pass `replace: true` (hot reloading)',
      }),
    );
    expect(lab.experiment("price", { ...same, replace: true })()).toBe(1);
  });

  it("a field of a class that takes its name with every instance says to define it once", () => {
    const lab = new Laboratory();
    class Shop {
      readonly price = lab.experiment("price", same);
    }
    expect(new Shop().price()).toBe(1);
    expect(() => new Shop()).toThrow(/define it once, outside the class.* or use `science` there/);
  });
});

describe("the switch", () => {
  it("turns a laboratory off and on, and on again not after its end", async () => {
    const lab = new Laboratory();
    const run = lab.experiment("switched", same);
    expect(lab.enabled).toBe(true);
    lab.enabled = false;
    run();
    expect(lab.status()).toMatchObject({ enabled: false, closed: false });
    lab.enabled = true;
    run();
    await lab.close();
    lab.enabled = true;
    expect(lab.enabled).toBe(false);
    run();
    expect(lab.status()).toMatchObject({ enabled: false, closed: true });
    expect(lab.status().experiments["switched"]).toMatchObject({
      calls: 3,
      started: 1,
      skips: { disabled: 1, closed: 1 },
    });
  });

  it("is off from the start where the environment says so, whatever the program says", () => {
    vi.stubEnv("SIDELANE", "off");
    const lab = new Laboratory({ enabled: true });
    lab.enabled = true;
    expect(lab.enabled).toBe(false);
    vi.stubEnv("SIDELANE", "on");
    expect(new Laboratory().enabled).toBe(true);
    expect(new Laboratory({ enabled: false }).enabled).toBe(false);
    vi.unstubAllEnvs();
  });
});

describe("`throwOnMismatch`", () => {
  it("throws an error of ours, or one of the caller's making", () => {
    expect(() => new Laboratory({ throwOnMismatch: true }).experiment("ours", differing)()).toThrow(MismatchError);
    const own = new Error("own");
    expect(() => new Laboratory({ throwOnMismatch: () => own }).experiment("own", differing)()).toThrow(own);
    expect(new Laboratory({ throwOnMismatch: false }).experiment("not", differing)()).toBe(1);
  });
});

describe("a clock and a source of chance that fail", () => {
  it("are faults of the laboratory's own, and no call is lost by them", () => {
    const fail = (): never => {
      throw new Error("no");
    };
    const told: Fault[] = [];
    const lab = new Laboratory({
      clock: { now: fail, monotonic: fail, after: fail },
      random: fail,
      onFault: (fault) => told.push(fault),
    });
    expect(lab.experiment("half", { ...same, sample: 0.5 })()).toBe(1);
    expect(lab.experiment("all", { ...same })()).toBe(1);
    const { faults, experiments } = lab.status();
    expect(faults.clock).toBeGreaterThan(0);
    expect(faults.random).toBeGreaterThan(0);
    expect(new Set(told.map(({ operation, experiment }) => `${operation} ${experiment}`))).toEqual(
      new Set(["clock undefined", "random undefined"]),
    );
    expect([experiments["half"]!.skips, experiments["all"]!.matched]).toEqual([{ "sampled-out": 1 }, 1]);
  });
});

describe("publishers", () => {
  it("receive skips and candidates in flight where they care, and one that throws is a fault of its name", async () => {
    const told: unknown[] = [];
    const faults: Fault[] = [];
    const careless: Publisher = { name: "careless", publish() {} };
    const careful: Publisher = {
      name: "careful",
      publish() {},
      onSkip: (experiment, reason) => void told.push([experiment, reason]),
      onInFlight: (experiment, change) => void told.push([experiment, change]),
    };
    const broken: Publisher = {
      name: "broken",
      publish() {},
      onSkip() {
        throw new Error("no");
      },
    };
    const lab = new Laboratory({ publishers: [broken, careless, careful], onFault: (fault) => faults.push(fault) });
    lab.experiment("skipped", { ...same, enabled: () => false })();
    await lab.experiment("promised", {
      control: async () => Promise.resolve(1),
      candidate: async () => Promise.resolve(1),
    })();
    await lab.settled();
    expect(told).toEqual([
      ["skipped", "not-enabled"],
      ["promised", 1],
      ["promised", -1],
    ]);
    expect(faults).toEqual([expect.objectContaining({ operation: "publish", publisher: "broken" })]);
    expect(lab.status().faults).toEqual({ publish: 1 });
  });

  it("get what their kinds say, also where another wants everything", async () => {
    for (const others of [[], [{ name: "all", publish() {} }]] as Publisher[][]) {
      const kinds: string[] = [];
      const choosy = (name: string, wanted: Result["kind"]): Publisher => ({
        name,
        kinds: [wanted],
        publish: ({ kind }) => void kinds.push(`${name} ${kind}`),
      });
      const lab = new Laboratory({ publishers: [choosy("one", "match"), choosy("two", "mismatch"), ...others] });
      lab.experiment("same", same)();
      lab.experiment("differing", differing)();
      await lab.settled();
      await lab.flush();
      expect(kinds).toEqual(["one match", "two mismatch"]);
    }
  });
});

describe("the end of a laboratory", () => {
  it("is the same for everybody who asks for it", async () => {
    const closed: string[] = [];
    const lab = new Laboratory({
      publishers: [{ name: "log", publish() {}, close: async () => Promise.resolve(void closed.push("log")) }],
    });
    const closing = lab.close();
    expect(lab.close()).toBe(closing);
    const report = await closing;
    expect(report).toMatchObject({ complete: true, publishers: { log: { accepted: 0 } } });
    expect(closed).toEqual(["log"]);
    await lab[Symbol.asyncDispose]();
    expect(closed).toEqual(["log"]);
  });

  it("waits for candidates in flight until they have ended, and for three fifths of its time at most", async () => {
    for (const ends of [true, false]) {
      const clock = fixedClock();
      const lab = new Laboratory({ clock });
      const [early, late] = [held<number>(), held<number>()];
      const candidates = [early, late];
      const run = lab.experiment("late", { control: async () => 1, candidate: () => candidates.shift()!.promise });
      await Promise.all([run(), run()]);
      let closed = false;
      const closing = lab.close({ timeoutMs: 1_000 }).then(() => (closed = true));
      await clock.advanceAsync(599);
      early.resolve(1);
      await turn();
      expect(closed).toBe(false);
      if (ends) late.resolve(1);
      else clock.advance(1);
      await closing;
      expect(lab.status().experiments["late"]).toMatchObject(ends ? { matched: 2 } : { matched: 1, timedOut: 1 });
      // What is left is the sweep of deadlines.
      expect(clock.pending).toBe(1);
    }
  });

  it("has 5 s by default", async () => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    await lab.experiment("late", {
      control: async () => Promise.resolve(1),
      candidate: () => new Promise<number>(() => undefined),
      limits: { timeoutMs: Infinity },
    })();
    let closed = false;
    const closing = lab.close().then(() => (closed = true));
    await clock.advanceAsync(2_999);
    await turn();
    expect(closed).toBe(false);
    await clock.advanceAsync(1);
    await closing;
  });

  it("answers a flush and its end with yes where every publisher is done", async () => {
    const lab = new Laboratory({ publishers: [{ name: "quick", publish: () => undefined }] });
    lab.experiment("told", { ...same })();
    const report = { complete: true, publishers: { quick: { accepted: 1, published: 1 } } };
    expect(await lab.flush()).toMatchObject(report);
    expect(await lab.close()).toMatchObject(report);
  });

  it("answers a flush with whether every publisher is done, in the time that is given", async () => {
    const clock = fixedClock();
    const hung = { name: "hung", publish: () => new Promise<void>(() => undefined) };
    const lab = new Laboratory({ clock, publishers: [hung, { name: "quick", publish: () => undefined }] });
    lab.experiment("told", { ...same })();
    const flushing = lab.flush({ timeoutMs: 100 });
    await clock.advanceAsync(100);
    expect(await flushing).toMatchObject({
      complete: false,
      publishers: { hung: { published: 0, queued: 1 }, quick: { published: 1 } },
    });
    const closing = lab.close({ timeoutMs: 100 });
    await clock.advanceAsync(100);
    expect(await closing).toMatchObject({
      complete: false,
      publishers: { hung: { failed: 1 }, quick: { published: 1 } },
    });
  });

  it("leaves publishers what candidates have not used, and keeps the process alive until then", async () => {
    const kept: (readonly [number, boolean | undefined])[] = [];
    const clock = fixedClock();
    clock.advance(10_000);
    const lab = new Laboratory({
      clock: { ...clock, after: (ms, run, keepAlive) => (kept.push([ms, keepAlive]), clock.after(ms, run, keepAlive)) },
      publishers: [{ name: "hung", publish: () => undefined, close: () => new Promise<void>(() => undefined) }],
    });
    const never = new Promise<number>(() => undefined);
    await lab.experiment("late", { control: async () => 1, candidate: () => never })();
    kept.length = 0;
    const closing = lab.close({ timeoutMs: 1_000 });
    await clock.advanceAsync(600);
    await turn();
    expect(kept).toEqual([
      [600, true],
      [400, true],
    ]);
    await clock.advanceAsync(400);
    expect(await closing).toMatchObject({ complete: false });
  });

  it("returns a rollout's store a fifth of its time, and asks none that there is not", async () => {
    const kept: (readonly [number, boolean | undefined])[] = [];
    const clock = fixedClock();
    const lab = new Laboratory({
      clock: { ...clock, after: (ms, run, keepAlive) => (kept.push([ms, keepAlive]), clock.after(ms, run, keepAlive)) },
    });
    const rollout = {
      current: () => ({ stage: "shadow", share: 0, compare: 1, epoch: 1 }) as const,
      bucket: () => 0,
    };
    lab.experiment("quick", { ...same, rollout });
    lab.experiment("hung", { ...same, rollout: { ...rollout, close: () => new Promise<void>(() => undefined) } });
    const closing = lab.close({ timeoutMs: 1_000 });
    await turn();
    expect(kept).toEqual([[200, true]]);
    await clock.advanceAsync(200);
    expect(await closing).toMatchObject({ complete: true });
    expect(clock.pending).toBe(0);
    expect(lab.status().experiments["quick"]!.faults).toEqual({});
  });

  it("is not the end of a rollout that goes on under a new definition", () => {
    const close = vi.fn(() => Promise.resolve());
    const lab = new Laboratory();
    const rollout = {
      current: () => ({ stage: "shadow", share: 0, compare: 1, epoch: 1 }) as const,
      bucket: () => 0,
      close,
    };
    lab.experiment("replaced", { ...same, rollout });
    lab.experiment("replaced", { ...same, rollout, replace: true });
    expect(close).not.toHaveBeenCalled();
    lab.experiment("replaced", { ...same, replace: true });
    expect(close).toHaveBeenCalledTimes(1);
  });

  it("ends deferred candidates that have not run", async () => {
    const lab = new Laboratory();
    let ran = 0;
    lab.experiment("deferred", { control: () => 1, candidate: () => ++ran, order: "deferred" })();
    await lab.close();
    await turn();
    expect(ran).toBe(0);
    expect(lab.status().experiments["deferred"]).toMatchObject({ started: 1, timedOut: 1, inFlight: 0 });
  });

  it("is what a rollout can ask of it until then: to count its faults, and how many calls there were", () => {
    const lab = new Laboratory();
    const error = new Error("store");
    let services!: RolloutHost;
    const rollout: Rollout = {
      current: () => ({ stage: "shadow", share: 0, compare: 1, epoch: 1 }),
      bucket: () => 0,
      bind: (_, given) => void (services = given),
    };
    const run = lab.experiment("bound", { ...same, rollout });
    run();
    run();
    expect(services.calls()).toBe(2);
    services.onFault("store", error);
    expect(lab.status().experiments["bound"]!.faults).toEqual({ store: 1 });
  });

  it("counts a rollout that cannot be closed as a fault", async () => {
    const lab = new Laboratory();
    const rollout = {
      current: () => ({ stage: "shadow", share: 0, compare: 1, epoch: 1 }) as const,
      bucket: () => 0,
      close: async () => Promise.reject(new Error("no")),
    };
    lab.experiment("open", { ...same, rollout });
    await lab.close();
    expect(lab.status().experiments["open"]!.faults).toEqual({ rollout: 1 });
  });
});

describe("waiting until a laboratory has settled", () => {
  it("is woken by what ends, also of a definition that was replaced since, and by nothing else", async () => {
    const results: Result[] = [];
    const lab = new Laboratory({ publishers: [(result: Result) => void results.push(result)] });
    const slow = held<number>();
    const other = held<number>();
    await lab.experiment("x", { control: async () => 1, candidate: () => slow.promise })();
    await lab.experiment("x", { control: async () => 1, candidate: () => other.promise, replace: true })();
    let settled = 0;
    const waiting = [lab.settled(), lab.settled()].map((each) => each.then(() => (settled += 1)));
    other.resolve(2);
    await turn();
    expect(settled).toBe(0);
    slow.resolve(2);
    await Promise.all(waiting);
    expect(results.map(({ kind }) => kind)).toEqual(["mismatch", "mismatch"]);
    await lab.settled();
  });

  it("costs no processor time", async () => {
    const lab = new Laboratory();
    const slow = held<number>();
    await lab.experiment("x", { control: async () => 1, candidate: () => slow.promise })();
    const before = process.cpuUsage();
    const waiting = lab.settled();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { user, system } = process.cpuUsage(before);
    slow.resolve(1);
    await waiting;
    expect((user + system) / 1_000).toBeLessThan(100);
  });

  it("ends, and so do time limits, while a test suite fakes timers", async () => {
    const lab = new Laboratory();
    const hanging = { control: async () => 1, candidate: () => new Promise<never>(() => undefined) };
    const call = lab.experiment("x", { ...hanging, limits: { timeoutMs: 20 } });
    vi.useFakeTimers({ toFake: ["setTimeout", "setImmediate", "performance"] });
    try {
      await call();
      await lab.settled();
    } finally {
      vi.useRealTimers();
    }
    await call();
    await lab.settled();
    expect(lab.status().experiments["x"]).toMatchObject({ timedOut: 2 });
  });
});

describe("SIDELANE in the environment", () => {
  it.each([
    ["OFF", false, 0],
    ["False", false, 0],
    ["0", false, 0],
    [" no ", false, 0],
    ["", true, 0],
    ["on", true, 0],
    ["1", true, 0],
    ["stop", true, 1],
  ])("%j", (value, enabled, faults) => {
    vi.stubEnv("SIDELANE", value);
    try {
      const told: Fault[] = [];
      const lab = new Laboratory({ onFault: (fault) => told.push(fault) });
      expect([lab.enabled, told.length]).toEqual([enabled, faults]);
      expect(lab.status().faults).toEqual(faults === 0 ? {} : { internal: 1 });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("what a laboratory tells in pages and numbers", () => {
  it("names no key that may be data, in status and report", async () => {
    const lab = new Laboratory();
    const sessions = lab.experiment("sessions", {
      control: (key: string) => ({ [key]: 1, total: 1 }),
      candidate: (key) => ({ [key]: 2, total: 2 }),
    });
    const keys = ["ada@example.org", "ghp_A1b2C3d4E5f6G7h8J9k0", "k".repeat(100_000)];
    for (const key of keys) sessions(key);
    await lab.settled();
    const told = lab.report() + JSON.stringify(lab.status());
    expect(told).toContain("$.total");
    for (const key of keys) expect(told).not.toContain(key);
    expect(lab.report().length).toBeLessThan(10_000);
  });

  it("counts under any name, `__proto__` included", async () => {
    const lab = new Laboratory();
    for (const name of ["__proto__", "constructor"]) {
      lab.experiment(name, { control: () => 1, candidates: Object.fromEntries([[name, () => 2]]) })();
    }
    await lab.settled();
    const { experiments } = lab.status();
    expect(Object.keys(experiments)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(experiments)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(experiments, "__proto__")!.value).toMatchObject({ calls: 1, mismatched: 1 });
  });

  it.each([Number.NaN, "5000", null, -1])("refuses to close or flush within %s", async (timeoutMs) => {
    const lab = new Laboratory();
    const options = { timeoutMs } as unknown as { timeoutMs: number };
    await expect(lab.close(options)).rejects.toThrow("expected `timeoutMs` to be a number of at least 0");
    await expect(lab.flush(options)).rejects.toThrow("expected `timeoutMs` to be a number of at least 0");
    expect(lab.status().closed).toBe(false);
    expect((await lab.close({ timeoutMs: Infinity })).complete).toBe(true);
  });

  it.each([
    [5_000, "expected `options` to be an object, got 5000"],
    ["SIGTERM", "expected `options` to be an object"],
    [null, "expected `options` to be an object, got null"],
    [{ timeout: 5 }, "unknown option `timeout`; did you mean `timeoutMs`?"],
  ])("refuses to close or flush with %j", async (options, message) => {
    const lab = new Laboratory();
    await expect(lab.close(options as never)).rejects.toThrow(`close: ${message}`);
    await expect(lab.flush(options as never)).rejects.toThrow(`flush: ${message}`);
    expect(lab.status().closed).toBe(false);
    await lab.close();
  });
});

describe("a laboratory in a module's own scope, where a Worker has neither chance nor timers", () => {
  it("draws nothing and sets no timer, nor do its definitions", () => {
    const used: string[] = [];
    const spies = [
      vi.spyOn(globalThis.crypto, "getRandomValues").mockImplementation((array) => (used.push("crypto"), array)),
      vi.spyOn(Math, "random").mockImplementation(() => (used.push("random"), 0.5)),
      vi.spyOn(globalThis, "setTimeout").mockImplementation(() => (used.push("timer"), 0 as never)),
    ];
    const lab = new Laboratory({ publishers: [() => undefined], trackRuns: false });
    lab.experiment("greeting", { control: (name: string) => name, candidate: (name) => name.trim() });
    for (const spy of spies) spy.mockRestore();
    expect(used).toEqual([]);
  });
});
