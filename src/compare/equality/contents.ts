import { comparePairs, type Pair } from "./pairs.ts";
import { entriesOf, headersOf, isEntry, isInternal, mapOf, namedKeysOf, setOf } from "../kinds/stand-ins.ts";
import { unboxed, type Kind } from "../kinds/value-kind.ts";
import { compareSequences } from "./align-sequences.ts";
import { errorKeys, sameBytes, sameDates, sameErrors, sameExpressions } from "./built-ins.ts";
import { sameAdditions, sameInstances, sameJson, sameRecords } from "./instances.ts";
import { compareMaps, compareSets } from "./maps-and-sets.ts";
import { sameKeys } from "./own-keys.ts";
import { attempt, Unreadable } from "./safe-reader.ts";
import { isForeign, isPlainArray } from "./same-class.ts";
import { compareUnordered } from "./unordered.ts";
import { isIgnored, type Place, type Walker } from "./walker.ts";

/** Compares what is in two objects, by their kind; `records` are of two classes, or of none and one. */
export function sameContent(
  walk: Walker,
  kind: Kind | "records",
  control: object,
  candidate: object,
  kinds: readonly [Kind, Kind],
  place: Place,
  depth: number,
): boolean {
  switch (kind) {
    case "plain":
      return sameKeys(walk, control, candidate, place, depth);
    case "instance":
      return sameInstances(walk, control, candidate, place, depth);
    case "json":
      return sameJson(walk, control, candidate, place, depth);
    case "records":
      return sameRecords(walk, control, candidate, kinds, place, depth);
    case "array":
      return sameArrays(walk, control as unknown[], candidate as unknown[], place, depth);
    case "error":
      return sameErrorData(walk, control as Error, candidate as Error, place, depth);
    default:
      return withKeys(
        walk,
        sameBuiltIns(walk, kind, control, candidate, place, depth),
        kind,
        control,
        candidate,
        place,
        depth,
      );
  }
}

function sameBuiltIns(
  walk: Walker,
  kind: Kind,
  control: object,
  candidate: object,
  place: Place,
  depth: number,
): boolean {
  const pulse = (): void => walk.pulse();
  const given = (read: (value: never) => unknown): boolean =>
    walk.sameGiven(
      attempt(() => read(control as never)),
      attempt(() => read(candidate as never)),
      place,
      depth,
    );
  switch (kind) {
    case "map":
      return ofBoth(walk, mapOf, control, candidate, (ours, theirs) => compareMaps(walk, ours, theirs, place, depth));
    case "set":
      return ofBoth(walk, setOf, control, candidate, (ours, theirs) => compareSets(walk, ours, theirs, place, depth));
    case "date":
      return sameDates(walk, control as Date, candidate as Date, place);
    case "regexp":
      return sameExpressions(walk, control as RegExp, candidate as RegExp);
    case "boxed":
      return given(unboxed);
    case "bytes":
      return sameBytes(walk, control, candidate, place, depth);
    case "headers":
      return given((value) => headersOf(value, pulse));
    case "pairs":
      return ofBoth(walk, pairsAt(place, pulse), control, candidate, (ours, theirs) =>
        comparePairs(walk, ours, theirs, place, depth),
      );
    default:
      return walk.differ("opaque", control, candidate);
  }
}

/** Names and values that no rule ignores. */
function pairsAt(place: Place, pulse: () => void): (value: object) => readonly Pair[] {
  return (value) => entriesOf(value, pulse).filter(([name]) => !isIgnored(place.next(name)));
}

function ofBoth<Read>(
  walk: Walker,
  read: (value: never) => Read,
  control: object,
  candidate: object,
  compare: (ours: Read, theirs: Read) => boolean,
): boolean {
  const ours = attempt(() => read(control as never));
  const theirs = attempt(() => read(candidate as never));
  if (Unreadable.is(ours) || Unreadable.is(theirs)) return walk.unreadable(ours, theirs, control, candidate);
  return compare(ours, theirs);
}

function sameArrays(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  place: Place,
  depth: number,
): boolean {
  const same = sameElements(walk, control, candidate, place, depth);
  if (isPlainArray(control) && isPlainArray(candidate)) return same;
  return withKeys(walk, same, "array", control, candidate, place, depth);
}

function sameElements(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  place: Place,
  depth: number,
): boolean {
  for (const effect of place.effects) {
    if (effect.kind !== "unordered" || isEntry(control)) continue;
    return compareUnordered(
      walk,
      elements(walk, control),
      elements(walk, candidate),
      effect.by,
      place.element(),
      depth,
    );
  }
  return compareSequences(walk, control, candidate, place, depth);
}

/** An array's elements, each read once and counted; holes are `missing`. */
function elements(walk: Walker, array: readonly unknown[]): readonly unknown[] {
  const all = walk.reader.elements(array, () => walk.pulse());
  for (let index = 0; index < all.length; index++) walk.tick();
  return all;
}

/** Of what hangs on an error only data counts: sockets, requests and the like are there for debugging. */
function sameErrorData(walk: Walker, control: Error, candidate: Error, place: Place, depth: number): boolean {
  return walk.asErrorData(() => {
    const same = sameErrors(walk, control, candidate, place, depth);
    return withKeys(walk, same, "error", control, candidate, place, depth);
  });
}

/** Goes on with what was put on a value of a built-in class, by its owner or a subclass. */
function withKeys(
  walk: Walker,
  same: boolean,
  kind: Kind,
  control: object,
  candidate: object,
  place: Place,
  depth: number,
): boolean {
  if (!same && walk.isTrying) return false;
  const ours = extraKeys(walk, kind, control);
  const theirs = extraKeys(walk, kind, candidate);
  if (!sameKeys(walk, control, candidate, place, depth, ours, theirs) || !same) return false;
  return sameAdditions(walk, kind, control, candidate, place, depth);
}

function extraKeys(walk: Walker, kind: Kind, object: object): PropertyKey[] | Unreadable {
  const keys = kind === "bytes" ? attempt(() => namedKeysOf(object)) : walk.reader.keys(object);
  if (Unreadable.is(keys) || keys.length === 0) return keys;
  if (kind === "error") {
    const isData = (key: PropertyKey): boolean => !isForeign(walk.reader.kind(walk.reader.own(object, key)));
    return keys.filter((key) => !errorKeys.has(key) && isData(key));
  }
  // Where the platform itself keeps what was read already: Node 20's FormData.
  if (kind === "headers" || kind === "pairs") return keys.filter((key) => !isInternal(key));
  const hasIndices = kind === "array" || kind === "boxed";
  return hasIndices ? keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key as string)) : keys;
}
