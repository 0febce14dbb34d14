import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { SidelaneError } from "../../model/errors.ts";
import { compileCaptureLimits } from "../../compare/copy/capture-limits.ts";
import { defaultCallerMs } from "../../compare/equality/surely-equal.ts";
import { compileJudgement } from "../../compare/judge.ts";
import { rolloutOf } from "../../rollout/to-rollout.ts";
import { judges } from "../../rollout/to-rollout.ts";
import type { PresentedResult } from "../../records/record.ts";
import { MismatchGroups } from "../../stats/groups.ts";
import { CandidateBreaker } from "../limits/circuit-breaker.ts";
import { Counters } from "../record/counters.ts";
import { CpuBudget } from "../limits/cpu-budget.ts";
import { givesPlainPromises } from "../runtime/native-promise.ts";
import type { Host } from "./services.ts";
import { checkThrowing, compileThrowing, type Throwing } from "./throw-options.ts";
import { later } from "../runtime/event-loop.ts";
import { NoiseRuns } from "../record/noise-reruns.ts";
import { canBeLean, type Hooks, type Plan, type PlannedCandidate } from "./experiment-plan.ts";
import { CandidateRecord } from "../record/candidate-record.ts";
import { ControlMark } from "../runtime/current-run.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import type { ExperimentLimits, UncheckedDefinition } from "./options.ts";

const knownOptions: readonly (keyof UncheckedDefinition)[] = [
  "control",
  "candidate",
  "candidates",
  "prepare",
  "enabled",
  "sample",
  "compare",
  "context",
  "order",
  "knownMismatches",
  "clean",
  "noise",
  "stream",
  "beforeRun",
  "afterRun",
  "onNewMismatch",
  "key",
  "rollout",
  "limits",
  "capture",
  "isolate",
  "checkArguments",
  "about",
  "throwOnMismatch",
  "replace",
];
const functionOptions = ["prepare", "key", "clean", "beforeRun", "afterRun", "onNewMismatch"] as const;
const defaultGraceMs = 1_000;
const defaultLimits = {
  timeoutMs: 10_000,
  maxInFlight: 100,
  callerMs: defaultCallerMs,
  breakAfter: 20,
  breakMs: 1_000,
  cpuShare: 0.01,
};

/**
 * Checks a definition, and compiles it into what calls need.
 *
 * @throws {SidelaneError} `invalid-definition`, for the first thing that is wrong
 */
