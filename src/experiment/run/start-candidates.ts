import { capture } from "../../compare/copy/capture.ts";
import { compareValues } from "../../compare/compare.ts";
import { noRules } from "../../compare/rules/rules.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";
import { keepContext } from "../runtime/current-run.ts";
import type { CandidateRun } from "./candidate-run.ts";

/**
 * Calls the candidates, one after the other. Each stamp ends one behavior and starts the next: the clock is the dearest
 * part of a call.
 *
 * @param now the stamp of this moment
 * @returns the stamp of the moment at which the last one returned
 */
export function startCandidates(
  plan: ExperimentPlan,
  candidateRuns: readonly CandidateRun[],
  args: unknown[],
  now: number,
): number {
  for (const candidateRun of candidateRuns) {
    now = isDrawn(plan, plan.checkArguments) ? startChecked(plan, candidateRun, args) : candidateRun.start(args, now);
  }
  return now;
}

/** Calls them in a later turn, in the caller's own context; `start` tells the stamp at which they have returned. */
export function startLater(
  plan: ExperimentPlan,
  candidateRuns: readonly CandidateRun[],
  start: (now: number) => number,
): void {
  const { deferred, clock } = plan.services;
  const inContext = keepContext();
  deferred.add({
    budget: plan.budget,
    start: () => {
      const startedAt = clock.monotonic();
      return inContext(() => start(startedAt)) - startedAt;
    },
    abandon: () => {
      for (const candidateRun of candidateRuns) candidateRun.abandon();
    },
  });
}

function isDrawn({ services }: ExperimentPlan, share: number): boolean {
  return share > 0 && (share >= 1 || services.random() < share);
}

/** Looks whether the candidate's synchronous part changes its arguments; what it does later cannot be told from others' doing. */
function startChecked(plan: ExperimentPlan, candidateRun: CandidateRun, args: unknown[]): number {
  const before = capture(args);
  // Copying is no behavior's time.
  const now = candidateRun.start(args, plan.services.clock.monotonic());
  if (before.kind === "live") return now;
  candidateRun.argumentsMutated = compareValues(before.value, args, noRules).kind === "mismatch";
  if (candidateRun.argumentsMutated) plan.counters.argumentsMutated += 1;
  return now;
}

/**
 * In what order the behaviors of a call are called, all orders equally likely.
 *
 * @param random from 0 up to 1; more leaves control first, and candidates in the order of their definition
 * @returns the candidates in their order, and how many of them are called before control
 */
export function drawOrder<Candidate>(
  candidates: readonly Candidate[],
  random: () => number,
): { readonly order: readonly Candidate[]; readonly beforeControl: number } {
  const drawn = (among: number): number => Math.min(among - 1, Math.floor(random() * among));
  const beforeControl = candidates.length - drawn(candidates.length + 1);
  const order = [...candidates];
  // Fisher and Yates: each place, from the last on, gets one of those that are left.
  for (let last = order.length - 1; last > 0; last--) {
    const place = drawn(last + 1);
    [order[last], order[place]] = [order[place]!, order[last]!];
  }
  return { order, beforeControl };
}
