import type { DifferenceKind } from "../../model/comparison.ts";
import type { PathSegment } from "../rules/paths.ts";
import type { CompiledRules } from "../rules/rules.ts";
import { sameContent } from "./contents.ts";
import { DifferenceList, type DifferenceWatch } from "./difference-list.ts";
import { mostLevels, wholePath, type Base, type Later } from "./put-off.ts";
import { Reader, Unreadable } from "./safe-reader.ts";
import type { EqualSoFar } from "./equal-so-far.ts";
import { QuickLook } from "./surely-equal.ts";
import { isForeign, isOfTwoClasses, isRecord, sameClasses } from "./same-class.ts";
import { askErrors, callUser, isTolerated, readClasses, withoutNormalisers } from "./user-rules.ts";
import { Pairs } from "./visited-pairs.ts";
import { missing } from "./missing.ts";
import { Stop } from "./stop.ts";
import { isIgnored, type Place, type Walker } from "./walker.ts";

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
  readonly quick: QuickLook;
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
  private readonly equalSoFar: readonly EqualSoFar[];

  /**
   * @param until when its time ends, where that is known
   * @param areCopies whether both values are copies, in which no accessor is left
   * @param equalSoFar lists whose first elements were seen to be surely equal
   */
  constructor(
    rules: CompiledRules,
    now: () => number,
    until?: number,
    watch?: DifferenceWatch,
    areCopies = false,
    equalSoFar: readonly EqualSoFar[] = [],
  ) {
    this.rules = rules;
    this.equalSoFar = equalSoFar;
    this.quick = new QuickLook(
      this.reader,
      (place, control, candidate) => isTolerated(this, place, control, candidate),
      areCopies,
    );
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
    if (!place.dead) {
      for (const effect of place.effects) {
        if (effect.kind === "ignore") return true;
        if (effect.kind === "at") {
          control = callUser("`at`", effect.normalize, control);
          candidate = callUser("`at`", effect.normalize, candidate);
        }
      }
    }
    if (control === candidate) return true;
    this.tick();
    if (Unreadable.is(control) || Unreadable.is(candidate)) return this.unreadable(control, candidate);
    if (typeof control !== typeof candidate || control === null || candidate === null) {
      return this.differ("type", control, candidate);
    }
    if (typeof control !== "object" && typeof control !== "function") {
      const same = (control !== control && candidate !== candidate) || isTolerated(this, place, control, candidate);
      return same || this.differ("value", control, candidate);
    }
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
    if (this.later.length === since) return true;
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
      return askErrors(this, this.rules.errors, control, candidate);
    }
    const read = this.rules.classes.size === 0 ? undefined : readClasses(this, control, candidate);
    if (read !== undefined) return this.sameGiven(read[0], read[1], place, depth);
    if (this.errorData > 0 && isForeign(ours) && isForeign(theirs)) return true;
    const agree = this.rules.ignorePrototype || (ours === theirs && sameClasses(ours, control, candidate));
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
    if (known === "different" ? this.trying > 0 : known !== undefined) return known !== "different";
    const pair = pairs.open(control, candidate, place);
    const before = this.noted;
    // Another class is a difference, and what is in it may differ as well.
    let same = agree || this.differ("type", control, candidate);
    if (same || this.trying === 0) {
      const kinds = [ours, theirs] as const;
      same = sameContent(this, kind, control, candidate, kinds, place, depth + 1) && same && this.noted === before;
    }
    pairs.close(pair, same);
    return same;
  }

  /** What stands for a value is compared at the value's own path; effects there have been applied already. */
  sameGiven(control: unknown, candidate: unknown, place: Place, depth: number): boolean {
    if (control === candidate) return true;
    if (Unreadable.is(control) || Unreadable.is(candidate)) return this.unreadable(control, candidate);
    if (typeof control === "object" && control !== null && typeof candidate === "object" && candidate !== null) {
      this.tick();
      return this.sameObjects(control, candidate, place, depth);
    }
    return this.same(control, candidate, withoutNormalisers(place), depth);
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
    if (isIgnored(place)) return true;
    const present = control === missing ? candidate : control;
    if (present === undefined) return this.rules.undefinedIsMissing || this.differ("undefined", control, candidate);
    return this.differ(control === missing ? "added" : "removed", control, candidate);
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

  equalUntil(control: readonly unknown[], candidate: readonly unknown[], place: Place): number {
    const known = this.equalSoFar.find((each) => each.control === control && each.candidate === candidate);
    return known?.place === place ? known.count : 0;
  }

  asErrorData(look: () => boolean): boolean {
    this.errorData++;
    const same = look();
    this.errorData--;
    return same;
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

  get trialsLeft(): number {
    return this.rules.limits.trialPairs - this.trials;
  }

  get noted(): number {
    return this.differences.count;
  }

  get isDoubting(): boolean {
    return this.doubting > 0;
  }

  get budgetLeft(): number {
    const { nodes, timeMs } = this.rules.limits;
    return Math.min(1 - this.nodes / nodes, (this.deadlineMs - this.now()) / timeMs);
  }

  get isErrorData(): boolean {
    return this.errorData > 0;
  }

  get isTrying(): boolean {
    return this.trying > 0;
  }

  differ(kind: DifferenceKind, control: unknown, candidate: unknown, decided: boolean = kind !== "opaque"): boolean {
    if (this.trying > 0) {
      this.hasMetOpaque ||= !decided;
      return this.doubting > 0 && !decided;
    }
    this.differences.add(wholePath(this.base, this.path), kind, control, candidate, decided);
    return false;
  }

  // One side that can be read and one that cannot is a difference that callers meet; two that cannot tell nothing.
  unreadable(ours: unknown, theirs: unknown, control: unknown = ours, candidate: unknown = theirs): boolean {
    const failed = Unreadable.is(ours) ? ours : (theirs as Unreadable);
    this.failure ??= { error: failed.error };
    const both = Unreadable.is(ours) && Unreadable.is(theirs);
    return this.differ("unreadable", shown(control), shown(candidate), !both);
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

function shown(value: unknown): unknown {
  return Unreadable.is(value) ? missing : value;
}
