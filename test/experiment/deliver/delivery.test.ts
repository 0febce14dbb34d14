import { AsyncLocalStorage } from "node:async_hooks";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Delivery } from "../../../src/experiment/deliver/delivery.ts";
import type { DeliveryServices } from "../../../src/experiment/deliver/delivery-services.ts";
import { MemoryBudget } from "../../../src/experiment/deliver/memory-budget.ts";
import type { Fault } from "../../../src/model/fault.ts";
import type { DeliveryCounts, Publisher } from "../../../src/model/publisher.ts";
import type { Result } from "../../../src/model/result.ts";
import type { RolloutEvent } from "../../../src/model/rollout.ts";
import { aResult } from "../../../src/testing/a-result.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { cases } from "../../cases.ts";

interface Bench {
  readonly delivery: Delivery;
  readonly clock: FixedClock;
  readonly faults: Fault[];
}

function deliver(publisher: Partial<Publisher>, services: Partial<DeliveryServices> = {}): Bench {
  const clock = fixedClock();
  const faults: Fault[] = [];
  const delivery = new Delivery(
    { name: "test", publish: () => {}, ...publisher },
    { clock, random: () => 1, onFault: (fault) => void faults.push(fault), detached: (run) => run(), ...services },
  );
  return { delivery, clock, faults };
}

