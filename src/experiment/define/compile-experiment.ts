import { hidePath } from "../../records/names-in-code.ts";
import { bytesOf } from "../../records/value-bytes.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { SidelaneError } from "../../model/errors.ts";
import { compileCaptureLimits } from "../../compare/copy/capture-limits.ts";
import { compileJudgement } from "../../compare/judge.ts";
import { rolloutOf } from "../../rollout/to-rollout.ts";
import { judges } from "../../rollout/to-rollout.ts";
import type { PresentedResult } from "../../records/record.ts";
import { MismatchGroups } from "../../stats/groups.ts";
import { CandidateBreaker } from "../limits/circuit-breaker.ts";
import { Counters } from "../record/counters.ts";
import { CpuBudget } from "../limits/cpu-budget.ts";
import { givesPlainPromises } from "../runtime/native-promise.ts";
import type { Services } from "./services.ts";
import { compileThrowing, type Throwing } from "./throw-options.ts";
import { later } from "../runtime/event-loop.ts";
import { NoiseRuns } from "../record/noise-reruns.ts";
import { canBeFast, type Hooks, type ExperimentPlan, type PlannedCandidate } from "./experiment-plan.ts";
import { CandidateRecord } from "../record/candidate-record.ts";
import { PairTimer } from "../record/pair-timer.ts";
import { ControlMark } from "../runtime/current-run.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import { settle } from "../../model/option-table.ts";
import { experimentTable, limitsTable, noiseTable, streamTable, type CompleteLimits } from "./option-tables.ts";
import type { UncheckedDefinition } from "./options.ts";

const defaultGraceMs = 1_000;

/**
 * Checks a definition, and compiles it into what calls need.
 *
 * @param place what it is called in messages
 * @throws {SidelaneError} `invalid-definition`, for the first thing that is wrong
 */
export function planOf(
  name: string,
  definition: UncheckedDefinition,
  services: Services,
  place = `experiment(${JSON.stringify(name)})`,
): ExperimentPlan {
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  check.text("name", name);
  check.object("definition", definition);
  if ("execution" in definition) {
    const mend = 'Write `order: "deferred"` for a candidate that is called after the caller has been served';
    check.fail("execution", "left out", definition.execution, mend);
  }
  settle(check, experimentTable, definition, "definition");
  const counters = new Counters();
  const subject = { name, counters };
  const limits = settle(check, limitsTable, definition.limits, "limits");
  const rollout = definition.rollout === undefined ? undefined : rolloutOf(definition.rollout, place);
  const recordOf = (candidate: string): CandidateRecord =>
    new CandidateRecord(
      name,
      candidate,
      !judges(rollout),
      services.clock,
      (work) => services.detached(() => later(work)),
      services.tells ? { secret: services.unitSecret } : undefined,
    );
  const hooks = hooksOf(check, definition, limits, recordOf);
  const judgement = compileJudgement(
    {
      compare: definition.compare,
      knownMismatches: definition.knownMismatches,
      onFault: (operation, error) => services.fault(operation, error, subject),
    },
    place,
  );
  if (rollout !== undefined && hooks.candidates.length > 1) {
    check.fail(
      "rollout",
      "left out where there are several candidates",
      definition.rollout,
      "One `candidate` can answer callers",
    );
  }
  const refusal = rollout?.refuses?.({ keyed: definition.key !== undefined, build: services.labels.build });
  if (refusal !== undefined) throw new SidelaneError("invalid-definition", `${place}: ${refusal}`);
  const stream = streamOf(check, definition.stream);
  for (const option of ["rollout", "noise"] as const) {
    if (stream === undefined || definition[option] === undefined) continue;
    const why = "a stream is read once, by control's caller";
    throw new SidelaneError("invalid-definition", `${place}: \`${option}\` cannot be combined with \`stream\`: ${why}`);
  }
  const groups = new MismatchGroups<PresentedResult>({
    drawPath: hidePath,
    random: () => services.random(),
    room: {
      take: (bytes, must) => services.memory.takeForGroups(bytes, must),
      bytesOf: (drawn) => bytesOf([drawn], Infinity),
    },
  });
  const plan = {
    name,
    place,
    services,
    counters,
    hooks,
    controlMark: new ControlMark(name),
    besideMark: new ControlMark(name, false),
    allowed: definition.enabled !== false,
    sample: definition.sample ?? experimentTable.sample.byDefault,
    deferred: definition.order === "deferred",
    randomOrder: definition.order === "random",
    pairs: rollout?.timesPairs === false ? undefined : new PairTimer(),
    timeoutMs: limits.timeoutMs,
    maxInFlight: limits.maxInFlight,
    callerMs: limits.callerMs,
    capture: definition.capture !== false,
    captureLimits: compileCaptureLimits(definition.capture === false ? undefined : definition.capture, place),
    isolate: definition.isolate === true,
    checkArguments: definition.checkArguments ?? experimentTable.checkArguments.byDefault,
    stream,
    judgement,
    ownCompare: typeof definition.compare === "function",
    rollout,
    waitForMatch: rollout?.onMismatch === "control",
    graceMs: rollout?.graceMs ?? defaultGraceMs,
    throwing: throwingOf(definition.throwOnMismatch, services),
    version: rollout?.version ?? services.labels.build,
    drawsByCall: rollout?.unkeyed === "by-call" && definition.key === undefined,
    budget: new CpuBudget(limits.cpuShare),
    groups,
    noise: noiseOf(check, definition.noise),
    onNewMismatch: definition.onNewMismatch as AnyFunction | undefined,
    about: aboutOf(check, definition.about),
    writes: undefined,
    state: {
      inFlight: 0,
      stalled: 0,
      served: 0,
      fellBack: 0,
      asynchronous: isAsync(hooks.control),
      toldOfCallback: false,
      toldOfNothing: false,
      askingRollout: false,
      preparing: false,
    },
  };
  return { ...plan, fast: canBeFast(plan) };
}

