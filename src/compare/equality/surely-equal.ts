import fastDeepEqual from "fast-deep-equal";
import { systemClock } from "../../model/clock.ts";
import { isEnumerable } from "../kinds/intrinsics.ts";
import { isKnownLarge, manyKeys, noteLarge } from "../kinds/large-objects.ts";
import { noRules } from "../rules/rules.ts";
import { noteList, notingLists } from "./equal-so-far.ts";
import { forgetAlike, noteAlikeLists, stopNotingAlike } from "../kinds/alike-lists.ts";
import { defaultCallerMs, LookBudget } from "./look-budget.ts";
import type { Reader } from "./safe-reader.ts";
import { isIgnored, type Place } from "./walker.ts";

// Deeper values, and larger ones, are the walker's: it has limits where the call stack and time have none.
const deepest = 200;
// Below, seeing whether a list is flat takes as long as comparing it.
const fewElements = 8;

const { monotonic } = systemClock;

/** One for all looks: each begins it anew. */
const budget = new LookBudget();
/** No object in the first has keys that are symbols: it is a copy, and that was seen when it was made. */
let firstIsNamed = false;
/** The walk that looks at a part of its values; it runs no accessor, since the walk itself may have to. */
let walking: QuickLook | undefined = undefined;

const strict = noRules.start;

/**
 * Whether two values are equal beyond doubt, save what rules ignore; `false` says nothing. Never throws, and runs an own
 * getter at most once.
 *
 * Both sides are walked in lockstep, and everything that is not data of the kind that JSON has ends the walk: another
 * prototype, symbol keys, functions, holes. Keys such as `constructor` and `toString` are keys like others here, and
 * data that is shared or cyclic runs out of slots or depth.
 *
 * @param callerMs how long a look may take, in milliseconds; what is larger is none that is surely equal
 * @param named whether `control` is known to have no symbol keys at any depth; looking for them is half of a small comparison
 */
export function surelyEqual(
  control: unknown,
  candidate: unknown,
  place: Place = strict,
  named = false,
  callerMs: number = defaultCallerMs,
): boolean {
  if (control === candidate) return true;
  if (typeof control === "object" && control !== null && isKnownLarge(control)) {
    forgetAlike();
    budget.isCutShort = true;
    return false;
  }
  budget.begin(callerMs, monotonic);
  noteAlikeLists();
  const same = look(control, candidate, place, named);
  stopNotingAlike();
  return same;
}

// What one look in a walk may cost, and what looks in vain may cost together: shared data could otherwise be looked at for ever.
const mostSlotsInWalk = 100_000;
const mostWasted = 20_000;

/** Whether the last look was cut short, so that a longer one may still find the two equal. */
export function lookWasCutShort(): boolean {
  return budget.isCutShort;
}

/** The same for parts of two values in a walk, under its rules: numbers and texts are equal where a tolerance says so. */
export class QuickLook {
  /** Reads each element of an array once. */
  readonly reader: Reader;
  /** Whether a rule at a place calls two primitives the same that are not. */
  readonly tolerates: (place: Place, control: unknown, candidate: unknown) => boolean;
  /** Both values are copies, in which no accessor is left. */
  readonly areCopies: boolean;
  private wasted = 0;

  constructor(
    reader: Reader,
    tolerates: (place: Place, control: unknown, candidate: unknown) => boolean,
    areCopies: boolean,
  ) {
    this.reader = reader;
    this.tolerates = tolerates;
    this.areCopies = areCopies;
  }

  /** `false` says nothing. Never throws, and runs no accessor but those that are elements of an array. */
  same(control: unknown, candidate: unknown, place: Place): boolean {
    if (control === candidate) return true;
    if (this.wasted > mostWasted) return false;
    budget.slotsLeft = mostSlotsInWalk;
    const same = look(control, candidate, place, false, this);
    if (!same) this.wasted += mostSlotsInWalk - budget.slotsLeft;
    return same;
  }
}

