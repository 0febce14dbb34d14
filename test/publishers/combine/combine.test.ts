import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { describe, expect, it, vi } from "vitest";
import type { Difference } from "../../../src/model/comparison.ts";
import type { Fault } from "../../../src/model/fault.ts";
import type { Publisher } from "../../../src/model/publisher.ts";
import type { Result, ResultKind } from "../../../src/model/result.ts";
import { all, batch, only, redact, sample, throttle } from "../../../src/publishers/combine/index.ts";
import { memoryPublisher } from "../../../src/publishers/memory.ts";
import { present } from "../../../src/records/present.ts";
import { compileRedaction } from "../../../src/records/redaction.ts";
import { aResult } from "../../../src/testing/a-result.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { plantedResults, secretsIn } from "../../../src/testing/secrets.ts";
import { seededRandom } from "../../../src/testing/seeded-random.ts";

const kinds: readonly ResultKind[] = ["match", "mismatch", "ignored", "inconclusive", "timed-out"];
const quiet = { publishBatch: (): void => {}, publish: (): void => {}, name: "inner" };

function mismatch(signature: string): Result {
  const differences: [Difference] = [{ path: "$", kind: "value", control: 1, candidate: 2 }];
  return aResult({ candidates: [{ comparison: { kind: "mismatch", signature, differences } }] });
}

function attached(publisher: Publisher): Fault[] {
  const faults: Fault[] = [];
  publisher.attach!({ onFault: (fault) => void faults.push(fault) });
  return faults;
}

/** The parts of data that are not frozen, by their paths. */
function looseIn(data: unknown, path = "$"): string[] {
  if (typeof data !== "object" || data === null) return [];
  const below = Object.entries(data).flatMap(([key, part]) => looseIn(part, `${path}.${key}`));
  return Object.isFrozen(data) ? below : [path, ...below];
}

describe("only", () => {
  it("passes on a kind, several kinds, or what a function says", () => {
    for (const [what, expected] of [
      ["mismatch", ["mismatch"]],
      [
        ["match", "ignored"],
        ["match", "ignored"],
      ],
      [(result: Result) => result.kind.startsWith("i"), ["ignored", "inconclusive"]],
    ] as const) {
      const memory = memoryPublisher();
      const publisher = only(what, memory);
      for (const kind of kinds) void publisher.publish(aResult({ kind }));
      expect(memory.results.map(({ kind }) => kind)).toEqual(expected);
    }
  });

  it("asks for no more kinds than the inner publisher does", () => {
    expect(only(["match", "mismatch"], { ...quiet, kinds: ["mismatch"] }).kinds).toEqual(["mismatch"]);
  });

  it("does not pass on what its function throws at, and tells the host", () => {
    const memory = memoryPublisher();
    const publisher = only(() => {
      throw new Error("no");
    }, memory);
    const faults = attached(publisher);
    void publisher.publish(aResult());
    expect(memory.results).toEqual([]);
    expect(faults).toMatchObject([{ operation: "publish", publisher: "memory", experiment: "find-user" }]);
  });

  it("passes batches on as batches, and nothing where nothing is left", async () => {
    const publishBatch = vi.fn();
    const publisher = only("mismatch", { ...quiet, publishBatch });
    await publisher.publishBatch!([aResult({ kind: "match" }), aResult()]);
    await publisher.publishBatch!([aResult({ kind: "match" })]);
    expect(publishBatch.mock.calls.map(([results]) => results.length)).toEqual([1]);
  });

  it("passes on events, skips, flush and close, with their own `this`", async () => {
    const seen: string[] = [];
    const inner: Publisher = {
      ...quiet,
      publishEvent(event) {
        seen.push(`${this.name} ${event.kind}`);
      },
      onSkip: (experiment, reason) => void seen.push(`${experiment} ${reason}`),
      async close() {
        seen.push(`${this.name} closed`);
      },
    };
    const publisher = only("match", inner);
    void publisher.publishEvent!({ kind: "ready" } as never);
    publisher.onSkip!("price", "sampled-out");
    await publisher.close!();
    expect(seen).toEqual(["inner ready", "price sampled-out", "inner closed"]);
    expect(publisher.flush).toBeUndefined();
  });

  it.each([["mis"], [[]], [4], [["match", "no"]]])("refuses %j", (what) => {
    expect(() => only(what as never, quiet)).toThrow("only: expected `what` to be");
  });
});

