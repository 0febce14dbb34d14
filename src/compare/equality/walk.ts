import type { Difference, DifferenceKind } from "../../model/comparison.ts";
import { compareSequences } from "./align-sequences.ts";
import { compareMaps, compareSets } from "./maps-and-sets.ts";
import { dateTime } from "../kinds/intrinsics.ts";
import { bytesOf, builtInName, isPlainPrototype, unboxed, type Kind } from "../kinds/value-kind.ts";
import { formatPath, symbolSegment, type PathSegment } from "../rules/paths.ts";
import { Pairs } from "./visited-pairs.ts";
import { QuickLook } from "./quick-look.ts";
import { attempt, Reader, Unreadable } from "./safe-reader.ts";
import type { CompiledRules } from "../rules/rules.ts";
import { missing, Stop, type Place, type Walker } from "./walker.ts";
import { within } from "../rules/tolerance.ts";
import { compareUnordered } from "./unordered.ts";

/**
 * Walks two values side by side and lists where they differ.
 *
 * `same` is the whole of it: it answers whether two values are the same under the rules at a place, and on the way
 * notes each difference, unless it is only trying a pair of elements ({@link Walk.tries}).
 */
export class Walk implements Walker {
  readonly rules: CompiledRules;
  readonly reader: Reader = new Reader();
  readonly differences: Difference[] = [];
  /** Whether a difference was found that is one beyond doubt: not opaque, and readable on one side at least. */
  decided = false;
  /** What was thrown first while reading. */
  failure: { readonly error: unknown } | undefined;
  readonly path: PathSegment[] = [];

  /** For parts that are most likely the same. */
  readonly quick: QuickLook = new QuickLook();
  private readonly pairs = new Pairs();
  private readonly now: () => number;
  private readonly deadlineMs: number;
  private nodes = 0;
  private trials = 0;
  private trying = 0;

  constructor(rules: CompiledRules, now: () => number) {
    this.rules = rules;
    this.now = now;
    this.deadlineMs = now() + rules.limits.timeMs;
  }

  same(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    let tolerance = this.rules.tolerance;
    if (!place.dead) {
      for (const effect of place.effects) {
        if (effect.kind === "ignore") return true;
        if (effect.kind === "at") {
          control = this.foreign("`at`", effect.normalize, control);
          candidate = this.foreign("`at`", effect.normalize, candidate);
        }
      }
    }
    if (control === candidate) return true;
    this.tick();
    if (Unreadable.is(control) || Unreadable.is(candidate)) return this.unreadable(control, candidate);
    if (typeof control === "number" && typeof candidate === "number") {
      if (control !== control && candidate !== candidate) return true;
      if (tolerance !== undefined && within(tolerance, control, candidate)) return true;
      for (const effect of place.effects) {
        if (effect.kind === "tolerance" && within((tolerance = effect.tolerance), control, candidate)) return true;
      }
      return this.differ("value", control, candidate);
    }
    if (typeof control !== typeof candidate || control === null || candidate === null) {
      return this.differ("type", control, candidate);
    }
    if (typeof control !== "object" && typeof control !== "function") return this.differ("value", control, candidate);
    return this.sameObjects(control, candidate as object, place, depth);
  }

  private sameObjects(control: object, candidate: object, place: Place, depth: number): boolean {
    const ours = this.reader.kind(control);
    const theirs = this.reader.kind(candidate);
    if (Unreadable.is(ours) || Unreadable.is(theirs)) return this.unreadable(ours, theirs, control, candidate);
    const kind = this.commonKind(control, candidate, ours, theirs);
    if (kind === undefined) return this.differ("type", control, candidate);
    if (kind === "opaque") return this.differ("opaque", control, candidate);
    if (depth >= this.rules.limits.depth) throw new Stop(`deeper than ${this.rules.limits.depth} levels`);

    const known = this.pairs.find(control, candidate, place);
    // A pair inside itself is the same if the rest of it is; one that differs is listed at each place that has it.
    if (known === "same" || known === "open" || (known === "different" && this.trying > 0))
      return known !== "different";
    const pair = this.pairs.open(control, candidate, place);
    const before = this.differences.length;
    const same = this.sameContent(kind, control, candidate, place, depth + 1) && this.differences.length === before;
    this.pairs.close(pair, same);
    return same;
  }

  private commonKind(control: object, candidate: object, ours: Kind, theirs: Kind): Kind | undefined {
    if (this.rules.ignorePrototype) {
      if (ours === theirs) return ours === "json" ? "json" : ours;
      return isRecord(ours) && isRecord(theirs) ? "plain" : undefined;
    }
    if (ours !== theirs) return undefined;
    if (ours === "plain") return ours;
    const agree = attempt(() => sameClass(control, candidate));
    return agree === true ? ours : undefined;
  }

