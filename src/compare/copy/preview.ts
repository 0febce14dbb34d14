import { bigintText } from "../../model/visible-text.ts";
import { digestBytes } from "./byte-digest.ts";
import { mapEntries, setValues } from "../kinds/intrinsics.ts";
import { mapOf, setOf, timeOf } from "../kinds/stand-ins.ts";
import { typeNameOf } from "../kinds/type-name.ts";
import { kindOf, unboxed } from "../kinds/value-kind.ts";

/** How much of a value is drawn or published. */
export interface PreviewLimits {
  /** Values of every kind, keys not counted; 5 000 by default. */
  readonly nodes?: number;
  /** Levels of nesting, at most 1 000; 32 by default. */
  readonly depth?: number;
  /** Characters of one string; 500 by default. */
  readonly stringLength?: number;
  /** Characters of all strings and keys together; 65 536 by default. */
  readonly totalLength?: number;
}

const defaultLimits: Required<PreviewLimits> = { nodes: 5_000, depth: 32, stringLength: 500, totalLength: 65_536 };

/**
 * A bounded copy of any value, made of plain JSON data: for drawing and publishing, never for comparing. Never throws;
 * reads each getter once.
 *
 * What JSON cannot say becomes an object with one key, `$` and what it is:
 * `{ $undefined: true }`, `{ $hole: true }`, `{ $number: "NaN" }`, `{ $bigint: "1" }`, `{ $symbol: "a" }`, `{ $function: "f" }`,
 * `{ $Date: "2026-11-23T00:00:00.000Z" }`, `{ $RegExp: "/a/g" }`, `{ $URL: "https://…" }`, `{ $Map: [[key, value]] }`, `{ $Set: [] }`,
 * `{ $Headers: [[name, value]] }`, `{ $Buffer: { length, digest, start } }`, `{ $TypeError: { message, code, cause } }`, `{ $Money: { amount: 1 } }`
 * for an instance (what `toJSON()` returns, where there is one), `{ $Promise: "opaque" }`, `{ $cycle: "$.parent" }`, `{ $unreadable: "why" }`.
 * What did not fit: `{ $more: 17 }` as an array's last element and an object's last key, `{ $deeper: "array" }`, and `…` with the number of
 * characters left out at the end of a string. A key that begins with `$` is given a second one. Entries of Maps and
 * Sets are sorted, since their order is not data; −0 is drawn as 0 for the same reason.
 *
 * @param redact takes secrets out of a text before it is cut; not used on keys, unless they are cut
 * @example preview(new Map([["a", 1n]])) // => { $Map: [["a", { $bigint: "1" }]] }
 */
export function preview(value: unknown, limits?: PreviewLimits, redact?: (text: string) => string): unknown {
  const given = limits === undefined ? defaultLimits : { ...defaultLimits, ...limits };
  return draw(value, "$", { ...given, redact, looks: mostLookedAt, ancestors: [], places: [] });
}

interface Sketch {
  /** What is left of each. */
  nodes: number;
  totalLength: number;
  /** Characters that may still be looked at for secrets. */
  looks: number;
  readonly depth: number;
  readonly stringLength: number;
  readonly redact: ((text: string) => string) | undefined;
  readonly ancestors: object[];
  readonly places: string[];
}

function draw(value: unknown, place: string, sketch: Sketch): unknown {
  sketch.nodes--;
  switch (typeof value) {
    case "string":
      return drawString(value, sketch);
    case "number":
      return Number.isFinite(value) ? value + 0 : { $number: String(value) };
    case "undefined":
      return { $undefined: true };
    case "bigint":
      return { $bigint: drawString(bigintText(value), sketch) };
    case "symbol":
      return { $symbol: drawString(value.description ?? "", sketch) };
    case "function":
      return { $function: drawString(functionName(value), sketch) };
    case "object":
      return value === null ? null : enter(value, place, sketch);
    default:
      return value;
  }
}

function enter(value: object, place: string, sketch: Sketch): unknown {
  const { ancestors, places } = sketch;
  const above = ancestors.indexOf(value);
  if (above >= 0) return { $cycle: drawString(places[above]!, sketch) };
  if (ancestors.length >= sketch.depth) return { $deeper: typeNameOf(value) };
  ancestors.push(value);
  places.push(place);
  try {
    return drawObject(value, place, sketch);
  } catch (error) {
    return { $unreadable: drawString(reasonOf(error), sketch) };
  } finally {
    ancestors.pop();
    places.pop();
  }
}

function drawObject(value: object, place: string, sketch: Sketch): unknown {
  const name = typeNameOf(value);
  // What has no class to name is drawn as plain data is.
  const tagged = (content: unknown): unknown => ({ [`$${name}`]: content });
  switch (kindOf(value)) {
    case "array":
      return drawArray(value as readonly unknown[], place, sketch);
    case "plain":
      return drawKeys(value, place, sketch);
    case "instance":
      return name === "object" ? drawKeys(value, place, sketch) : tagged(drawKeys(value, place, sketch));
    case "map": {
      const map = mapOf(value as Map<unknown, unknown>);
      return tagged(sorted(drawList(mapEntries.call(map), sizeOf(Map, map), place, sketch)));
    }
    case "set": {
      const set = setOf(value as Set<unknown>);
      return tagged(sorted(drawList(setValues.call(set), sizeOf(Set, set), place, sketch)));
    }
    case "date":
      return tagged(dateText(value as Date));
    case "regexp":
      return tagged(drawString(RegExp.prototype.toString.call(value), sketch));
    case "boxed":
      return tagged(draw(unboxed(value), place, sketch));
    case "headers":
    case "pairs":
      return tagged(drawList((value as Headers).entries(), Infinity, place, sketch));
    case "bytes":
      return tagged(digestBytes(value as ArrayBufferView));
    case "error":
      return tagged(drawError(value as Error, place, sketch));
    case "json":
      return tagged(draw((value as { toJSON(): unknown }).toJSON(), place, sketch));
    default:
      return tagged("opaque");
  }
}

