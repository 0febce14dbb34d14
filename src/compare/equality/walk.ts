import type { DifferenceKind } from "../../model/comparison.ts";
import { compareSequences } from "./align-sequences.ts";
import { compareMaps, compareSets } from "./maps-and-sets.ts";
import { entriesOf, headersOf, mapOf, namedKeysOf, setOf } from "../kinds/stand-ins.ts";
import { builtInName, isPlainPrototype, unboxed, type Kind } from "../kinds/value-kind.ts";
import { symbolSegment, type PathSegment } from "../rules/paths.ts";
import { Pairs } from "./visited-pairs.ts";
import { QuickLook } from "./quick-look.ts";
import { attempt, Reader, Unreadable } from "./safe-reader.ts";
import type { CompiledRules, Grouping } from "../rules/rules.ts";
import { DifferenceList, type DifferenceWatch } from "./difference-list.ts";
import { missing, Stop, type Place, type Walker } from "./walker.ts";
import { within } from "../rules/tolerance.ts";
import { compareUnordered } from "./unordered.ts";
import { errorKeys, sameBytes, sameDates, sameErrors, sameExpressions } from "./built-ins.ts";
import { sameInstances, sameJson, sameRecords } from "./instances.ts";

/**
 * Walks two values side by side and lists where they differ.
 *
 * `same` is the whole of it: it answers whether two values are the same under the rules at a place, and on the way
 * notes each difference, unless it is only trying a pair of elements ({@link Walk.tries}).
 */
export class Walk implements Walker {
  readonly rules: CompiledRules;
  readonly reader: Reader = new Reader();
  readonly differences: DifferenceList;
  /** What was thrown first while reading. */
  failure: { readonly error: unknown } | undefined;
  path: PathSegment[] = [];

  /** For parts that are most likely the same. */
  readonly quick: QuickLook = new QuickLook();
  private readonly pairs = new Pairs();
  /** In an error less is looked at, so that what is the same there may differ elsewhere. */
  private readonly pairsInErrors = new Pairs();
  private readonly now: () => number;
  private readonly deadlineMs: number;
  /** Where `path` starts, when the walk goes on below what it put off. */
  private base: Base | undefined = undefined;
  private later: Later[] = [];
  private level = 0;
  private nodes = 0;
  private trials = 0;
  private trying = 0;
  private doubting = 0;
  hasMetOpaque = false;
  private errorData = 0;

  /** @param until when its time ends, where that is known */
  constructor(rules: CompiledRules, now: () => number, until?: number, watch?: DifferenceWatch) {
    this.rules = rules;
    this.differences = new DifferenceList(rules.limits.differences, watch);
    this.now = now;
    this.deadlineMs = until ?? now() + rules.limits.timeMs;
  }

  /** Whether two whole values are the same. */
  run(control: unknown, candidate: unknown): boolean {
    const same = this.same(control, candidate, this.rules.start, 0);
    return this.goOn(0) && same;
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
    if (this.level >= mostLevels) {
      const base = { above: this.base, path: [...this.path] };
      this.later.push({ control, candidate, place, depth, base, errorData: this.errorData });
      return true;
    }
    this.level++;
    const same = this.lookInto(control, candidate, place, depth);
    this.level--;
    return same;
  }

  /** Looks at what was put off since, each pair with the call stack as it is now. */
  private goOn(since: number): boolean {
    const { path, base, level, errorData } = this;
    let same = true;
    while (this.later.length > since && (same || this.trying === 0)) {
      const next = this.later.pop()!;
      this.path = [];
      this.base = next.base;
      this.errorData = next.errorData;
      this.level = 0;
      same = this.sameObjects(next.control, next.candidate, next.place, next.depth) && same;
    }
    this.later.length = since;
    Object.assign(this, { path, base, level, errorData });
    return same;
  }