/** The same as {@link surelyEqual} within a time of one's own; {@link lookedUntil} tells what came of that. */
export function surelyEqualWithin(
  control: unknown,
  candidate: unknown,
  place: Place,
  timeMs: number,
  now: () => number,
): boolean {
  budget.begin(timeMs, now);
  return notingLists(() => look(control, candidate, place, false));
}

/** As {@link LookBudget.until}, of the last look. */
export function lookedUntil(): LookBudget["until"] {
  return budget.until;
}

/** @param walk of which the two are parts; what is thrown is for a walk to tell */
function look(control: unknown, candidate: unknown, place: Place, named: boolean, walk?: QuickLook): boolean {
  firstIsNamed = named;
  // A trap of a proxy may have begun this in the middle of a walk.
  const around = walking;
  walking = walk;
  let same = false;
  try {
    same = sameValue(control, candidate, place, 0);
  } catch {
    // Then they are not surely equal.
  }
  walking = around;
  firstIsNamed = false;
  return same;
}

/** Whether that was more than is left; in a walk nothing is, once the slots are spent. */
function isTooMuch(slots: number): boolean {
  return (budget.slotsLeft -= slots) < 0 && (walking !== undefined || budget.runsOut());
}

const { getOwnPropertyDescriptor, getOwnPropertySymbols, keys, prototype: plain } = Object;
const getPrototypeOf = Object.getPrototypeOf as (value: object) => unknown;
const list: unknown = Array.prototype;

function sameData(control: object, candidate: object, place: Place, depth: number): boolean {
  const prototype = getPrototypeOf(control);
  if (prototype !== getPrototypeOf(candidate) || depth > deepest) return false;
  if (prototype === list) {
    return Array.isArray(control) && Array.isArray(candidate) && sameList(control, candidate, place, depth);
  }
  if (prototype !== plain) return false;
  if (walking !== undefined && !walking.areCopies) return sameUnread(control, candidate, place, depth);
  const theirKeys = keys(candidate);
  if (theirKeys.length >= manyKeys) return sameMany(control, candidate, theirKeys, place, depth);
  return (
    sameUnderKeys(control, candidate, theirKeys, place, depth, Infinity) &&
    (firstIsNamed || hasNoSymbols(control)) &&
    hasNoSymbols(candidate)
  );
}

/** Of two with so many keys that listing them takes time. */
function sameMany(
  control: object,
  candidate: object,
  theirKeys: readonly string[],
  place: Place,
  depth: number,
): boolean {
  if (walking !== undefined) return sameUnread(control, candidate, place, depth);
  const start = budget.clock();
  if (!hasNoSymbols(control)) return false;
  if (budget.listingEndsLate(start)) return giveUpLarge(control, candidate);
  return sameUnderKeys(control, candidate, theirKeys, place, depth, manyKeys) && hasNoSymbols(candidate);
}

/** @param looksEvery after so many keys the clock is looked at */
function sameUnderKeys(
  control: object,
  candidate: object,
  theirKeys: readonly string[],
  place: Place,
  depth: number,
  looksEvery: number,
): boolean {
  let count = 0;
  let nextLook = looksEvery;
  // Keys come in the same order more often than not. A key that `Object.prototype` was given enumerable is on no list.
  for (const key in control) {
    if (theirKeys[count++] !== key && !isEnumerable.call(candidate, key)) return false;
    if (count === nextLook) {
      if (budget.timeIsUp()) return giveUpLarge(control, candidate);
      nextLook += looksEvery;
    }
    const ours: unknown = (control as Record<string, unknown>)[key];
    const theirs: unknown = (candidate as Record<string, unknown>)[key];
    if (ours !== theirs && !sameValue(ours, theirs, place.dead ? place : place.next(key), depth + 1)) return false;
  }
  return theirKeys.length === count && !isTooMuch(count);
}

