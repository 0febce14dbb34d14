import { describe, expect, it } from "vitest";
import { Laboratory, MismatchError, type Result } from "../../../src/index.ts";
import { fixedClock } from "../../../src/testing/index.ts";
import { held, turn } from "../../proof/held.ts";

const boom = new Error("boom");

function laboratory() {
  const clock = fixedClock();
  const made: Result[] = [];
  const lab = new Laboratory({
    clock,
    throwOnMismatch: (result) => {
      made.push(result);
      return new MismatchError(result);
    },
  });
  return { lab, clock, made };
}

async function stateOf(promise: Promise<unknown>): Promise<string> {
  await turn();
  const marker = Symbol("pending");
  const first = await Promise.race([promise.catch(() => "rejected"), Promise.resolve(marker)]);
  return first === marker ? "pending" : "settled";
}

describe("with `throwOnMismatch`, an asynchronous control", () => {
  it("that returned or threw is answered when the candidate has matched, and not before", async () => {
    const { lab, made } = laboratory();
    const late = held<number>();
    const call = lab.experiment("late", { control: async () => 1, candidate: () => late.promise });
    const answer = call();
    expect(await stateOf(answer)).toBe("pending");
    late.resolve(1);
    expect(await answer).toBe(1);
    const lateError = held<number>();
    const failing = lab.experiment("failing", {
      control: async (): Promise<number> => Promise.reject(boom),
      candidate: () => lateError.promise,
    });
    const rejection = failing();
    expect(await stateOf(rejection)).toBe("pending");
    lateError.reject(boom);
    await expect(rejection).rejects.toBe(boom);
    expect(made).toEqual([]);
  });

  it("that threw returns way to the mismatch", async () => {
    const { lab, made } = laboratory();
    const call = lab.experiment("threw", {
      control: async (): Promise<number> => Promise.reject(boom),
      candidate: async () => 1,
    });
    await expect(call()).rejects.toBeInstanceOf(MismatchError);
    expect(made).toHaveLength(1);
  });

  it("is answered, too, where the candidate had been done first", async () => {
    const { lab } = laboratory();
    const late = held<number>();
    const call = lab.experiment("first", { control: () => late.promise, candidate: async () => 1 });
    const answer = call();
    await turn();
    late.resolve(1);
    expect(await answer).toBe(1);
    const other = held<number>();
    const differs = lab.experiment("differs", { control: () => other.promise, candidate: async () => 1 })();
    await turn();
    other.resolve(2);
    await expect(differs).rejects.toBeInstanceOf(MismatchError);
  });

  it("is answered when a candidate that hangs has timed out", async () => {
    const { lab, clock } = laboratory();
    const call = lab.experiment("hangs", {
      control: async () => 1,
      candidate: () => new Promise<number>(() => undefined),
      limits: { timeoutMs: 100 },
    });
    const answer = call();
    expect(await stateOf(answer)).toBe("pending");
    clock.advance(101);
    await expect(answer).rejects.toThrow(/timed out/);
  });

  it("is answered where a candidate makes its promise a plain one while it is looked at", async () => {
    const { lab } = laboratory();
    const given = Object.assign(Promise.resolve(1), { cancel: (): void => undefined });
    const call = lab.experiment("changed", {
      control: (): Promise<number> => given,
      candidate: () => Number(Reflect.deleteProperty(given, "cancel")),
    });
    await expect(call()).rejects.toThrow(/could not be compared.*inconclusive: /s);
    expect(lab.status().experiments["changed"]!.inconclusive).toBe(1);
  });

  it("whose stream is read later is answered at once, and so are its errors", async () => {
    const { lab } = laboratory();
    const call = lab.experiment("stream", {
      control: async (fails: boolean) => {
        if (fails) throw boom;
        return (function* () {
          yield 1;
        })();
      },
      candidate: async () =>
        (function* () {
          yield 2;
        })(),
      stream: true,
    });
    expect([...(await call(false))]).toEqual([1]);
    await expect(call(true)).rejects.toBeInstanceOf(MismatchError);
    await expect(lab.settled()).rejects.toThrow(/^1 call did not match after the caller had its answer/);
  });
});