  private lookInto(control: object, candidate: object, place: Place, depth: number): boolean {
    const ours = this.reader.kind(control);
    const theirs = this.reader.kind(candidate);
    if (Unreadable.is(ours) || Unreadable.is(theirs)) return this.unreadable(ours, theirs, control, candidate);
    if (ours === "error" && theirs === "error" && this.rules.errors !== undefined) {
      return this.askErrors(this.rules.errors, control, candidate);
    }
    const read = this.rules.classes.size === 0 ? undefined : this.readClasses(control, candidate);
    if (read !== undefined) return this.sameGiven(read[0], read[1], place, depth);
    if (this.errorData > 0 && isForeign(ours) && isForeign(theirs)) return true;
    const agree = this.rules.ignorePrototype || (ours === theirs && this.sameClasses(ours, control, candidate));
    if (ours === "opaque" && theirs === "opaque") return this.differ(agree ? "opaque" : "type", control, candidate);
    const kind =
      agree && ours === theirs && !isOfTwoClasses(ours, control, candidate) ? ours
      : isRecord(ours) && isRecord(theirs) ? "records"
      : ours === theirs ? ours
      : undefined;
    if (kind === undefined) return this.differ("type", control, candidate);
    if (depth >= this.rules.limits.depth) throw new Stop(`deeper than ${this.rules.limits.depth} levels`);

    const pairs = this.errorData > 0 ? this.pairsInErrors : this.pairs;
    const known = pairs.find(control, candidate, place);
    // A pair inside itself is the same if the rest of it is; one that differs is listed at each place that has it.
    if (known === "same" || known === "open" || (known === "different" && this.trying > 0))
      return known !== "different";
    const pair = pairs.open(control, candidate, place);
    const before = this.noted;
    // Another class is a difference, and what is in it may differ as well.
    let same = agree || this.differ("type", control, candidate);
    if (same || this.trying === 0) {
      const kinds = [ours, theirs] as const;
      same = this.sameContent(kind, control, candidate, kinds, place, depth + 1) && same && this.noted === before;
    }
    pairs.close(pair, same);
    return same;
  }

  private sameClasses(kind: Kind, control: object, candidate: object): boolean {
    if (kind === "plain") return true;
    return attempt(() => sameClass(kind, control, candidate)) === true;
  }

  private sameContent(
    kind: Kind | "records",
    control: object,
    candidate: object,
    kinds: readonly [Kind, Kind],
    place: Place,
    depth: number,
  ): boolean {
    switch (kind) {
      case "plain":
        return this.sameKeys(control, candidate, place, depth);
      case "instance":
        return sameInstances(this, control, candidate, place, depth);
      case "json":
        return sameJson(this, control, candidate, place, depth);
      case "records":
        return sameRecords(this, control, candidate, kinds, place, depth);
      case "array":
        return this.sameArrays(control as unknown[], candidate as unknown[], place, depth);
      case "error":
        return this.sameErrorData(control as Error, candidate as Error, place, depth);
      default:
        return this.withKeys(
          this.sameBuiltIns(kind, control, candidate, place, depth),
          kind,
          control,
          candidate,
          place,
          depth,
        );
    }
  }

  private sameBuiltIns(kind: Kind, control: object, candidate: object, place: Place, depth: number): boolean {
    const given = (read: (value: never) => unknown): boolean =>
      this.sameGiven(
        attempt(() => read(control as never)),
        attempt(() => read(candidate as never)),
        place,
        depth,
      );
    switch (kind) {
      case "map":
        return this.ofBoth(mapOf, control, candidate, (ours, theirs) => compareMaps(this, ours, theirs, place, depth));
      case "set":
        return this.ofBoth(setOf, control, candidate, (ours, theirs) => compareSets(this, ours, theirs, place, depth));
      case "date":
        return sameDates(this, control as Date, candidate as Date);
      case "regexp":
        return sameExpressions(this, control as RegExp, candidate as RegExp);
      case "boxed":
        return given(unboxed);
      case "bytes":
        return sameBytes(this, control, candidate, place, depth);
      case "headers":
        return given(headersOf);
      case "pairs":
        return given(entriesOf);
      default:
        return this.differ("opaque", control, candidate);
    }
  }

