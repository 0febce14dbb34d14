import type { AnyFunction } from "../../model/any-function.ts";
import { checkOptions } from "../../model/check-options.ts";
import { SidelaneError } from "../../model/errors.ts";
import { settle } from "../../model/option-table.ts";
import { notAgain } from "../record/noise-reruns.ts";
import { planOf } from "./compile-experiment.ts";
import { comparisonTable, type UncheckedComparison } from "./comparison-options.ts";
import type { ExperimentPlan } from "./experiment-plan.ts";
import type { UncheckedDefinition } from "./options.ts";
import type { Services } from "./services.ts";

/** A comparison, checked and compiled once: an experiment that calls neither side. */
export interface ComparisonPlan {
  readonly plan: ExperimentPlan;
  readonly prepareComparable: AnyFunction | undefined;
  /** Below `live` a call without a key is control's, and only `begin` can have it: a call that has none is a counted fault. */
  readonly needsKeyOfCall: boolean;
}

const noKey = (): undefined => undefined;

/**
 * Checks the options of a comparison, and compiles them into what calls need.
 *
 * @throws {SidelaneError} `invalid-definition`, for the first thing that is wrong
 */
export function comparisonPlanOf(name: string, options: UncheckedComparison, services: Services): ComparisonPlan {
  const place = `comparison(${JSON.stringify(name)})`;
  const check = checkOptions(place, "invalid-definition");
  check.text("name", name);
  settle(check, comparisonTable, options);
  const { prepareComparable, writes, ...shared } = options;
  const needsKeyOfCall = shared.rollout !== undefined && shared.key === undefined && !drawsByCall(shared.rollout);
  const definition = {
    ...shared,
    ...(needsKeyOfCall && { key: noKey }),
    control: notAgain,
    candidate: notAgain,
  } as UncheckedDefinition;
  const plan = planOf(name, definition, services, place);
  if (plan.waitForMatch) {
    throw new SidelaneError(
      "invalid-definition",
      `${place}: expected \`rollout.onMismatch\` to be "serve": who begins a call decides what its caller gets, and says so with \`fellBack("mismatch")\``,
    );
  }
  return {
    // Neither side is called here, so that no order can be drawn in which they are timed.
    plan: { ...plan, pairs: undefined, writes },
    prepareComparable: prepareComparable as AnyFunction | undefined,
    needsKeyOfCall,
  };
}

function drawsByCall(rollout: unknown): boolean {
  return typeof rollout === "object" && rollout !== null && "unkeyed" in rollout && rollout.unkeyed !== undefined;
}
