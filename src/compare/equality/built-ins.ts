import { bytesOf } from "../kinds/value-kind.ts";
import { timeOf } from "../kinds/stand-ins.ts";
import { attempt, Unreadable } from "./safe-reader.ts";
import { missing } from "./missing.ts";
import { isToleratedTime } from "./user-rules.ts";
import type { Place, Walker } from "./walker.ts";

/** Two dates, by their time; all invalid ones are one. */
export function sameDates(walk: Walker, control: Date, candidate: Date, place: Place): boolean {
  const ours = attempt(() => timeOf(control));
  const theirs = attempt(() => timeOf(candidate));
  if (Unreadable.is(ours) || Unreadable.is(theirs)) return walk.unreadable(ours, theirs, control, candidate);
  if (ours === theirs || (ours !== ours && theirs !== theirs)) return true;
  return isToleratedTime(walk, place, ours, theirs) || walk.differ("value", control, candidate);
}

/** Two expressions, by source and flags. */
export function sameExpressions(walk: Walker, control: RegExp, candidate: RegExp): boolean {
  const ours = attempt(() => textOf(control));
  const theirs = attempt(() => textOf(candidate));
  if (Unreadable.is(ours) || Unreadable.is(theirs)) return walk.unreadable(ours, theirs, control, candidate);
  return ours === theirs || walk.differ("value", control, candidate);
}

function textOf(value: RegExp): string {
  return `/${value.source}/${value.flags}`;
}

/** Two of a class that holds bytes or numbers, by those. */
export function sameBytes(walk: Walker, control: object, candidate: object, place: Place, depth: number): boolean {
  const ours = attempt(() => bytesOf(control));
  const theirs = attempt(() => bytesOf(candidate));
  if (Unreadable.is(ours) || Unreadable.is(theirs)) return walk.unreadable(ours, theirs, control, candidate);
  if (ours.length !== theirs.length) return walk.differ("length", ours.length, theirs.length);
  let same = true;
  for (let index = 0; index < ours.length; index++) {
    if ((index & 1023) === 0) walk.tick();
    if (ours[index] === theirs[index] && place.dead) continue;
    same = walk.sameAt(index, ours[index], theirs[index], place, depth) && same;
    if (!same && walk.isTrying) return false;
  }
  return same;
}

/** What is compared of errors apart from their other own keys. */
export const errorKeys: ReadonlySet<PropertyKey> = new Set([
  "name",
  "message",
  "cause",
  "errors",
  "error",
  "suppressed",
  "stack",
]);

/** Two errors: what they say, and the data on them. Their other own keys are compared by the caller. */
export function sameErrors(walk: Walker, control: Error, candidate: Error, place: Place, depth: number): boolean {
  let same = true;
  for (const key of errorKeys) {
    if (key === "stack") continue;
    const ours = partOf(walk, control, key);
    const theirs = partOf(walk, candidate, key);
    if (ours !== theirs) same = walk.sameAt(String(key), ours, theirs, place, depth) && same;
    if (!same && walk.isTrying) return false;
  }
  return same;
}

function partOf(walk: Walker, error: Error, key: PropertyKey): unknown {
  if (key === "name" || key === "message") return walk.reader.once(error, key);
  return attempt(() => Object.hasOwn(error, key)) === true ? walk.reader.own(error, key) : missing;
}
