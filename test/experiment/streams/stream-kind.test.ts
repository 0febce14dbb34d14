import { Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { streamKind } from "../../../src/experiment/streams/stream-kind.ts";

function withMethods(...names: readonly PropertyKey[]): object {
  return Object.fromEntries(names.map((name) => [name, () => undefined]));
}

function refuse(): never {
  throw new Error("refused");
}

const { asyncIterator, iterator } = Symbol;

describe("a stream", () => {
  it.each([
    ["a Readable", Readable.from([1]), "node"],
    ["what reads, pipes and emits", withMethods("pipe", "read", "emit", asyncIterator), "node"],
    ["a ReadableStream", new ReadableStream(), "web"],
    ["what gives a reader and can be torn in two", withMethods("getReader", "tee"), "web"],
    ["an async generator", (async function* () {})(), "iterator"],
    ["a generator", (function* () {})(), "iterator"],
    ["an iterator of a list", [1][Symbol.iterator](), "iterator"],
    ["an iterator that only iterates asynchronously", withMethods("next", asyncIterator), "iterator"],
    ["what makes asynchronous iterators", withMethods(asyncIterator), "iterable"],
  ])("is %s", (_, value, kind) => {
    expect(streamKind(value)).toBe(kind);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "text"],
    ["a function, even one that iterates", Object.assign(() => undefined, withMethods("next", asyncIterator))],
    ["a list", [1, 2]],
    ["a Map", new Map()],
    ["a Set", new Set()],
    ["an object", { next: 1 }],
    ["what has a next but does not iterate", withMethods("next")],
    ["a property of the name that is no method", { [asyncIterator]: true, getReader: 1, tee: 2 }],
    ["a Writable", new Writable()],
    ["what pipes and reads, but emits nothing", withMethods("pipe", "read")],
    ["what pipes and emits, but cannot be read", withMethods("pipe", "emit")],
    ["what reads and emits, but does not pipe", withMethods("read", "emit")],
    ["what gives a reader, but cannot be torn in two", withMethods("getReader")],
    ["what can be torn in two, but gives no reader", withMethods("tee")],
    ["what only iterates at once", withMethods(iterator)],
    ["what refuses to be read", new Proxy({}, { get: refuse })],
  ])("is not %s", (_, value) => {
    expect(streamKind(value)).toBeUndefined();
  });
});