/** By the slot, whatever a subclass says of its size. */
function sizeOf(of: typeof Map | typeof Set, collection: object): number {
  return Reflect.get<object, string>(of.prototype, "size", collection) as number;
}

function drawArray(value: readonly unknown[], place: string, sketch: Sketch): unknown[] {
  const list: unknown[] = [];
  for (let index = 0; index < value.length; index++) {
    if (full(sketch)) {
      list.push({ $more: value.length - index });
      break;
    }
    if (index in value) list.push(drawPart(value, index, `${place}[${index}]`, sketch));
    else {
      sketch.nodes--;
      list.push({ $hole: true });
    }
  }
  return list;
}

function drawList(entries: Iterable<unknown>, size: number, place: string, sketch: Sketch): unknown[] {
  const list: unknown[] = [];
  for (const entry of entries) {
    if (full(sketch)) {
      list.push({ $more: Number.isFinite(size) ? size - list.length : true });
      break;
    }
    list.push(draw(entry, `${place}[${list.length}]`, sketch));
  }
  return list;
}

/** The note on what was left out stays last. */
function sorted(list: unknown[]): unknown[] {
  const texts = new Map(list.map((entry) => [entry, JSON.stringify(entry)]));
  const rank = (entry: unknown): string => `${texts.get(entry)!.startsWith('{"$more"') ? 1 : 0}${texts.get(entry)!}`;
  return list.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function drawKeys(value: object, place: string, sketch: Sketch): Record<string, unknown> {
  const drawn: Record<string, unknown> = {};
  const keys = Object.keys(value);
  for (const [index, key] of keys.entries()) {
    // A key is not cut by what others have left: a search for its name would not find it.
    if (full(sketch) || Math.min(key.length, sketch.stringLength) > sketch.totalLength) {
      drawn.$more = keys.length - index;
      return drawn;
    }
    const name = drawKey(key.startsWith("$") ? `$${key}` : key, sketch);
    put(drawn, name, drawPart(value, key, `${place}.${name}`, sketch));
  }
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (full(sketch)) break;
    if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
      put(drawn, `[${String(symbol)}]`, drawPart(value, symbol, `${place}[${String(symbol)}]`, sketch));
    }
  }
  return drawn;
}

/** `name` and stack are left out: the class is the tag, and a stack is no data. */
function drawError(error: Error, place: string, sketch: Sketch): Record<string, unknown> {
  const drawn: Record<string, unknown> = { message: drawPart(error, "message", `${place}.message`, sketch) };
  const name: unknown = error.name;
  if (typeof name === "string" && name !== typeNameOf(error)) drawn.name = drawString(name, sketch);
  for (const key of ["cause", "errors"]) {
    if (Object.hasOwn(error, key)) drawn[key] = drawPart(error, key, `${place}.${key}`, sketch);
  }
  for (const [key, part] of Object.entries(drawKeys(error, place, sketch))) {
    if (!Object.hasOwn(drawn, key) && key !== "stack") put(drawn, key, part);
  }
  return drawn;
}

/** One getter that throws does not take the whole object with it. */
function drawPart(owner: object, key: string | number | symbol, place: string, sketch: Sketch): unknown {
  let part: unknown;
  try {
    part = (owner as Record<string | number | symbol, unknown>)[key];
  } catch (error) {
    sketch.nodes--;
    return { $unreadable: drawString(reasonOf(error), sketch) };
  }
  return draw(part, place, sketch);
}

function put(drawn: Record<string, unknown>, name: string, part: unknown): void {
  // Assigning `__proto__` would set the prototype.
  Object.defineProperty(drawn, name, { value: part, enumerable: true, configurable: true, writable: true });
}

const full = (sketch: Sketch): boolean => sketch.nodes <= 0 || sketch.totalLength <= 0 || sketch.looks <= 0;

// Of a text that will be cut, so much more is looked at: a secret that begins before the cut is known by what follows.
const lookahead = 2_048;
// Of one value in all: looking takes some 10 ms then.
const mostLookedAt = 200_000;

function drawString(text: string, sketch: Sketch): string {
  const { redact } = sketch;
  if (redact === undefined) return cut(text, 0, sketch);
  const length = Math.max(0, Math.min(sketch.stringLength, sketch.totalLength));
  const looked = text.length > length + lookahead ? text.slice(0, length + lookahead) : text;
  sketch.looks -= looked.length;
  return cut(redact(looked), text.length - looked.length, sketch);
}

function drawKey(key: string, sketch: Sketch): string {
  return key.length > sketch.stringLength ? drawString(key, sketch) : cut(key, 0, sketch);
}

/** @param more how many characters there are behind this text */
function cut(text: string, more: number, sketch: Sketch): string {
  const length = Math.max(0, Math.min(text.length, sketch.stringLength, sketch.totalLength));
  sketch.totalLength -= length;
  return length === text.length && more === 0 ? text : `${text.slice(0, length)}… (+${text.length - length + more})`;
}

function dateText(value: Date): string {
  const time = timeOf(value);
  return Number.isNaN(time) ? "invalid" : new Date(time).toISOString();
}

function functionName(value: object): string {
  try {
    const name: unknown = Object.getOwnPropertyDescriptor(value, "name")?.value;
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "threw while being read";
  }
}
