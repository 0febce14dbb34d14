import { preview, type PreviewLimits } from "../compare/copy/preview.ts";
import { parsePath, type PathSegment } from "../compare/rules/paths.ts";
import type { Difference } from "../model/comparison.ts";

/** A tree of changes in jsondiffpatch's documented format; a list's has `_t: "a"`. */
export type Delta = DeltaNode | readonly unknown[];
export interface DeltaNode {
  [key: string]: unknown;
}

/** What is drawn of a list of differences. */
export interface Drawable {
  readonly delta: Delta;
  /** What no delta can say about a list or an object in it: another length, order or class. */
  readonly notes: ReadonlyMap<object, readonly string[]>;
  /** How many of the list have no place in control's preview. */
  readonly undrawn: number;
}

/** Differences at one place and below it. */
interface Spot {
  readonly here: Difference[];
  readonly below: Map<string, { readonly segment: PathSegment; readonly spot: Spot }>;
}

interface Making {
  readonly notes: Map<object, readonly string[]>;
  undrawn: number;
}

const leafLimits: PreviewLimits = { nodes: 100, depth: 6, totalLength: 4_000, stringLength: 4_000 };

/**
 * Makes a delta of the list of differences, so that what is drawn as changed is what was found to differ, and nothing else.
 *
 * @param left control's preview
 * @returns nothing where no difference has a place in `left`
 */
export function deltaOf(differences: readonly Difference[], left: unknown): Drawable | undefined {
  const root: Spot = { here: [], below: new Map() };
  const making: Making = { notes: new Map(), undrawn: 0 };
  for (const difference of differences) {
    const spot = spotAt(root, difference.path);
    if (spot === undefined) making.undrawn++;
    else spot.here.push(difference);
  }
  const delta = deltaAt(root, left, making);
  return delta === undefined ? undefined : { delta, ...making };
}

function spotAt(root: Spot, path: string): Spot | undefined {
  let spot = root;
  let segments: PathSegment[];
  try {
    segments = parsePath(path);
  } catch {
    return undefined; // A user's comparer may give any text as a path.
  }
  for (const segment of segments) {
    const name = typeof segment === "object" ? `${segment.entry} ${segment.of}` : `${typeof segment} ${segment}`;
    let next = spot.below.get(name);
    if (next === undefined) spot.below.set(name, (next = { segment, spot: { here: [], below: new Map() } }));
    spot = next.spot;
  }
  return spot;
}

function deltaAt(spot: Spot, left: unknown, making: Making): Delta | undefined {
  const noted = spot.here.filter(({ kind }) => kind === "length" || kind === "order");
  const [change] = spot.here.filter((difference) => !noted.includes(difference));
  if (typeof left !== "object" || left === null || (change !== undefined && spot.below.size === 0)) {
    making.undrawn += countBelow(spot);
    return changeOf(change ?? noted[0]);
  }
  const delta = partsOf(spot, left, making);
  const texts = spot.here.map((difference) => noteOf(difference)).filter((text) => text !== undefined);
  if (texts.length > 0) making.notes.set(delta, texts);
  return texts.length > 0 || Object.keys(delta).some((key) => key !== "_t") ? delta : undefined;
}

function noteOf(difference: Difference): string | undefined {
  const { kind, control, candidate } = difference;
  if (kind === "order") return "the same elements in another order";
  if (kind === "length") return `length ${String(control)} → ${String(candidate)}`;
  return `differs itself (${kind})`;
}

function changeOf(difference: Difference | undefined): Delta | undefined {
  if (difference === undefined) return undefined;
  const [ours, theirs] = [difference.control, difference.candidate].map((value) => preview(value, leafLimits));
  if (!("control" in difference)) return [theirs];
  return "candidate" in difference ? [ours, theirs] : [ours, 0, 0];
}

function partsOf(spot: Spot, left: object, making: Making): DeltaNode {
  if (Array.isArray(left)) return elementsOf(spot, left as readonly unknown[], making);
  const delta: DeltaNode = {};
  const tag = tagOf(left);
  if (tag !== undefined) {
    const inner = deltaAt({ here: [], below: spot.below }, (left as DeltaNode)[tag], making);
    if (inner !== undefined) delta[tag] = inner;
    return delta;
  }
  for (const { segment, spot: below } of spot.below.values()) {
    const key = keyOf(segment);
    const change = key === undefined ? undefined : partOf(below, left, key, making);
    if (change !== undefined) put(delta, key!, change);
    else if (key === undefined || !Object.hasOwn(left, key)) making.undrawn += countAll(below);
  }
  return delta;
}

function partOf(spot: Spot, left: object, key: string, making: Making): Delta | undefined {
  if (Object.hasOwn(left, key)) return deltaAt(spot, (left as DeltaNode)[key], making);
  return spot.below.size === 0 ? changeOf(spot.here[0]) : undefined;
}

/** As `preview` names a key. */
function keyOf(segment: PathSegment): string | undefined {
  if (typeof segment === "string") return segment.startsWith("$") ? `$${segment}` : segment;
  if (typeof segment === "number" || segment.entry !== "symbol") return undefined;
  return `[Symbol(${JSON.parse(segment.of) as string})]`;
}

/**
 * Elements that are gone are named `_3` by control's position, all others by the candidate's. Positions in the list are
 * control's but for what was added; what stands between follows from how many came and went before.
 */