  private ofBoth<Read>(
    read: (value: never) => Read,
    control: object,
    candidate: object,
    compare: (ours: Read, theirs: Read) => boolean,
  ): boolean {
    const ours = attempt(() => read(control as never));
    const theirs = attempt(() => read(candidate as never));
    if (Unreadable.is(ours) || Unreadable.is(theirs)) return this.unreadable(ours, theirs, control, candidate);
    return compare(ours, theirs);
  }

  /** What stands for a value is compared at the value's own path; effects there have been applied already. */
  sameGiven(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (control === candidate) return true;
    if (Unreadable.is(control) || Unreadable.is(candidate)) return this.unreadable(control, candidate);
    if (typeof control === "object" && control !== null && typeof candidate === "object" && candidate !== null) {
      return this.sameObjects(control, candidate, place, depth);
    }
    return this.same(control, candidate, withoutNormalisers(place), depth);
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
    let has: Set<PropertyKey> | undefined;
    let common = 0;
    for (let index = 0; index < ours.length; index++) {
      const key = ours[index]!;
      if ((index & 255) === 255) this.pulse();
      let both = theirs[index] === key;
      if (!both) {
        // Keys come in the same order more often than not.
        if (has === undefined && theirs.length > 8) has = this.setOf(theirs);
        both = has === undefined ? theirs.includes(key) : has.has(key);
      }
      if (both) common++;
      const left = this.reader.own(control, key);
      const right = both ? this.reader.own(candidate, key) : missing;
      if (left === right) continue;
      same = this.sameAt(keySegment(key), left, right, place, depth) && same;
      if (!same && this.trying > 0) return false;
    }
    if (common === theirs.length) return same;
    const own = this.setOf(ours);
    for (const key of theirs) {
      if (own.has(key)) continue;
      same = this.sameAt(keySegment(key), missing, this.reader.own(candidate, key), place, depth) && same;
      if (!same && this.trying > 0) return false;
    }
    return same;
  }

  private setOf(keys: readonly PropertyKey[]): Set<PropertyKey> {
    const set = new Set<PropertyKey>();
    keys.forEach((key, index) => {
      if ((index & 255) === 255) this.pulse();
      set.add(key);
    });
    return set;
  }

  /** Compares what two values have one step further; either side may have nothing there. */
  sameAt(segment: PathSegment, control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    const next = place.dead ? place : place.next(segment);
    this.path.push(segment);
    const same = this.sameOrMissing(control, candidate, next, depth);
    this.path.pop();
    return same;
  }

  private sameOrMissing(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (control !== missing && candidate !== missing) return this.same(control, candidate, place, depth);
    if (place.effects.some((effect) => effect.kind === "ignore")) return true;
    const present = control === missing ? candidate : control;
    if (present === undefined) return this.rules.undefinedIsMissing || this.differ("undefined", control, candidate);
    return this.differ(control === missing ? "added" : "removed", control, candidate);
  }

