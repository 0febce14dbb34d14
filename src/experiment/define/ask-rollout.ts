import { describe } from "../../model/check-options.ts";
import { SidelaneError } from "../../model/errors.ts";
import type { RolloutSnapshot } from "../../model/rollout.ts";
import { ignoreRejection } from "../runtime/promises.ts";
import type { ExperimentPlan } from "./experiment-plan.ts";

// A rollout may be foreign code: what it does wrong is a counted fault, and `undefined` comes back.

/** The present state of an experiment's rollout. */
export function snapshotOf(plan: ExperimentPlan): RolloutSnapshot | undefined {
  const { state } = plan;
  if (state.askingRollout) {
    const message = `${plan.place}: its rollout calls the experiment itself, and control answers that call; ask it elsewhere`;
    plan.services.fault("rollout", new SidelaneError("invalid-option", message), plan);
    return undefined;
  }
  state.askingRollout = true;
  try {
    const snapshot = plan.rollout!.current();
    if (typeof snapshot.stage === "string") return snapshot;
    throw unlike("current()", "a snapshot", snapshot);
  } catch (error) {
    plan.services.fault("rollout", error, plan);
    return undefined;
  } finally {
    state.askingRollout = false;
  }
}

/** The bucket of a key. */
export function bucketIn(plan: ExperimentPlan, key: string): number | undefined {
  const { state } = plan;
  state.askingRollout = true;
  try {
    const bucket = plan.rollout!.bucket(plan.name, key);
    if (typeof bucket === "number") return bucket;
    throw unlike("bucket()", "a number", bucket);
  } catch (error) {
    plan.services.fault("rollout", error, plan);
    return undefined;
  } finally {
    state.askingRollout = false;
  }
}

/** Where it is a promise, what that rejects with is nobody's. */
function unlike(method: string, expected: string, got: unknown): TypeError {
  ignoreRejection(got);
  return new TypeError(`a rollout's \`${method}\` must return ${expected} at once, not ${describe(got)}`);
}
