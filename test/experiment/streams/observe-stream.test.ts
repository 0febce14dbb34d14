import { EventEmitter } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { observe } from "../../../src/experiment/streams/observe-stream.ts";
import { turn } from "../../proof/held.ts";

const unseen = "control's stream is read in a way that cannot be observed";
const boom = new Error("boom");

function observed<Stream extends object>(stream: Stream) {
  const told: unknown[] = [];
  const restore = observe(stream, {
    item: (value) => void told.push(value),
    done: () => void told.push("done"),
    failed: (error) => void told.push(["failed", error]),
    stopped: () => void told.push("stopped"),
    lost: (reason) => void told.push(["lost", reason]),
  });
  return { stream, told, restore };
}

const keysOf = (value: object): PropertyKey[] => Reflect.ownKeys(value);

/** What looks like a Node stream to whoever asks for its methods. */
function emitter(): EventEmitter {
  return Object.assign(new EventEmitter(), { pipe: () => undefined, read: () => undefined });
}

async function all(stream: unknown): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream as AsyncIterable<unknown>) items.push(item);
  return items;
}

function web(...items: unknown[]): ReadableStream<unknown> {
  return new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
}

describe("observing a Node stream", () => {
  it("tells what is emitted, and nothing of other events", () => {
    const { stream, told } = observed(emitter());
    const seen: unknown[] = [];
    for (const event of ["data", "end", "close", "error", "pause", "readable"]) {
      stream.on(event, (...args) => void seen.push([event, ...args]));
    }
    expect(stream.emit("data", "a", "b")).toBe(true);
    expect(stream.emit("nobody listens")).toBe(false);
    for (const event of ["pause", "readable"]) stream.emit(event, "c");
    expect(told).toEqual(["a"]);
    stream.emit("end");
    stream.emit("close");
    expect(told).toEqual(["a", "done", "stopped"]);
    expect(seen).toEqual([["data", "a", "b"], ["pause", "c"], ["readable", "c"], ["end"], ["close"]]);
  });

  it("tells an error from a reader that leaves", () => {
    const { stream, told } = observed(emitter());
    stream.on("error", () => undefined);
    const hostile = Object.defineProperty(new Error("hostile"), "code", {
      get: () => {
        throw boom;
      },
    });
    const other = Object.assign(new Error("other"), { code: "ECONNRESET" });
    const left = Object.assign(new Error("left"), { code: "ABORT_ERR" });
    for (const error of [boom, undefined, null, hostile, other, left]) stream.emit("error", error);
    expect(told).toEqual([...[boom, undefined, null, hostile, other].map((error) => ["failed", error]), "stopped"]);
  });

  it("hears of all there is, however it is read", async () => {
    const iterated = observed(Readable.from(["a", "b"]));
    expect(await all(iterated.stream)).toEqual(["a", "b"]);
    expect(iterated.told.slice(0, 3)).toEqual(["a", "b", "done"]);
    const piped = observed(Readable.from(["a", "b"]));
    expect(await all(piped.stream.pipe(new PassThrough({ objectMode: true })))).toEqual(["a", "b"]);
    expect(piped.told.slice(0, 3)).toEqual(["a", "b", "done"]);
    const left = observed(Readable.from(["a", "b"]));
    for await (const item of left.stream) if (item === "a") break;
    await turn();
    expect(left.told.slice(0, 2)).toEqual(["a", "stopped"]);
  });

  it("leaves the stream as it was when it is over", () => {
    const { stream, told, restore } = observed(emitter());
    expect(Object.getOwnPropertyDescriptor(stream, "emit")).toMatchObject({
      enumerable: false,
      configurable: true,
      writable: true,
    });
    restore();
    expect(keysOf(stream)).not.toContain("emit");
    stream.emit("data", 1);
    expect(told).toEqual([]);
  });
});

describe("observing a ReadableStream", () => {
  it.each([
    ["a reader", (stream: ReadableStream) => readAll(stream.getReader())],
    ["`for await`", (stream: ReadableStream) => all(stream)],
    ["`values`", (stream: ReadableStream) => all(stream.values())],
  ])("tells what %s takes", async (_, read) => {
    const { stream, told, restore } = observed(web("a", "b"));
    expect(await read(stream)).toEqual(["a", "b"]);
    expect(told).toEqual(["a", "b", "done"]);
    restore();
    expect(keysOf(stream).filter((key) => ["getReader", "cancel", "tee"].includes(String(key)))).toEqual([]);
  });

  it("tells when the caller cancels it, or its reader", async () => {
    const cancelled = observed(web("a"));
    await cancelled.stream.cancel();
    expect(cancelled.told).toEqual(["stopped"]);
    const { stream, told } = observed(web("a"));
    const reader = stream.getReader();
    await reader.cancel();
    expect(told[0]).toBe("stopped");
  });

  it("tells when the caller leaves a loop over it", async () => {
    const { stream, told } = observed(web("a", "b"));
    for await (const item of stream as unknown as AsyncIterable<unknown>) if (item === "a") break;
    expect(told.slice(0, 2)).toEqual(["a", "stopped"]);
  });

  it.each([
    ["torn in two", (stream: ReadableStream) => void stream.tee()],
    ["piped to a stream", (stream: ReadableStream) => stream.pipeTo(new WritableStream())],
    ["piped through a stream", (stream: ReadableStream) => void stream.pipeThrough(new TransformStream())],
  ])("is lost where it is %s", async (_, read) => {
    const { stream, told } = observed(web("a"));
    await read(stream);
    expect(told[0]).toEqual(["lost", unseen]);
  });

  it("is lost where a reader brings its own buffer, and the reader is left alone", async () => {
    const bytes = new ReadableStream({
      type: "bytes",
      start(controller) {
        controller.enqueue(new Uint8Array([1, 2, 3]));
        controller.close();
      },
    });
    const { stream, told } = observed(bytes);
    const reader = stream.getReader({ mode: "byob" });
    expect(told).toEqual([["lost", unseen]]);
    expect(keysOf(reader)).not.toContain("read");
    const { value } = await reader.read(new Uint8Array(8));
    expect([...value!]).toEqual([1, 2, 3]);
    expect(told).toHaveLength(1);
  });
});

