import type { Clock } from "../model/clock.ts";
import { checkOptions } from "../model/check-options.ts";
import type { Publisher, PublisherLike } from "../model/publisher.ts";
import type { Result, ResultKind } from "../model/result.ts";
import { toPublisher } from "../model/publisher.ts";
import { Deadlines } from "./limits/deadlines.ts";
import { DeferredQueue } from "./limits/deferred-queue.ts";
import type { Services } from "./define/services.ts";
import { InFlight } from "./limits/in-flight.ts";
import { laboratoryLimitsTable as defaults, type LaboratoryOptions } from "./define/laboratory-options.ts";
import { LoopGuard } from "./limits/loop-guard.ts";
import { MismatchError } from "./status/mismatch-error.ts";
import { MemoryBudget } from "./deliver/memory-budget.ts";
import { ComparisonQueue } from "./deliver/comparison-queue.ts";
import { UntoldErrors } from "./record/untold-errors.ts";
import { compileThrowing } from "./define/throw-options.ts";
import { detachedAs } from "./runtime/current-run.ts";
import type { AnyFunction } from "../model/any-function.ts";
import { unitPseudonyms } from "../records/pseudonym.ts";

/** What runs need of a laboratory of these options. */
export function openServices(
  options: LaboratoryOptions,
  clock: Clock,
  random: () => number,
  fault: Services["fault"],
  publishers: readonly Publisher[],
  open: boolean,
): Services {
  const { limits = {}, trackRuns = true } = options;
  const detached = detachedAs(trackRuns);
  const memory = new MemoryBudget(limits.maxBytes);
  const { pseudonymKey } = options;
  const check = checkOptions("new Laboratory()", "invalid-definition");
  const units = pseudonymKey === undefined ? undefined : unitPseudonyms(pseudonymKey, check);
  return {
    open,
    killed: !open,
    closed: false,
    clock,
    random,
    deadlines: new Deadlines(clock, detached),
    guard: new LoopGuard(limits.maxLoopUtilization ?? defaults.maxLoopUtilization.byDefault, clock),
    comparisonQueue: new ComparisonQueue(clock, detached, memory),
    memory,
    deferred: new DeferredQueue(clock, detached),
    maxInFlight: limits.maxInFlight ?? defaults.maxInFlight.byDefault,
    inFlight: new InFlight(),
    detached,
    trackRuns,
    labels: Object.freeze({ ...options.labels }),
    tells: publishers.some(({ publishTally }) => publishTally !== undefined),
    unitSecret: units?.secret,
    unitOf: units?.unitOf,
    context: options.context,
    throwing: compileThrowing(options.throwOnMismatch, mismatchError),
    mismatchError,
    untold: new UntoldErrors(),
    onSkip: tellAll(publishers, "onSkip", fault),
    onInFlight: tellAll(publishers, "onInFlight", fault) ?? (() => undefined),
    fault,
  };
}

function mismatchError(result: Result): Error {
  return new MismatchError(result);
}

/** Tells those publishers that care; `undefined` where none does. */
function tellAll<Method extends "onSkip" | "onInFlight">(
  publishers: readonly Publisher[],
  method: Method,
  fault: Services["fault"],
): Publisher[Method] {
  const listeners = publishers.filter((publisher) => publisher[method] !== undefined);
  if (listeners.length === 0) return undefined;
  return (...told: unknown[]) => {
    for (const publisher of listeners) {
      try {
        Reflect.apply(publisher[method] as AnyFunction, publisher, told);
      } catch (error) {
        fault("publish", error, undefined, publisher.name);
      }
    }
  };
}

/** @throws {SidelaneError} `invalid-definition` for what is no publisher, and for two of one name */
export function publishersOf(likes: readonly PublisherLike[]): readonly Publisher[] {
  const publishers = likes.map((like, index) => toPublisher(like, `publishers[${index}]`));
  const names = new Set<string>();
  for (const { name } of publishers) {
    if (names.has(name)) {
      checkOptions("new Laboratory()", "invalid-definition").fail(
        "publishers",
        "of different names",
        name,
        "Give one of them another `name`",
      );
    }
    names.add(name);
  }
  return publishers;
}

/** The kinds of results that at least one publisher wants. */
export function wantedBy(publishers: readonly Publisher[]): ReadonlySet<ResultKind> | "all" {
  const wanted = new Set<ResultKind>();
  for (const { kinds } of publishers) {
    if (kinds === undefined) return "all";
    for (const kind of kinds) wanted.add(kind);
  }
  return wanted;
}
