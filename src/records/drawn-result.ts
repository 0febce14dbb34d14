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

/** A result that stands for others, or for none: everything else of it is as it was. */
export function weighted(result: Result, weight: number, first: boolean): Result {
  const made: Result = { ...result, weight, ...(first && { first: true as const }) };
  return isDrawn(result) ? markDrawn(made) : Object.freeze(made);
}

/** What a value was before it was drawn: `{ $Map: [...] }` was a `Map`. A text may stand where something was redacted. */
export function typeOfDrawn(drawn: unknown): string {
  if (drawn === null) return "null";
  if (Array.isArray(drawn)) return "array";
  if (typeof drawn !== "object") return typeof drawn;
  const keys = Object.keys(drawn);
  const [only] = keys;
  return keys.length === 1 && /^\$[^$]/.test(only!) ? only!.slice(1) : "object";
}

/** What a tag holds, such as the fields of an error; the value itself where there is no tag. */
export function contentOfDrawn(drawn: unknown): unknown {
  const type = typeOfDrawn(drawn);
  return typeof drawn === "object" && drawn !== null && `$${type}` in drawn ?
      (drawn as Record<string, unknown>)[`$${type}`]
    : drawn;
}
