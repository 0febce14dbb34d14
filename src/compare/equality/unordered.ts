import { byLikeness } from "./likeness.ts";
import { match, type Bands, type Matching } from "./matching.ts";
import { BandColumn, BandKey, far, fingerprint, near, type Reach } from "./fingerprint.ts";
import type { CompiledRules, Grouping } from "../rules/rules.ts";
import { keyOf } from "./user-rules.ts";
import { missing } from "./missing.ts";
import type { Place, Walker } from "./walker.ts";
import type { PathSegment } from "../rules/paths.ts";

/**
 * Compares two lists as multisets: each element of one must find its own equal in the other. With `by`, only elements
 * with the same key are paired.
 *
 * What stays without an equal is paired with what it is most like and compared, so that a changed element reads as what changed in it.
 */
export function compareUnordered(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  by: Grouping | undefined,
  place: Place,
  depth: number,
  segmentOf: (index: number) => PathSegment = (index) => index,
): boolean {
  const bands = { left: new BandColumn(), right: new BandColumn() };
  const exact = isExact(walk.rules, place);
  const groups =
    by === undefined ?
      groupByPrint(walk, control, candidate, (element) => element, place, exact ? undefined : bands)
    : groupBoth(control, candidate, (element) => groupName(keyOf(walk, by, element, place)));
  const left: number[] = [];
  const right: number[] = [];
  let same = true;
  for (const [ours, theirs] of groups) {
    const matching = matchGroup(walk, control, candidate, ours, theirs, bands, place, depth);
    if (matching.complete) continue;
    const rest = pairDoubtful(walk, control, candidate, matching, place, depth, segmentOf);
    same = false;
    if (walk.isTrying) {
      if (rest.complete && walk.isDoubting) {
        same = true;
        continue;
      }
      return false;
    }
    if (by) list(walk, control, candidate, rest.left, rest.right, place, depth, segmentOf);
    else {
      for (const index of rest.left) left.push(index);
      for (const index of rest.right) right.push(index);
    }
  }
  list(walk, control, candidate, left.sort(ascending), right.sort(ascending), place, depth, segmentOf);
  return same;
}

/** Whether "the same" is transitive at a place, as it is where no tolerance can reach. */
export function isExact(rules: CompiledRules, place: Place): boolean {
  return rules.transitive || (place.dead && rules.tolerance === undefined && rules.errors === undefined);
}

const paired: Matching = { complete: true, left: [], right: [], pairs: [] };

/**
 * Indices of both sides in groups within which alone two may be the same. Where many are in one group, and no number
 * sorts them, a farther look tells them apart.
 *
 * @param bands where a tolerance reaches: takes the number by which each element is sorted
 */
export function* groupByPrint<Element>(
  walk: Walker,
  control: readonly Element[],
  candidate: readonly Element[],
  printedOf: (element: Element) => unknown,
  place: Place,
  bands?: BandColumns,
): Iterable<Group> {
  const band = bands && new BandKey();
  const printIn =
    (reach: Reach) =>
    (element: Element, index: number, side: "left" | "right"): number => {
      const print = fingerprint(walk, printedOf(element), place, band?.reset(), reach);
      if (band !== undefined) bands![side].set(index, band);
      return print;
    };
  for (const group of groupBoth(control, candidate, printIn(near))) {
    const [ours, theirs] = group;
    const isLarge = ours.length > fewAlike && theirs.length > fewAlike;
    if (!isLarge || (bands !== undefined && bandsOf(ours, theirs, bands) !== undefined)) yield group;
    else yield* groupAgain(group, control, candidate, printIn(far));
  }
}

// Trying all pairs of so few takes no longer than looking farther at each.
const fewAlike = 8;

function* groupAgain<Element>(
  [ours, theirs]: Group,
  control: readonly Element[],
  candidate: readonly Element[],
  groupOf: (element: Element, index: number, side: "left" | "right") => number,
): Iterable<Group> {
  const again = groupBoth(ours, theirs, (index, _, side) => {
    const element = (side === "left" ? control : candidate)[index]!;
    return groupOf(element, index, side);
  });
  for (const [left, right] of again) yield [left.map((at) => ours[at]!), right.map((at) => theirs[at]!)];
}

interface BandColumns {
  readonly left: BandColumn;
  readonly right: BandColumn;
}

function matchGroup(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  ours: readonly number[],
  theirs: readonly number[],
  bands: BandColumns,
  place: Place,
  depth: number,
): Matching {
  if (ours.length === 0 || theirs.length === 0)
    return { complete: ours.length === theirs.length, left: ours, right: theirs, pairs: [] };
  const [a] = ours;
  const [b] = theirs;
  if (ours.length === 1 && theirs.length === 1 && walk.tries(control[a!], candidate[b!], place, depth)) return paired;
  const exact = isExact(walk.rules, place);
  const known = exact ? undefined : bandsOf(ours, theirs, bands);
  // A trial that cannot lead to a complete matching still tells which elements are the odd ones out.
  return match(ours, theirs, (a, b) => walk.tries(control[a], candidate[b], place, depth), exact, known);
}

