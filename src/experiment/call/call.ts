import { isFast, type Hooks, type ExperimentPlan } from "../define/experiment-plan.ts";
import { tellOfCallback } from "../define/run-twice.ts";
import type { Skip } from "../record/counters.ts";
import { conductFast } from "../run/fast-path.ts";
import { Run } from "../run/run.ts";
import { serveAlone } from "../run/serve-alone.ts";
import { serveCompared } from "../run/serve-compared.ts";
import { answersAlone, skip, whyNot } from "./gates.ts";
import { argumentsOf, prepare } from "./inputs.ts";
import { routeOf, withoutRollout, type Route } from "./route.ts";
import { conductThrowing } from "./throw-on-mismatch.ts";

/** One call of an experiment: where it goes, why it is not compared, what its candidates get; then both sides, or one alone. */
export function call(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[]): unknown {
  plan.counters.calls += 1;
  const route = routeOf(plan, hooks, self, args);
  const reason = whyNot(plan, hooks, self, args, route);
  if (reason !== undefined) return runOneSide(plan, hooks, self, args, route, reason);
  if (hooks.prepare === undefined) tellOfCallback(plan, args);
  if (route === withoutRollout && isFast(plan, hooks)) return conductFast(plan, hooks, self, args);
  const run = prepare(plan, hooks, self, args, route);
  return run instanceof Run ? conduct(run, route) : runOneSide(plan, hooks, self, args, route, run);
}

/** Control's own answer comes back; or the candidate's, where it answers alone. */
function runOneSide(
  plan: ExperimentPlan,
  hooks: Hooks,
  self: unknown,
  args: unknown[],
  route: Route,
  reason: Skip,
): unknown {
  if (!answersAlone(plan, route, reason)) {
    skip(plan, reason);
    return Reflect.apply(hooks.control, self, args);
  }
  const candidateArgs = argumentsOf(plan, hooks, self, args);
  skip(plan, candidateArgs === undefined ? plan.counters.skips["prepare-failed"] : reason);
  if (candidateArgs !== undefined)
    return serveAlone(plan, hooks, self, args, candidateArgs, route.snapshot!, route.key);
  hooks.candidates[0].breaker.release(plan.services.clock.monotonic());
  return Reflect.apply(hooks.control, self, args);
}

function conduct(run: Run, route: Route): unknown {
  // A candidate that fails in a row answers nobody until a probe has succeeded.
  const serves = route.serves === "candidate" && run.hooks.candidates[0].breaker.state === "closed";
  const { throwing } = run.plan;
  if (throwing !== undefined) return conductThrowing(run, throwing, serves ? serveCompared : conductPlainly);
  return serves ? serveCompared(run) : run.conduct();
}

function conductPlainly(run: Run): unknown {
  return run.conduct();
}
