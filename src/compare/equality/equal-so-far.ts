import { noteAlike } from "../kinds/alike-lists.ts";
import type { Place } from "./walker.ts";

/** Two lists at a place whose first elements are surely equal. */
export interface EqualSoFar {
  readonly control: readonly unknown[];
  readonly candidate: readonly unknown[];
  readonly place: Place;
  readonly count: number;
}

let isNoting = false;
let noted: EqualSoFar[] | undefined = undefined;

/** Has lists noted in which a look comes to its end, while it lasts. */
export function notingLists(look: () => boolean): boolean {
  isNoting = true;
  const same = look();
  isNoting = false;
  return same;
}

/** Two lists in which a look has come to its end, the innermost first. */
export function noteList(
  control: readonly unknown[],
  candidate: readonly unknown[],
  place: Place,
  count: number,
): void {
  if (isNoting) (noted ??= []).push({ control, candidate, place, count });
  else noteAlike(control, candidate, count);
}

/** What was noted, once: a walk need not look again at what was before. */
export function takeEqualSoFar(): readonly EqualSoFar[] {
  const lists = noted ?? [];
  noted = undefined;
  return lists;
}
