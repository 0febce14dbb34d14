import type { Difference, DifferenceKind } from "../../model/comparison.ts";
import { formatPath, type PathSegment } from "../rules/paths.ts";
import { missing } from "./missing.ts";
import { Stop } from "./stop.ts";

/** Told each difference, those that the list does not keep included. */
export interface DifferenceWatch {
  /** Whether it still has something to learn from the differences that the list does not keep. */
  readonly isUndecided: boolean;
  /**
   * @param isNamed whether the signature names it
   * @param isOpaque whether it could not be told that the parts differ
   */
  saw(path: readonly PathSegment[], difference: () => Difference, isNamed: boolean, isOpaque: boolean): void;
  /** The walk ended before everything was looked at. */
  ended(reason: string): void;
}

// So many times as many differences are counted as are kept; then the walk ends, unless its watch wants more.
const countedTimes = 20;

/** The differences that a walk finds: those to be shown, and how many more there are. */
export class DifferenceList {
  readonly kept: Difference[] = [];
  /** Those of the counted ones that are not kept: a signature names them too, so that it does not go by which came first. */
  readonly others: Difference[] = [];
  /** All that were found, those that are not kept included. */
  count = 0;
  /** Whether a difference was found that is one beyond doubt: not opaque, and readable on one side at least. */
  decided = false;
  private readonly most: number;
  private readonly watch: DifferenceWatch | undefined;
  /** Which of the kept ones decide nothing, by position. */
  private readonly undecided: number[] = [];

  constructor(most: number, watch: DifferenceWatch | undefined) {
    this.most = most;
    this.watch = watch;
  }

  /** @throws {Stop} when enough has been found */
  add(
    path: readonly PathSegment[],
    kind: DifferenceKind,
    control: unknown,
    candidate: unknown,
    decided: boolean,
  ): void {
    this.count++;
    const make = (): Difference => freeze(path, kind, control, candidate);
    const isKept = this.makeRoom(decided);
    if (isKept) {
      if (!decided) this.undecided.push(this.kept.length);
      this.kept.push(make());
    }
    const isNamed = isKept || this.count <= this.most * countedTimes;
    if (isNamed && !isKept) this.others.push(make());
    this.decided ||= decided;
    this.watch?.saw(path, make, isNamed, !decided);
    if (!this.decided || this.count < this.most * countedTimes || this.watch?.isUndecided === true) return;
    throw new Stop("enough");
  }

  /** A difference that decides takes the place of one that does not. */
  private makeRoom(decided: boolean): boolean {
    if (this.kept.length < this.most) return true;
    const last = decided ? this.undecided.pop() : undefined;
    if (last === undefined) return false;
    this.others.push(...this.kept.splice(last, 1));
    return true;
  }
}

function freeze(path: readonly PathSegment[], kind: DifferenceKind, control: unknown, candidate: unknown): Difference {
  const difference: { -readonly [Key in keyof Difference]: Difference[Key] } = { path: formatPath(path), kind };
  if (control !== missing) difference.control = control;
  if (candidate !== missing) difference.candidate = candidate;
  return Object.freeze(difference);
}
