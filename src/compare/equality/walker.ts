import type { DifferenceKind } from "../../model/comparison.ts";
import type { PathSegment } from "../rules/paths.ts";
import type { State } from "../rules/pattern-automaton.ts";
import type { CompiledRules, Effect } from "../rules/rules.ts";
import type { Reader } from "./safe-reader.ts";

/** What the rules say of one place in a value, and where its steps lead. */
export type Place = State<Effect>;

/** Whether a rule says that nothing there is looked at. */
export function isIgnored(place: Place): boolean {
  return place.effects.some((effect) => effect.kind === "ignore");
}

/** What one kind of container needs of the walk that it is a part of. */
export interface Walker {
  readonly rules: CompiledRules;
  readonly reader: Reader;
  /** Where the walk is. */
  readonly path: PathSegment[];
  /** Differences noted so far. */
  readonly noted: number;
  /** Whether the walk is on an error, where only data counts. */
  readonly isErrorData: boolean;
  /** Whether a pair is only being tried, so that nothing is noted. */
  readonly isTrying: boolean;
  /** Whether what is opaque counts as the same for now. */
  readonly isDoubting: boolean;
  /** Whether a trial has failed on something opaque. */
  readonly hasMetOpaque: boolean;
  /** What is left of the time and of the values that may be looked at, whichever is less: a share from 1 down to 0. */
  readonly budgetLeft: number;
  /** How many pairs of elements may still be tried. */
  readonly trialsLeft: number;

  /** Whether two values are the same at a place; notes each difference. */
  same(control: unknown, candidate: unknown, place: Place, depth: number): boolean;
  /** As `same`, one step further; either side may be {@link missing}. */
  sameAt(segment: PathSegment, control: unknown, candidate: unknown, place: Place, depth: number): boolean;
  /** Whether two values are the same, noting nothing; counted as a trial. */
  tries(control: unknown, candidate: unknown, place: Place, depth: number): boolean;
  /** As `tries`, for a pair that has to be looked at in any case. */
  probe(control: unknown, candidate: unknown, place: Place, depth: number): boolean;
  /** Whether a look at a pair, noting nothing, finds no difference but what is opaque. */
  mayBe(look: () => boolean): boolean;
  /** As `probe`, while a pair around it is being tried. */
  sameQuickly(control: unknown, candidate: unknown, place: Place, depth: number): boolean;
  /** How many elements at the beginning of two lists are surely equal, as far as that is known. */
  equalUntil(control: readonly unknown[], candidate: readonly unknown[], place: Place): number;
  /** Looks at what is on an error, where only data counts. */
  asErrorData(look: () => boolean): boolean;
  /** As `tries`, where what is opaque counts as the same. */
  maybeTries(control: unknown, candidate: unknown, place: Place, depth: number): boolean;
  /** Compares what stands for two values at the values' own path. */
  sameGiven(control: unknown, candidate: unknown, place: Place, depth: number): boolean;
  /** Notes a difference here. `false`, the answer of the code that found it, save where what is opaque may be the same. */
  differ(kind: DifferenceKind, control: unknown, candidate: unknown): boolean;
  /** Notes that one side or both could not be read. */
  unreadable(ours: unknown, theirs: unknown, control?: unknown, candidate?: unknown): boolean;
  /** Counts a value that was looked at, and looks at the limits. */
  tick(): void;
  /** Looks at the clock. */
  pulse(): void;
}
