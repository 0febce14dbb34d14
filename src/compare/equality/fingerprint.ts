import { numbersIn, textAround, timeIn, type Tolerance } from "../rules/tolerance.ts";
import { timeOf } from "../kinds/stand-ins.ts";
import { bigintText } from "../../model/visible-text.ts";
import { printedParts } from "./fingerprint-parts.ts";
import { attempt, Unreadable } from "./safe-reader.ts";
import { missing } from "./missing.ts";
import { isIgnored, type Place, type Walker } from "./walker.ts";

/** How far a fingerprint looks. */
export interface Reach {
  readonly depth: number;
  /** Of an array, half of them at its end. */
  readonly elements: number;
  readonly characters: number;
  /** What holds more parts than these is not told from others like it. */
  readonly parts: number;
  /** Whether other objects than plain ones are looked into. */
  readonly isOfAllKinds: boolean;
}

/** Sorts most elements in little time. */
export const near: Reach = { depth: 3, elements: 16, characters: 64, parts: Infinity, isOfAllKinds: false };
/** For those that have many others beside them after that: entities with classes, deep ones, texts that begin alike. */
export const far: Reach = { depth: 12, elements: 64, characters: 1_024, parts: 1_000, isOfAllKinds: true };

/** A fingerprint that is being taken. */
interface Print {
  readonly walk: Walker;
  readonly reach: Reach;
  partsLeft: number;
}

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

  /** As when nothing was offered. */
  clear(): void {
    this.at = -1;
    this.value = NaN;
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
 * which alone pairs need to be tried. Whatever is not looked into has a constant of its kind: less sorted, never wrong.
 */
export function fingerprint(walk: Walker, value: unknown, place: Place, band?: BandKey, reach: Reach = near): number {
  const print: Print = { walk, reach, partsLeft: reach.parts };
  const hash = hashOf(print, value, place, band, 1, 0);
  if (print.partsLeft >= 0) return hash;
  // Two that are the same have as many parts.
  band?.clear();
  return 9;
}

function hashOf(
  print: Print,
  value: unknown,
  place: Place,
  band: BandKey | undefined,
  at: number,
  depth: number,
): number {
  const { walk } = print;
  for (const effect of place.effects) if (effect.kind === "ignore" || effect.kind === "at") return 1;
  if (value === missing || value === undefined)
    return (
      walk.rules.undefinedIsMissing ? 2
      : value === missing ? 3
      : 2
    );
  if (print.reach.isOfAllKinds) {
    if (--print.partsLeft < 0) return 9;
    // Not counted as looked at: they are compared as well.
    if ((print.partsLeft & 63) === 0) walk.pulse();
  } else walk.tick();
  switch (typeof value) {
    case "string":
      return textAt(print, value, place, band, at);
    case "number":
      return numberAt(print, value, place, band, at);
    case "object":
      return value === null ? 6 : objectHash(print, value, place, band, at, depth);
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

function numberAt({ walk }: Print, value: number, place: Place, band: BandKey | undefined, at: number): number {
  const tolerances = tolerancesAt(walk, place);
  if (tolerances.length === 0) return numberHash(value);
  band?.offer(at >>> 0, value, tolerances);
  return 5;
}

/** Times are told by their band, and numbers by what stands around them. */
function textAt(
  { walk, reach: { characters } }: Print,
  value: string,
  place: Place,
  band: BandKey | undefined,
  at: number,
): number {
  const all = tolerancesAt(walk, place);
  if (all.length === 0) return textHash(value, characters);
  const tolerances = all.filter(({ ms, strings }) => ms !== undefined || strings === true);
  if (tolerances.length === 0) return textHash(value, characters);
  if (!tolerances.some(({ strings }) => strings)) {
    const time = timeIn(value);
    return time === time ? timeAt(time, tolerances, band, at) : textHash(value, characters);
  }
  // The same as times or as texts: no number is close in both.
  if (tolerances.some(({ ms }) => ms !== undefined)) return 5;
  const [number, second] = numbersIn(value);
  if (number !== undefined && second === undefined) band?.offer(at >>> 0, number, tolerances);
  return textHash(textAround(value), characters);
}

function timeAt(time: number, tolerances: readonly Tolerance[], band: BandKey | undefined, at: number): number {
  const distances = tolerances.map(({ ms = 0 }) => ({ abs: ms }));
  if (time === time) band?.offer(at >>> 0, time, distances);
  return 5;
}

function objectHash(
  print: Print,
  value: object,
  place: Place,
  band: BandKey | undefined,
  at: number,
  depth: number,
): number {
  const { walk, reach } = print;
  const { classes, ignorePrototype } = walk.rules;
  if (classes.size > 0 && (classes.has(Object.prototype) || classes.has(Array.prototype))) return 9;
  const kind = walk.reader.kind(value);
  if (kind === "date") {
    const time = attempt(() => timeOf(value as Date));
    if (Unreadable.is(time) || classes.size > 0) return 9;
    const tolerances = tolerancesAt(walk, place).filter(({ ms }) => ms !== undefined);
    return tolerances.length > 0 ? timeAt(time, tolerances, band, at) : numberHash(time);
  }
  if (kind === "array") return depth < reach.depth ? arrayHash(print, value as unknown[], place, band, at, depth) : 8;
  if (ignorePrototype || depth >= reach.depth) return 9;
  if (kind === "plain") return keysHash(print, value, place, band, at, depth);
  if (!reach.isOfAllKinds || classes.size > 0 || Unreadable.is(kind)) return 9;
  // On an error all instances are the same.
  if (kind === "instance") return walk.isErrorData ? 9 : keysHash(print, value, place, band, at, depth);
  const parts = attempt(() => printedParts(walk, kind, value, place));
  if (parts === undefined || Unreadable.is(parts)) return 9;
  let hash = 9;
  for (const { name, part, place: next, isNamed } of parts) {
    hash = (hash + partHash(print, name, part, next, isNamed ? band : undefined, at, depth)) | 0;
  }
  return hash;
}

/** A part under its name; a sum of them does not know their order. */
function partHash(
  print: Print,
  name: string,
  part: unknown,
  place: Place,
  band: BandKey | undefined,
  at: number,
  depth: number,
): number {
  const nameHash = textHash(name) ^ 0x9e3779b9;
  return Math.imul(nameHash, hashOf(print, part, place, band, Math.imul(at, 31) + nameHash, depth + 1) | 1);
}

function keysHash(
  print: Print,
  value: object,
  place: Place,
  band: BandKey | undefined,
  at: number,
  depth: number,
): number {
  const { reader, rules } = print.walk;
  // Keys that are symbols tell no less, but listing them takes longer than the rest.
  const keys = attempt(() => Object.keys(value));
  if (Unreadable.is(keys)) return 9;
  let hash = 9;
  for (const key of keys) {
    const next = place.dead ? place : place.next(key);
    if (isIgnored(next)) continue;
    const part = reader.own(value, key);
    if (part === undefined && rules.undefinedIsMissing) continue;
    hash = (hash + partHash(print, key, part, next, band, at, depth)) | 0;
  }
  return hash;
}

function arrayHash(
  print: Print,
  value: readonly unknown[],
  place: Place,
  band: BandKey | undefined,
  at: number,
  depth: number,
): number {
  const { walk, reach } = print;
  const unordered = place.effects.some((effect) => effect.kind === "unordered");
  let hash = value.length;
  // All or none of an unordered array: which ones come first says nothing.
  if (unordered && value.length > reach.elements) return hash;
  const elements = walk.reader.elements(value, () => walk.pulse());
  const half = reach.elements / 2;
  for (let index = 0; index < elements.length; index++) {
    if (index === half) index = Math.max(half, elements.length - half);
    const next =
      place.dead ? place
      : unordered ? place.element()
      : place.next(index);
    const inOrder = unordered ? undefined : band;
    const part = hashOf(print, elements[index], next, inOrder, Math.imul(at, 31) + index, depth + 1);
    hash = (unordered ? hash + Math.imul(part, 0x85ebca6b) : Math.imul(hash, 31) + part) | 0;
  }
  return hash;
}

export function numberHash(value: number): number {
  return value === (value | 0) ? Math.imul(value, 0x9e3779b1) | 0 : textHash(String(value));
}

/** @param most how many characters are looked at, half of them at the end */
export function textHash(text: string, most: number = near.characters): number {
  let hash = text.length;
  const half = most / 2;
  for (let index = 0; index < text.length; index++) {
    if (index === half) index = Math.max(half, text.length - half);
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  }
  return hash;
}
