import { bigintText } from "../../model/visible-text.ts";
import { Unreadable } from "./safe-reader.ts";
import { missing, type Place, type Walker } from "./walker.ts";

const depthSeen = 3;
const elementsSeen = 16;

/**
 * A number that is the same for any two values that are the same under the rules; it sorts elements into groups within
 * which alone pairs need to be tried. Whatever is not plain data gives its constant: less sorted, never wrong.
 */
export function fingerprint(walk: Walker, value: unknown, place: Place, depth = 0): number {
  for (const effect of place.effects) if (effect.kind === "ignore" || effect.kind === "at") return 1;
  if (value === missing || value === undefined)
    return (
      walk.rules.undefinedIsMissing ? 2
      : value === missing ? 3
      : 2
    );
  walk.tick();
  switch (typeof value) {
    case "string":
      return textHash(value);
    case "number":
      return walk.rules.transitive ? numberHash(value) : 5;
    case "object":
      return value === null ? 6 : objectHash(walk, value, place, depth);
    case "function":
      return 7;
    case "bigint":
      return textHash(bigintText(value));
    case "boolean":
      return value ? 11 : 12;
    default:
      return 4;
  }
}

function objectHash(walk: Walker, value: object, place: Place, depth: number): number {
  const kind = walk.reader.kind(value);
  if (kind === "array") return depth < depthSeen ? arrayHash(walk, value as unknown[], place, depth) : 8;
  if (kind !== "plain" || walk.rules.ignorePrototype || depth >= depthSeen) return 9;
  const keys = walk.reader.keys(value);
  if (Unreadable.is(keys)) return 9;
  let hash = 9;
  for (const key of keys) {
    if (typeof key === "symbol") continue;
    const next = place.dead ? place : place.next(String(key));
    if (next.effects.some((effect) => effect.kind === "ignore")) continue;
    const part = walk.reader.own(value, key);
    if (part === undefined && walk.rules.undefinedIsMissing) continue;
    // A sum does not know the order of its parts.
    hash = (hash + Math.imul(textHash(String(key)) ^ 0x9e3779b9, fingerprint(walk, part, next, depth + 1) | 1)) | 0;
  }
  return hash;
}

function arrayHash(walk: Walker, value: readonly unknown[], place: Place, depth: number): number {
  const unordered = place.effects.some((effect) => effect.kind === "unordered");
  let hash = value.length;
  // All or none of an unordered array: which ones come first says nothing.
  if (unordered && value.length > elementsSeen) return hash;
  for (let index = 0; index < Math.min(value.length, elementsSeen); index++) {
    const next =
      place.dead ? place
      : unordered ? place.element()
      : place.next(index);
    const part = fingerprint(walk, walk.element(value, index), next, depth + 1);
    hash = (unordered ? hash + Math.imul(part, 0x85ebca6b) : Math.imul(hash, 31) + part) | 0;
  }
  return hash;
}

function numberHash(value: number): number {
  return value === (value | 0) ? Math.imul(value, 0x9e3779b1) | 0 : textHash(String(value));
}

function textHash(text: string): number {
  let hash = text.length;
  for (let index = 0; index < Math.min(text.length, 64); index++)
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}