function elementsOf(spot: Spot, left: readonly unknown[], making: Making): DeltaNode {
  const length = lengthOf(left);
  const gone = new Map<number, Delta>();
  const changed = new Map<number, Delta>();
  const added: (readonly [at: number, change: Delta])[] = [];
  for (const { segment, spot: below } of spot.below.values()) {
    const at = positionOf(segment, below, left, length);
    const isNew = (each: Difference): boolean => !("control" in each) && !(at !== undefined && isHole(left[at]));
    for (const difference of below.here.filter(isNew)) {
      const fits = typeof segment === "object" || (at !== undefined && (at <= length || length === left.length));
      if (fits) added.push([typeof segment === "object" ? Infinity : at!, additionOf(segment, difference)]);
      else making.undrawn++;
    }
    const rest: Spot = { here: below.here.filter((each) => !isNew(each)), below: below.below };
    if (rest.here.length === 0 && rest.below.size === 0) continue;
    if (at === undefined || at >= length) {
      making.undrawn += countAll(rest);
      continue;
    }
    const isGone = rest.here.some((each) => !("candidate" in each));
    const pair = typeof segment !== "number" && isPair(left[at]) && !isGone;
    const change =
      isGone && isPair(left[at]) && typeof segment !== "number" ?
        [left[at], 0, 0]
      : deltaAt(rest, pair ? (left[at] as readonly unknown[])[1] : left[at], making);
    if (change !== undefined) (isGone ? gone : changed).set(at, pair ? { _t: "a", 1: change } : change);
  }
  return numbered(
    length,
    gone,
    changed,
    added.sort(([a], [b]) => a - b),
  );
}

function numbered(
  length: number,
  gone: ReadonlyMap<number, Delta>,
  changed: ReadonlyMap<number, Delta>,
  added: readonly (readonly [at: number, change: Delta])[],
): DeltaNode {
  const delta: DeltaNode = { _t: "a" };
  let next = 0;
  let there = 0;
  for (let here = 0; here < length || next < added.length;) {
    if (gone.has(here)) {
      delta[`_${here}`] = gone.get(here++);
    } else if (next < added.length && (added[next]![0] <= there || here >= length)) {
      delta[there++] = added[next++]![1];
    } else {
      const change = changed.get(here++);
      if (change !== undefined) delta[there] = change;
      there++;
    }
  }
  return delta;
}

/** Where a segment leads in a preview's list: a position, or the entry of a Map, of headers, or of a Set. */
function positionOf(segment: PathSegment, spot: Spot, left: readonly unknown[], length: number): number | undefined {
  if (typeof segment === "number") return segment;
  const text = typeof segment === "string" ? JSON.stringify(segment) : segment.of;
  const element = typeof segment === "object" && segment.entry === "element";
  const wanted = element && spot.here[0] ? JSON.stringify(preview(spot.here[0].control, leafLimits)) : undefined;
  for (let at = 0; at < length; at++) {
    const entry = left[at];
    if (element ? JSON.stringify(entry) === wanted : isPair(entry) && literalOf(entry[0]) === text) return at;
  }
  return undefined;
}

function additionOf(segment: PathSegment, difference: Difference): Delta {
  const value = preview(difference.candidate, leafLimits);
  return typeof segment === "object" && segment.entry === "key" ? [[keyNamed(segment.of), value]] : [value];
}

function keyNamed(literal: string): unknown {
  try {
    return JSON.parse(literal);
  } catch {
    return { $bigint: literal.replace(/n$/, "") };
  }
}

const isHole = (drawn: unknown): boolean => typeof drawn === "object" && drawn !== null && "$hole" in drawn;

const isPair = (entry: unknown): entry is readonly [unknown, unknown] => Array.isArray(entry) && entry.length === 2;

/** A drawn key as it stands in a path. */
function literalOf(drawn: unknown): string | undefined {
  if (typeof drawn !== "object" || drawn === null) {
    return JSON.stringify(typeof drawn === "string" && drawn.length > 100 ? `${drawn.slice(0, 100)}…` : drawn);
  }
  const { $bigint, $number, $undefined } = drawn as Readonly<Record<string, string | true | undefined>>;
  if ($bigint !== undefined) return `${$bigint}n`;
  return (
    $undefined === true ? "undefined"
    : typeof $number === "string" ? $number
    : undefined
  );
}

/** Without the note on what was left out, at its end. */
function lengthOf(left: readonly unknown[]): number {
  const last = left.at(-1);
  const cut = typeof last === "object" && last !== null && !Array.isArray(last) && tagOf(last) === "$more";
  return cut ? left.length - 1 : left.length;
}

function tagOf(drawn: object): string | undefined {
  const keys = Object.keys(drawn);
  return keys.length === 1 && /^\$[^$]/.test(keys[0]!) ? keys[0] : undefined;
}

function put(delta: DeltaNode, key: string, change: Delta): void {
  // Assigning `__proto__` would set the prototype.
  Object.defineProperty(delta, key, { value: change, enumerable: true, configurable: true, writable: true });
}

const countAll = (spot: Spot): number => spot.here.length + countBelow(spot);

function countBelow(spot: Spot): number {
  let count = 0;
  for (const { spot: below } of spot.below.values()) count += countAll(below);
  return count;
}
