import type { Result } from "../model/result.ts";

// A registered symbol, because each subpath of the CommonJS build may hold its own copy of this file.
const mark = Symbol.for("sidelane.drawn");

/** Marks a result whose values were drawn and redacted already: they are JSON-like data, and not drawn again. */
export function markDrawn(result: Result): Result {
  Object.defineProperty(result, mark, { value: true });
  return Object.freeze(result);
}

export function isDrawn(result: Result): boolean {
  return mark in result;
}