  private sameContent(kind: Kind, control: object, candidate: object, place: Place, depth: number): boolean {
    switch (kind) {
      case "plain":
        return this.sameKeys(control, candidate, place, depth);
      case "instance":
        return this.sameInstances(control, candidate, place, depth);
      case "array":
        return this.sameArrays(control as unknown[], candidate as unknown[], place, depth);
      case "map":
        return this.withKeys(
          compareMaps(this, control as Map<unknown, unknown>, candidate as Map<unknown, unknown>, place, depth),
          control,
          candidate,
          place,
          depth,
        );
      case "set":
        return this.withKeys(
          compareSets(this, control as Set<unknown>, candidate as Set<unknown>, place, depth),
          control,
          candidate,
          place,
          depth,
        );
      case "date":
        return this.withKeys(this.sameDates(control, candidate), control, candidate, place, depth);
      case "regexp":
        return this.sameText(control, candidate, (value) => regExpText(value as RegExp));
      case "boxed":
        return this.sameGiven(unboxed(control), unboxed(candidate), place, depth);
      case "bytes":
        return this.sameBytes(control, candidate, place, depth);
      case "error":
        return this.sameErrors(control as Error, candidate as Error, place, depth);
      case "headers":
        return this.sameGiven(
          attempt(() => Object.fromEntries(control as Headers)),
          attempt(() => Object.fromEntries(candidate as Headers)),
          place,
          depth,
        );
      case "pairs":
        return this.sameGiven(
          attempt(() => [...(control as URLSearchParams)]),
          attempt(() => [...(candidate as URLSearchParams)]),
          place,
          depth,
        );
      case "json":
        return this.sameJson(control, candidate, place, depth);
      default:
        return this.differ("opaque", control, candidate);
    }
  }

  /** What stands for a value is compared at the value's own path; effects there have been applied already. */
  private sameGiven(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (control === candidate) return true;
    if (Unreadable.is(control) || Unreadable.is(candidate)) return this.unreadable(control, candidate);
    if (typeof control === "object" && control !== null && typeof candidate === "object" && candidate !== null) {
      return this.sameObjects(control, candidate, place, depth);
    }
    return this.same(control, candidate, withoutNormalisers(place), depth);
  }

  private sameJson(control: object, candidate: object, place: Place, depth: number): boolean {
    const ours = this.reader.asJson(control);
    const theirs = this.reader.asJson(candidate);
    // A `toJSON` that gives the object itself says: look at my keys.
    if (ours === control && theirs === candidate) return this.sameInstances(control, candidate, place, depth);
    return this.sameGiven(ours, theirs, place, depth);
  }

  private sameInstances(control: object, candidate: object, place: Place, depth: number): boolean {
    const ours = this.reader.keys(control);
    const theirs = this.reader.keys(candidate);
    // Its state is private: there is nothing to look at, which is not the same as nothing that differs.
    if (
      !this.rules.ignorePrototype &&
      Array.isArray(ours) &&
      Array.isArray(theirs) &&
      ours.length === 0 &&
      theirs.length === 0
    ) {
      return this.differ("opaque", control, candidate);
    }
    return this.sameKeys(control, candidate, place, depth, ours, theirs);
  }

  /** Compares own enumerable keys: control's in their order, then those that only the candidate has. */
  sameKeys(
    control: object,
    candidate: object,
    place: Place,
    depth: number,
    ours: PropertyKey[] | Unreadable = this.reader.keys(control),
    theirs: PropertyKey[] | Unreadable = this.reader.keys(candidate),
  ): boolean {
    if (Unreadable.is(ours) || Unreadable.is(theirs)) return this.unreadable(ours, theirs, control, candidate);
    let same = true;
    const has = ours.length > 8 || theirs.length > 8 ? new Set(theirs) : undefined;
    let common = 0;
    for (let index = 0; index < ours.length; index++) {
      const key = ours[index]!;
      const both = theirs[index] === key || (has ? has.has(key) : theirs.includes(key));
      if (both) common++;
      const left = this.reader.own(control, key);
      const right = both ? this.reader.own(candidate, key) : missing;
      if (left === right) continue;
      same = this.sameAt(keySegment(key), left, right, place, depth) && same;
      if (!same && this.trying > 0) return false;
    }
    if (common === theirs.length) return same;
    const own = new Set(ours);
    for (const key of theirs) {
      if (own.has(key)) continue;
      same = this.sameAt(keySegment(key), missing, this.reader.own(candidate, key), place, depth) && same;
      if (!same && this.trying > 0) return false;
    }
    return same;
  }

  /** Compares what two values have one step further; either side may have nothing there. */
  sameAt(segment: PathSegment, control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    const next = place.dead ? place : place.next(segment);
    this.path.push(segment);
    const same = this.sameParts(control, candidate, next, depth);
    this.path.pop();
    return same;
  }

