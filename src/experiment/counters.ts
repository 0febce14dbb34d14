import type { Operation } from "../model/fault.ts";
import type { ResultKind } from "../model/result.ts";

/**
 * Why a call ran control alone:
 *
 * - `disabled`: the laboratory or `SIDELANE=off` says so; `closed`: the laboratory was closed
 * - `off`, `complete`: the rollout's stage; `complete` runs the candidate alone
 * - `sampled-out`, `not-enabled`: the experiment's own gates; `gate-failed`: a gate threw, or gave a promise
 * - `nested`: inside a candidate; `detached`: inside a publisher or hook
 * - `in-flight`, `laboratory-in-flight`: as many candidates as may be are running already
 * - `breaker-open`: the candidate failed too often in a row
 * - `loop-busy`: the event loop is busy; `cpu-budget`: deferred candidates had their share of it
 * - `prepare-failed`: the candidate's arguments could not be made
 * - `constructed`: control was called with `new`
 * - `too-many-names`: more than 1 000 names of `science`
 */
export type SkipReason =
  | "disabled"
  | "closed"
  | "off"
  | "complete"
  | "sampled-out"
  | "not-enabled"
  | "gate-failed"
  | "nested"
  | "detached"
  | "in-flight"
  | "laboratory-in-flight"
  | "breaker-open"
  | "loop-busy"
  | "cpu-budget"
  | "prepare-failed"
  | "constructed"
  | "too-many-names";

// All of them from the start: counters of one shape are counted up faster.
const none: Readonly<Record<SkipReason, number>> = {
  disabled: 0,
  closed: 0,
  off: 0,
  complete: 0,
  "sampled-out": 0,
  "not-enabled": 0,
  "gate-failed": 0,
  nested: 0,
  detached: 0,
  "in-flight": 0,
  "laboratory-in-flight": 0,
  "breaker-open": 0,
  "loop-busy": 0,
  "cpu-budget": 0,
  "prepare-failed": 0,
  constructed: 0,
  "too-many-names": 0,
};

/** Counts of calls by what came of them, and of what went wrong. Plain fields: they are written on every call. */
export class Counters {
  calls = 0;
  started = 0;
  inFlight = 0;
  match = 0;
  mismatch = 0;
  ignored = 0;
  inconclusive = 0;
  timedOut = 0;
  argumentsMutated = 0;
  /** Time spent on callers' paths between control's answer and the last candidate's. */
  pathMs = 0;
  capturedBytes = 0;
  readonly skips: Record<SkipReason, number> = { ...none };
  readonly faults: Partial<Record<Operation, number>> = {};

  skip(reason: SkipReason): void {
    this.skips[reason] += 1;
  }

  ended(kind: ResultKind): void {
    this.inFlight -= 1;
    if (kind === "timed-out") this.timedOut += 1;
    else this[kind] += 1;
  }
}
