import type { RolloutSnapshot } from "../../model/rollout.ts";
import { decide } from "../../rollout/decide.ts";
import type { Skip } from "../record/counters.ts";
import { ask, failed } from "../define/services.ts";
import { conductLean, isLean } from "../run/fast-path.ts";
import type { Hooks, Plan, PlannedCandidate } from "../define/experiment-plan.ts";
import { tellOfCallback } from "../define/run-twice.ts";
import { Run } from "../run/run.ts";
import { skip } from "./gates.ts";
import { surroundings } from "../runtime/current-run.ts";
import { serveAlone, serveCompared } from "../run/serve-compared.ts";
import { conductThrowing } from "../run/throw-on-mismatch.ts";

/**
 * One call of an experiment: asks the gates, then runs control alone, or both sides. Small, as what follows when a call is
 * switched off or not drawn is then all one piece with the wrapper.
 */
export function call(plan: Plan, hooks: Hooks, self: unknown, args: unknown[]): unknown {
  const { counters, host } = plan;
  counters.calls += 1;
  if (!host.open) {
    return alone(plan, hooks, self, args, host.closed ? counters.skips.closed : counters.skips.disabled);
  }
  if (plan.rollout !== undefined) return callRolledOut(plan, hooks, self, args);
  const reason = notDrawn(plan);
  return reason === undefined ? callDrawn(plan, hooks, self, args) : alone(plan, hooks, self, args, reason);
}

function callDrawn(plan: Plan, hooks: Hooks, self: unknown, args: unknown[]): unknown {
  const reason = whyNot(plan, hooks, self, args);
  if (reason !== undefined) return alone(plan, hooks, self, args, reason);
  if (isLean(plan, hooks)) return conductLean(plan, hooks, self, args);
  const run = prepare(plan, hooks, self, args, undefined, undefined);
  return run instanceof Run ? conduct(run) : alone(plan, hooks, self, args, run);
}

function callRolledOut(plan: Plan, hooks: Hooks, self: unknown, args: unknown[]): unknown {
  const {
    host,
    counters: { skips },
  } = plan;
  const snapshot = currentSnapshot(plan);
  if (snapshot === undefined || snapshot.stage === "off") return alone(plan, hooks, self, args, skips.off);
  // Inside a hook no other hook is asked: one that calls its own experiment would be asked for ever.
  const detached = surroundings() === "detached";
  if (detached && snapshot.stage !== "complete") return alone(plan, hooks, self, args, skips.detached);
  const key = detached ? undefined : keyOf(plan, hooks, self, args);
  const bucket = key === undefined || snapshot.stage !== "ramp" ? undefined : bucketOf(plan, key);
  const draw = snapshot.compare >= 1 ? 0 : host.random();
  const { serve, compare } = decide(snapshot, bucket, draw);
  const notCompared = snapshot.stage === "complete" ? skips.complete : skips["sampled-out"];
  const reason = compare ? (notDrawn(plan) ?? whyNot(plan, hooks, self, args)) : notCompared;
  const candidate = hooks.candidates[0];
  // A candidate that fails in a row answers nobody until a probe has succeeded.
  const healthy = snapshot.stage === "complete" || candidate.breaker.state === "closed";
  if (serve === "control" || !healthy) {
    if (reason !== undefined) return alone(plan, hooks, self, args, reason);
    const run = prepare(plan, hooks, self, args, snapshot, key);
    return run instanceof Run ? conduct(run) : alone(plan, hooks, self, args, run);
  }
  if (reason !== undefined) {
    skip(plan, reason);
    const candidateArgs = prepareArguments(plan, hooks, self, args);
    if (candidateArgs === undefined) return Reflect.apply(hooks.control, self, args);
    return serveAlone(plan, hooks, candidate, self, args, candidateArgs, snapshot, key);
  }
  const run = prepare(plan, hooks, self, args, snapshot, key);
  return run instanceof Run ? serveCompared(run) : alone(plan, hooks, self, args, run);
}

function currentSnapshot(plan: Plan): RolloutSnapshot | undefined {
  try {
    return plan.rollout!.current();
  } catch (error) {
    plan.host.fault("rollout", error, plan);
    return undefined;
  }
}

function bucketOf(plan: Plan, key: string): number | undefined {
  try {
    return plan.rollout!.bucket(plan.name, key);
  } catch (error) {
    plan.host.fault("rollout", error, plan);
    return undefined;
  }
}

/** Control runs alone, and its own answer comes back. */
function alone(plan: Plan, hooks: Hooks, self: unknown, args: unknown[], reason: Skip): unknown {
  skip(plan, reason);
  return Reflect.apply(hooks.control, self, args);
}

/** Why this call is not to be compared, by the definition alone. */
function notDrawn({ allowed, sample, host, counters: { skips } }: Plan): Skip | undefined {
  if (!allowed) return skips["not-enabled"];
  return sample >= 1 || (sample > 0 && host.random() < sample) ? undefined : skips["sampled-out"];
}

