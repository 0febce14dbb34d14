import { SidelaneError } from "../../model/errors.ts";
import type { ExperimentPlan } from "./experiment-plan.ts";

/** Compared calls whose arguments are looked at: what takes a callback does so from its first call on. */
const callsLookedAt = 100;

/** Tells once of a function among the arguments, which control and candidate both get. */
export function tellOfCallback(plan: ExperimentPlan, args: readonly unknown[]): void {
  if (plan.counters.started >= callsLookedAt || plan.state.toldOfCallback) return;
  const place = args.findIndex((argument) => typeof argument === "function");
  if (place === -1) return;
  plan.state.toldOfCallback = true;
  tell(
    plan,
    `argument ${place + 1} is a function, and both sides get it: a callback is called twice. Promisify both sides, or let \`prepare\` hand the candidate one that does nothing. A function that is only asked (an order, a condition) does no harm`,
  );
}

/** Tells once that both sides returned nothing, so that nothing was compared. */
export function tellOfNothing(plan: ExperimentPlan): void {
  if (plan.state.toldOfNothing) return;
  plan.state.toldOfNothing = true;
  tell(
    plan,
    "both sides returned nothing, so that nothing was compared, and what they write (a shared response, a record) is written twice. Return from both what is computed, and write it once, outside",
  );
}

function tell(plan: ExperimentPlan, message: string): void {
  plan.services.fault("repeat", new SidelaneError("invalid-definition", `${plan.place}: ${message}. Told once`), plan);
}
