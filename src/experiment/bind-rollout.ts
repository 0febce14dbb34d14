import type { Cancel, Clock } from "../model/clock.ts";
import type { Services } from "./define/services.ts";
import type { ExperimentPlan } from "./define/experiment-plan.ts";
import { writesOf } from "./status/writes-of.ts";

// One for all rollouts of a laboratory: those that have one store and one clock ask it together.
const clocks = new WeakMap<Services, Clock>();

/** What a rollout does by the clock is no part of the request in which its experiment was defined. */
function clockOf(services: Services): Clock {
  const clock = clocks.get(services) ?? {
    ...services.clock,
    after: (...timer) => services.detached(() => services.clock.after(...timer)),
  };
  clocks.set(services, clock);
  return clock;
}

/** Tells a rollout of the laboratory in which its experiment is defined. */
export function bindRollout(plan: ExperimentPlan): void {
  const { services, rollout } = plan;
  rollout?.bind?.(plan.name, {
    build: services.labels.build,
    units: services.tells ? { secret: services.unitSecret } : undefined,
    clock: clockOf(services),
    onEvent: (event) => services.comparisonQueue.event(event),
    onFault: (operation, error) => services.fault(operation, error, plan),
    calls: () => plan.counters.calls,
    writes: () => writesOf(plan),
  });
}

/** Ends a rollout that has an end; one that cannot is a fault. */
export async function closeRollout(plan: ExperimentPlan): Promise<void> {
  try {
    await plan.rollout?.close?.();
  } catch (error) {
    plan.services.fault("rollout", error, plan);
  }
}

/** Ends all of them; a store that hangs holds nobody longer than this. */
export async function rolloutsEnd(
  services: Services,
  plans: readonly ExperimentPlan[],
  timeoutMs: number,
): Promise<void> {
  const closing = plans.filter(({ rollout }) => rollout?.close).map(closeRollout);
  if (closing.length === 0) return;
  let cancel: Cancel = () => undefined;
  const over = new Promise<void>((resolve) => {
    cancel = services.clock.after(timeoutMs, resolve, true);
  });
  await Promise.race([Promise.all(closing), over]);
  cancel();
}
