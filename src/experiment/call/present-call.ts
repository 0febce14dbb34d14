import { compileJudgement } from "../../compare/judge.ts";
import { SidelaneError } from "../../model/errors.ts";
import type { Hooks, ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import type { UncheckedDefinition } from "../define/options.ts";
import { givesPlainPromises } from "../runtime/native-promise.ts";
import { skip } from "./gates.ts";

// Each of these is the present call's own, whatever the first one had.
const ownOfEachCall: ReadonlySet<string> = new Set(["control", "candidate", "candidates", "context"]);

/** The first option that is not what it was in the first call, functions aside. */
export function changedOption(first: UncheckedDefinition, present: UncheckedDefinition): string | undefined {
  if (first === present) return undefined;
  for (const option of new Set([...Object.keys(first), ...Object.keys(present)])) {
    if (ownOfEachCall.has(option)) continue;
    const name = option as keyof UncheckedDefinition;
    if (!sameData(first[name], present[name], 0)) return option;
  }
  return undefined;
}

const deepest = 6;

function sameData(one: unknown, other: unknown, depth: number): boolean {
  if (Object.is(one, other)) return true;
  // A function is its call's own, and may also be left out.
  if (isFunctionOrNone(one) && isFunctionOrNone(other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  // Two instances (dates, rollouts, patterns) are not looked into: they are the same where they are of one class.
  if (!isRecord(one) || !isRecord(other)) return Object.getPrototypeOf(one) === Object.getPrototypeOf(other);
  if (depth === deepest) return true;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => sameData(one[key], other[key], depth + 1));
}

function isFunctionOrNone(value: unknown): boolean {
  return value === undefined || typeof value === "function";
}

function isRecord(value: object): value is Record<string, unknown> {
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

const never = (): boolean => false;

/** The present call's functions, with what is kept from call to call; `undefined` where control is left alone. */
export function functionsOf(plan: ExperimentPlan, definition: UncheckedDefinition): Hooks | undefined {
  const { enabled } = definition;
  const candidates = candidatesOf(plan, definition);
  if (candidates.length === 0) {
    plan.counters.calls += 1;
    skip(plan, plan.counters.skips["not-enabled"]);
    return undefined;
  }
  return {
    control: definition.control as AnyFunction,
    givesPromises: givesPlainPromises(definition.control),
    candidates: candidates as unknown as Hooks["candidates"],
    enabled:
      typeof enabled === "function" ? enabled
      : enabled === false ? never
      : undefined,
    key: definition.key,
    context: definition.context,
    prepare: definition.prepare,
    beforeRun: definition.beforeRun,
    afterRun: definition.afterRun,
    clean: definition.clean,
  };
}

/** Those that the present call has; never the first call's closure, which would run with another request's data. */
function candidatesOf(
  plan: ExperimentPlan,
  { candidate, candidates }: UncheckedDefinition,
): readonly PlannedCandidate[] {
  const given: Readonly<Record<string, unknown>> = candidates ?? { candidate };
  const planned: PlannedCandidate[] = [];
  for (const each of plan.hooks.candidates) {
    const call = Object.hasOwn(given, each.name) ? given[each.name] : undefined;
    if (typeof call === "function") planned.push(call === each.call ? each : { ...each, call: call as AnyFunction });
  }
  const unknown = Object.keys(given).find(
    (name) => given[name] !== undefined && !plan.hooks.candidates.some((each) => each.name === name),
  );
  if (unknown !== undefined) {
    const message = `\`science\`: the candidate ${JSON.stringify(unknown)} is not among those of the first call under this name, and does not run; name them all there`;
    plan.services.fault("internal", new SidelaneError("invalid-definition", message), plan);
  }
  return planned;
}

/** The plan, with the present call's own comparer, rules and listener where those are functions. */
export function planOfCall(
  plan: ExperimentPlan,
  first: UncheckedDefinition,
  present: UncheckedDefinition,
): ExperimentPlan {
  const { onNewMismatch } = present;
  const judges = (["compare", "knownMismatches"] as const).some(
    (option) => first[option] !== present[option] && (holdsFunction(first[option]) || holdsFunction(present[option])),
  );
  if (!judges && onNewMismatch === first.onNewMismatch) return plan;
  const ownCompare = judges ? typeof present.compare === "function" : plan.ownCompare;
  return {
    ...plan,
    judgement: judges ? judgementOf(plan, present) : plan.judgement,
    ownCompare,
    fast: plan.fast && !ownCompare,
    onNewMismatch: onNewMismatch as AnyFunction | undefined,
  };
}

function judgementOf(
  plan: ExperimentPlan,
  { compare, knownMismatches }: UncheckedDefinition,
): ExperimentPlan["judgement"] {
  try {
    const { onFault } = plan.judgement;
    return compileJudgement({ compare, knownMismatches, onFault }, `science(${JSON.stringify(plan.name)})`);
  } catch (error) {
    plan.services.fault("internal", error, plan);
    return plan.judgement;
  }
}

function holdsFunction(option: unknown): boolean {
  if (typeof option === "function") return true;
  if (typeof option !== "object" || option === null) return false;
  return Object.values(option).some(holdsFunction);
}