export function planOf(name: string, definition: UncheckedDefinition, host: Host): Plan {
  const place = `experiment(${JSON.stringify(name)})`;
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  check.text("name", name);
  check.object("definition", definition);
  if ("execution" in definition) {
    const mend = 'Write `order: "deferred"` for a candidate that is called after the caller has been served';
    check.fail("execution", "left out", definition.execution, mend);
  }
  check.known(definition, knownOptions);
  const counters = new Counters();
  const subject = { name, counters };
  const limits = limitsOf(check, definition.limits);
  const rollout = definition.rollout === undefined ? undefined : rolloutOf(definition.rollout, place);
  const recordOf = (candidate: string): CandidateRecord =>
    new CandidateRecord(name, candidate, !judges(rollout), host.clock, (work) => host.detached(() => later(work)));
  const hooks = hooksOf(check, definition, limits, recordOf);
  checkGates(check, definition);
  const judgement = compileJudgement(
    {
      compare: definition.compare,
      knownMismatches: definition.knownMismatches,
      onFault: (operation, error) => host.fault(operation, error, subject),
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
  const stream = streamOf(check, definition.stream);
  for (const option of ["rollout", "noise"] as const) {
    if (stream === undefined || definition[option] === undefined) continue;
    const why = "a stream is read once, by control's caller";
    throw new SidelaneError("invalid-definition", `${place}: \`${option}\` cannot be combined with \`stream\`: ${why}`);
  }
  const groups = new MismatchGroups<PresentedResult>({ random: () => host.random() });
  const plan = {
    name,
    host,
    counters,
    hooks,
    controlMark: new ControlMark(name),
    allowed: definition.enabled !== false,
    sample: definition.sample ?? 1,
    deferred: definition.order === "deferred",
    randomOrder: definition.order === "random",
    timeoutMs: limits.timeoutMs,
    maxInFlight: limits.maxInFlight,
    callerMs: limits.callerMs,
    capture: definition.capture !== false,
    captureLimits: compileCaptureLimits(definition.capture === false ? undefined : definition.capture, place),
    isolate: definition.isolate === true,
    checkArguments: definition.checkArguments ?? 0,
    stream,
    judgement,
    ownCompare: typeof definition.compare === "function",
    rollout,
    waitForMatch: rollout?.onMismatch === "control",
    graceMs: rollout?.graceMs ?? defaultGraceMs,
    throwing: throwingOf(check, definition.throwOnMismatch, host),
    budget: new CpuBudget(limits.cpuShare),
    groups,
    noise: noiseOf(check, definition.noise),
    onNewMismatch: definition.onNewMismatch as AnyFunction | undefined,
    about: aboutOf(check, definition.about),
    state: { inFlight: 0, stalled: 0, served: 0, fellBack: 0, asynchronous: isAsync(hooks.control) },
  };
  return { ...plan, lean: canBeLean(plan) };
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
  limits: typeof defaultLimits,
  recordOf: (candidate: string) => CandidateRecord,
): Hooks {
  check.function("control", definition.control);
  for (const option of functionOptions) {
    if (definition[option] !== undefined) check.function(option, definition[option]);
  }
  const { context } = definition;
  if (context !== undefined && typeof context !== "function") check.object("context", context);
  return {
    control: definition.control!,
    givesPromises: givesPlainPromises(definition.control),
    candidates: candidatesOf(check, definition, limits, recordOf),
    enabled: typeof definition.enabled === "function" ? definition.enabled : undefined,
    key: definition.key,
    context,
    prepare: definition.prepare,
    beforeRun: definition.beforeRun,
    afterRun: definition.afterRun,
    clean: definition.clean,
  };
}

function candidatesOf(
  check: OptionCheck,
  { candidate, candidates }: UncheckedDefinition,
  limits: typeof defaultLimits,
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

function checkGates(check: OptionCheck, definition: UncheckedDefinition): void {
  const { enabled, sample, checkArguments, order } = definition;
  if (enabled !== undefined && typeof enabled !== "boolean") check.function("enabled", enabled);
  if (sample !== undefined) check.number("sample", sample, { max: 1 });
  if (checkArguments !== undefined) check.number("checkArguments", checkArguments, { max: 1 });
  if (order !== undefined) check.oneOf("order", order, ["control-first", "random", "deferred"]);
  for (const option of ["isolate", "replace"] as const) {
    if (definition[option] !== undefined) check.boolean(option, definition[option]);
  }
}

function limitsOf(check: OptionCheck, limits: ExperimentLimits | undefined): typeof defaultLimits {
  if (limits === undefined) return defaultLimits;
  const unchecked: unknown = limits;
  check.object("limits", unchecked);
  check.known(limits, Object.keys(defaultLimits), "limits.");
  const whole: readonly string[] = ["maxInFlight", "breakAfter"];
  const given = { ...defaultLimits };
  for (const name of Object.keys(defaultLimits) as (keyof typeof defaultLimits)[]) {
    const limit = limits[name];
    if (limit === undefined) continue;
    const bounds =
      name === "cpuShare" ? { max: 1 } : { min: name === "breakAfter" ? 1 : 0, integer: whole.includes(name) };
    check.number(`limits.${name}`, limit, bounds);
    given[name] = limit;
  }
  return given;
}

/** An experiment's own goes before its laboratory's. */
function throwingOf(
  check: OptionCheck,
  option: UncheckedDefinition["throwOnMismatch"],
  { throwing, mismatchError }: Host,
): Throwing | undefined {
  if (option === undefined) return throwing;
  checkThrowing(check, option);
  return compileThrowing(option, mismatchError);
}

function noiseOf(check: OptionCheck, noise: UncheckedDefinition["noise"]): NoiseRuns | undefined {
  if (noise === undefined) return undefined;
  const unchecked: unknown = noise;
  check.object("noise", unchecked);
  check.known(noise, ["controlIsReadOnly", "rate", "max"], "noise.");
  if (unchecked["controlIsReadOnly"] !== true) {
    check.fail("noise.controlIsReadOnly", "true", unchecked["controlIsReadOnly"], "Noise runs control a second time");
  }
  if (noise.rate !== undefined) check.number("noise.rate", noise.rate, { max: 1 });
  if (noise.max !== undefined) check.number("noise.max", noise.max, { integer: true });
  return new NoiseRuns(noise);
}

function streamOf(check: OptionCheck, stream: UncheckedDefinition["stream"]): Plan["stream"] {
  if (stream === undefined) return undefined;
  const defaults = { maxItems: 1_000, maxBytes: 1_048_576 };
  if (stream === true) return defaults;
  check.object("stream", stream);
  check.known(stream, ["maxItems", "maxBytes"], "stream.");
  for (const [name, limit] of Object.entries(stream)) check.number(`stream.${name}`, limit, { min: 1, integer: true });
  return { ...defaults, ...stream };
}

function aboutOf(check: OptionCheck, about: UncheckedDefinition["about"]): Plan["about"] {
  if (about === undefined) return {};
  const unchecked: unknown = about;
  check.object("about", unchecked);
  check.known(about, ["owner", "link", "until"], "about.");
  const { owner, link, until } = about;
  if (owner !== undefined) check.text("about.owner", owner);
  if (link !== undefined) check.text("about.link", link);
  return {
    ...(owner !== undefined && { owner }),
    ...(link !== undefined && { link }),
    ...(until !== undefined && { untilMs: check.date("about.until", until) }),
  };
}
