import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { currentRun, Laboratory, SidelaneError, type Result } from "../../src/index.ts";
import { fixedClock } from "../../src/testing/index.ts";

async function* numbers(to: number, taken: number[] = []): AsyncGenerator<number, string> {
  for (let number = 1; number <= to; number++) {
    taken.push(number);
    yield number;
  }
  return "end";
}

function web(items: readonly unknown[]): ReadableStream<unknown> {
  return new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
}

async function all<Item>(stream: AsyncIterable<Item> | Iterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

function laboratory() {
  const clock = fixedClock();
  const results: Result[] = [];
  const lab = new Laboratory({ clock, publishers: [{ name: "seen", publish: (result) => void results.push(result) }] });
  const status = (name = "stream") => lab.status().experiments[name]!;
  const wait = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    await lab.flush();
  };
  return { lab, clock, results, status, wait };
}

const makers = {
  "an async generator": (items: readonly number[]) =>
    (async function* () {
      yield* items;
    })(),
  "a generator": (items: readonly number[]) => items[Symbol.iterator](),
  "an async iterable": (items: readonly number[]) => ({
    async *[Symbol.asyncIterator]() {
      yield* items;
    },
  }),
  "a ReadableStream": (items: readonly number[]) => web(items) as ReadableStream<number>,
  "a Node stream": (items: readonly number[]) => Readable.from(items),
} as const;

describe.each(Object.entries(makers))("with `stream`, %s", (kind, make) => {
  const { lab, results, status, wait } = laboratory();

  it("is read by the caller alone, and compared item by item when it has ended", async () => {
    const given = make([1, 2, 3]);
    const call = lab.experiment("stream", {
      control: () => given,
      candidate: () => make([1, 2, 3]),
      compare: {},
      stream: true,
    });
    expect(call()).toBe(given);
    expect(await all(given as AsyncIterable<number>)).toEqual([1, 2, 3]);
    await wait();
    expect(status()).toMatchObject({ started: 1, matched: 1, inFlight: 0, candidatesInFlight: 0 });
    expect(results[0]!.control).toMatchObject({
      outcome: { kind: "returned", value: [1, 2, 3] },
      evidence: "captured",
    });
  });

  it("that differs in one item differs there", async () => {
    const call = lab.experiment("differs", {
      control: async () => make([1, 2, 3]),
      candidate: async () => make([1, 9, 3]),
      compare: {},
      stream: true,
    });
    expect(await all((await call()) as AsyncIterable<number>)).toEqual([1, 2, 3]);
    await wait();
    expect(status("differs").mismatched).toBe(1);
    expect(results.at(-1)!.candidates[0].comparison).toMatchObject({ differences: [{ path: "$[1]" }] });
  });

  it("is not touched without `stream`", async () => {
    const given = make([1, 2]);
    const call = lab.experiment("untouched", { control: () => given, candidate: () => make([1, 2]), compare: {} });
    const before = Object.getOwnPropertyNames(given);
    expect(call()).toBe(given);
    await wait();
    expect(Object.getOwnPropertyNames(given)).toEqual(before);
    expect(await all(given as AsyncIterable<number>)).toEqual([1, 2]);
    expect(status("untouched").matched).toBe(0);
  });

  if (kind !== "a generator") {
    it("that the caller leaves early is inconclusive, and the candidate's is left, too", async () => {
      const call = lab.experiment("early", {
        control: () => make([1, 2, 3, 4]),
        candidate: () => make([1, 2, 3, 4]),
        compare: {},
        stream: true,
      });
      for await (const item of call() as AsyncIterable<number>) if (item === 2) break;
      await wait();
      expect(status("early")).toMatchObject({ inconclusive: 1, inFlight: 0, candidatesInFlight: 0 });
    });
  }
});

