import type { RolloutSnapshot, Stage } from "../../model/rollout.ts";
import { bucketCount } from "../../rollout/bucket.ts";
import { decide } from "../../rollout/decide.ts";
import { bucketIn, snapshotOf } from "../define/ask-rollout.ts";
import { ask, failed } from "../define/services.ts";
import type { Hooks, ExperimentPlan } from "../define/experiment-plan.ts";
import { surroundings } from "../runtime/current-run.ts";

/** Where a call goes: which behavior answers it, and whether the rollout wants it compared. */
export interface Route {
  readonly serves: "control" | "candidate";
  readonly compares: boolean;
  /** Who begins the call has drawn it already. */
  readonly isDrawn?: boolean;
  /** The rollout's stage; without a rollout, every call is in `shadow`. */
  readonly stage: Stage;
  readonly snapshot: RolloutSnapshot | undefined;
  readonly key: string | undefined;
}

/** The way of every call that no rollout decides about. */
export const withoutRollout: Route = Object.freeze({
  serves: "control",
  compares: true,
  stage: "shadow",
  snapshot: undefined,
  key: undefined,
});
const switchedOff: Route = Object.freeze({ ...withoutRollout, stage: "off", compares: false });

export function routeOf(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[]): Route {
  // The kill switch asks nobody.
  if (plan.rollout === undefined || plan.services.killed) return withoutRollout;
  const snapshot = snapshotOf(plan);
  if (snapshot === undefined || snapshot.stage === "off") return switchedOff;
  const { stage } = snapshot;
  // Inside a hook no key is asked for: one that calls its own experiment would be asked for ever.
  const isDetached = surroundings() === "detached";
  const key = isDetached ? undefined : keyOf(plan, hooks, self, args);
  const bucket = stage !== "ramp" || isDetached ? undefined : bucketOf(plan, key);
  const draw = snapshot.compare >= 1 ? 0 : plan.services.random();
  const { serve, compare } = decide(snapshot, bucket, draw);
  return { serves: serve, compares: compare, stage, snapshot, key };
}

/** What a call sticks to. A key that cannot be had has no bucket, and is control's. */
export function keyOf(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[]): string | undefined {
  if (hooks.key === undefined) return undefined;
  const key = ask(plan.services, plan, "key", hooks.key, self, args);
  return (
    typeof key === "string" ? key
    : (typeof key === "number" && Number.isFinite(key)) || typeof key === "bigint" ? String(key)
    : noKey(plan, key)
  );
}

/** Its owner has no bucket and is control's; only a key that is missing is silent about it. */
function noKey(plan: ExperimentPlan, key: unknown): string | undefined {
  if (key === undefined || key === null || key === failed) return undefined;
  const got = typeof key === "number" ? String(key) : typeof key;
  plan.services.fault("key", new TypeError(`\`key\` must return a string, a number or a bigint, not ${got}`), plan);
  return undefined;
}

function bucketOf(plan: ExperimentPlan, key: string | undefined): number | undefined {
  if (key === undefined) return plan.drawsByCall ? Math.floor(plan.services.random() * bucketCount) : undefined;
  return bucketIn(plan, key);
}