/** By which number elements of one group can be sorted; nothing where some have none. */
export function bandsOf(ours: readonly number[], theirs: readonly number[], bands: BandColumns): Bands | undefined {
  const left = new Map<number, number>();
  const right = new Map<number, number>();
  if (ours.length === 0 || theirs.length === 0) return undefined;
  for (const [indices, keys, values] of [
    [ours, bands.left, left],
    [theirs, bands.right, right],
  ] as const) {
    for (const index of indices) {
      const value = keys.numberOf(index);
      if (!Number.isFinite(value)) return undefined;
      values.set(index, value);
    }
  }
  const tolerances = bands.left.tolerancesOf(ours[0]!);
  const reach = (value: number): number =>
    // The larger of both counts: y ≤ x + rel · y is y ≤ x / (1 − rel). A little more, for rounding.
    tolerances.reduce((most, { abs = 0, rel = 0 }) => Math.max(most, abs, (rel * Math.abs(value)) / (1 - rel)), 0) *
      (1 + 1e-9) +
    Math.abs(value) * 1e-9;
  return { left, right, reach };
}

/** What has no equal may be the same as another but for what is opaque: that pair is listed as what cannot be told. */
function pairDoubtful(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  { left, right }: Matching,
  place: Place,
  depth: number,
  segmentOf: (index: number) => PathSegment,
): Matching {
  if (left.length === 0 || right.length === 0 || !walk.hasMetOpaque) return { complete: false, left, right, pairs: [] };
  const rest = match(left, right, (a, b) => walk.maybeTries(control[a], candidate[b], place, depth), true);
  if (walk.isTrying) return rest;
  for (const [a, b] of rest.pairs) {
    walk.path.push(segmentOf(a));
    walk.same(control[a], candidate[b], place, depth);
    walk.path.pop();
  }
  return rest;
}

/** Lists elements without an equal: pairs that are most alike, then what only one side has. */
function list(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  unpaired: readonly number[],
  others: readonly number[],
  place: Place,
  depth: number,
  segmentOf: (index: number) => PathSegment,
): void {
  const [left, right] = byLikeness(walk, control, candidate, unpaired, others);
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const ours = left[at];
    const theirs = right[at];
    walk.path.push(segmentOf(ours ?? theirs!));
    if (ours !== undefined && theirs !== undefined && control[ours] !== missing && candidate[theirs] !== missing) {
      walk.same(control[ours], candidate[theirs], place, depth);
    } else if (ours === undefined || theirs === undefined) {
      walk.differ(
        ours === undefined ? "added" : "removed",
        ours === undefined ? missing : control[ours],
        theirs === undefined ? missing : candidate[theirs],
      );
    } else walk.differ(control[ours] === missing ? "added" : "removed", control[ours], candidate[theirs]);
    walk.path.pop();
  }
}

/** Indices of either side. */
type Group = readonly [readonly number[], readonly number[]];

/** Indices of both sides by the name of their group; lists of them are made as they are asked for. */
export function* groupBoth<Element>(
  control: readonly Element[],
  candidate: readonly Element[],
  groupOf: (element: Element, index: number, side: "left" | "right") => string | number,
): Iterable<Group> {
  const groups = new Map<string | number, number>();
  const most = control.length + candidate.length;
  const left = new Chains(most, control.length);
  const right = new Chains(most, candidate.length);
  const file = (elements: readonly Element[], side: "left" | "right", chains: Chains): void => {
    for (let index = 0; index < elements.length; index++) {
      const name = groupOf(elements[index]!, index, side);
      let group = groups.get(name);
      if (group === undefined) groups.set(name, (group = groups.size));
      chains.add(group, index);
    }
  };
  file(control, "left", left);
  file(candidate, "right", right);
  for (let group = 0; group < groups.size; group++) yield [left.of(group), right.of(group)];
}

/** Lists of indices that take three numbers each at the most, however many they are. */
class Chains {
  /** By list, an index and one, so that 0 is none. */
  private readonly first: Uint32Array;
  private readonly last: Uint32Array;
  /** By index. */
  private readonly after: Uint32Array;

  constructor(lists: number, indices: number) {
    this.first = new Uint32Array(lists);
    this.last = new Uint32Array(lists);
    this.after = new Uint32Array(indices);
  }

  /** An index is greater than all before. */
  add(list: number, index: number): void {
    if (this.first[list] === 0) this.first[list] = index + 1;
    else this.after[this.last[list]! - 1] = index + 1;
    this.last[list] = index + 1;
  }

  of(list: number): number[] {
    const indices: number[] = [];
    for (let next = this.first[list]!; next !== 0; next = this.after[next - 1]!) indices.push(next - 1);
    return indices;
  }
}

function groupName(key: unknown): string {
  // Keys that are no primitives say no more than that; the elements themselves are tried.
  if ((typeof key === "object" && key !== null) || typeof key === "function") return "object";
  return `${typeof key} ${String(key)}`;
}

function ascending(a: number, b: number): number {
  return a - b;
}
