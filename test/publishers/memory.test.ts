import { describe, expect, it } from "vitest";
import { memoryPublisher, type MemoryPublisherOptions } from "../../src/publishers/memory.ts";
import { aResult } from "../../src/testing/a-result.ts";

describe("memoryPublisher", () => {
  it("keeps the last results as they are", () => {
    const memory = memoryPublisher({ limit: 2 });
    const results = [aResult(), aResult(), aResult()];
    for (const result of results) void memory.publish(result);
    expect(memory.results).toHaveLength(2);
    expect(memory.results[1]).toBe(results[2]);
    memory.clear();
    expect(memory.results).toEqual([]);
  });

  it.each([
    [{ limit: 0 }, "memoryPublisher: expected `limit` to be a whole number of at least 1, got 0"],
    [{ limits: 1 }, "memoryPublisher: unknown option `limits`; did you mean `limit`?"],
  ])("refuses %j", (options, message) => {
    expect(() => memoryPublisher(options as MemoryPublisherOptions)).toThrow(message);
  });
});