/** Whether it says so itself; of other functions, a call tells. */
function isAsync(control: AnyFunction): boolean {
  try {
    return Object.prototype.toString.call(control) === "[object AsyncFunction]";
  } catch {
    return false;
  }
}

function hooksOf(
  check: OptionCheck,
  definition: UncheckedDefinition,
  limits: CompleteLimits,
  recordOf: (candidate: string) => CandidateRecord,
): Hooks {
  return {
    control: definition.control!,
    givesPromises: givesPlainPromises(definition.control),
    candidates: candidatesOf(check, definition, limits, recordOf),
    enabled: typeof definition.enabled === "function" ? definition.enabled : undefined,
    key: definition.key,
    context: definition.context,
    prepare: definition.prepare,
    beforeRun: definition.beforeRun,
    afterRun: definition.afterRun,
    clean: definition.clean,
  };
}

function candidatesOf(
  check: OptionCheck,
  { candidate, candidates }: UncheckedDefinition,
  limits: CompleteLimits,
  recordOf: (candidate: string) => CandidateRecord,
): readonly [PlannedCandidate, ...PlannedCandidate[]] {
  if (candidate !== undefined && candidates !== undefined) {
    check.fail("candidates", "left out where there is a `candidate`", candidates, "Name them all in `candidates`");
  }
  if (candidates === undefined) check.function("candidate", candidate);
  else check.object("candidates", candidates);
  const named: [string, unknown][] = candidates === undefined ? [["candidate", candidate]] : Object.entries(candidates);
  if (named.length === 0) check.fail("candidates", "an object with at least one candidate", candidates);
  const planned = named.map(([name, call]) => {
    check.text("candidates' names", name);
    if (name === "control") check.fail("candidates", "named otherwise than `control`", candidates);
    check.function(candidates === undefined ? "candidate" : `candidates.${name}`, call);
    return {
      name,
      call: call as AnyFunction,
      breaker: new CandidateBreaker(limits.breakAfter, limits.breakMs),
      counters: new Counters(),
      record: recordOf(name),
    };
  });
  return planned as [PlannedCandidate, ...PlannedCandidate[]];
}

function noiseOf(check: OptionCheck, noise: UncheckedDefinition["noise"]): ExperimentPlan["noise"] {
  return noise === undefined ? undefined : new NoiseRuns(settle(check, noiseTable, noise, "noise"));
}

/** An experiment's own goes before its laboratory's. */
function throwingOf(
  option: UncheckedDefinition["throwOnMismatch"],
  { throwing, mismatchError }: Services,
): Throwing | undefined {
  return option === undefined ? throwing : compileThrowing(option, mismatchError);
}

function streamOf(check: OptionCheck, stream: UncheckedDefinition["stream"]): ExperimentPlan["stream"] {
  return stream === undefined ? undefined : settle(check, streamTable, stream === true ? {} : stream, "stream");
}

function aboutOf(check: OptionCheck, about: UncheckedDefinition["about"]): ExperimentPlan["about"] {
  if (about === undefined) return {};
  const { owner, link, until } = about;
  return {
    ...(owner !== undefined && { owner }),
    ...(link !== undefined && { link }),
    ...(until !== undefined && { untilMs: check.date("about.until", until) }),
  };
}
