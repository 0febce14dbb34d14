import { lookWasCutShort, surelyEqual } from "../../compare/equality/surely-equal.ts";
import { givesPlainPromises } from "../runtime/native-promise.ts";
import { shapeOf } from "../runtime/promises.ts";
import { aFastAsyncCall } from "./fast-path-async.ts";
import { runOf, type Run } from "./run.ts";
import { tellMatch, type MatchedSide } from "./told-match.ts";
import type { Sample } from "../../model/rollout.ts";
import type { Hooks, ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import { tellOfNothing } from "../define/run-twice.ts";
import type { PairTimer, Timing } from "../record/pair-timer.ts";
import { learnFrom } from "../record/timed-pair.ts";
import { callAs, Mark } from "../runtime/current-run.ts";

/**
 * A call of few options: while both sides answer at once and alike, it leaves two counts, and what a result is made of where
 * a publisher asks for matches. As soon as it is anything more, a run takes over, with the stamps taken so far.
 */
export function conductFast(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[]): unknown {
  const timing = plan.pairs?.takeOfTwo() ?? "untimed";
  if (timing !== "candidate-first") return conductControlFirst(plan, hooks, self, args, timing);
  const givePromises = hooks.givesPromises && givesPlainPromises(hooks.candidates[0].call);
  if (givePromises) return aFastAsyncCall().conductCandidateFirst(plan, hooks, self, args);
  return conductCandidateFirst(plan, hooks, self, args);
}

function conductControlFirst(
  plan: ExperimentPlan,
  hooks: Hooks,
  self: unknown,
  args: unknown[],
  timing: Timing,
): unknown {
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
    runOf(plan, hooks, self, args, timing, startedAt).controlThrewAtOnce(error, startedAt);
    throw error;
  }
  const controlEndedAt = clock.monotonic();
  const shape = hooks.givesPromises ? "promise" : shapeOf(value);
  if (shape === "promise") {
    return aFastAsyncCall().conduct(plan, hooks, self, args, timing, startedAt, controlEndedAt, value);
  }
  if (shape === "thenable") {
    return runOf(plan, hooks, self, args, timing, startedAt).controlGave(value, startedAt, controlEndedAt, shape);
  }
  const mark = new Mark(name, planned.name);
  let answer: unknown;
  try {
    answer = callAs(mark, plan.services.trackRuns, planned.call, self, args);
  } catch (error) {
    const threwAt = clock.monotonic();
    const run = runOf(plan, hooks, self, args, timing, startedAt);
    run.bothCalled(value, startedAt, controlEndedAt).threwAtOnce(error, controlEndedAt, threwAt);
    run.bothTold(controlEndedAt, threwAt);
    return value;
  }
  const endedAt = clock.monotonic();
  // What is surely equal to control's value is no more a promise than that is.
  if (!surelyEqual(value, answer, undefined, false, plan.callerMs)) {
    const looked = !lookWasCutShort();
    const run = runOf(plan, hooks, self, args, timing, startedAt);
    // Nothing here may be held by a closure: whatever is, is allocated in every call.
    const candidateRun = run.bothCalled(value, startedAt, controlEndedAt);
    candidateRun.looked = looked;
    candidateRun.gave(answer, mark, controlEndedAt, endedAt);
    run.bothTold(controlEndedAt, endedAt);
    return value;
  }
  counters.totalPathMs += endedAt - controlEndedAt;
  const pair = timing === "untimed" ? undefined : timedInOrder(plan.pairs!, timing, startedAt, controlEndedAt, endedAt);
  matched(plan, planned, value, startedAt, controlEndedAt - startedAt, endedAt - controlEndedAt, pair);
  if (plan.services.comparisonQueue.wants("match")) {
    const control = sideOf(value, startedAt, controlEndedAt);
    tellMatch(plan, hooks, args, control, sideOf(answer, controlEndedAt, endedAt), endedAt);
  }
  return value;
}

/** Of sides that answered at once, one after the other. */
function timedInOrder(
  pairs: PairTimer,
  timing: Timing,
  startedAt: number,
  betweenAt: number,
  endedAt: number,
): Sample["pair"] {
  const one = { startedAt, syncEndedAt: betweenAt, endedAt: betweenAt };
  const other = { startedAt: betweenAt, syncEndedAt: endedAt, endedAt };
  return timing === "candidate-first" ? learnFrom(pairs, timing, other, one) : learnFrom(pairs, timing, one, other);
}

/** The same for a timed call whose candidate is called first. */
function conductCandidateFirst(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[]): unknown {
  const { counters, services } = plan;
  const { clock } = services;
  const [planned] = hooks.candidates;
  counters.started += 1;
  counters.inFlight += 1;
  const startedAt = clock.monotonic();
  const takenOver = (): Run => runOf(plan, hooks, self, args, "candidate-first", startedAt);
  const mark = new Mark(plan.name, planned.name);
  let answer: unknown;
  try {
    answer = callAs(mark, services.trackRuns, planned.call, self, args);
  } catch (error) {
    const threwAt = clock.monotonic();
    counters.totalPathMs += threwAt - startedAt;
    const run = takenOver();
    run.candidateCalled().threwAtOnce(error, startedAt, threwAt);
    return run.callControl(threwAt);
  }
  const calledAt = clock.monotonic();
  counters.totalPathMs += calledAt - startedAt;
  if (shapeOf(answer) !== "value") {
    const run = takenOver();
    run.candidateCalled().gave(answer, mark, startedAt, calledAt);
    return run.callControl(calledAt);
  }
  let value: unknown;
  try {
    value = callAs(plan.controlMark, false, hooks.control, self, args);
  } catch (error) {
    const run = takenOver();
    run.candidateCalled().gave(answer, mark, startedAt, calledAt);
    run.controlThrewAtOnce(error, calledAt);
    throw error;
  }
  const endedAt = clock.monotonic();
  // What is surely equal to the candidate's answer is no more a promise than that is.
  if (!surelyEqual(value, answer, undefined, false, plan.callerMs)) {
    const looked = !lookWasCutShort();
    const run = takenOver();
    const candidateRun = run.candidateCalled();
    candidateRun.looked = looked;
    candidateRun.gave(answer, mark, startedAt, calledAt);
    return run.controlGave(value, calledAt, endedAt);
  }
  const pair = timedInOrder(plan.pairs!, "candidate-first", startedAt, calledAt, endedAt);
  matched(plan, planned, value, startedAt, endedAt - calledAt, calledAt - startedAt, pair);
  if (services.comparisonQueue.wants("match")) {
    const control = sideOf(value, calledAt, endedAt);
    tellMatch(plan, hooks, args, control, sideOf(answer, startedAt, calledAt), endedAt);
  }
  return value;
}

function matched(
  plan: ExperimentPlan,
  { counters, breaker, record }: PlannedCandidate,
  value: unknown,
  startedAt: number,
  controlMs: number,
  candidateMs: number,
  pair: Sample["pair"],
): void {
  if (value === undefined) tellOfNothing(plan);
  plan.counters.matched();
  counters.started += 1;
  counters.match += 1;
  breaker.succeeded();
  record.match(startedAt, controlMs, candidateMs, undefined, pair);
}

/** Of a side that answered at once. */
function sideOf(value: unknown, startedAt: number, endedAt: number): MatchedSide {
  return { value, evidence: "live", startedAt, syncEndedAt: endedAt, endedAt };
}
