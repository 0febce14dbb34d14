import { traitsOf } from "../kinds/class-traits.ts";
import type { Kind } from "../kinds/value-kind.ts";
import { errorKeys } from "./built-ins.ts";
import { sameKeys } from "./own-keys.ts";
import { attempt, Unreadable } from "./safe-reader.ts";
import type { Place, Walker } from "./walker.ts";

/** Two instances of one class: own keys, then what can be known of the state that those do not show. */
export function sameInstances(walk: Walker, control: object, candidate: object, place: Place, depth: number): boolean {
  const ours = walk.reader.keys(control);
  const theirs = walk.reader.keys(candidate);
  if (!sameKeys(walk, control, candidate, place, depth, ours, theirs)) return false;
  const isEmpty = Array.isArray(ours) && ours.length === 0 && Array.isArray(theirs) && theirs.length === 0;
  return sameHiddenState(walk, "instance", control, candidate, isEmpty, place, depth);
}

/** Two of a class with `toJSON()`: by what that returns, and by own data, of which it may tell less. */
export function sameJson(walk: Walker, control: object, candidate: object, place: Place, depth: number): boolean {
  // Where a rule is about search parameters they are compared apart.
  if (!place.dead && !place.next("searchParams").dead && isUrl(control) && isUrl(candidate)) {
    return sameKeys(walk, partsOf(control), partsOf(candidate), place, depth);
  }
  const held = walk.reader.contents(control);
  const alsoHeld = walk.reader.contents(candidate);
  if (held !== undefined && alsoHeld !== undefined) {
    return held.every((part, index) => walk.sameGiven(part, alsoHeld[index], place, depth));
  }
  const ours = walk.reader.asJson(control);
  const theirs = walk.reader.asJson(candidate);
  // A `toJSON` that returns the object itself says: look at my keys.
  if (ours === control && theirs === candidate) return sameInstances(walk, control, candidate, place, depth);
  if (!walk.sameGiven(ours, theirs, place, depth)) return false;
  // Texts that a tolerance calls the same are not made of the same data.
  if (typeof ours !== "object" && ours !== theirs && ours === ours) return true;
  const ownKeys = dataKeys(walk, control);
  const otherKeys = dataKeys(walk, candidate);
  if (ownKeys === undefined || otherKeys === undefined) return true;
  // Own parts that cannot be looked into decide nothing: `toJSON` has spoken for them.
  const same = walk.mayBe(() => sameKeys(walk, control, candidate, place, depth, ownKeys, otherKeys));
  return same || sameKeys(walk, control, candidate, place, depth, ownKeys, otherKeys);
}

function isUrl(value: object): value is URL {
  return (
    typeof URL !== "undefined" && attempt(() => value instanceof URL && value.searchParams) instanceof URLSearchParams
  );
}

function partsOf({ href, searchParams }: URL): object {
  return { href: Object.assign(new URL(href), { search: "" }).href, searchParams };
}

/**
 * A pair of which at least one side is an instance, and which are not of one class: the data that both show.
 * What a class with `toJSON()` shows is what that returns, where it is an object.
 */
export function sameRecords(
  walk: Walker,
  control: object,
  candidate: object,
  kinds: readonly [Kind, Kind],
  place: Place,
  depth: number,
): boolean {
  if (kinds[0] === "json" && kinds[1] === "json") {
    return walk.sameGiven(walk.reader.asJson(control), walk.reader.asJson(candidate), place, depth);
  }
  const ours = rendition(walk, control, kinds[0]);
  const theirs = rendition(walk, candidate, kinds[1]);
  if (!sameKeys(walk, ours, theirs, place, depth)) return false;
  if ((ours === control && hidesState(walk, control)) || (theirs === candidate && hidesState(walk, candidate))) {
    return walk.differ("opaque", control, candidate);
  }
  return true;
}

function rendition(walk: Walker, value: object, kind: Kind): object {
  if (kind !== "json") return value;
  const json = walk.reader.asJson(value);
  return typeof json === "object" && json !== null && !Array.isArray(json) && !Unreadable.is(json) ? json : value;
}

/** Whether an instance may hold more than its own keys show. */
function hidesState(walk: Walker, value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  const { hasPrivateFields, hasMembers } = traitsOf(prototype);
  const keys = walk.reader.keys(value);
  return (
    hasPrivateFields ||
    (hasMembers && (Unreadable.is(keys) || keys.length === 0)) ||
    hiddenKeys("instance", value).length > 0
  );
}

// What was given to make a date, and what is kept of it for speed, is no part of what it says.
const caches: readonly (readonly [mark: string, keys: ReadonlySet<PropertyKey>])[] = [
  ["_isAMomentObject", new Set(["_i", "_f", "_l", "_pf", "_strict", "_isValid", "_locale"])],
  ["isLuxonDateTime", new Set(["c", "o", "weekData", "localWeekData", "_zone", "loc"])],
];