describe("sample", () => {
  it("passes on the share that was asked for", () => {
    const memory = memoryPublisher({ limit: 10_000 });
    const publisher = sample(0.1, memory, { random: seededRandom(1) });
    for (let count = 0; count < 10_000; count++) void publisher.publish(aResult({ kind: "match" }));
    expect(memory.results.length / 10_000).toBeCloseTo(0.1, 1);
    expect(memory.results.length).toBeGreaterThan(900);
    expect(memory.results.length).toBeLessThan(1_100);
  });

  it("always keeps the first of a new signature", () => {
    const memory = memoryPublisher();
    const publisher = sample(0, memory, { random: () => 0 });
    for (const signature of ["a", "b", "a", "b", "c", "a"]) void publisher.publish(mismatch(signature));
    expect(memory.results).toHaveLength(3);
  });

  it("keeps the first of each candidate of each experiment, also where their signatures are the same", () => {
    const memory = memoryPublisher();
    const publisher = sample(0, memory, { random: () => 0 });
    const [{ comparison }] = mismatch("a").candidates;
    const candidates = [
      { name: "rules", comparison },
      { name: "sql", comparison },
    ] as const;
    for (const experiment of ["price", "tax", "price"]) void publisher.publish(aResult({ experiment, candidates }));
    void publisher.publish(aResult({ experiment: "tax", candidates: [candidates[1]] }));
    expect(memory.results.map(({ experiment }) => experiment)).toEqual(["price", "tax"]);
  });

  it("remembers 1 000 signatures, and forgets the one seen longest ago", () => {
    const memory = memoryPublisher({ limit: 10_000 });
    const publisher = sample(0, memory);
    for (let number = 0; number < 1_000; number++) void publisher.publish(mismatch(`s${number}`));
    void publisher.publish(mismatch("s0"));
    void publisher.publish(mismatch("new"));
    expect(memory.results).toHaveLength(1_001);
    void publisher.publish(mismatch("s0"));
    expect(memory.results).toHaveLength(1_001);
    void publisher.publish(mismatch("s1"));
    expect(memory.results).toHaveLength(1_002);
  });

  it.each([-0.1, 1.1, NaN, "0.1"])("refuses the rate %j", (rate) => {
    expect(() => sample(rate as number, quiet)).toThrow("sample: expected `rate` to be a number from 0 to 1");
  });
});

describe("throttle", () => {
  it("passes on so many a minute and counts the others", () => {
    const clock = fixedClock();
    const memory = memoryPublisher();
    const publisher = throttle({ perMinute: 2, clock }, memory);
    for (let count = 0; count < 5; count++) void publisher.publish(aResult());
    expect([memory.results.length, publisher.throttled]).toEqual([2, 3]);
    clock.advance(60_000);
    void publisher.publish(aResult());
    expect([memory.results.length, publisher.throttled]).toEqual([3, 3]);
  });

  it("refuses less than one a minute", () => {
    expect(() => throttle({ perMinute: 0 }, quiet)).toThrow("throttle: expected `perMinute`");
  });
});