describe("observing an iterator", () => {
  it("tells what is taken, returns it on as it is, and tells when it has ended", async () => {
    const { stream, told } = observed(
      (async function* (): AsyncGenerator<number, string, string> {
        return yield 1;
      })(),
    );
    expect(await stream.next("ignored")).toEqual({ value: 1, done: false });
    expect(await stream.next("passed on")).toEqual({ value: "passed on", done: true });
    expect(told).toEqual([1, "done"]);
  });

  it("tells of a generator's own errors, which its caller gets", async () => {
    const asynchronous = observed(
      (async function* () {
        throw boom;
      })(),
    );
    await expect(asynchronous.stream.next()).rejects.toBe(boom);
    const synchronous = observed(
      (function* () {
        throw boom;
      })(),
    );
    expect(() => synchronous.stream.next()).toThrow(boom);
    expect([asynchronous.told, synchronous.told]).toEqual([[["failed", boom]], [["failed", boom]]]);
  });

  it.each(["return", "throw"] as const)("tells when the caller calls its `%s`", (name) => {
    const step = { value: "own", done: true };
    const given: unknown[] = [];
    const { stream, told } = observed({
      next: () => ({ value: 1 }),
      [name]: (...args: unknown[]) => (given.push(...args), step),
      [Symbol.iterator]: () => undefined,
    });
    expect((stream as Record<string, (given: unknown) => unknown>)[name]!("early")).toBe(step);
    expect(given).toEqual(["early"]);
    expect(told).toEqual(["stopped"]);
  });

  it("adds no method that it does not have", () => {
    const { stream } = observed({ next: () => ({ done: true }), throw: 5, [Symbol.iterator]: () => undefined });
    expect(stream.throw).toBe(5);
    expect(stream).not.toHaveProperty("return");
  });

  it("hands a lazy thenable on as it is, not run, and is lost", async () => {
    let runs = 0;
    const lazy = { then: () => void (runs += 1) };
    const { stream, told } = observed({ next: () => lazy, [Symbol.asyncIterator]: () => undefined });
    expect(stream.next()).toBe(lazy);
    await turn();
    expect(runs).toBe(0);
    expect(told).toEqual([["lost", unseen]]);
  });

  it.each([
    ["is none", undefined],
    [
      "cannot be read",
      {
        get done() {
          throw boom;
        },
      },
    ],
  ])("is lost where a step %s, and hands it on", (_, step) => {
    const { stream, told } = observed({ next: () => step, [Symbol.iterator]: () => undefined });
    expect(stream.next()).toBe(step);
    expect(told).toEqual([["lost", unseen]]);
  });
});

describe("observing an iterable", () => {
  it("tells what its iterators give", async () => {
    const { stream, told } = observed({
      async *[Symbol.asyncIterator](): AsyncGenerator<number> {
        yield* [1, 2];
      },
    });
    expect(await all(stream)).toEqual([1, 2]);
    expect(told).toEqual([1, 2, "done"]);
  });

  it("is lost with an iterator that cannot be observed, and hands it on", () => {
    const iterator = Object.freeze({ next: () => ({ done: true }) });
    const { stream, told } = observed({ [Symbol.asyncIterator]: () => iterator });
    expect(stream[Symbol.asyncIterator]()).toBe(iterator);
    expect(told).toEqual([["lost", unseen]]);
  });
});

describe("observing what cannot be observed", () => {
  it("is lost, and changes nothing", () => {
    const next = (): object => ({ done: true });
    const { stream, told, restore } = observed(Object.freeze({ next, [Symbol.iterator]: () => undefined }));
    expect(told).toEqual([["lost", unseen]]);
    expect(stream.next).toBe(next);
    restore();
  });

  it("stays seen through where it does not let go of its shadows", () => {
    const refusing = new Proxy(
      { next: () => ({ value: 1 }), [Symbol.iterator]: () => undefined },
      {
        deleteProperty: () => {
          throw boom;
        },
      },
    );
    const { stream, restore } = observed(refusing);
    restore();
    expect(stream.next()).toEqual({ value: 1 });
  });
});

async function readAll(reader: ReadableStreamDefaultReader): Promise<unknown[]> {
  const items: unknown[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return items;
    items.push(value);
  }
}