describe("a stream", () => {
  it("of the candidate is never read further ahead of the caller than 8 items", async () => {
    const { lab, wait } = laboratory();
    const taken: number[] = [];
    const call = lab.experiment("stream", {
      control: () => numbers(100),
      candidate: () => numbers(100, taken),
      stream: true,
    });
    const stream = call();
    await wait();
    expect(taken).toHaveLength(8);
    await stream.next();
    await stream.next();
    await wait();
    expect(taken).toHaveLength(10);
    await all(stream);
    await wait();
    expect(taken).toHaveLength(100);
  });

  it("of control returns its caller what it returns: values, `return`, `throw` and errors", async () => {
    const { lab, status, wait } = laboratory();
    const broken = new Error("broken");
    const call = lab.experiment("stream", {
      control: async function* (fails: boolean): AsyncGenerator<number, string> {
        yield 1;
        if (fails) throw broken;
        return "end";
      },
      candidate: async function* (fails: boolean): AsyncGenerator<number, string> {
        yield 1;
        if (fails) throw new Error("broken");
        return "end";
      },
      stream: true,
    });
    const whole = call(false);
    expect([await whole.next(), await whole.next()]).toEqual([
      { value: 1, done: false },
      { value: "end", done: true },
    ]);
    const failing = call(true);
    await failing.next();
    await expect(failing.next()).rejects.toBe(broken);
    await wait();
    expect(status()).toMatchObject({ started: 2, matched: 2 });
    const left = call(false);
    await left.next();
    expect(await left.return("early")).toEqual({ value: "early", done: true });
    const thrown = call(false);
    await thrown.next();
    await expect(thrown.throw(broken)).rejects.toBe(broken);
    await wait();
    expect(status()).toMatchObject({ started: 4, inconclusive: 2, inFlight: 0 });
  });

  it("that fails on one side only is a mismatch", async () => {
    const { lab, status, wait } = laboratory();
    const call = lab.experiment("stream", {
      control: () => numbers(2),
      candidate: async function* () {
        yield* numbers(1);
        throw new Error("no more");
      },
      compare: {},
      stream: true,
    });
    await all(call());
    await wait();
    expect(status().mismatched).toBe(1);
  });

  it("is kept up to its limits, and inconclusive beyond them", async () => {
    const { lab, status, results, wait } = laboratory();
    for (const [name, stream] of Object.entries({ items: { maxItems: 3 }, bytes: { maxBytes: 40 } })) {
      const call = lab.experiment(name, { control: () => numbers(10), candidate: () => numbers(10), stream });
      expect(await all(call())).toHaveLength(10);
      await wait();
      expect(status(name)).toMatchObject({ inconclusive: 1, matched: 0, candidatesInFlight: 0 });
    }
    expect(results.map(({ candidates: [{ comparison }] }) => comparison)).toEqual([
      { kind: "inconclusive", reason: expect.stringContaining("more than 3 items") as string },
      { kind: "inconclusive", reason: expect.stringContaining("more than 40 bytes") as string },
    ]);
  });

  it("that a candidate lets hang has timed out, and is told so", async () => {
    const { lab, clock, status, wait } = laboratory();
    let signal: AbortSignal | undefined;
    const call = lab.experiment("stream", {
      control: () => numbers(3),
      candidate: async function* () {
        signal = currentRun()!.signal;
        yield 1;
        await new Promise(() => undefined);
      },
      compare: {},
      stream: true,
      limits: { timeoutMs: 100 },
    });
    expect(await all(call())).toEqual([1, 2, 3]);
    await wait();
    clock.advance(101);
    await wait();
    expect(status()).toMatchObject({ timedOut: 1, inFlight: 0, candidatesInFlight: 0 });
    expect(signal!.aborted).toBe(true);
  });

  it("that nobody reads is let go after the time limit", async () => {
    const { lab, clock, status, wait } = laboratory();
    let cleaned = false;
    const call = lab.experiment("stream", {
      control: () => numbers(3),
      candidate: async function* () {
        try {
          yield* numbers(30);
        } finally {
          cleaned = true;
        }
      },
      compare: {},
      stream: true,
      limits: { timeoutMs: 100 },
    });
    const unread = call();
    await wait();
    expect(status()).toMatchObject({ inFlight: 1, candidatesInFlight: 1 });
    clock.advance(101);
    await wait();
    expect(status()).toMatchObject({ inconclusive: 1, inFlight: 0, candidatesInFlight: 0 });
    expect(cleaned).toBe(true);
    expect(Object.getOwnPropertyNames(unread)).toEqual([]);
    expect(await all(unread)).toEqual([1, 2, 3]);
  });

  it("on one side only is compared with what the other side returned, and not read where control returned none", async () => {
    const { lab, status, wait } = laboratory();
    const taken: number[] = [];
    const call = lab.experiment("stream", {
      control: () => 1,
      candidate: () => numbers(30, taken),
      compare: {},
      stream: true,
    });
    expect(call()).toBe(1);
    const other = lab.experiment("other", { control: () => numbers(2), candidate: () => 1, compare: {}, stream: true });
    await all(other());
    await wait();
    expect(status().matched).toBe(0);
    expect(status()).toMatchObject({ started: 1, inFlight: 0, candidatesInFlight: 0 });
    expect(status("other").mismatched).toBe(1);
    expect(taken).toEqual([]);
  });

  it("is kept as it was when it passed, whatever its reader does with the items", async () => {
    const { lab, status, wait } = laboratory();
    const make = () =>
      (async function* () {
        yield { id: 1 };
        yield { id: 2 };
      })();
    const call = lab.experiment("stream", { control: make, candidate: make, stream: true });
    for await (const item of call()) item.id = 99;
    await wait();
    expect(status().matched).toBe(1);
  });

  it("of Node goes through events and pipes as ever", async () => {
    const { lab, status, wait } = laboratory();
    const call = lab.experiment("stream", {
      control: () => Readable.from(["a", "b"]),
      candidate: () => Readable.from(["a", "b"]),
      compare: {},
      stream: true,
    });
    const chunks: unknown[] = [];
    await new Promise((resolve) =>
      call()
        .on("data", (chunk) => chunks.push(chunk))
        .on("end", resolve),
    );
    await wait();
    expect(chunks).toEqual(["a", "b"]);
    const target = new PassThrough({ objectMode: true });
    call().pipe(target);
    expect(await all(target as AsyncIterable<unknown>)).toEqual(["a", "b"]);
    await wait();
    expect(status()).toMatchObject({ started: 2, matched: 2 });
  });

  it("of the web goes through readers, and is inconclusive where it is piped, torn in two, or read into buffers", async () => {
    const { lab, status, wait } = laboratory();
    const call = lab.experiment("stream", {
      control: () => web(["a", "b"]),
      candidate: () => web(["a", "b"]),
      compare: {},
      stream: true,
    });
    const reader = call().getReader();
    expect([await reader.read(), await reader.read(), await reader.read()]).toEqual([
      { value: "a", done: false },
      { value: "b", done: false },
      { value: undefined, done: true },
    ]);
    await wait();
    expect(status()).toMatchObject({ started: 1, matched: 1 });
    const [one, other] = call().tee();
    expect([
      await all(one as unknown as AsyncIterable<unknown>),
      await all(other as unknown as AsyncIterable<unknown>),
    ]).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    await call().cancel();
    await wait();
    expect(status()).toMatchObject({ started: 3, matched: 1, inconclusive: 2, inFlight: 0, candidatesInFlight: 0 });
  });

  it("that is frozen is handed back, and inconclusive", async () => {
    const { lab, status, wait } = laboratory();
    const call = lab.experiment("stream", {
      control: () => Object.freeze(numbers(2)),
      candidate: () => numbers(2),
      compare: {},
      stream: true,
    });
    expect(await all(call())).toEqual([1, 2]);
    await wait();
    expect(status().inconclusive).toBe(1);
  });

  it("does not keep a test suite waiting that throws on mismatches", async () => {
    const lab = new Laboratory({ throwOnMismatch: true });
    const call = lab.experiment("stream", {
      control: async () => numbers(2),
      candidate: async () => numbers(3),
      stream: true,
    });
    expect(await all(await call())).toEqual([1, 2]);
  });

  it("has no rollout and no noise: it is read once, by control's caller", () => {
    const lab = new Laboratory();
    const sides = { control: () => numbers(1), candidate: () => numbers(1), stream: true as const };
    expect(() => lab.experiment("a", { ...sides, rollout: "shadow" })).toThrow(SidelaneError);
    expect(() => lab.experiment("b", { ...sides, noise: { controlIsReadOnly: true } })).toThrow(/noise.*stream/);
    expect(() => lab.experiment("c", { ...sides, stream: { maxItems: 0 } })).toThrow(/stream\.maxItems/);
  });
});