  private sameArrays(control: readonly unknown[], candidate: readonly unknown[], place: Place, depth: number): boolean {
    const same = this.sameElements(control, candidate, place, depth);
    if (isPlainArray(control) && isPlainArray(candidate)) return same;
    return this.withKeys(same, "array", control, candidate, place, depth);
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

  /** What two instances of one class are read as, where a rule says so. */
  private readClasses(control: object, candidate: object): readonly [unknown, unknown] | undefined {
    const { classes } = this.rules;
    for (
      let level = Object.getPrototypeOf(control) as object | null;
      level !== null;
      level = Object.getPrototypeOf(level) as object | null
    ) {
      const read = classes.get(level);
      if (read === undefined) continue;
      if (!Object.prototype.isPrototypeOf.call(level, candidate)) return undefined;
      if (!this.rules.ignorePrototype && Object.getPrototypeOf(control) !== Object.getPrototypeOf(candidate)) continue;
      return [this.foreign("`classes`", read, control), this.foreign("`classes`", read, candidate)];
    }
    return undefined;
  }

  private askErrors(errors: NonNullable<CompiledRules["errors"]>, control: object, candidate: object): boolean {
    const same = this.foreign("`errors`", (pair: readonly [object, object]) => errors(pair[0], pair[1]), [
      control,
      candidate,
    ] as const);
    return same === true || this.differ("value", control, candidate);
  }

  /** Of what hangs on an error only data counts: sockets, requests and the like are there for whoever debugs. */
  private sameErrorData(control: Error, candidate: Error, place: Place, depth: number): boolean {
    this.errorData++;
    const same = this.withKeys(
      sameErrors(this, control, candidate, place, depth),
      "error",
      control,
      candidate,
      place,
      depth,
    );
    this.errorData--;
    return same;
  }

  /** Goes on with the own keys that were put on a value of a built-in class. */
  private withKeys(
    same: boolean,
    kind: Kind,
    control: object,
    candidate: object,
    place: Place,
    depth: number,
  ): boolean {
    if (!same && this.trying > 0) return false;
    const ours = this.extraKeys(kind, control);
    const theirs = this.extraKeys(kind, candidate);
    return this.sameKeys(control, candidate, place, depth, ours, theirs) && same;
  }

  private extraKeys(kind: Kind, object: object): PropertyKey[] | Unreadable {
    const keys = kind === "bytes" ? attempt(() => namedKeysOf(object)) : this.reader.keys(object);
    if (Unreadable.is(keys) || keys.length === 0) return keys;
    if (kind === "error") {
      const isData = (key: PropertyKey): boolean => !isForeign(this.reader.kind(this.reader.own(object, key)));
      return keys.filter((key) => !errorKeys.has(key) && isData(key));
    }
    const hasIndices = kind === "array" || kind === "boxed";
    return hasIndices ? keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key as string)) : keys;
  }

  /** Whether two values are the same, noting nothing. */
  tries(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (control === candidate) return true;
    if (control === missing || candidate === missing) {
      return (
        control === candidate || (this.rules.undefinedIsMissing && (control === undefined || candidate === undefined))
      );
    }
    this.countTrial();
    return this.probe(control, candidate, place, depth);
  }

  maybeTries(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (control === missing || candidate === missing) return control === candidate;
    this.countTrial();
    return this.mayBe(() => this.same(control, candidate, place, depth));
  }

  private countTrial(): void {
    if (++this.trials <= this.rules.limits.trialPairs) return;
    throw new Stop(`more than ${this.rules.limits.trialPairs} pairs of elements had to be tried`);
  }

  /** As {@link Walk.tries}, for a pair that has to be looked at in any case. */
  probe(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (this.quick.same(control, candidate, place)) {
      this.tick();
      return true;
    }
    this.trying++;
    const mark = this.mark();
    const since = this.later.length;
    const same = this.same(control, candidate, place, depth) && this.goOn(since);
    this.later.length = since;
    this.trying--;
    // What was the same inside of what is not may have been so only by being assumed.
    if (!same) this.forgetSince(mark);
    return same;
  }

  /** As `probe`, in a trial: what differs ends that, so that nothing has to be forgotten or looked at before. */
  sameQuickly(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (!this.quick.same(control, candidate, place)) return this.same(control, candidate, place, depth);
    this.tick();
    return true;
  }

  mayBe(look: () => boolean): boolean {
    this.trying++;
    this.doubting++;
    const mark = this.mark();
    const since = this.later.length;
    const same = look() && this.goOn(since);
    this.later.length = since;
    this.trying--;
    this.doubting--;
    this.forgetSince(mark);
    return same;
  }

  private mark(): readonly [number, number] {
    return [this.pairs.mark(), this.pairsInErrors.mark()];
  }

  private forgetSince(mark: readonly [number, number]): void {
    this.pairs.forgetSince(mark[0]);
    this.pairsInErrors.forgetSince(mark[1]);
  }

  /** How many pairs of elements may still be tried. */
  get trialsLeft(): number {
    return this.rules.limits.trialPairs - this.trials;
  }

  get noted(): number {
    return this.differences.count;
  }

  get isDoubting(): boolean {
    return this.doubting > 0;
  }

  get isTrying(): boolean {
    return this.trying > 0;
  }

  differ(kind: DifferenceKind, control: unknown, candidate: unknown, decided: boolean = kind !== "opaque"): boolean {
    if (this.trying > 0) {
      this.hasMetOpaque ||= !decided;
      return this.doubting > 0 && !decided;
    }
    this.differences.add(this.wholePath(), kind, control, candidate, decided);
    return false;
  }

  private wholePath(): readonly PathSegment[] {
    if (this.base === undefined) return this.path;
    const parts: (readonly PathSegment[])[] = [this.path];
    for (let base: Base | undefined = this.base; base !== undefined; base = base.above) parts.push(base.path);
    return parts.reverse().flat();
  }

  // One side that can be read and one that cannot is a difference that any caller meets; two that cannot tell nothing.
  unreadable(ours: unknown, theirs: unknown, control: unknown = ours, candidate: unknown = theirs): boolean {
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

  keyOf(by: Grouping, element: unknown, place: Place): unknown {
    const seen = this.normalised(element === missing ? undefined : element, place);
    if (typeof by === "function") return this.foreign("`by`", by, seen);
    if (typeof seen !== "object" || seen === null) return undefined;
    const key = this.reader.once(seen, by);
    return Unreadable.is(key) ? undefined : this.normalised(key, place.dead ? place : place.next(by));
  }

  private normalised(value: unknown, place: Place): unknown {
    for (const effect of place.effects) {
      if (effect.kind === "at") value = this.foreign("`at`", effect.normalize, value);
    }
    return value;
  }

  tick(): void {
    const { nodes } = this.rules.limits;
    if (++this.nodes > nodes) throw new Stop(`more than ${nodes} values`);
    if ((this.nodes & 255) === 0) this.pulse();
  }

  pulse(): void {
    if (this.now() > this.deadlineMs) throw new Stop(`longer than ${this.rules.limits.timeMs} ms`);
  }
}

