import { isEnumerable } from "../kinds/intrinsics.ts";
import type { Reader } from "./safe-reader.ts";
import type { Place } from "./walker.ts";

// What one look may cost, and what looks in vain may cost together: shared data could otherwise be looked at for ever.
const deepest = 100;
const mostSlots = 100_000;
const mostWasted = 20_000;
const fewElements = 8;

const { getOwnPropertyDescriptor, getOwnPropertySymbols, getPrototypeOf, keys } = Object;

/** Whether a rule at a place calls two primitives the same that are not. */
type Tolerates = (place: Place, control: unknown, candidate: unknown) => boolean;

/**
 * A quick look at a part of two values, under rules: whether they are the same beyond doubt. As the gate for whole
 * values, but it runs no accessor, so that the walk that follows still may.
 */
export class QuickLook {
  private readonly reader: Reader;
  private readonly tolerates: Tolerates;
  private slotsLeft = 0;
  private wasted = 0;

  constructor(reader: Reader, tolerates: Tolerates) {
    this.reader = reader;
    this.tolerates = tolerates;
  }

  /** `false` says nothing. Never throws. */
  same(control: unknown, candidate: unknown, place: Place): boolean {
    if (this.wasted > mostWasted) return false;
    this.slotsLeft = mostSlots;
    let same = false;
    try {
      same = this.sameValue(control, candidate, place, 0);
    } catch {
      // The walk meets it again, and says what it is.
    }
    if (!same) this.wasted += mostSlots - this.slotsLeft;
    return same;
  }

  private sameValue(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    for (const { kind } of place.effects) {
      if (kind === "ignore") return true;
      if (kind !== "tolerance") return false;
    }
    if (control === candidate) return true;
    if (typeof control !== "object" || typeof candidate !== "object" || control === null || candidate === null) {
      return (control !== control && candidate !== candidate) || this.tolerates(place, control, candidate);
    }
    const prototype: unknown = getPrototypeOf(control);
    if (prototype !== getPrototypeOf(candidate) || depth > deepest) return false;
    if (prototype === Object.prototype) return this.sameRecord(control, candidate, place, depth);
    if (prototype !== Array.prototype || !Array.isArray(control) || !Array.isArray(candidate)) return false;
    return this.sameList(control, candidate, place, depth);
  }

  private sameRecord(control: object, candidate: object, place: Place, depth: number): boolean {
    const ours = keys(control);
    const theirs = keys(candidate);
    if (ours.length !== theirs.length || (this.slotsLeft -= ours.length + 1) < 0) return false;
    for (let index = 0; index < ours.length; index++) {
      const key = ours[index]!;
      if (theirs[index] !== key && !isEnumerable.call(candidate, key)) return false;
      const left = getOwnPropertyDescriptor(control, key)!;
      const right = getOwnPropertyDescriptor(candidate, key)!;
      if (left.get ?? left.set ?? right.get ?? right.set) return false;
      if (place.dead && left.value === right.value) continue;
      if (!this.sameValue(left.value, right.value, place.next(key), depth + 1)) return false;
    }
    return getOwnPropertySymbols(control).length === 0 && getOwnPropertySymbols(candidate).length === 0;
  }

  private sameList(control: readonly unknown[], candidate: readonly unknown[], place: Place, depth: number): boolean {
    const { length } = control;
    if (length !== candidate.length || (this.slotsLeft -= length + 1) < 0) return false;
    if (length <= fewElements) return this.sameFew(control, candidate, place, depth);
    const ours = this.reader.elements(control);
    const theirs = this.reader.elements(candidate);
    for (let index = 0; index < length; index++) {
      if (!this.sameValue(ours[index], theirs[index], place.next(index), depth + 1)) return false;
    }
    return true;
  }

  /** Whether elements are accessors is told by their descriptors: for few of them sooner than by what was read before. */
  private sameFew(control: readonly unknown[], candidate: readonly unknown[], place: Place, depth: number): boolean {
    for (let index = 0; index < control.length; index++) {
      const left = getOwnPropertyDescriptor(control, index);
      const right = getOwnPropertyDescriptor(candidate, index);
      if (left === undefined || right === undefined || left.get !== undefined || right.get !== undefined) return false;
      if (!this.sameValue(left.value, right.value, place.next(index), depth + 1)) return false;
    }
    return true;
  }
}
