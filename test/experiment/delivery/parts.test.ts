import { describe, expect, it } from "vitest";
import { Breaker } from "../../../src/experiment/delivery/breaker.ts";
import { estimateBytes } from "../../../src/experiment/delivery/size.ts";
import { toPublisher } from "../../../src/model/to-publisher.ts";
import { SidelaneError } from "../../../src/model/errors.ts";
import type { PublisherLike } from "../../../src/model/publisher.ts";
import { aResult } from "../../../src/testing/a-result.ts";

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

  it("calls no getter, ends on a cycle and on endless depth, and survives a proxy that throws", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = [cycle, cycle];
    let deep: unknown = null;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
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
