import { mapOf, setOf } from "../kinds/stand-ins.ts";
import { bytesOf, unboxed, type Kind } from "../kinds/value-kind.ts";
import { bigintText } from "../../model/visible-text.ts";
import { entrySegment } from "../rules/paths.ts";
import { Unreadable } from "./safe-reader.ts";
import { isIgnored, type Place, type Walker } from "./walker.ts";

/** What two objects that are the same have both, in no order. */
export interface PrintedPart {
  readonly name: string;
  readonly part: unknown;
  readonly place: Place;
  /** Whether the part of the other side that is the same has the same name. */
  readonly isNamed: boolean;
}

/** What is compared of an object that is neither plain, an array nor a date; `undefined` where that is not so plain. */
export function printedParts(
  walk: Walker,
  kind: Kind,
  value: object,
  place: Place,
): readonly PrintedPart[] | undefined {
  const whole = (part: unknown): PrintedPart => ({ name: "", part, place, isNamed: true });
  switch (kind) {
    case "map":
      return entriesOf(walk, mapOf(value as Map<unknown, unknown>), place);
    case "set": {
      const next = place.element();
      return [...setOf(value as Set<unknown>)].map((part) => ({ name: "", part, place: next, isNamed: false }));
    }
    case "error":
      return walk.rules.errors === undefined ? textsOf(walk, value, place) : undefined;
    case "boxed":
      return [whole(unboxed(value))];
    case "bytes":
      return place.dead && walk.rules.tolerance === undefined ? [whole(shownOf(bytesOf(value)))] : undefined;
    case "json":
      return place.dead || place.next("searchParams").dead ? jsonOf(walk, value)?.map(whole) : undefined;
    default:
      return undefined;
  }
}

/** Entries under keys that are primitives; the others are matched by what is in them. */
function entriesOf(walk: Walker, map: Map<unknown, unknown>, place: Place): readonly PrintedPart[] {
  const parts: PrintedPart[] = [];
  let position = 0;
  for (const [key, part] of map) {
    position++;
    if ((typeof key === "object" && key !== null) || typeof key === "function") continue;
    const next = place.dead ? place : place.next(entrySegment("key", key, position));
    if (isIgnored(next) || (part === undefined && walk.rules.undefinedIsMissing)) continue;
    const text = typeof key === "bigint" ? bigintText(key) : String(key);
    parts.push({ name: `${typeof key} ${text}`, part, place: next, isNamed: true });
  }
  return parts;
}

function textsOf(walk: Walker, error: object, place: Place): readonly PrintedPart[] {
  return ["name", "message"].flatMap((name) => {
    const part = walk.reader.once(error, name);
    return typeof part === "string" ? [{ name, part, place: place.next(name), isNamed: true }] : [];
  });
}

const mostBytes = 64;

function shownOf(bytes: ArrayLike<number | bigint>): readonly unknown[] {
  const half = mostBytes / 2;
  const shown: unknown[] = [bytes.length];
  for (let index = 0; index < bytes.length; index++) {
    if (index === half) index = Math.max(half, bytes.length - half);
    shown.push(bytes[index]);
  }
  return shown;
}

function jsonOf(walk: Walker, value: object): readonly unknown[] | undefined {
  const contents = walk.reader.contents(value);
  if (contents !== undefined) return contents;
  const json = walk.reader.asJson(value);
  return json === value || Unreadable.is(json) ? undefined : [json];
}