/** Why a call that was drawn is not to be compared; the cheapest questions first. */
function whyNot(plan: Plan, hooks: Hooks, self: unknown, args: unknown[]): Skip | undefined {
  const { host, state } = plan;
  const { skips } = plan.counters;
  const around = surroundings();
  if (around !== undefined) return skips[around];
  if (hooks.enabled !== undefined) {
    const answer = ask(host, plan, "enabled", hooks.enabled, self, args);
    if (answer === failed) return skips["gate-failed"];
    if (!answer) return skips["not-enabled"];
  }
  if (state.inFlight >= plan.maxInFlight) return skips["in-flight"];
  if (host.inFlight.count + host.deferred.length >= host.maxInFlight) return skips["laboratory-in-flight"];
  if (host.guard.busy) return skips["loop-busy"];
  if (plan.deferred && !plan.budget.has(host.clock.monotonic())) return skips["cpu-budget"];
  if (hooks.prepare === undefined) tellOfCallback(plan, args);
  return undefined;
}

/** Makes everything that a compared call needs before control is called, in the caller's own context. */
function prepare(
  plan: Plan,
  hooks: Hooks,
  self: unknown,
  args: unknown[],
  snapshot: RolloutSnapshot | undefined,
  knownKey: string | undefined,
): Run | Skip {
  const { host } = plan;
  const { skips } = plan.counters;
  const candidates = admitted(plan, hooks.candidates);
  if (candidates.length === 0) return skips["breaker-open"];
  const candidateArgs = prepareArguments(plan, hooks, self, args);
  if (candidateArgs === undefined) {
    for (const { breaker } of candidates) breaker.release(host.clock.monotonic());
    return skips["prepare-failed"];
  }
  const key = plan.rollout === undefined ? keyOf(plan, hooks, self, args) : knownKey;
  const run = new Run(plan, hooks, candidates, self, args, candidateArgs, snapshot, key);
  if (hooks.context !== undefined) run.context = contextOf(plan, hooks.context, self, args);
  if (hooks.beforeRun !== undefined) ask(host, plan, "beforeRun", hooks.beforeRun, self, args);
  return run;
}

function conduct(run: Run): unknown {
  const { throwOnMismatch } = run.plan.host;
  return throwOnMismatch === false ? run.conduct() : conductThrowing(run, throwOnMismatch);
}

function admitted(plan: Plan, candidates: Hooks["candidates"]): readonly PlannedCandidate[] {
  for (const candidate of candidates) {
    if (candidate.breaker.state === "closed") continue;
    const now = plan.host.clock.monotonic();
    return candidates.filter((each) => {
      const admits = each.breaker.admits(now);
      if (!admits) each.counters.skips["breaker-open"].times += 1;
      return admits;
    });
  }
  return candidates;
}

function prepareArguments(plan: Plan, hooks: Hooks, self: unknown, args: unknown[]): unknown[] | undefined {
  let prepared = args;
  if (hooks.prepare !== undefined) {
    const answer = ask(plan.host, plan, "prepare", hooks.prepare, self, args);
    if (answer === failed) return undefined;
    if (!isArray(answer)) {
      plan.host.fault("prepare", new TypeError("`prepare` must give the candidate's arguments as an array"), plan);
      return undefined;
    }
    prepared = answer;
  }
  if (!plan.isolate) return prepared;
  try {
    return structuredClone(prepared);
  } catch (error) {
    plan.host.fault("isolate", error, plan);
    return undefined;
  }
}

function isArray(value: unknown): value is unknown[] {
  try {
    // Copied, since spreading somebody else's array is somebody else's code.
    return Array.isArray(value) && Array.isArray([...(value as unknown[])]);
  } catch {
    return false;
  }
}

function keyOf(plan: Plan, hooks: Hooks, self: unknown, args: unknown[]): string | undefined {
  if (hooks.key === undefined) return undefined;
  const key = ask(plan.host, plan, "key", hooks.key, self, args);
  return (
    typeof key === "string" ? key
    : typeof key === "number" || typeof key === "bigint" ? String(key)
    : noKey(plan, key)
  );
}

/** Its owner has no bucket and is control's; only a key that is missing is silent about it. */
function noKey(plan: Plan, key: unknown): string | undefined {
  if (key === undefined || key === null || key === failed) return undefined;
  plan.host.fault("key", new TypeError(`\`key\` must return a string, a number or a bigint, not ${typeof key}`), plan);
  return undefined;
}

function contextOf(
  plan: Plan,
  context: NonNullable<Hooks["context"]>,
  self: unknown,
  args: unknown[],
): Readonly<Record<string, unknown>> | undefined {
  const given = typeof context === "function" ? ask(plan.host, plan, "context", context, self, args) : context;
  if (typeof given !== "object" || given === null) return undefined;
  try {
    return { ...given };
  } catch (error) {
    plan.host.fault("context", error, plan);
    return undefined;
  }
}
