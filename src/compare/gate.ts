import fastDeepEqual from "fast-deep-equal";
import { isEnumerable } from "./intrinsics.ts";

// Deeper values, and larger ones, are the walker's: it has limits where the call stack and time have none.
const deepest = 200;
const mostSlots = 1_000_000;

let slotsLeft = 0;

/**
 * Whether two values are equal beyond doubt; `false` says nothing. Never throws, and runs an own getter at most once.
 *
 * Both sides are walked in lockstep, and everything that is not data of the kind that JSON has ends the walk: another
 * prototype, symbol keys, functions, holes. Keys such as `constructor` and `toString` are keys like others here, and
 * data that is shared or cyclic runs out of slots or depth.
 */
export function surelyEqual(control: unknown, candidate: unknown): boolean {
  if (control === candidate) return true;
  if (typeof control !== "object" || typeof candidate !== "object" || control === null || candidate === null) {
    return control !== control && candidate !== candidate;
  }
  slotsLeft = mostSlots;
  try {
    return sameData(control, candidate, 0);
  } catch {
    return false;
  }
}

const { getOwnPropertySymbols, keys, prototype: plain } = Object;
const getPrototypeOf = Object.getPrototypeOf as (value: object) => unknown;
const list: unknown = Array.prototype;

function sameData(control: object, candidate: object, depth: number): boolean {
  const prototype = getPrototypeOf(control);
  if (prototype !== getPrototypeOf(candidate) || depth > deepest) return false;
  if (prototype === list) {
    return Array.isArray(control) && Array.isArray(candidate) && sameList(control, candidate, depth);
  }
  if (prototype !== plain) return false;
  const theirKeys = keys(candidate);
  let count = 0;
  // Keys come in the same order more often than not. A key that `Object.prototype` was given enumerable is on no list.
  for (const key in control) {
    if (theirKeys[count++] !== key && !isEnumerable.call(candidate, key)) return false;
    const ours: unknown = (control as Record<string, unknown>)[key];
    const theirs: unknown = (candidate as Record<string, unknown>)[key];
    if (ours !== theirs && !sameValue(ours, theirs, depth)) return false;
  }
  if ((slotsLeft -= count) < 0 || theirKeys.length !== count) return false;
  return getOwnPropertySymbols(control).length === 0 && getOwnPropertySymbols(candidate).length === 0;
}

function sameList(control: readonly unknown[], candidate: readonly unknown[], depth: number): boolean {
  const { length } = control;
  if (length !== candidate.length || (slotsLeft -= length) < 0) return false;
  let nested = false;
  for (let index = 0; index < length; index++) {
    const element = control[index];
    // May be a hole, which is not `undefined`.
    if (element === undefined) return false;
    if (typeof element === "object" && element !== null) {
      nested = true;
      break;
    }
  }
  if (!nested) return fastDeepEqual(control, candidate);
  for (let index = 0; index < length; index++) {
    const ours = control[index];
    const theirs = candidate[index];
    if (ours === theirs ? ours === undefined : !sameValue(ours, theirs, depth)) return false;
  }
  return true;
}

function sameValue(control: unknown, candidate: unknown, depth: number): boolean {
  if (typeof control !== "object" || typeof candidate !== "object" || control === null || candidate === null) {
    return control !== control && candidate !== candidate;
  }
  return sameData(control, candidate, depth + 1);
}
