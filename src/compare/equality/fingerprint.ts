import { numbersIn, textAround, timeIn, type Tolerance } from "../rules/tolerance.ts";
import { timeOf } from "../kinds/stand-ins.ts";
import { bigintText } from "../../model/visible-text.ts";
import { attempt, Unreadable } from "./safe-reader.ts";
import { missing } from "./missing.ts";
import { isIgnored, type Place, type Walker } from "./walker.ts";

const depthSeen = 3;
const elementsSeen = 16;

/** The one number of an element that a tolerance allows to differ, by which elements are sorted into bands. */
export class BandKey {
  value: number = NaN;
  tolerances: readonly Tolerance[] = [];
  private at = Infinity;

  reset(): this {
    this.at = Infinity;
    this.value = NaN;
    return this;
  }

  /** Of several numbers always the same is taken, whatever order their keys are in. */
  offer(at: number, value: number, tolerances: readonly Tolerance[]): void {
    if (at >= this.at) return;
    this.at = at;
    this.value = value;
    this.tolerances = tolerances;
  }
}

/** The same for each element of one side, by its index. */
export class BandColumn {
  private readonly values: number[] = [];
  private readonly tolerances: (readonly Tolerance[])[] = [];

  set(index: number, { value, tolerances }: BandKey): void {
    this.values[index] = value;
    this.tolerances[index] = tolerances;
  }

  /** NaN where an element has none. */
  numberOf(index: number): number {
    return this.values[index] ?? NaN;
  }

  tolerancesOf(index: number): readonly Tolerance[] {
    return this.tolerances[index]!;
  }
}

const noTolerances: readonly Tolerance[] = [];

/** What numbers at a place may differ by; each of them is enough. */
function tolerancesAt(walk: Walker, place: Place): readonly Tolerance[] {
  const { tolerance } = walk.rules;
  if (tolerance === undefined && place.effects.length === 0) return noTolerances;
  const all = tolerance === undefined ? [] : [tolerance];
  for (const effect of place.effects) if (effect.kind === "tolerance") all.push(effect.tolerance);
  return all;
}

/**
 * A number that is the same for any two values that are the same under the rules; it sorts elements into groups within
 * which alone pairs need to be tried. Whatever is not plain data has a constant of its kind: less sorted, never wrong.
 */
export function fingerprint(walk: Walker, value: unknown, place: Place, band?: BandKey, at = 1, depth = 0): number {
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
      return textAt(walk, value, place, band, at);
    case "number":
      return numberAt(walk, value, place, band, at);
    case "object":
      return value === null ? 6 : objectHash(walk, value, place, band, at, depth);
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

function numberAt(walk: Walker, value: number, place: Place, band: BandKey | undefined, at: number): number {
  const tolerances = tolerancesAt(walk, place);
  if (tolerances.length === 0) return numberHash(value);
  band?.offer(at >>> 0, value, tolerances);
  return 5;
}

/** Times are told by their band, and numbers by what stands around them. */
function textAt(walk: Walker, value: string, place: Place, band: BandKey | undefined, at: number): number {
  const all = tolerancesAt(walk, place);
  if (all.length === 0) return textHash(value);
  const tolerances = all.filter(({ ms, strings }) => ms !== undefined || strings === true);
  if (tolerances.length === 0) return textHash(value);
  if (!tolerances.some(({ strings }) => strings)) {
    const time = timeIn(value);
    return time === time ? timeAt(time, tolerances, band, at) : textHash(value);
  }
  // The same as times or as texts: no number is close in both.
  if (tolerances.some(({ ms }) => ms !== undefined)) return 5;
  const [number, second] = numbersIn(value);
  if (number !== undefined && second === undefined) band?.offer(at >>> 0, number, tolerances);
  return textHash(textAround(value));
}

function timeAt(time: number, tolerances: readonly Tolerance[], band: BandKey | undefined, at: number): number {
  const distances = tolerances.map(({ ms = 0 }) => ({ abs: ms }));
  if (time === time) band?.offer(at >>> 0, time, distances);
  return 5;
}

function objectHash(
  walk: Walker,
  value: object,
  place: Place,
  band: BandKey | undefined,
  at: number,
  depth: number,
): number {
  const { classes } = walk.rules;
  if (classes.size > 0 && (classes.has(Object.prototype) || classes.has(Array.prototype))) return 9;
  const kind = walk.reader.kind(value);
  if (kind === "date") {
    const time = attempt(() => timeOf(value as Date));
    if (Unreadable.is(time) || walk.rules.classes.size > 0) return 9;
    const tolerances = tolerancesAt(walk, place).filter(({ ms }) => ms !== undefined);
    return tolerances.length > 0 ? timeAt(time, tolerances, band, at) : numberHash(time);
  }
  if (kind === "array") return depth < depthSeen ? arrayHash(walk, value as unknown[], place, band, at, depth) : 8;
  if (kind !== "plain" || walk.rules.ignorePrototype || depth >= depthSeen) return 9;
  // Keys that are symbols tell no less, but listing them takes longer than the rest.
  const keys = attempt(() => Object.keys(value));
  if (Unreadable.is(keys)) return 9;
  let hash = 9;
  for (const key of keys) {
    const next = place.dead ? place : place.next(key);
    if (isIgnored(next)) continue;
    const part = walk.reader.own(value, key);
    if (part === undefined && walk.rules.undefinedIsMissing) continue;
    // A sum does not know the order of its parts.
    const name = textHash(key) ^ 0x9e3779b9;
    const below = Math.imul(at, 31) + name;
    hash = (hash + Math.imul(name, fingerprint(walk, part, next, band, below, depth + 1) | 1)) | 0;
  }
  return hash;
}

function arrayHash(
  walk: Walker,
  value: readonly unknown[],
  place: Place,
  band: BandKey | undefined,
  at: number,
  depth: number,
): number {
  const unordered = place.effects.some((effect) => effect.kind === "unordered");
  let hash = value.length;
  // All or none of an unordered array: which ones come first says nothing.
  if (unordered && value.length > elementsSeen) return hash;
  const elements = walk.reader.elements(value, () => walk.pulse());
  for (let index = 0; index < Math.min(elements.length, elementsSeen); index++) {
    const next =
      place.dead ? place
      : unordered ? place.element()
      : place.next(index);
    const inOrder = unordered ? undefined : band;
    const part = fingerprint(walk, elements[index], next, inOrder, Math.imul(at, 31) + index, depth + 1);
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
