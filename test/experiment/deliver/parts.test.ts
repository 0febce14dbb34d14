import { describe, expect, it } from "vitest";
import { Breaker } from "../../../src/experiment/deliver/publisher-backoff.ts";
import { estimateBytes } from "../../../src/experiment/deliver/result-size.ts";
import { toPublisher } from "../../../src/model/publisher.ts";
import { SidelaneError } from "../../../src/model/errors.ts";
import type { PublisherLike } from "../../../src/model/publisher.ts";
import type { CandidateObservation } from "../../../src/model/result.ts";
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

function nested(depth: number): unknown {
  let value: unknown = null;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

describe("estimateBytes", () => {
  const sized = (value: unknown): number =>
    estimateBytes(aResult({ control: { outcome: { kind: "returned", value } } }));
  const empty = sized(null);

  it.each([
    ["a string", "x".repeat(100_000), 200_000],
    ["bytes", Buffer.alloc(50_000), 50_000],
    ["many records", Array.from({ length: 1_000 }, (_, id) => ({ id, name: "0123456789" })), 100_000],
    ["a Map", new Map(Array.from({ length: 1_000 }, (_, id) => [id, "0123456789"])), 80_000],
  ])("is about right for %s", (_, value, bytes) => {
    expect((sized(value) - empty) / bytes).toBeGreaterThan(0.5);
    expect((sized(value) - empty) / bytes).toBeLessThan(2);
  });

  // 16 bytes a slot and one more, 8 a number, 2 a character.
  it.each([
    ["nothing", undefined, 8],
    ["null", null, 8],
    ["a number", 7, 8],
    ["a text", "abc", 6],
    ["an empty object", {}, 16],
    ["an object", { a: 1, b: "xy" }, 48 + 8 + 4],
    ["a list", [1, 2], 48 + 16],
    ["a list within a list", [[1]], 32 + 32 + 8],
    ["a buffer", new ArrayBuffer(10), 10],
    ["a view of a buffer", new Uint16Array(5), 10],
    ["a Set", new Set([1, 2]), 48 + 16 + 32],
    ["an empty Map", new Map(), 16],
    ["a Map", new Map([["a", 1]]), 32 + (48 + 2 + 8) + 16],
    ["a getter", Object.defineProperty({}, "no", { enumerable: true, get: () => "never called" }), 32 + 8],
    // The first 32 keys of an object and the first 8 elements of a list stand for the rest.
    ["many keys", Object.fromEntries(Array.from({ length: 64 }, (_, at) => [at, at < 32 ? "" : "x"])), 16 * 65],
    ["many elements", Array.from({ length: 16 }, (_, at) => (at < 8 ? "" : "x")), 16 * 17],
  ])("counts %s", (_, value, bytes) => {
    expect(sized(value) - empty).toBe(bytes - 8);
  });

  it("counts 600 bytes a result and an error, 120 a difference, its context, and every candidate", () => {
    const returned = (value: unknown): Partial<CandidateObservation> => ({
      outcome: { kind: "returned", value },
      comparison: { kind: "match" },
    });
    const of = (parts: ResultParts): number =>
      estimateBytes(aResult({ control: returned(1), candidates: [returned(1)], ...parts }));
    const base = 600 + 16 + 8 + 8;
    expect(of({})).toBe(base);
    expect(of({ context: { a: 1 } })).toBe(base + 24);
    expect(of({ candidates: [returned(1), returned("abc")] })).toBe(base + 6);
    expect(of({ candidates: [{ ...returned(1), outcome: { kind: "threw", error: 7 } }] })).toBe(base + 600);
    expect(of({ candidates: [{ ...returned(1), outcome: { kind: "timed-out", afterMs: 1 } }] })).toBe(base - 8);
    // Of 256 objects in all, the context among them; one beyond counts as a slot.
    expect(of({ control: returned(nested(1_000)) })).toBe(base - 8 + 255 * 32 + 16);
    const difference = { path: "$", kind: "value" } as const;
    const comparison = { kind: "mismatch", differences: [difference, difference], signature: "" } as const;
    expect(of({ candidates: [{ ...returned(1), comparison }] })).toBe(base + 240);
  });

  it("calls no getter, ends on a cycle and on endless depth, and survives a proxy that throws", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = [cycle, cycle];
    const deep = nested(100_000);
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
