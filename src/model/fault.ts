/**
 * What Sidelane was doing when foreign code failed; `repeat` tells once of what cannot be run twice as it is, and `report`
 * counts what is wrong in what is reported to a call of `comparison`.
 */
export type Operation =
  | "enabled"
  | "key"
  | "context"
  | "prepare"
  | "isolate"
  | "beforeRun"
  | "afterRun"
  | "normalize"
  | "compare"
  | "clean"
  | "knownMismatches"
  | "publish"
  | "flush"
  | "close"
  | "onNewMismatch"
  | "rollout"
  | "store"
  | "source"
  | "listener"
  | "gate"
  | "clock"
  | "random"
  | "repeat"
  | "report"
  | "prepareComparable"
  | "internal";

/** Something that a user's gate, hook, rule, publisher or clock did, turned into data. The caller never sees it. */
export interface Fault {
  readonly operation: Operation;
  /** What was thrown or rejected with; may be anything. */
  readonly error: unknown;
  /** Absent where the fault belongs to no single experiment. */
  readonly experiment?: string;
  /** The publisher's name, where one failed. */
  readonly publisher?: string;
}