function dataKeys(walk: Walker, value: object): PropertyKey[] | undefined {
  const keys = walk.reader.keys(value);
  if (Unreadable.is(keys)) return undefined;
  const cached = caches.find(([mark]) => keys.includes(mark))?.[1];
  return keys.filter(
    (key) => key !== "toJSON" && cached?.has(key) !== true && typeof walk.reader.own(value, key) !== "function",
  );
}

/** Two of a built-in class whose content and own keys are the same: what a subclass of it keeps besides. */
export function sameAdditions(
  walk: Walker,
  kind: Kind,
  control: object,
  candidate: object,
  place: Place,
  depth: number,
): boolean {
  const ours = Object.getPrototypeOf(control) as object | null;
  const theirs = Object.getPrototypeOf(candidate) as object | null;
  if (traitsOf(ours).isBuiltIn && traitsOf(theirs).isBuiltIn) return true;
  if (ours === theirs) return sameHiddenState(walk, kind, control, candidate, false, place, depth);
  const isHidden = [ours, theirs].some((each) => traitsOf(each).hasPrivateFields);
  return !isHidden || walk.differ("opaque", control, candidate);
}

/**
 * Goes on where own keys are the same: hidden keys, the primitive that a value class stands for, and the accessors of a
 * class with private fields. What stays unseen makes the pair opaque.
 */
function sameHiddenState(
  walk: Walker,
  kind: Kind,
  control: object,
  candidate: object,
  isEmpty: boolean,
  place: Place,
  depth: number,
): boolean {
  const prototype = Object.getPrototypeOf(control) as object | null;
  const traits = traitsOf(prototype);
  const hidden = !sameHiddenKeys(walk, kind, control, candidate, place, depth);
  const isUnseen = traits.hasPrivateState || hidden;
  if (!isUnseen && !traits.hasPrivateFields && !(isEmpty && traits.hasMembers)) return true;
  if (traits.isValue) {
    const ours = walk.reader.asPrimitive(control);
    const theirs = walk.reader.asPrimitive(candidate);
    if (!Unreadable.is(ours) && !Unreadable.is(theirs)) {
      return ours === theirs || (ours !== ours && theirs !== theirs) || walk.differ("value", control, candidate);
    }
  }
  if (traits.hasJson) return walk.sameGiven(walk.reader.asJson(control), walk.reader.asJson(candidate), place, depth);
  const read = traits.accessors.filter(
    (name) => isData(walk, kind, control, name) && isData(walk, kind, candidate, name),
  );
  let same = true;
  for (const name of read) {
    same = walk.sameAt(name, walk.reader.once(control, name), walk.reader.once(candidate, name), place, depth) && same;
    if (!same && walk.isTrying) return false;
  }
  if (!same) return false;
  // Each private field has an accessor of its name, or there is nothing but accessors: they show what it holds.
  const areAllRead = read.length > 0 && read.length === traits.accessors.length;
  if (!isUnseen && areAllRead && (traits.hasPrivateFields || read.length === traits.memberCount)) return true;
  return walk.differ("opaque", control, candidate);
}

/** What is opaque shows nothing, save on an error, where instances are no data. */
function isData(walk: Walker, of: Kind, value: object, name: string): boolean {
  const part = walk.reader.once(value, name);
  const kind = walk.reader.kind(part);
  return !Unreadable.is(part) && !Unreadable.is(kind) && (kind !== "opaque" || of === "error");
}

function sameHiddenKeys(
  walk: Walker,
  kind: Kind,
  control: object,
  candidate: object,
  place: Place,
  depth: number,
): boolean {
  const ours = attempt(() => hiddenKeys(kind, control));
  const theirs = attempt(() => hiddenKeys(kind, candidate));
  if (Unreadable.is(ours) || Unreadable.is(theirs)) return false;
  // As a caller reads them: what is hidden on one side may be inherited on the other.
  return [...new Set([...ours, ...theirs])].every((key) => {
    const left = walk.reader.once(control, key);
    const right = walk.reader.once(candidate, key);
    if (left === right || (typeof left === "function" && typeof right === "function")) return true;
    return walk.probe(left, right, place.element(), depth);
  });
}

// What the platform itself keeps so.
const hiddenByPlatform: ReadonlySet<PropertyKey> = new Set([...errorKeys, "length", "lastIndex"]);

/** Own keys that are not enumerable and hold data, as libraries and decorators define them. */
function hiddenKeys(kind: Kind, value: object): PropertyKey[] {
  // Listing the indices of bytes takes longer than comparing them.
  if (kind === "bytes") return [];
  return Reflect.ownKeys(value).filter((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property?.enumerable !== false || (kind !== "instance" && hiddenByPlatform.has(key))) return false;
    return property.get !== undefined || ("value" in property && typeof property.value !== "function");
  });
}