  private sameParts(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (control !== missing && candidate !== missing) return this.same(control, candidate, place, depth);
    if (place.effects.some((effect) => effect.kind === "ignore")) return true;
    const present = control === missing ? candidate : control;
    if (present === undefined) return this.rules.undefinedIsMissing || this.differ("undefined", control, candidate);
    return this.differ(control === missing ? "added" : "removed", control, candidate);
  }

  private sameArrays(control: readonly unknown[], candidate: readonly unknown[], place: Place, depth: number): boolean {
    const same = this.sameElements(control, candidate, place, depth);
    if (isPlainArray(control) && isPlainArray(candidate)) return same;
    if (!same && this.trying > 0) return false;
    return this.withKeys(same, control, candidate, place, depth);
  }

  private sameElements(
    control: readonly unknown[],
    candidate: readonly unknown[],
    place: Place,
    depth: number,
  ): boolean {
    for (const effect of place.effects) {
      if (effect.kind !== "unordered") continue;
      return compareUnordered(
        this,
        this.elements(control),
        this.elements(candidate),
        effect.by,
        place.element(),
        depth,
      );
    }
    return compareSequences(this, control, candidate, place, depth);
  }

  /** An array's elements read once; holes are {@link missing}. */
  elements(array: readonly unknown[]): unknown[] {
    const elements: unknown[] = [];
    const { length } = array;
    for (let index = 0; index < length; index++) {
      this.tick();
      elements.push(this.element(array, index));
    }
    return elements;
  }

  element(array: readonly unknown[], index: number): unknown {
    try {
      const value = array[index];
      return value === undefined && !Object.hasOwn(array, index) ? missing : value;
    } catch (error) {
      return attempt(() => {
        throw error;
      });
    }
  }

  private sameDates(control: object, candidate: object): boolean {
    const ours = dateTime.call(control as Date);
    const theirs = dateTime.call(candidate as Date);
    return ours === theirs || (ours !== ours && theirs !== theirs) || this.differ("value", control, candidate);
  }

  private sameText(control: object, candidate: object, text: (value: object) => string): boolean {
    const ours = attempt(() => text(control));
    const theirs = attempt(() => text(candidate));
    if (Unreadable.is(ours) || Unreadable.is(theirs)) return this.unreadable(ours, theirs, control, candidate);
    return ours === theirs || this.differ("value", control, candidate);
  }

  private sameBytes(control: object, candidate: object, place: Place, depth: number): boolean {
    const ours = attempt(() => bytesOf(control));
    const theirs = attempt(() => bytesOf(candidate));
    if (Unreadable.is(ours) || Unreadable.is(theirs)) return this.unreadable(ours, theirs, control, candidate);
    if (ours.length !== theirs.length) return this.differ("length", ours.length, theirs.length);
    let same = true;
    for (let index = 0; index < ours.length; index++) {
      if ((index & 1023) === 0) this.tick();
      if (ours[index] === theirs[index] && place.dead) continue;
      same = this.sameAt(index, ours[index], theirs[index], place, depth) && same;
      if (!same && this.trying > 0) return false;
    }
    return same;
  }

  private sameErrors(control: Error, candidate: Error, place: Place, depth: number): boolean {
    if (this.rules.errors !== undefined) {
      const errors = this.rules.errors;
      const same = this.foreign("`errors`", (pair: readonly [unknown, unknown]) => errors(pair[0], pair[1]), [
        control,
        candidate,
      ] as const);
      return same === true || this.differ("value", control, candidate);
    }
    let same = true;
    for (const key of ["name", "message", "cause", "errors"]) {
      const read = (error: Error): unknown => {
        if (key === "name" || key === "message") return this.reader.once(error, key);
        return attempt(() => Object.hasOwn(error, key)) === true ? this.reader.own(error, key) : missing;
      };
      const ours = read(control);
      const theirs = read(candidate);
      if (ours !== theirs) same = this.sameAt(key, ours, theirs, place, depth) && same;
      if (!same && this.trying > 0) return false;
    }
    return this.withKeys(same, control, candidate, place, depth);
  }

  /** Goes on with the own keys that were put on a value of a built-in class. */
  private withKeys(same: boolean, control: object, candidate: object, place: Place, depth: number): boolean {
    if (!same && this.trying > 0) return false;
    const ours = this.extraKeys(control);
    const theirs = this.extraKeys(candidate);
    return this.sameKeys(control, candidate, place, depth, ours, theirs) && same;
  }