/** As above, by descriptors. */
function sameUnread(control: object, candidate: object, place: Place, depth: number): boolean {
  const ours = keys(control);
  const theirs = keys(candidate);
  if (ours.length !== theirs.length || isTooMuch(ours.length + 1)) return false;
  for (let index = 0; index < ours.length; index++) {
    const key = ours[index]!;
    if (theirs[index] !== key && !isEnumerable.call(candidate, key)) return false;
    const left = getOwnPropertyDescriptor(control, key)!;
    const right = getOwnPropertyDescriptor(candidate, key)!;
    if (left.get ?? left.set ?? right.get ?? right.set) return false;
    if (left.value === right.value) continue;
    if (!sameValue(left.value, right.value, place.dead ? place : place.next(key), depth + 1)) return false;
  }
  return hasNoSymbols(control) && hasNoSymbols(candidate);
}

function giveUpLarge(control: object, candidate: object): false {
  budget.isCutShort = true;
  noteLarge(control);
  noteLarge(candidate);
  return false;
}

function hasNoSymbols(value: object): boolean {
  return getOwnPropertySymbols(value).length === 0;
}

function sameList(control: readonly unknown[], candidate: readonly unknown[], place: Place, depth: number): boolean {
  const { length } = control;
  if (length !== candidate.length || isTooMuch(length)) return false;
  if (walking?.areCopies === false) return sameElements(control, candidate, place, depth, walking.reader);
  // Reads control twice, so only what is a copy.
  if (firstIsNamed && length > fewElements && place.dead && isFlat(control)) return fastDeepEqual(control, candidate);
  const next = place.element();
  for (let index = 0; index < length; index++) {
    const ours = control[index];
    const theirs = candidate[index];
    // May be a hole, which is not `undefined`.
    if (ours === undefined) return false;
    if (ours !== theirs && !sameValue(ours, theirs, place.positions ? place.next(index) : next, depth + 1)) {
      noteList(control, candidate, place, index);
      return false;
    }
  }
  return true;
}

/** In a walk. Whether elements are accessors is told by their descriptors: for few of them sooner than by what was read before. */
function sameElements(
  control: readonly unknown[],
  candidate: readonly unknown[],
  place: Place,
  depth: number,
  reader: Reader,
): boolean {
  const { length } = control;
  if (length <= fewElements) {
    for (let index = 0; index < length; index++) {
      const left = getOwnPropertyDescriptor(control, index);
      const right = getOwnPropertyDescriptor(candidate, index);
      if (left === undefined || right === undefined || left.get !== undefined || right.get !== undefined) return false;
      if (left.value === right.value) continue;
      if (!sameValue(left.value, right.value, place.next(index), depth + 1)) return false;
    }
    return true;
  }
  const ours = reader.elements(control);
  const theirs = reader.elements(candidate);
  for (let index = 0; index < length; index++) {
    const [left, right] = [ours[index], theirs[index]];
    if (left !== right && !sameValue(left, right, place.next(index), depth + 1)) return false;
  }
  return true;
}

function isFlat(list: readonly unknown[]): boolean {
  for (let index = 0; index < list.length; index++) {
    const element = list[index];
    if (element === undefined || (typeof element === "object" && element !== null)) return false;
  }
  return true;
}

function sameValue(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
  if (place.effects.length > 0) {
    if (isIgnored(place)) return true;
    // What other rules say of a place is the walk's to know; what is equal without them is equal with them, but not what
    // a tolerance calls so.
    if (walking === undefined) place = strict;
    else if (!isTolerant(place)) return false;
  }
  if (typeof control !== "object" || typeof candidate !== "object" || control === null || candidate === null) {
    return (control !== control && candidate !== candidate) || walking?.tolerates(place, control, candidate) === true;
  }
  return sameData(control, candidate, place, depth);
}

function isTolerant(place: Place): boolean {
  return place.effects.every((effect) => effect.kind === "tolerance");
}