function isRecord(kind: Kind): boolean {
  return kind === "plain" || kind === "instance" || kind === "json";
}

/** Whether classes have to be told apart that a rule calls the same. */
function isOfTwoClasses(kind: Kind, control: object, candidate: object): boolean {
  return (
    (kind === "instance" || kind === "json") && Object.getPrototypeOf(control) !== Object.getPrototypeOf(candidate)
  );
}

// With the levels below it the call stack of any runtime holds as many, also in a process that has just started.
const mostLevels = 200;

/** The path of a pair that was put off, without that of the one above it. */
interface Base {
  readonly above: Base | undefined;
  readonly path: readonly PathSegment[];
}

/** A pair that lies too deep for the call stack, put off until that is empty again. */
interface Later {
  readonly control: object;
  readonly candidate: object;
  readonly place: Place;
  readonly depth: number;
  readonly base: Base;
  readonly errorData: number;
}

/** An instance without a say of its own, or something opaque. */
function isForeign(kind: Kind | Unreadable): boolean {
  return kind === "opaque" || kind === "instance";
}

function keySegment(key: PropertyKey): PathSegment {
  return typeof key === "symbol" ? symbolSegment(key) : String(key);
}

/** An array of no class of its own, of any realm: names on it are no data. */
function isPlainArray(array: object): boolean {
  return (
    attempt(() => {
      const prototype = Object.getPrototypeOf(array) as object | null;
      return prototype === Array.prototype || builtInName(prototype) === "Array";
    }) === true
  );
}

/** The same prototype, or the same built-in class of two realms. */
function sameClass(kind: Kind, control: object, candidate: object): boolean {
  if (typeof control === "function" && typeof candidate === "function") return true;
  const ours = classOf(kind, control);
  const theirs = classOf(kind, candidate);
  if (ours === theirs || (isPlainPrototype(ours) && isPlainPrototype(theirs))) return true;
  const name = builtInName(ours);
  return name !== undefined && name === builtInName(theirs);
}

/** Each generator function has a prototype of its own, which is no class: the class is what that inherits from. */
function classOf(kind: Kind, value: object): object | null {
  let prototype = Object.getPrototypeOf(value) as object | null;
  while (kind === "opaque" && prototype !== null && !Object.hasOwn(prototype, "constructor")) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototype;
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