function accounted({ published, failed, dropped, queued }: DeliveryCounts): number {
  return published + failed + queued + Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

const results = (count: number): Result[] => Array.from({ length: count }, () => aResult());
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = (): Promise<void> => new Promise(() => {});

const event: RolloutEvent = {
  kind: "advanced",
  experiment: "price",
  from: { stage: "shadow", share: 0, epoch: 1 },
  to: { stage: "ramp", share: 0.01, epoch: 2 },
  at: 0,
  by: "ramp",
  reason: "ready",
};

describe("Delivery", () => {
  it("hands results to a synchronous publisher in their order, one turn later", async () => {
    const seen: Result[] = [];
    const { delivery } = deliver({ publish: (result) => void seen.push(result) });
    const given = results(250);
    for (const result of given) delivery.accept(result);
    expect(seen).toEqual([]);
    await settled();
    expect(seen).toEqual(given);
    expect(delivery.counts()).toMatchObject({ accepted: 250, published: 250, failed: 0, queued: 0 });
  });

  it("hands over at most 100 results in a batch, one batch at a time", async () => {
    const sizes: number[] = [];
    let inFlight = 0;
    let most = 0;
    const { delivery } = deliver({
      publishBatch: async (batch) => {
        sizes.push(batch.length);
        most = Math.max(most, ++inFlight);
        await settled();
        inFlight -= 1;
      },
    });
    for (const result of results(250)) delivery.accept(result);
    expect(await delivery.flush()).toBe(true);
    expect(sizes).toEqual([100, 100, 50]);
    expect(most).toBe(1);
  });

  it("passes on only the kinds that the publisher asks for, and counts only those", async () => {
    const seen: string[] = [];
    const { delivery } = deliver({ kinds: ["mismatch"], publish: (result) => void seen.push(result.kind) });
    delivery.accept(aResult({ kind: "match" }));
    delivery.accept(aResult({ kind: "mismatch" }));
    await settled();
    expect(seen).toEqual(["mismatch"]);
    expect(delivery.counts().accepted).toBe(1);
  });

  it("keeps the newest 1 000 results, those in flight included, and counts what it dropped", async () => {
    const { delivery } = deliver({ publish: never });
    const given = results(1_500);
    delivery.accept(given[0]!);
    await settled();
    for (const result of given.slice(1)) delivery.accept(result);
    const counts = delivery.counts();
    expect(counts).toMatchObject({ accepted: 1_500, queued: 1_000, dropped: { "queue-full": 500 } });
    expect(accounted(counts)).toBe(1_500);
  });

  it("keeps a mismatch of a new kind over a thousand matches, and tells of what it drops once a minute", async () => {
    const { delivery, clock, faults } = deliver({ publish: never });
    const differing = (signature: string): Result => {
      const differences = [{ path: "$", kind: "value" }] as const;
      return aResult({ kind: "mismatch", candidates: [{ comparison: { kind: "mismatch", differences, signature } }] });
    };
    delivery.accept(aResult({ kind: "match" }));
    await settled();
    delivery.accept(differing("v2-a"));
    for (let count = 0; count < 2_000; count++) delivery.accept(aResult({ kind: "match" }));
    for (let count = 0; count < 2_000; count++) delivery.accept(differing("v2-a"));
    delivery.accept(differing("v2-b"));
    expect(delivery.counts()).toMatchObject({ queued: 1_000, dropped: { "queue-full": 3_003 } });
    const told = (): string[] =>
      faults.map(({ error }) => (error as Error).message).filter((message) => message.endsWith("dropped"));
    expect(told()).toEqual(["1 result was dropped"]);
    await clock.advanceAsync(60_000);
    const closed = delivery.close(0);
    await clock.advanceAsync(1);
    await closed;
    expect(told()).toHaveLength(2);
    const { dropped } = delivery.counts();
    const sum = Object.values(dropped).reduce((total, count) => total + count, 0);
    expect(told()[1]).toBe(`${sum - 1} results were dropped`);
  });

  const big = (bytes: number): Result =>
    aResult({ control: { outcome: { kind: "returned", value: "x".repeat(bytes / 2) } } });

  it("keeps so many bytes waiting, and drops a result that alone takes more than an eighth", async () => {
    const { delivery } = deliver({ publish: never }, { memory: new MemoryBudget(8_000_000) });
    delivery.accept(aResult());
    await settled();
    for (let count = 0; count < 100; count++) delivery.accept(big(900_000));
    delivery.accept(big(1_100_000));
    expect(delivery.counts()).toMatchObject({
      accepted: 102,
      queued: 9,
      dropped: { "queue-full": 92, "too-large": 1 },
    });
  });

  it("counts what a publisher was handed, though it empties the list", async () => {
    const memory = new MemoryBudget();
    const emptying = (batch: readonly Result[]): void => void ((batch as Result[]).length = 0);
    const { delivery } = deliver({ publishBatch: emptying }, { memory });
    for (const result of results(3)) delivery.accept(result);
    await settled();
    expect(delivery.counts()).toMatchObject({ accepted: 3, published: 3 });
    expect(memory.status().queuedBytes).toBe(0);
  });

  it("counts what is being published, though it was handed over without waiting", async () => {
    const memory = new MemoryBudget(8_000_000);
    const { delivery, clock } = deliver({ publish: never }, { memory });
    delivery.accept(big(900_000));
    await settled();
    expect(memory.status().queuedBytes).toBeGreaterThan(900_000);
    for (let count = 0; count < 20; count++) delivery.accept(big(900_000));
    expect(delivery.counts()).toMatchObject({ queued: 8, dropped: { "queue-full": 13 } });
    expect(memory.status().queuedBytes).toBeLessThan(8_000_000);
    const closing = delivery.close(10);
    clock.advance(10);
    await closing;
    expect(memory.status().queuedBytes).toBe(0);
  });

  it("counts a result once that several publishers wait for, and lets the one go first that holds most", async () => {
    const memory = new MemoryBudget(8_000_000);
    const shared = Array.from({ length: 5 }, () => big(900_000));
    const [hanging, other] = [deliver({ publish: never }, { memory }), deliver({ publish: never }, { memory })];
    for (const { delivery } of [hanging, other]) {
      delivery.accept(aResult());
      await settled();
    }
    for (const result of shared) for (const { delivery } of [hanging, other]) delivery.accept(result);
    expect(memory.status().queuedBytes).toBeLessThan(5 * 1_000_000);
    for (let count = 0; count < 20; count++) hanging.delivery.accept(big(900_000));
    expect(other.delivery.counts()).toMatchObject({ queued: 6, dropped: { "queue-full": 0 } });
    expect(memory.status().queuedBytes).toBeLessThan(8_000_000);
    await Promise.all(
      [hanging, other].map(({ delivery, clock }) => {
        const closing = delivery.close(10);
        clock.advance(10);
        return closing;
      }),
    );
    expect(memory.status().queuedBytes).toBe(0);
  });

  it("keeps what is being published within the same bytes, and parts batches by them", async () => {
    const memory = new MemoryBudget(8_000_000);
    const sizes: number[] = [];
    const { delivery } = deliver({ publishBatch: async (batch) => void sizes.push(batch.length) }, { memory });
    for (let count = 0; count < 7; count++) delivery.accept(big(400_000));
    await settled();
    await delivery.flush();
    expect(sizes).toEqual([2, 2, 2, 1]);
    expect(memory.status().queuedBytes).toBe(0);
  });

  it("counts a throw, a rejection and a thenable that throws as failed, each with its own error, and goes on", async () => {
    const errors = [new Error("thrown"), undefined, new Error("from then"), 0];
    const answers: (() => unknown)[] = [
      () => {
        throw errors[0];
      },
      () => Promise.reject(errors[1]),
      () => ({
        then: () => {
          throw errors[2];
        },
      }),
      () => ({
        then: (_: unknown, no: (error: unknown) => void) => {
          no(errors[3]);
          no("again");
        },
      }),
      () => undefined,
    ];
    const { delivery, faults } = deliver({ publish: () => answers.shift()!() as undefined });
    for (const result of results(5)) delivery.accept(result);
    expect(await delivery.flush()).toBe(true);
    expect(faults.map(({ error }) => error)).toEqual(errors);
    expect(faults[0]).toMatchObject({ operation: "publish", publisher: "test", experiment: "find-user" });
    expect(delivery.counts()).toMatchObject({ published: 1, failed: 4, queued: 0 });
  });

  it("returns a hung publish 5 s, goes on to the next result, and ignores a late answer", async () => {
    let finish = (): void => {};
    const answers = [new Promise<void>((resolve) => (finish = resolve)), undefined];
    const { delivery, clock, faults } = deliver({ publish: () => answers.shift() });
    for (const result of results(2)) delivery.accept(result);
    await clock.advanceAsync(4_999);
    expect(delivery.counts()).toMatchObject({ published: 0, failed: 0, queued: 2 });
    await clock.advanceAsync(1);
    expect(delivery.counts()).toMatchObject({ published: 1, failed: 1, queued: 0 });
    expect(String(faults[0]!.error)).toBe('TimeoutError: Publisher "test" did not settle within 5000 ms');
    finish();
    await settled();
    expect(delivery.counts()).toMatchObject({ published: 1, failed: 1 });
    expect(clock.pending).toBe(0);
  });

  it("swallows a rejection that comes after the time was up", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    let fail: (error: Error) => void = () => {};
    const { delivery, clock } = deliver({ publish: () => new Promise<void>((_, reject) => (fail = reject)) });
    delivery.accept(aResult());
    await clock.advanceAsync(5_000);
    fail(new Error("late"));
    await settled();
    await settled();
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it("tries a failed publish again, twice at most, only where the publisher is idempotent", async () => {
    for (const [idempotent, tries] of [
      [true, 3],
      [false, 1],
    ] as const) {
      const publish = vi.fn(() => Promise.reject(new Error("down")));
      const { delivery, clock } = deliver({ idempotent, publish });
      delivery.accept(aResult());
      await clock.advanceAsync(2_000);
      expect(publish).toHaveBeenCalledTimes(tries);
      expect(delivery.counts()).toMatchObject({ published: 0, failed: 1, queued: 0 });
    }
  });

  it("publishes once what succeeds at the second try", async () => {
    const answers = [() => Promise.reject(new Error("busy")), () => Promise.resolve()];
    const { delivery, clock } = deliver({ idempotent: true, publish: () => answers.shift()!() });
    delivery.accept(aResult());
    await clock.advanceAsync(1_000);
    expect(delivery.counts()).toMatchObject({ published: 1, failed: 0, queued: 0 });
  });

  it("asks a publisher that keeps rejecting at most 12 times in a minute, and loses nothing uncounted", async () => {
    for (const idempotent of [true, false]) {
      const publish = vi.fn(() => Promise.reject(new Error("down")));
      const { delivery, clock } = deliver({ idempotent, publish }, { random: () => 0 });
      for (let second = 0; second < 60; second++) {
        for (const result of results(50)) delivery.accept(result);
        await clock.advanceAsync(1_000);
      }
      expect(publish.mock.calls.length).toBeLessThanOrEqual(12);
      const counts = delivery.counts();
      expect(counts.dropped["breaker-open"]).toBeGreaterThan(1_900);
      expect(counts.queued).toBeLessThanOrEqual(1_000);
      expect(accounted(counts)).toBe(3_000);
    }
  });

  it("delivers what waited once the publisher answers again", async () => {
    let down = true;
    const { delivery, clock } = deliver({
      publish: async () => (down ? Promise.reject(new Error("down")) : undefined),
    });
    for (const result of results(20)) delivery.accept(result);
    await clock.advanceAsync(500);
    expect(delivery.counts()).toMatchObject({ failed: 5, queued: 15 });
    down = false;
    await clock.advanceAsync(500);
    expect(delivery.counts()).toMatchObject({ published: 15, queued: 0 });
  });

  it("needs no pause after synchronous throws", async () => {
    const { delivery, faults } = deliver({
      publish: () => {
        throw new Error("always");
      },
    });
    for (const result of results(50)) delivery.accept(result);
    await settled();
    expect(delivery.counts()).toMatchObject({ failed: 50, queued: 0 });
    expect(faults).toHaveLength(50);
  });

  it("hands over rollout events before results, where the publisher takes them", async () => {
    const seen: string[] = [];
    const { delivery } = deliver({
      publish: () => void seen.push("result"),
      publishEvent: ({ kind }) => void seen.push(kind),
    });
    delivery.accept(aResult());
    delivery.acceptEvent(event);
    expect(await delivery.flush()).toBe(true);
    expect(seen).toEqual(["advanced", "result"]);
    expect(delivery.counts()).toMatchObject({ accepted: 1, published: 1 });
    const without = deliver({});
    without.delivery.acceptEvent(event);
    expect(await without.delivery.flush()).toBe(true);
  });

  it("calls the publisher and its continuations outside of the context of the code that flushes", async () => {
    const tenant = new AsyncLocalStorage<string>();
    const detached = AsyncLocalStorage.snapshot();
    const seen: (string | undefined)[] = [];
    const { delivery } = deliver(
      {
        publish: async () => {
          seen.push(tenant.getStore());
          await settled();
        },
        flush: async () => void seen.push(tenant.getStore()),
      },
      { detached },
    );
    delivery.accept(aResult());
    delivery.accept(aResult());
    await tenant.run("tenant", () => delivery.flush());
    expect(seen).toEqual([undefined, undefined, undefined]);
  });

  it("hands a publisher's own faults to the laboratory under the publisher's name", () => {
    const { faults } = deliver({
      attach: (services) => services.onFault({ operation: "publish", error: "inside" }),
    });
    expect(faults).toEqual([{ operation: "publish", error: "inside", publisher: "test" }]);
  });

  it("may be flushed by the publisher itself, from inside a publish", async () => {
    const seen: Result[] = [];
    const bench = deliver({
      publish: (result) => {
        seen.push(result);
        void bench.delivery.flush();
      },
    });
    for (const result of results(3)) bench.delivery.accept(result);
    await settled();
    expect(seen).toHaveLength(3);
  });
});

describe("a publisher", () => {
  const boom = new Error("boom");
  const fail = (): never => {
    throw boom;
  };

  it("that takes no events receives none, and neither does one that is closed", async () => {
    const { delivery, faults } = deliver({});
    delivery.acceptEvent(event);
    expect(await delivery.flush()).toBe(true);
    const publishEvent = vi.fn();
    const closing = deliver({ publishEvent });
    void closing.delivery.close();
    closing.delivery.acceptEvent(event);
    await closing.delivery.close();
    expect(publishEvent).not.toHaveBeenCalled();
    expect([...faults, ...closing.faults]).toEqual([]);
  });

  it("keeps at most 100 events waiting, the newest, and a fault tells of each that was dropped", async () => {
    const seen: number[] = [];
    const { delivery, faults } = deliver({ publishEvent: ({ at }) => void seen.push(at) });
    for (let at = 0; at < 100; at++) delivery.acceptEvent({ ...event, at });
    expect(faults).toEqual([]);
    delivery.acceptEvent({ ...event, at: 100 });
    const dropped = new Error("An event was dropped: 100 events are waiting already");
    expect(faults).toEqual([{ operation: "publish", error: dropped, publisher: "test" }]);
    await delivery.flush();
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it("whose event hangs is waited for", async () => {
    let finish!: () => void;
    const { delivery } = deliver({ publishEvent: () => new Promise<void>((resolve) => (finish = resolve)) });
    delivery.acceptEvent(event);
    delivery.acceptEvent(event);
    let flushed = false;
    const flushing = delivery.flush().then((all) => (flushed = all));
    await settled();
    finish();
    await settled();
    expect(flushed).toBe(false);
    finish();
    await flushing;
    expect(flushed).toBe(true);
  });

  it.each([
    ["throws", fail, [boom]],
    ["gives a thenable that cannot be read", () => Object.defineProperty({}, "then", { get: fail }), [boom]],
    ["rejects", () => Promise.reject(boom), []],
    ["gives something that is no promise", () => ({ then: true }), []],
    ["gives a function that is no promise", () => fail, []],
  ])("that %s when it is attached does no harm", async (_, attach, errors) => {
    const { delivery, faults } = deliver({ attach: attach });
    delivery.accept(aResult());
    await delivery.flush();
    await settled();
    expect(faults).toEqual(errors.map((error) => ({ operation: "internal", error, publisher: "test" })));
    expect(delivery.counts().published).toBe(1);
  });

  it("is not counted for results of kinds that it does not want, also where they were given up before", () => {
    const { delivery } = deliver({ kinds: ["mismatch"] });
    delivery.refuse("match");
    expect(delivery.counts()).toMatchObject({ accepted: 0, dropped: { "queue-full": 0 } });
    delivery.refuse("mismatch");
    expect(delivery.counts()).toMatchObject({ accepted: 1, dropped: { "queue-full": 1 } });
  });

  it("is not asked again when its time was up, since it may have published after all", async () => {
    const publish = vi.fn(never);
    const { delivery, clock } = deliver({ idempotent: true, publish });
    delivery.accept(aResult());
    await clock.advanceAsync(20_000);
    expect(publish).toHaveBeenCalledTimes(1);
    expect(delivery.counts()).toMatchObject({ failed: 1, queued: 0 });
  });

  it.each([
    [0, 100],
    [1, 200],
  ])("is asked again later each time, shortened by chance: %d makes it %d ms at first", async (random, firstMs) => {
    const publish = vi.fn(() => Promise.reject(boom));
    const { delivery, clock } = deliver({ idempotent: true, publish }, { random: () => random });
    delivery.accept(aResult());
    await clock.advanceAsync(0);
    const calls: number[] = [];
    for (const ms of [firstMs - 1, 1, 2 * firstMs - 1, 1]) {
      await clock.advanceAsync(ms);
      calls.push(publish.mock.calls.length);
    }
    expect(calls).toEqual([1, 2, 2, 3]);
  });

  it("that pauses keeps no more bytes waiting than one that is busy", async () => {
    const { delivery, clock } = deliver(
      { idempotent: true, publish: () => Promise.reject(boom) },
      { memory: new MemoryBudget(26_000_000) },
    );
    delivery.accept(aResult());
    await clock.advanceAsync(0);
    const outcome = { kind: "returned", value: "x".repeat(1_500_000) } as const;
    for (let count = 0; count < 10; count++) delivery.accept(aResult({ control: { outcome } }));
    expect(delivery.counts().dropped["queue-full"]).toBe(2);
  });

  it("is not named for one experiment where it failed for many", async () => {
    const { delivery, faults } = deliver({ publishBatch: () => Promise.reject(boom) });
    for (const result of results(2)) delivery.accept(result);
    await settled();
    expect(faults).toStrictEqual([{ operation: "publish", error: boom, publisher: "test" }]);
  });

  it.each([
    ["resolves twice", { then: (yes: () => unknown) => [yes(), yes()] }, { published: 1, failed: 0 }],
    ["resolves, then throws", { then: (yes: () => unknown) => [yes(), fail()] }, { published: 1, failed: 0 }],
    [
      "rejects, then resolves",
      { then: (yes: () => unknown, no: () => unknown) => [no(), yes()] },
      { published: 0, failed: 1 },
    ],
    ["is a function", Object.assign(() => 1, { then: (yes: () => void) => yes() }), { published: 1, failed: 0 }],
    ["cannot be read", Object.defineProperty({}, "then", { get: fail }), { published: 0, failed: 1 }],
  ])("whose thenable %s is counted once", async (_, thenable, counts) => {
    const { delivery } = deliver({ publish: () => thenable as unknown as Promise<void> });
    delivery.accept(aResult());
    await delivery.flush();
    expect(delivery.counts()).toMatchObject(counts);
  });

  it("whose `then` returns a promise that rejects leaves nothing unhandled", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const thenable = {
      then: (yes: () => void) => {
        yes();
        return Promise.reject(boom);
      },
    };
    const { delivery } = deliver({ publish: () => thenable as unknown as Promise<void> });
    delivery.accept(aResult());
    await delivery.flush();
    await settled();
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    expect(delivery.counts().published).toBe(1);
  });

  it("is not called again while it is busy, by any flush", async () => {
    const publish = vi.fn(never);
    const { delivery, clock } = deliver({ publish });
    for (const result of results(2)) delivery.accept(result);
    await settled();
    void delivery.flush(1_000);
    await clock.advanceAsync(1_000);
    expect(publish).toHaveBeenCalledTimes(1);
    await clock.advanceAsync(3_999);
    expect(publish).toHaveBeenCalledTimes(1);
    await clock.advanceAsync(1);
    expect(publish).toHaveBeenCalledTimes(2);
  });
});

describe("Delivery.flush", () => {
  it("waits for what was accepted before, then for the publisher's own flush", async () => {
    const seen: string[] = [];
    const { delivery } = deliver({
      publish: async () => (await settled(), void seen.push("published")),
      flush: async () => (await settled(), void seen.push("flushed")),
    });
    for (const result of results(2)) delivery.accept(result);
    expect(await delivery.flush(1_000)).toBe(true);
    expect(seen).toEqual(["published", "published", "flushed"]);
  });

  it("answers false at its deadline, and what waits goes on waiting", async () => {
    const { delivery, clock } = deliver({ publish: never });
    delivery.accept(aResult());
    const flushed = delivery.flush(2_000);
    await clock.advanceAsync(2_000);
    expect(await flushed).toBe(false);
    expect(delivery.counts()).toMatchObject({ failed: 0, queued: 1 });
  });

  it("answers false when the publisher's own flush fails, and tells the laboratory", async () => {
    const { delivery, faults } = deliver({ flush: () => Promise.reject(new Error("disk")) });
    expect(await delivery.flush()).toBe(false);
    expect(faults).toMatchObject([{ operation: "flush", publisher: "test" }]);
  });

  it("without a deadline gives up on a publisher that keeps failing, with one more try", async () => {
    const publish = vi.fn(() => Promise.reject(new Error("down")));
    const { delivery, clock } = deliver({ publish });
    for (const result of results(20)) delivery.accept(result);
    await clock.advanceAsync(0);
    expect(publish).toHaveBeenCalledTimes(5);
    expect(await delivery.flush()).toBe(false);
    expect(publish).toHaveBeenCalledTimes(6);
  });

  it("with a deadline goes on trying, four times a second, until the publisher answers", async () => {
    let down = true;
    const { delivery, clock } = deliver({
      publish: async () => (down ? Promise.reject(new Error("down")) : undefined),
    });
    for (const result of results(20)) delivery.accept(result);
    await clock.advanceAsync(0);
    const flushed = delivery.flush(2_000);
    await clock.advanceAsync(500);
    down = false;
    await clock.advanceAsync(250);
    expect(await flushed).toBe(true);
    expect(delivery.counts().queued).toBe(0);
  });
});

describe("code that waits for the end", () => {
  it("keeps the process alive, and a publish that hangs does not", async () => {
    const kept: (boolean | undefined)[] = [];
    const clock = fixedClock();
    const { delivery } = deliver(
      { publish: never },
      { clock: { ...clock, after: (ms, run, keepAlive) => (kept.push(keepAlive), clock.after(ms, run, keepAlive)) } },
    );
    delivery.accept(aResult());
    await settled();
    expect(kept).toEqual([undefined]);
    void delivery.flush(10);
    void delivery.close(10);
    expect(kept).toEqual([undefined, true, true]);
    await clock.advanceAsync(10);
  });

  it("is answered by a flush after the end as by the end itself", async () => {
    const { delivery, clock } = deliver({ publish: never });
    delivery.accept(aResult());
    const closing = delivery.close(100);
    const flushing = delivery.flush(1);
    await clock.advanceAsync(100);
    expect(await Promise.all([closing, flushing, delivery.flush(), delivery.close()])).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it("is answered no where the publisher could not flush before it was closed", async () => {
    const order: string[] = [];
    const { delivery } = deliver({
      flush: () => (order.push("flush"), Promise.reject(new Error("disk"))),
      close: async () => void order.push("close"),
    });
    expect(await delivery.close()).toBe(false);
    expect(order).toEqual(["flush", "close"]);
  });

  it("at the end goes on trying until the publisher answers", async () => {
    let down = true;
    const { delivery, clock } = deliver({
      publish: async () => (down ? Promise.reject(new Error("down")) : undefined),
    });
    for (const result of results(20)) delivery.accept(result);
    await clock.advanceAsync(0);
    const closing = delivery.close(5_000);
    await clock.advanceAsync(500);
    down = false;
    await clock.advanceAsync(250);
    expect(await closing).toBe(true);
    expect(delivery.counts()).toMatchObject({ queued: 0, dropped: { closed: 0 } });
  });
});

describe("Delivery.close", () => {
  it("flushes and closes the publisher once, and counts what comes later as closed", async () => {
    const close = vi.fn(async () => {});
    const { delivery } = deliver({ close });
    delivery.accept(aResult());
    const answers = await Promise.all([delivery.close(), delivery.close()]);
    delivery.accept(aResult());
    expect(answers).toEqual([true, true]);
    expect(close).toHaveBeenCalledTimes(1);
    expect(delivery.counts()).toMatchObject({ accepted: 2, published: 1, dropped: { closed: 1 } });
  });

  it("at its deadline drops what waits, fails what is in flight, and still closes the publisher", async () => {
    const close = vi.fn(async () => {});
    const { delivery, clock } = deliver({ publish: never, close });
    for (const result of results(10)) delivery.accept(result);
    const closed = delivery.close(2_000);
    await clock.advanceAsync(2_000);
    expect(await closed).toBe(false);
    expect(close).toHaveBeenCalledTimes(1);
    expect(delivery.counts()).toMatchObject({ accepted: 10, failed: 1, queued: 0, dropped: { closed: 9 } });
    expect(clock.pending).toBe(0);
  });

  it("answers at its deadline when the publisher's own close hangs", async () => {
    const { delivery, clock } = deliver({ close: never });
    const closed = delivery.close(1_000);
    await clock.advanceAsync(1_000);
    expect(await closed).toBe(false);
  });
});

describe("what becomes of results", () => {
  const behaviors: Record<string, () => unknown> = {
    "answers at once": () => undefined,
    resolves: () => Promise.resolve(),
    rejects: () => Promise.reject(new Error("no")),
    throws: () => {
      throw new Error("no");
    },
    hangs: never,
    "is a thenable that never ends": () => {
      const endless: PromiseLike<void> = { then: ((yes: (value: unknown) => void) => yes(endless)) as never };
      return endless;
    },
    "is a thenable whose then rejects": () => ({ then: () => Promise.reject(new Error("no")) }),
    "is a revoked proxy": () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  };
  const behavior = fc.constantFrom(...Object.keys(behaviors));
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("accept" as const), count: fc.nat(400) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), count: fc.nat(8_000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("flush" as const), count: fc.nat(8_000) }) },
  );

  it("is always accounted for, whatever the publisher does", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(behavior, { minLength: 1, maxLength: 12 }),
        fc.array(step, { maxLength: 10 }),
        fc.boolean(),
        fc.boolean(),
        async (script, steps, idempotent, batches) => {
          let turn = 0;
          const answer = (): undefined => behaviors[script[turn++ % script.length]!]!() as undefined;
          const bench = deliver({ idempotent, publish: answer, ...(batches && { publishBatch: answer }) });
          let accepted = 0;
          const check = (): void => {
            const counts = bench.delivery.counts();
            expect(counts.accepted).toBe(accepted);
            expect(accounted(counts)).toBe(accepted);
            expect(counts.queued).toBeLessThanOrEqual(1_000);
          };
          for (const { do: what, count } of steps) {
            if (what === "flush") void bench.delivery.flush(count);
            if (what === "wait") await bench.clock.advanceAsync(count);
            if (what === "accept") {
              for (let given = 0; given < count; given++, accepted++) bench.delivery.accept(aResult());
            }
            check();
          }
          const closed = bench.delivery.close(3_000);
          await bench.clock.advanceAsync(3_000);
          await closed;
          check();
          expect(bench.delivery.counts().queued).toBe(0);
        },
      ),
      { numRuns: cases(60) },
    );
  });
});
