import { describe, expect, it } from "vitest";
import { Breaker } from "../../../src/experiment/deliver/publisher-backoff.ts";
import { ResultQueue, type Worth } from "../../../src/experiment/deliver/result-queue.ts";
import { measureResult } from "../../../src/records/result-bytes.ts";
import { toPublisher } from "../../../src/model/publisher.ts";
import { SidelaneError } from "../../../src/model/errors.ts";
import type { PublisherLike } from "../../../src/model/publisher.ts";
import { aResult, type ResultParts } from "../../../src/testing/a-result.ts";

describe("Breaker", () => {
  it("opens at the fifth failure in a row, doubles its pause up to a minute, and closes at one success", () => {
    const breaker = new Breaker(() => 1);
    const pauses = Array.from({ length: 13 }, () => (breaker.failed(), breaker.pauseMs));
    expect(pauses).toEqual([0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    breaker.succeeded();
    expect(breaker.open).toBe(false);
    breaker.failed();
    expect(breaker.open).toBe(false);
  });
});

describe("measureResult", () => {
  const most = 8_000_000;
  const sized = (value: unknown, mostBytes = most): number =>
    measureResult(aResult({ control: { outcome: { kind: "returned", value } } }), mostBytes);
  const empty = sized(null);
  const records = (count: number): unknown =>
    Array.from({ length: count }, (_, id) => ({ id, name: `number ${id} of them` }));

  it.each([
    ["a text", "x".repeat(100_000), 150_000],
    ["bytes", Buffer.alloc(100_000), 100_000],
    ["a view that keeps a large buffer", Buffer.alloc(100_000).subarray(0, 10), 100_000],
    ["many records", records(1_000), 100_000],
    ["a Map", new Map(Array.from({ length: 1_000 }, (_, id) => [id, `number ${id}`])), 85_000],
    ["a list whose large part comes late", { rows: [1, 2, 3, 4, 5, 6, 7, 8, Buffer.alloc(500_000)] }, 500_000],
    ["an object whose large part has the last key", { ...Array(64).fill(0), z: "x".repeat(500_000) }, 750_000],
    ["one thing in many places", Array(100).fill(records(100)), 10_000],
  ])("is right within a factor of two for %s", (_, value, bytes) => {
    expect((sized(value) - empty) / bytes).toBeGreaterThan(0.5);
    expect((sized(value) - empty) / bytes).toBeLessThan(2);
  });

  it("counts context, candidates, errors, and differences that hold values of their own", () => {
    const kilobytes = (part: ResultParts): number => Math.round((measureResult(aResult(part), most) - 1_000) / 1_000);
    const large = Buffer.alloc(50_000);
    const another = Buffer.alloc(50_000);
    const returned = { outcome: { kind: "returned", value: large }, comparison: { kind: "match" } } as const;
    expect(kilobytes({ context: { large } })).toBe(50);
    expect(kilobytes({ candidates: [returned, returned] })).toBe(50);
    expect(kilobytes({ context: { another }, candidates: [returned] })).toBe(100);
    expect(
      kilobytes({ control: { outcome: { kind: "threw", error: new Error("", { cause: large }) } } }),
    ).toBeGreaterThan(50);
    const differences = [{ path: "$", kind: "value", control: large }] as const;
    const comparison = { kind: "mismatch", signature: "", differences } as const;
    expect(kilobytes({ candidates: [{ comparison }] })).toBe(50);
  });

  it("stops counting where it is enough", () => {
    expect(sized(records(1_000_000), 1_000)).toBeLessThan(20_000_000);
  });

  it("calls no getter, ends on a cycle and on endless depth, and survives a proxy that throws", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = [cycle, cycle];
    let deep: unknown = null;
    for (let level = 0; level < 200_000; level++) deep = [deep];
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const getter = Object.defineProperty({}, "no", {
      enumerable: true,
      get: () => {
        throw new Error("was called");
      },
    });
    for (const value of [cycle, deep, proxy, getter]) expect(sized(value)).toBeGreaterThan(0);
  });
});

describe("ResultQueue", () => {
  const filled = (...worths: Worth[]): ResultQueue<string> => {
    const queue = new ResultQueue<string>();
    worths.forEach((worth, index) => queue.push(`${worth}${"abcdefgh"[index]!}`, index, worth));
    return queue;
  };
  const all = (take: () => { readonly item: string } | undefined): string[] => {
    const items: string[] = [];
    for (let next = take(); next !== undefined; next = take()) items.push(next.item);
    return items;
  };

  it("is emptied in its order, whatever things are worth", () => {
    const queue = filled(3, 0, 2, 1, 0, 3);
    expect(all(() => queue.shift())).toEqual(["3a", "0b", "2c", "1d", "0e", "3f"]);
    expect(queue.length).toBe(0);
  });

  it("gives up matches first, then what is ignored, then the newest of the known, then the newest of what is new", () => {
    const queue = filled(3, 0, 2, 1, 0, 3, 2, 1);
    expect(all(() => queue.giveUp())).toEqual(["0b", "0e", "1d", "1h", "2g", "2c", "3f", "3a"]);
  });

  it("measures what is still there, once, and takes out what is too large", () => {
    const queue = filled(0, 2, 2, 3);
    queue.shift();
    const measured: string[] = [];
    const bytesOf = (item: string): number => (measured.push(item), item === "2c" ? 100 : 10);
    expect(queue.measure(50, bytesOf)).toBe(1);
    expect(queue.measure(50, bytesOf)).toBe(0);
    expect(measured).toEqual(["2b", "2c", "3d"]);
    expect([queue.length, queue.bytes]).toEqual([2, 20]);
    expect(all(() => queue.shift())).toEqual(["2b", "3d"]);
    expect(queue.bytes).toBe(0);
  });

  it("forgets nothing and holds nothing over many turns", () => {
    const queue = new ResultQueue<number>();
    let next = 0;
    for (let number = 0; number < 10_000; number++) {
      queue.push(number, number, (number % 4) as Worth);
      if (number >= 100) expect(queue.shift()!.item).toBe(next++);
    }
    expect(queue.length).toBe(100);
  });
});

describe("toPublisher", () => {
  it("names a function's publisher after the function", () => {
    const alert = (): void => {};
    expect(toPublisher(alert).name).toBe("alert");
    expect(toPublisher((() => () => {})()).name).toBe("function");
  });

  it.each([
    [null, "expected `publisher` to be a function or an object with `name` and `publish`, got null"],
    ["console", 'expected `publisher` to be a function or an object with `name` and `publish`, got "console"'],
    [{ name: "x" }, "expected `publisher.publish` to be a function, got undefined"],
    [{ name: "", publish() {} }, 'expected `publisher.name` to be a non-empty string, got ""'],
    [{ name: "x", publish() {}, flush: true }, "expected `publisher.flush` to be a function, got true"],
    [{ name: "x", publish() {}, kinds: "match" }, "expected `publisher.kinds` to be an array"],
  ])("refuses %j, saying what it expected", (like, message) => {
    const attempt = (): unknown => toPublisher(like as PublisherLike);
    expect(attempt).toThrow(SidelaneError);
    expect(attempt).toThrow(message);
  });
});
