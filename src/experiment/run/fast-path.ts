import { lookWasCutShort, surelyEqual } from "../../compare/equality/surely-equal.ts";
import { shapeOf } from "../runtime/promises.ts";
import { aFastAsyncCall } from "./fast-path-async.ts";
import { runOf } from "./run.ts";
import type { Hooks, ExperimentPlan } from "../define/experiment-plan.ts";
import { tellOfNothing } from "../define/run-twice.ts";
import { callAs, Mark } from "../runtime/current-run.ts";

/**
 * A call of which nobody wants more than to know of a mismatch: while both sides answer at once and alike, it leaves two
 * counts and nothing else. As soon as it is anything more, a run takes over, with the stamps taken so far.
 */
export function conductFast(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[]): unknown {
  const { counters, name } = plan;
  const { clock } = plan.services;
  const [planned] = hooks.candidates;
  counters.started += 1;
  counters.inFlight += 1;
  const startedAt = clock.monotonic();
  let value: unknown;
  try {
    value = callAs(plan.controlMark, false, hooks.control, self, args);
  } catch (error) {
    runOf(plan, hooks, self, args, startedAt).controlThrewAtOnce(error, startedAt);
    throw error;
  }
  const controlEndedAt = clock.monotonic();
  const shape = hooks.givesPromises ? "promise" : shapeOf(value);
  if (shape === "promise") return aFastAsyncCall().conduct(plan, hooks, self, args, startedAt, controlEndedAt, value);
  if (shape === "thenable") {
    return runOf(plan, hooks, self, args, startedAt).controlGave(value, startedAt, controlEndedAt);
  }
  const mark = new Mark(name, planned.name);
  let answer: unknown;
  try {
    answer = callAs(mark, plan.services.trackRuns, planned.call, self, args);
  } catch (error) {
    const threwAt = clock.monotonic();
    const run = runOf(plan, hooks, self, args, startedAt);
    run.bothCalled(value, startedAt, controlEndedAt).threwAtOnce(error, controlEndedAt, threwAt);
    run.bothTold(controlEndedAt, threwAt);
    return value;
  }
  const endedAt = clock.monotonic();
  // What is surely equal to control's value is no more a promise than that is.
  if (!surelyEqual(value, answer, undefined, false, plan.callerMs)) {
    const looked = !lookWasCutShort();
    const run = runOf(plan, hooks, self, args, startedAt);
    // Nothing here may be held by a closure: whatever is, is allocated in every call.
    const candidateRun = run.bothCalled(value, startedAt, controlEndedAt);
    candidateRun.looked = looked;
    candidateRun.gave(answer, mark, controlEndedAt, endedAt);
    run.bothTold(controlEndedAt, endedAt);
    return value;
  }
  if (value === undefined) tellOfNothing(plan);
  counters.totalPathMs += endedAt - controlEndedAt;
  counters.matched();
  planned.counters.started += 1;
  planned.counters.match += 1;
  planned.breaker.succeeded();
  planned.record.match(startedAt, controlEndedAt - startedAt, endedAt - controlEndedAt, undefined);
  return value;
}
