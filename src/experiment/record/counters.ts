import type { Operation } from "../../model/fault.ts";
import type { ResultKind } from "../../model/result.ts";

/**
 * Why a call ran control alone:
 *
 * - `disabled`: the laboratory or `SIDELANE=off` says so; `closed`: the laboratory was closed
 * - `off`, `complete`: the rollout's stage; `complete` runs the candidate alone
 * - `sampled-out`, `not-enabled`: the experiment's own gates; `gate-failed`: a gate threw, or returned a promise
 * - `nested`: inside a candidate; `detached`: inside a publisher or hook
 * - `in-flight`, `laboratory-in-flight`: as many candidates as may be are running already
 * - `breaker-open`: the candidate failed too often in a row
 * - `loop-busy`: the event loop is busy; `cpu-budget`: deferred candidates had their share of it
 * - `prepare-failed`: the candidate's arguments could not be made
 * - `constructed`: control was called with `new`
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
  | "constructed";

// By name, so that the compiler misses a reason that is left out here.
const reasons: Readonly<Record<SkipReason, true>> = {
  disabled: true,
  closed: true,
  off: true,
  complete: true,
  "sampled-out": true,
  "not-enabled": true,
  "gate-failed": true,
  nested: true,
  detached: true,
  "in-flight": true,
  "laboratory-in-flight": true,
  "breaker-open": true,
  "loop-busy": true,
  "cpu-budget": true,
  "prepare-failed": true,
  constructed: true,
};

/** How often calls were skipped for one reason. Passed about as the reason itself: what counts it up looks nothing up. */
export interface Skip {
  readonly reason: SkipReason;
  times: number;
}

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
  totalPathMs = 0;
  capturedBytes = 0;
  /** Called for each call that ends, while `settled` waits. */
  whenEnded: (() => void) | undefined = undefined;
  readonly skips: Readonly<Record<SkipReason, Skip>> = noSkips();
  readonly faults: Partial<Record<Operation, number>> = {};

  /** Of every reason that there was. */
  skipped(): Partial<Record<SkipReason, number>> {
    const there = Object.values(this.skips).filter(({ times }) => times > 0);
    return Object.fromEntries(there.map(({ reason, times }) => [reason, times]));
  }

  /** The most usual of all ends, by its name. */
  matched(): void {
    this.inFlight -= 1;
    this.match += 1;
    if (this.whenEnded !== undefined) this.whenEnded();
  }

  ended(kind: ResultKind): void {
    this.inFlight -= 1;
    this.count(kind);
    if (this.whenEnded !== undefined) this.whenEnded();
  }

  count(kind: ResultKind): void {
    if (kind === "timed-out") this.timedOut += 1;
    else this[kind] += 1;
  }
}

// All of them from the start: counters of one shape are read faster.
function noSkips(): Record<SkipReason, Skip> {
  const names = Object.keys(reasons) as SkipReason[];
  return Object.fromEntries(names.map((reason) => [reason, { reason, times: 0 }])) as Record<SkipReason, Skip>;
}
