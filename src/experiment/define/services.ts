import type { Clock } from "../../model/clock.ts";
import type { Fault, Operation } from "../../model/fault.ts";
import type { Result } from "../../model/result.ts";
import type { Throwing } from "./throw-options.ts";
import type { UntoldErrors } from "../record/untold-errors.ts";
import type { Counters } from "../record/counters.ts";
import type { Deadlines } from "../limits/deadlines.ts";
import type { InFlight } from "../limits/in-flight.ts";
import type { LoopGuard } from "../limits/loop-guard.ts";
import type { ComparisonQueue } from "../deliver/comparison-queue.ts";
import type { MemoryBudget } from "../deliver/memory-budget.ts";
import type { DeferredQueue } from "../limits/deferred-queue.ts";
import { callQuietly, type Detached } from "../runtime/current-run.ts";
import { ignoreRejection, shapeOf } from "../runtime/promises.ts";
import type { AnyFunction } from "../../model/any-function.ts";

/** Names that may leave the process, as those of a build or of a machine. */
export interface Labels {
  readonly build?: string;
  readonly process?: string;
  readonly [name: string]: string | undefined;
}

/** The experiment a fault is counted against. */
export interface Subject {
  readonly name: string;
  readonly counters: Counters;
}

/** What every run needs of its laboratory. One plain object, read on every call. */
export interface Services {
  /** Neither switched off nor closed. */
  open: boolean;
  /** The kill switch. */
  killed: boolean;
  closed: boolean;
  readonly clock: Clock;
  random(): number;
  readonly deadlines: Deadlines;
  readonly guard: LoopGuard;
  readonly comparisonQueue: ComparisonQueue;
  readonly memory: MemoryBudget;
  readonly deferred: DeferredQueue;
  readonly maxInFlight: number;
  readonly inFlight: InFlight;
  readonly detached: Detached;
  /** Whether candidates are known by what they call, also after an `await`. */
  readonly trackRuns: boolean;
  readonly labels: Labels;
  /** Whether a publisher takes exact counts. */
  readonly tells: boolean;
  /** Under which keys have their places in tables of units; absent without a `pseudonymKey`. */
  readonly unitSecret: string | undefined;
  /** Makes the pseudonym of an experiment's key; absent without a `pseudonymKey`. */
  readonly unitOf: ((experiment: string, key: string) => string) | undefined;
  readonly context: Readonly<Record<string, unknown>> | undefined;
  /** For experiments that do not say themselves. */
  readonly throwing: Throwing | undefined;
  mismatchError(result: Result): Error;
  /** Errors that were to be thrown, when there was no caller any more. */
  readonly untold: UntoldErrors;
  /** There where a publisher counts skips. */
  readonly onSkip: ((experiment: string, reason: string) => void) | undefined;
  onInFlight(experiment: string, change: 1 | -1): void;
  fault(operation: Operation, error: unknown, subject?: Subject, publisher?: string): void;
}

/** What a hook that throws, or returns a promise where it must not, comes to. */
export const failed: unique symbol = Symbol("failed");

/** Calls a gate or hook: what it does wrong is a counted fault, and `failed` comes back. */
export function ask(
  services: Services,
  subject: Subject,
  operation: Operation,
  hook: AnyFunction,
  self: unknown,
  args: readonly unknown[],
): unknown {
  let answer: unknown;
  try {
    answer = callQuietly(hook, self, args);
  } catch (error) {
    services.fault(operation, error, subject);
    return failed;
  }
  if (shapeOf(answer) === "value") return answer;
  ignoreRejection(answer);
  services.fault(operation, new Error(`\`${operation}\` returned a promise; it must answer at once`), subject);
  return failed;
}

/** Counts faults and hands them to `onFault`, whatever that does. */
export function faultHandler(onFault: ((fault: Fault) => void) | undefined, unassigned: Counters): Services["fault"] {
  return (operation, error, subject, publisher) => {
    const { faults } = (subject ?? { counters: unassigned }).counters;
    faults[operation] = (faults[operation] ?? 0) + 1;
    if (onFault === undefined) return;
    const fault: Fault = {
      operation,
      error,
      ...(subject && { experiment: subject.name }),
      ...(publisher !== undefined && { publisher }),
    };
    try {
      ignoreRejection(callQuietly(onFault as AnyFunction, undefined, [fault]));
    } catch {
      // A fault handler that fails has nobody left to tell; the count stands.
    }
  };
}