describe("redact", () => {
  const secret = "a key of enough length";

  it("hands on copies without what was named, by key and by path, in values, errors, context and differences", () => {
    const memory = memoryPublisher();
    const error = Object.assign(new RangeError("no"), { code: "E_NO", account: 5 });
    const value = { account: 1, user: { home: { street: "x" } }, by: new Map([["account", 2]]) };
    const result = aResult({
      context: { account: 9, cart: 1 },
      control: { outcome: { kind: "returned", value } },
      candidates: [
        {
          outcome: { kind: "threw", error },
          comparison: {
            kind: "mismatch",
            signature: "v2-x",
            differences: [{ path: "$.account", kind: "value", control: 1, candidate: 2 }],
          },
        },
      ],
    });
    void redact({ keys: ["account"], paths: ["**.street"] }, memory).publish(result);
    const [redacted] = memory.results;
    expect(redacted!.context).toEqual({ account: "[redacted]", cart: 1 });
    expect(redacted!.control.outcome).toEqual({
      kind: "returned",
      value: {
        account: "[redacted]",
        user: { home: { street: "[redacted]" } },
        by: { $Map: [["account", "[redacted]"]] },
      },
    });
    expect(redacted!.candidates[0].outcome).toMatchObject({
      error: { $RangeError: { message: "no", code: "E_NO", account: "[redacted]" } },
    });
    expect(redacted!.candidates[0].comparison).toMatchObject({
      differences: [{ path: "$.account", control: "[redacted]", candidate: "[redacted]" }],
    });
    expect(value.account).toBe(1);
    expect(Object.isFrozen(redacted)).toBe(true);
  });

  it("hands on what none of several publishers can change for the next one", () => {
    const publish = (result: Result): void => expect(looseIn(result)).toEqual([]);
    const publisher = redact({}, { name: "checking", publish });
    const note = { note: [1, { two: 2 }] };
    for (const kind of kinds) {
      void publisher.publish(aResult({ kind, context: note, control: { outcome: { kind: "returned", value: note } } }));
    }
  });

  it("looks for secrets in the names of rules", () => {
    const memory = memoryPublisher();
    const comparison = { kind: "ignored", rule: "rounding, ada@example.org", differences: [] } as const;
    void redact({}, memory).publish(aResult({ candidates: [{ comparison }] }));
    expect(memory.results[0]!.candidates[0].comparison).toMatchObject({ rule: "rounding, [redacted]" });
  });

  it("keeps the names of types and errors for publishers that hide values, and draws nothing twice", () => {
    const memory = memoryPublisher();
    const error = Object.assign(new RangeError("no"), { code: "E_NO" });
    const result = aResult({
      control: { outcome: { kind: "returned", value: new Map([["a", 1]]) } },
      candidates: [{ outcome: { kind: "threw", error } }],
    });
    void redact({}, redact({ keys: ["a"] }, memory)).publish(result);
    const redaction = compileRedaction();
    const hidden = present(memory.results[0]!, { values: "hidden", redaction });
    expect(hidden.control.outcome).toEqual({ kind: "returned", type: "Map" });
    expect(hidden.candidates[0]!.outcome).toEqual({ kind: "threw", error: { name: "RangeError", code: "E_NO" } });
    const shown = present(memory.results[0]!, { values: "shown", redaction });
    expect(shown.control.outcome).toMatchObject({ value: { $Map: [["a", "[redacted]"]] } });
    expect(secretsIn(JSON.stringify(hidden))).toEqual([]);
  });

  it("shows equal as equal with pseudonyms", () => {
    const memory = memoryPublisher();
    const publisher = redact({ keys: ["customer"], replace: { pseudonym: secret } }, memory);
    for (const customer of ["ada", "ada", "bob"]) void publisher.publish(aResult({ context: { customer } }));
    const [a, b, c] = memory.results.map(({ context }) => context["customer"]);
    expect(a).toBe(b);
    expect(a).not.toBe(c);
    expect(JSON.stringify(memory.results)).not.toContain("ada");
  });

  it("hands on no result with a secret under a key, in 1 000 placements", () => {
    const results: Result[] = [];
    const publisher = redact({}, (result) => void results.push(result));
    for (const result of plantedResults(1_000, seededRandom(2))) void publisher.publish(result);
    expect(results).toHaveLength(1_000);
    expect(JSON.stringify(results)).not.toContain('"password":"hunter2');
  });
});

