import { afterEach, expect, it } from "vitest";
import { kindOf } from "../../../src/compare/kinds/value-kind.ts";

const before = Object.getOwnPropertyDescriptor(Map.prototype, "constructor")!;
afterEach(() => {
  Object.defineProperty(Map.prototype, "constructor", before);
});

it("knows a built-in class where intrinsics are frozen, and their values are kept beside accessors", () => {
  const get = Object.assign(() => Map, { value: Map });
  Object.defineProperty(Map.prototype, "constructor", { get, configurable: true });
  expect(kindOf(new Map())).toBe("map");
});
