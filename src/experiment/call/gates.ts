import { ask, failed } from "../define/services.ts";
import type { Hooks, ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import type { Skip } from "../record/counters.ts";
import { surroundings } from "../runtime/current-run.ts";
import type { Route } from "./route.ts";

/** Counts a call whose candidates do not run beside control, and tells the publishers that count skips. */
export function skip({ services, name }: ExperimentPlan, why: Skip): void {
  why.times += 1;
  services.onSkip?.(name, why.reason);
}

/** Why this call is not compared; the cheapest questions first, and the user's own only where the answer matters. */
export function whyNot(
  plan: ExperimentPlan,
  hooks: Hooks,
  self: unknown,
  args: unknown[],
  route: Route,
): Skip | undefined {
  const { services, counters } = plan;
  const { skips } = counters;
  if (services.killed) return skips.disabled;
  if (services.closed) return orBroken(plan, hooks, route, skips.closed);
  if (route.stage === "off") return skips.off;
  if (route.stage === "complete") return skips.complete;
  if (!plan.allowed) return skips["not-enabled"];
  // A call that the candidate serves is served with or without being compared, unless another gate is against it.
  if (route.serves === "candidate") {
    return refusal(plan, hooks, self, args, true) ?? orBroken(plan, hooks, route, notDrawn(plan, route));
  }
  return notDrawn(plan, route) ?? refusal(plan, hooks, self, args, false);
}

/**
 * Who answers a call that is not compared. Sampling says nothing about the candidate; every other reason does, and control
 * answers. After `close()` the last decision stands. In `complete` the candidate answers, unless the kill switch is off.
 */
export function answersAlone({ counters: { skips } }: ExperimentPlan, route: Route, reason: Skip): boolean {
  // A hook that is asked on the way may have switched the laboratory off.
  if (route.serves === "control" || reason === skips.disabled) return false;
  return route.stage === "complete" || reason === skips["sampled-out"] || reason === skips.closed;
}

/** The candidates that may run: those that have not failed too often in a row, and those that are probed by this call. */
export function admitted(plan: ExperimentPlan, candidates: Hooks["candidates"]): readonly PlannedCandidate[] {
  for (const candidate of candidates) {
    if (candidate.breaker.state === "closed") continue;
    const now = plan.services.clock.monotonic();
    return candidates.filter((each) => {
      const admits = each.breaker.admits(now);
      if (!admits) each.counters.skips["breaker-open"].times += 1;
      return admits;
    });
  }
  return candidates;
}

/** A candidate that fails in a row answers nobody, but for the call that probes it. */
function orBroken(plan: ExperimentPlan, hooks: Hooks, route: Route, reason: Skip | undefined): Skip | undefined {
  if (reason === undefined || route.serves === "control" || route.stage === "complete") return reason;
  const admits = hooks.candidates[0].breaker.admits(plan.services.clock.monotonic());
  return admits ? reason : plan.counters.skips["breaker-open"];
}

function notDrawn({ sample, services, counters: { skips } }: ExperimentPlan, route: Route): Skip | undefined {
  if (route.isDrawn === true) return undefined;
  if (!route.compares) return skips["sampled-out"];
  return sample >= 1 || (sample > 0 && services.random() < sample) ? undefined : skips["sampled-out"];
}

/** What is against running the candidate at this moment. One that answers its caller is never put off to a later turn. */
function refusal(
  plan: ExperimentPlan,
  hooks: Hooks,
  self: unknown,
  args: unknown[],
  serves: boolean,
): Skip | undefined {
  const { services, state } = plan;
  const { skips } = plan.counters;
  const around = surroundings();
  if (around !== undefined) return skips[around];
  if (hooks.enabled !== undefined) {
    const answer = ask(services, plan, "enabled", hooks.enabled, self, args);
    if (answer === failed) return skips["gate-failed"];
    if (!answer) return skips["not-enabled"];
  }
  if (state.inFlight >= plan.maxInFlight) return skips["in-flight"];
  if (services.inFlight.count + services.deferred.length >= services.maxInFlight) return skips["laboratory-in-flight"];
  if (services.guard.busy) return skips["loop-busy"];
  if (plan.deferred && !serves && !plan.budget.has(services.clock.monotonic())) return skips["cpu-budget"];
  return undefined;
}
