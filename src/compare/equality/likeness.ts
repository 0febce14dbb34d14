import { Unreadable } from "./safe-reader.ts";
import type { Walker } from "./walker.ts";

const mostPairs = 2_500;
const mostKeys = 32;

/**
 * Puts elements without an equal beside what they are most like, so that the same change reads the same wherever its element stands:
 * by the keys that both have, and by the values that are the same there. Of many elements, as they come.
 *
 * @param left positions in `control`, rising
 * @returns both lists, in such an order that those at the same index belong together
 */
export function byLikeness(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  left: readonly number[],
  right: readonly number[],
): readonly [left: readonly number[], right: readonly number[]] {
  const pairs = left.length * right.length;
  if (pairs <= 1 || pairs > mostPairs) return [left, right];
  const ours = left.map((index) => looksOf(walk, control[index]));
  const theirs = right.map((index) => looksOf(walk, candidate[index]));
  const likely: (readonly [likeness: number, i: number, j: number])[] = [];
  ours.forEach((look, i) => theirs.forEach((other, j) => likely.push([likeness(look, other), i, j])));
  likely.sort(([one, i, j], [other, k, l]) => other - one || i - k || j - l);
  const partners = new Map<number, number>();
  const taken = new Set<number>();
  for (const [, i, j] of likely) {
    if (partners.has(i) || taken.has(j)) continue;
    partners.set(i, j);
    taken.add(j);
  }
  const paired = [...partners].sort(([a], [b]) => a - b);
  return [
    [...paired.map(([i]) => left[i]!), ...left.filter((_, i) => !partners.has(i))],
    [...paired.map(([, j]) => right[j]!), ...right.filter((_, j) => !taken.has(j))],
  ];
}

type Look = ReadonlyMap<PropertyKey, unknown> | string;

function looksOf(walk: Walker, element: unknown): Look {
  walk.tick();
  const kind = walk.reader.kind(element);
  if (kind !== "plain" && kind !== "instance") return typeof kind === "string" ? `${kind} ${typeof element}` : "";
  const keys = walk.reader.keys(element as object);
  if (Unreadable.is(keys)) return "";
  return new Map(keys.slice(0, mostKeys).map((key) => [key, walk.reader.own(element as object, key)]));
}

/** From 0 to 1: the share of keys that both have, of which half counts for having it and half for the same value there. */
function likeness(ours: Look, theirs: Look): number {
  if (typeof ours === "string" || typeof theirs === "string") return ours === theirs ? 1 : 0;
  let shared = 0;
  for (const [key, value] of ours) if (theirs.has(key)) shared += theirs.get(key) === value ? 2 : 1;
  return shared / (2 * Math.max(ours.size, theirs.size, 1));
}
