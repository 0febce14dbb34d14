/** Lists of both sides whose first elements are surely equal, as a look at both has seen. */
export interface AlikeLists {
  readonly control: readonly unknown[];
  readonly candidate: readonly unknown[];
  /** How many are equal: plain data, without keys that are symbols. */
  readonly count: number;
  /** A copy of control's list, once there is one. */
  copy: readonly unknown[];
}

let isNoting = false;
let longest: AlikeLists | undefined = undefined;
// Of fewer elements, a note takes as long as looking again.
const fewAlike = 8;

/** From here on the longest lists in which a look comes to its end are noted, until {@link stopNotingAlike}. */
export function noteAlikeLists(): void {
  isNoting = true;
  longest = undefined;
}

export function stopNotingAlike(): void {
  isNoting = false;
}

export function noteAlike(control: readonly unknown[], candidate: readonly unknown[], count: number): void {
  if (!isNoting || count < fewAlike || count <= (longest?.count ?? 0)) return;
  longest = { control, candidate, count, copy: control };
}

/** Of the last look that had them noted: who copies both sides need not look again at what is equal in both. */
export function longestAlike(): AlikeLists | undefined {
  return longest;
}

/** Lets go of the values. */
export function forgetAlike(): void {
  longest = undefined;
}
