import { mapEntries, mapGet, mapHas, setHas, setValues } from "../kinds/intrinsics.ts";
import { entrySegment, type PathSegment } from "../rules/paths.ts";
import { match } from "./matching.ts";
import { noRules } from "../rules/rules.ts";
import { BandColumn } from "./fingerprint.ts";
import { bandsOf, compareUnordered, groupByPrint, isExact } from "./unordered.ts";
import { missing } from "./missing.ts";
import type { Place, Walker } from "./walker.ts";

/** Compares two Sets without order: elements are matched as deeply as anything else. */
export function compareSets(
  walk: Walker,
  control: Set<unknown>,
  candidate: Set<unknown>,
  place: Place,
  depth: number,
): boolean {
  const next = place.element();
  // Under rules two elements may be the same that are not equal; without, most of them are found by looking.
  const exact = isExact(walk.rules, next);
  const left: unknown[] = [];
  const right: unknown[] = [];
  for (const element of setValues.call(control)) {
    walk.tick();
    if (!exact || !setHas.call(candidate, element)) left.push(element);
  }
  for (const element of setValues.call(candidate)) {
    walk.tick();
    if (!exact || !setHas.call(control, element)) right.push(element);
  }
  const segment =
    (side: readonly unknown[], other: readonly unknown[]) =>
    (index: number): PathSegment =>
      entrySegment("element", index < side.length ? side[index] : other[index], index);
  return compareUnordered(walk, left, right, undefined, next, depth, segment(left, right));
}

/** Compares two Maps without order. Keys that are objects are matched by what is in them; rules hold for values alone. */
export function compareMaps(
  walk: Walker,
  control: Map<unknown, unknown>,
  candidate: Map<unknown, unknown>,
  place: Place,
  depth: number,
): boolean {
  let same = true;
  const at = (key: unknown, position: number, ours: unknown, theirs: unknown): void => {
    same = walk.sameAt(entrySegment("key", key, position), ours, theirs, place, depth) && same;
  };
  const next = place.element();
  const exact = isExact(walk.rules, next);
  const shared = new Set<unknown>();
  const left: Entry[] = [];
  const right: Entry[] = [];
  let position = 0;
  for (const [key, value] of mapEntries.call(control)) {
    walk.tick();
    const isShared = mapHas.call(candidate, key);
    // Another key may be equal to a shared one that is an object, and have its value.
    if (isShared && isObject(key) && exact && walk.tries(value, mapGet.call(candidate, key), next, depth))
      shared.add(key);
    else if (isShared && !isObject(key)) at(key, position, value, mapGet.call(candidate, key));
    else if (isObject(key)) left.push({ key, value, position });
    else at(key, position, value, missing);
    if (!same && walk.isTrying) return false;
    position++;
  }
  position = 0;
  for (const [key, value] of mapEntries.call(candidate)) {
    walk.tick();
    const isObjectKey = isObject(key);
    if (isObjectKey ? !shared.has(key) : !mapHas.call(control, key)) {
      if (isObjectKey) right.push({ key, value, position });
      else at(key, position, missing, value);
      if (!same && walk.isTrying) return false;
    }
    position++;
  }
  if (left.length === 0 && right.length === 0) return same;
  return compareDeepKeys(walk, left, right, place, depth) && same;
}

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
  readonly position: number;
}

function compareDeepKeys(
  walk: Walker,
  left: readonly Entry[],
  right: readonly Entry[],
  place: Place,
  depth: number,
): boolean {
  const next = place.element();
  const exact = isExact(walk.rules, next);
  const bands = { left: new BandColumn(), right: new BandColumn() };
  const groups = groupByPrint(walk, left, right, ({ key }) => key, noRules.start, bands);
  let same = true;
  for (const [ours, theirs] of groups) {
    const sameKey = (a: number, b: number): boolean => walk.tries(left[a]!.key, right[b]!.key, noRules.start, depth);
    // Entries that are the same as a whole first: two keys may be equal, and only their values tell them apart.
    const whole = match(
      ours,
      theirs,
      (a, b) => sameKey(a, b) && walk.tries(left[a]!.value, right[b]!.value, next, depth),
      exact,
      exact ? undefined : bandsOf(ours, theirs, bands),
    );
    if (whole.complete) continue;
    const partners = new Set(whole.right);
    for (const a of whole.left) {
      const entry = left[a]!;
      const segment = entrySegment("key", entry.key, entry.position);
      let b = [...partners].find((index) => sameKey(a, index));
      if (b === undefined) {
        const opaque = (index: number): boolean =>
          walk.mayBe(() => walk.same(entry.key, right[index]!.key, noRules.start, depth));
        b = [...partners].find(opaque);
        if (b !== undefined) {
          walk.path.push(segment);
          same = walk.differ("opaque", entry.key, right[b]!.key) && same;
          walk.path.pop();
        }
      }
      if (b !== undefined) partners.delete(b);
      same = walk.sameAt(segment, entry.value, b === undefined ? missing : right[b]!.value, place, depth) && same;
      if (!same && walk.isTrying) return false;
    }
    for (const b of partners) {
      const entry = right[b]!;
      same = walk.sameAt(entrySegment("key", entry.key, entry.position), missing, entry.value, place, depth) && same;
      if (!same && walk.isTrying) return false;
    }
  }
  return same;
}

function isObject(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