describe("with `throwOnMismatch`, a control that answers at once", () => {
  it("is answered as ever where its candidate matches, or cannot be told from a match yet", async () => {
    const { lab, made } = laboratory();
    const late = held<number>();
    const call = lab.experiment("late", {
      control: () => 1,
      candidate: (() => late.promise) as never,
    });
    expect(call()).toBe(1);
    late.resolve(2);
    await expect(lab.settled()).rejects.toMatchObject({ errors: [expect.any(MismatchError)] });
    expect(lab.status().experiments["late"]!.mismatched).toBe(1);
    expect(made.splice(0)).toHaveLength(1);
    await lab.settled();
    const same = { control: () => 1, candidate: () => 1 };
    expect(lab.experiment("same", same)()).toBe(1);
    const throws = (): number => {
      throw boom;
    };
    expect(lab.experiment("throws", { control: throws, candidate: throws })).toThrow(boom);
    expect(made).toEqual([]);
  });

  it("is compared before its caller has the answer, and the result is published, too", async () => {
    const { lab, made } = laboratory();
    let published: Result | undefined;
    const call = lab.experiment("differs", {
      control: () => ({ total: 1 }),
      candidate: () => ({ total: 2 }),
      afterRun: (result) => (published = result),
    });
    expect(call).toThrow(MismatchError);
    expect(made).toHaveLength(1);
    await lab.settled();
    expect(published).toBe(made[0]);
  });
});

describe("`throwOnMismatch` lets nothing pass", () => {
  it.each([
    ["a shadow call", {}],
    ["a served call", { rollout: { serve: 1 } }],
    ["a served call that waits for both", { rollout: { serve: 1, onMismatch: "control" } }],
    ["a deferred candidate", { order: "deferred", limits: { cpuShare: 1 } }],
    ["a random order", { order: "random" }],
    ["a comparer that throws", { compare: () => boomed() }],
    ["a comparer that returns a promise", { compare: () => Promise.resolve(true) }],
  ])("of %s, asynchronous or not", async (_, options) => {
    for (const [control, candidate] of [
      [async () => ({ total: 1 }), async () => ({ total: 2 })],
      [() => ({ total: 1 }), () => ({ total: 2 })],
      [() => ({ total: 1 }), async () => ({ total: 2 })],
      [async () => ({ total: 1 }), () => ({ total: 2 })],
    ]) {
      const lab = new Laboratory({ throwOnMismatch: true });
      const call: () => unknown = lab.experiment("x", { control, candidate, key: () => "key", ...options } as never);
      const told: unknown[] = [];
      try {
        await call();
      } catch (error) {
        told.push(error);
      }
      await lab.settled().catch((error: unknown) => told.push(...(error as AggregateError).errors));
      await lab.close().catch((error: unknown) => told.push(error));
      expect(told).toEqual([expect.any(MismatchError)]);
    }
  });

  it("rejects `close()` after everything is closed, with what no caller was told", async () => {
    const closed: string[] = [];
    const publisher = { name: "p", publish: () => undefined, close: async () => void closed.push("p") };
    const lab = new Laboratory({ throwOnMismatch: true, publishers: [publisher] });
    const call = lab.experiment("x", { control: () => 1, candidate: (async () => Promise.resolve(2)) as never });
    expect([call(), call()]).toEqual([1, 1]);
    const closing = lab.close();
    await expect(closing).rejects.toMatchObject({ errors: [{ name: "MismatchError" }, { name: "MismatchError" }] });
    expect(closed).toEqual(["p"]);
    await expect(lab.close()).rejects.toBe(await closing.catch((error: unknown) => error));
  });

  it("but what it is told to let pass", async () => {
    const lab = new Laboratory({ throwOnMismatch: { kinds: ["mismatch"] } });
    const boom = (): never => boomed();
    const call = lab.experiment("x", { control: () => 1, candidate: () => 2, compare: boom });
    expect(call()).toBe(1);
    await lab.settled();
    const own = { control: () => 1, candidate: () => 2 };
    expect(lab.experiment("quiet", { ...own, throwOnMismatch: false })()).toBe(1);
    expect(lab.experiment("loud", own)).toThrow(MismatchError);
    const thrown = { error: () => new RangeError("own") };
    expect(new Laboratory().experiment("own", { ...own, throwOnMismatch: thrown })).toThrow(RangeError);
    await lab.close();
  });

  it.each([
    [{ throwOnMismatch: "yes" }, /throwOnMismatch.*a boolean, a function or an object/],
    [{ throwOnMismatch: { kind: ["mismatch"] } }, /kind/],
    [{ throwOnMismatch: { kinds: ["match"] } }, /throwOnMismatch\.kinds/],
    [{ throwOnMismatch: { kinds: "mismatch" } }, /throwOnMismatch\.kinds.*an array/],
    [{ throwOnMismatch: { error: "no" } }, /throwOnMismatch\.error/],
  ])("and refuses %j", (options, message) => {
    expect(() => new Laboratory(options as never)).toThrow(message);
    const definition = { control: () => 1, candidate: () => 1, ...options };
    expect(() => new Laboratory().experiment("x", definition as never)).toThrow(message);
  });
});

function boomed(): never {
  throw boom;
}
