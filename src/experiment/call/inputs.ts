import type { AnyFunction } from "../../model/any-function.ts";
import { SidelaneError } from "../../model/errors.ts";
import { ask, failed } from "../define/services.ts";
import type { Hooks, ExperimentPlan } from "../define/experiment-plan.ts";
import type { Skip } from "../record/counters.ts";
import { Run } from "../run/run.ts";
import { admitted } from "./gates.ts";
import { keyOf, withoutRollout, type Route } from "./route.ts";

/** Makes everything that a compared call needs before control is called, in the caller's own context. */
export function prepare(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[], route: Route): Run | Skip {
  const { services } = plan;
  const { skips } = plan.counters;
  const candidates = admitted(plan, hooks.candidates);
  if (candidates.length === 0) return skips["breaker-open"];
  const candidateArgs = argumentsOf(plan, hooks, self, args);
  if (candidateArgs === undefined) {
    for (const { breaker } of candidates) breaker.release(services.clock.monotonic());
    return skips["prepare-failed"];
  }
  const key = route === withoutRollout ? keyOf(plan, hooks, self, args) : route.key;
  const run = new Run(plan, hooks, candidates, self, args, candidateArgs, route.snapshot, key);
  if (hooks.context !== undefined) run.context = contextOf(plan, hooks.context, self, args);
  if (hooks.beforeRun !== undefined) ask(services, plan, "beforeRun", hooks.beforeRun, self, args);
  return run;
}

/** The candidate's arguments; `undefined` where they cannot be made. */
export function argumentsOf(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[]): unknown[] | undefined {
  let prepared = args;
  if (hooks.prepare !== undefined) {
    const answer = askToPrepare(plan, hooks.prepare, self, args);
    if (answer === failed) return undefined;
    if (!isArray(answer)) {
      plan.services.fault(
        "prepare",
        new TypeError("`prepare` must return the candidate's arguments as an array"),
        plan,
      );
      return undefined;
    }
    prepared = answer;
  }
  if (!plan.isolate) return prepared;
  try {
    return structuredClone(prepared);
  } catch (error) {
    plan.services.fault("isolate", error, plan);
    return undefined;
  }
}

function askToPrepare(plan: ExperimentPlan, hook: AnyFunction, self: unknown, args: unknown[]): unknown {
  const { state, services, place } = plan;
  if (state.preparing) {
    const message = `${place}: \`prepare\` calls the experiment itself, and control answers that call; call the behavior it needs`;
    services.fault("prepare", new SidelaneError("invalid-option", message), plan);
    return failed;
  }
  state.preparing = true;
  try {
    return ask(services, plan, "prepare", hook, self, args);
  } finally {
    state.preparing = false;
  }
}

function isArray(value: unknown): value is unknown[] {
  try {
    // Copied, since spreading an array of foreign making runs foreign code.
    return Array.isArray(value) && Array.isArray([...(value as unknown[])]);
  } catch {
    return false;
  }
}

/** What a context comes to, in an object of our own; `undefined` where there is none, or it cannot be had. */
export function contextOf(
  plan: ExperimentPlan,
  context: NonNullable<Hooks["context"]>,
  self: unknown,
  args: unknown[],
): Readonly<Record<string, unknown>> | undefined {
  const given = typeof context === "function" ? ask(plan.services, plan, "context", context, self, args) : context;
  if (typeof given !== "object" || given === null) return undefined;
  try {
    return { ...given };
  } catch (error) {
    plan.services.fault("context", error, plan);
    return undefined;
  }
}