  private extraKeys(object: object): PropertyKey[] | Unreadable {
    const keys = this.reader.keys(object);
    if (Unreadable.is(keys)) return keys;
    if (Array.isArray(object)) return keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key as string));
    return object instanceof Error ? keys.filter((key) => !errorKeys.has(key)) : keys;
  }

  /** Whether two values are the same, noting nothing. */
  tries(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (control === candidate) return true;
    if (control === missing || candidate === missing) {
      return (
        control === candidate || (this.rules.undefinedIsMissing && (control === undefined || candidate === undefined))
      );
    }
    if (++this.trials > this.rules.limits.trialPairs) {
      throw new Stop(`more than ${this.rules.limits.trialPairs} pairs of elements had to be tried`);
    }
    return this.probe(control, candidate, place, depth);
  }

  /** As {@link Walk.tries}, for a pair that has to be looked at in any case. */
  probe(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (this.quick.same(control, candidate, place)) {
      this.tick();
      return true;
    }
    this.trying++;
    const mark = this.pairs.mark();
    const same = this.same(control, candidate, place, depth);
    this.trying--;
    // What was the same inside of what is not may have been so only by being assumed.
    if (!same) this.pairs.forgetSince(mark);
    return same;
  }

  /** How many pairs of elements may still be tried. */
  get trialsLeft(): number {
    return this.rules.limits.trialPairs - this.trials;
  }

  get noted(): number {
    return this.differences.length;
  }

  get budgetLeft(): number {
    const { nodes, timeMs } = this.rules.limits;
    return Math.min(1 - this.nodes / nodes, (this.deadlineMs - this.now()) / timeMs);
  }

  get isTrying(): boolean {
    return this.trying > 0;
  }

  /** Notes a difference here. Always `false`, the answer of whoever found it. */
  differ(kind: DifferenceKind, control: unknown, candidate: unknown, decided: boolean = kind !== "opaque"): false {
    if (this.trying > 0) return false;
    const { differences: most } = this.rules.limits;
    if (this.differences.length < most) {
      const difference: { -readonly [Key in keyof Difference]: Difference[Key] } = {
        path: formatPath(this.path),
        kind,
      };
      if (control !== missing) difference.control = control;
      if (candidate !== missing) difference.candidate = candidate;
      this.differences.push(Object.freeze(difference));
    }
    this.decided ||= decided;
    if (this.decided && this.differences.length >= most) throw new Stop("enough");
    return false;
  }

  // One side that can be read and one that cannot is a difference that any caller meets; two that cannot tell nothing.
  private unreadable(ours: unknown, theirs: unknown, control: unknown = ours, candidate: unknown = theirs): false {
    const failed = Unreadable.is(ours) ? ours : (theirs as Unreadable);
    this.failure ??= { error: failed.error };
    const both = Unreadable.is(ours) && Unreadable.is(theirs);
    return this.differ("unreadable", shown(control), shown(candidate), !both);
  }

  /** Runs a user's function; what it throws ends the walk. */
  private foreign<Value>(name: string, run: (value: Value) => unknown, value: Value): unknown {
    try {
      return run(value);
    } catch (error) {
      throw new Stop(`${name} threw`, { error });
    }
  }

  keyOf(by: (element: unknown) => unknown, element: unknown): unknown {
    return this.foreign("`by`", by, element === missing ? undefined : element);
  }

  tick(): void {
    const { nodes, timeMs } = this.rules.limits;
    if (++this.nodes > nodes) throw new Stop(`more than ${nodes} values`);
    if ((this.nodes & 255) === 0 && this.now() > this.deadlineMs) throw new Stop(`longer than ${timeMs} ms`);
  }
}

const errorKeys: ReadonlySet<PropertyKey> = new Set(["name", "message", "cause", "errors", "stack"]);

function regExpText(value: RegExp): string {
  return `/${value.source}/${value.flags}`;
}

function isRecord(kind: Kind): boolean {
  return kind === "plain" || kind === "instance" || kind === "json";
}

function keySegment(key: PropertyKey): PathSegment {
  return typeof key === "symbol" ? symbolSegment(key) : String(key);
}

function isPlainArray(array: object): boolean {
  return attempt(() => Object.getPrototypeOf(array) === Array.prototype) === true;
}

/** The same prototype, or the same built-in class of two realms. */
function sameClass(control: object, candidate: object): boolean {
  const ours = Object.getPrototypeOf(control) as object | null;
  const theirs = Object.getPrototypeOf(candidate) as object | null;
  if (ours === theirs || (isPlainPrototype(ours) && isPlainPrototype(theirs))) return true;
  const name = builtInName(ours);
  return name !== undefined && name === builtInName(theirs);
}

function shown(value: unknown): unknown {
  return Unreadable.is(value) ? missing : value;
}

function withoutNormalisers(place: Place): Place {
  if (!place.effects.some((effect) => effect.kind === "at")) return place;
  return Object.assign(Object.create(place) as Place, {
    effects: place.effects.filter((effect) => effect.kind !== "at"),
  });
}
