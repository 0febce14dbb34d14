import { describe, expect, it } from "vitest";
import { capture } from "../../../src/compare/copy/capture.ts";
import { Collected } from "../../../src/experiment/streams/collected-items.ts";

function bytesOf(item: unknown): number {
  const kept = capture(item);
  return kept.kind === "captured" ? kept.bytes : NaN;
}

const withText = { text: "x".repeat(60) };
const plenty = { maxItems: 100, maxBytes: 100_000 };

describe("what is collected of a stream", () => {
  it("is each item as it was when it passed, with about its bytes", () => {
    const collected = new Collected(plenty);
    const item = { id: 1, tags: ["a"] };
    expect([collected.add(item), collected.add(7), collected.add("abcd")]).toEqual([true, true, true]);
    item.id = 2;
    expect(collected.items).toEqual([{ id: 1, tags: ["a"] }, 7, "abcd"]);
    expect(collected.lost).toBeUndefined();
    // 16 for each, and what each of them holds.
    expect(collected.bytes).toBe(3 * 16 + bytesOf(item) + 0 + 4);
  });

  it("holds as many items as it may, and is lost with one more", () => {
    const collected = new Collected({ ...plenty, maxItems: 3 });
    for (const item of [1, 2, 3]) expect(collected.add(item)).toBe(true);
    expect(collected.items).toHaveLength(3);
    expect(collected.add(4)).toBe(false);
    expect(collected.lost).toBe("a stream has more than 3 items");
    expect(collected.items).toEqual([]);
  });

  it.each([
    ["numbers", [1, 2], 3, 32],
    ["a string", ["x".repeat(16)], "x", 32],
    ["an object with a string", [withText], 1, 16 + bytesOf(withText)],
  ])("holds as many bytes of %s as it may, and is lost with one more", (_, items, more, maxBytes) => {
    const collected = new Collected({ ...plenty, maxBytes });
    for (const item of items) expect(collected.add(item)).toBe(true);
    expect(collected.bytes).toBe(maxBytes);
    expect(collected.add(more)).toBe(false);
    expect(collected.lost).toBe(`a stream holds more than ${maxBytes} bytes, or an item that cannot be copied`);
    expect(collected.items).toEqual([]);
  });

  it("is lost with an item that cannot be copied", () => {
    const collected = new Collected(plenty);
    const refusing = Object.defineProperty({}, "value", {
      enumerable: true,
      get: () => {
        throw new Error("refused");
      },
    });
    expect(collected.add(refusing)).toBe(false);
    expect(collected.lost).toContain("an item that cannot be copied");
  });

  it("keeps the first reason for which it is lost", () => {
    const collected = new Collected(plenty);
    collected.add(1);
    expect([collected.lose("first"), collected.lose("second")]).toEqual([false, false]);
    expect(collected.lost).toBe("first");
    expect(collected.items).toEqual([]);
  });
});