describe("batch", () => {
  it("publishes when a batch is full, when its time is up, and at a flush", async () => {
    const clock = fixedClock();
    const sizes: number[] = [];
    const publisher = batch(
      { size: 3, intervalMs: 1_000, clock },
      { ...quiet, publishBatch: (results) => void sizes.push(results.length) },
    );
    for (let count = 0; count < 7; count++) await publisher.publish(aResult());
    expect(sizes).toEqual([3, 3]);
    await clock.advanceAsync(1_000);
    expect(sizes).toEqual([3, 3, 1]);
    await publisher.publish(aResult());
    await publisher.flush!();
    expect(sizes).toEqual([3, 3, 1, 1]);
    await publisher.close!();
    expect(clock.pending).toBe(0);
  });

  it("has one batch on its way at a time, and lets the next one wait", async () => {
    let finish = (): void => {};
    const publishBatch = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const publisher = batch({ size: 2, clock: fixedClock() }, { ...quiet, publishBatch });
    const waits = [1, 2, 3, 4].map(() => publisher.publish(aResult()));
    await Promise.resolve();
    expect(publishBatch).toHaveBeenCalledTimes(1);
    finish();
    await waits[1];
    await Promise.resolve();
    expect(publishBatch).toHaveBeenCalledTimes(2);
    finish();
    for (const wait of waits) await wait;
  });

  it("publishes before more than so many bytes wait", async () => {
    const sizes: number[] = [];
    const publisher = batch(
      { size: 1_000, maxBytes: 1_000_000, clock: fixedClock() },
      { ...quiet, publishBatch: (results) => void sizes.push(results.length) },
    );
    for (let count = 0; count < 25; count++)
      await publisher.publish(aResult({ context: { page: Buffer.alloc(100_000) } }));
    expect(sizes).toEqual([10, 10]);
    await publisher.flush!();
    expect(sizes).toEqual([10, 10, 5]);
  });

  it("tells of what has not arrived when the laboratory's time is up", async () => {
    const faults: string[] = [];
    const hanging = { ...quiet, publishBatch: () => new Promise<void>(() => undefined) };
    const lab = new Laboratory({
      publishers: [batch({ size: 1_000 }, hanging)],
      onFault: ({ error }) => void faults.push(String(error)),
    });
    const run = lab.experiment("price", { control: () => 1, candidate: () => 2 });
    for (let call = 0; call < 50; call++) run();
    await lab.settled();
    expect((await lab.close({ timeoutMs: 100 })).complete).toBe(false);
    expect(faults).toEqual(["Error: 50 results had not been published at the end"]);
  });

  it("tells the host how many results were lost with a batch, failed or hung", async () => {
    const clock = fixedClock();
    const answers = [() => Promise.reject(new Error("down")), () => new Promise<void>(() => {})];
    const publisher = batch({ size: 2, clock }, { ...quiet, publishBatch: () => answers.shift()!() });
    const faults = attached(publisher);
    for (let count = 0; count < 4; count++) void publisher.publish(aResult());
    await clock.advanceAsync(30_000);
    expect(faults.map(({ error }) => String(error))).toEqual([
      "Error: A batch of 2 results was lost",
      "Error: A batch of 2 results was lost",
    ]);
    expect(clock.pending).toBe(0);
  });

  it.each([
    [{ size: 0 }, "batch: expected `size` to be a whole number from 1 to 10000, got 0"],
    [{ size: 5, intervalMs: 0 }, "batch: expected `intervalMs`"],
    [{ size: 5, interval: 4 }, "unknown option `interval`"],
  ])("refuses %j", (options, message) => {
    expect(() => batch(options, quiet)).toThrow(message);
  });

  it("refuses a publisher that takes no batches", () => {
    expect(() => batch({ size: 5 }, () => {})).toThrow("batch: expected `publisher` to be one that has `publishBatch`");
  });
});

describe("all", () => {
  it("returns each publisher the kinds that it asks for, whatever the others do", async () => {
    const memory = memoryPublisher();
    const picky = only("match", memoryPublisher());
    const publisher = all(
      () => {
        throw new Error("first");
      },
      memory,
      picky,
    );
    await expect(publisher.publish(aResult())).rejects.toThrow("Failed: function");
    expect(memory.results).toHaveLength(1);
    await expect(publisher.publishBatch!([aResult(), aResult({ kind: "match" })])).rejects.toThrow(AggregateError);
    expect(memory.results).toHaveLength(3);
  });

  it("asks for all the kinds that its publishers ask for together, and is idempotent only when all are", () => {
    expect(all(only("match", quiet), only("ignored", quiet)).kinds).toEqual(["match", "ignored"]);
    expect(all(only("match", quiet), quiet).kinds).toBeUndefined();
    expect(all({ ...quiet, idempotent: true }, quiet).idempotent).toBe(false);
  });

  it("refuses none", () => expect(() => all()).toThrow("all: expected `publishers` to be at least one publisher"));
});
