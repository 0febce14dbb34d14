import type { LaboratoryStatus, OutcomeCounts } from "../../src/experiment/status/status.ts";

/**
 * By how much each law of conservation is off, and which counts are below zero. Empty when everything is accounted for:
 *
 * - an experiment's `calls` = the sum of its `skips` + `started`
 * - `started` = matched + mismatched + ignored + inconclusive + timed out + in flight
 * - a publisher's `accepted` = published + failed + the sum of what was dropped + queued
 */
export function residualsOf(status: LaboratoryStatus): Record<string, number> {
  const residuals: Record<string, number> = {};
  const note = (law: string, residual: number): void => {
    if (residual !== 0) residuals[law] = residual;
  };
  const notBelowZero = (of: string, counts: Readonly<Record<string, unknown>>): void => {
    for (const [name, count] of Object.entries(counts)) {
      if (typeof count === "number" && count < 0) note(`${of}.${name} below zero`, count);
    }
  };
  for (const [name, experiment] of Object.entries(status.experiments)) {
    note(`${name}: calls`, experiment.calls - sum(experiment.skips) - experiment.started);
    note(`${name}: started`, experiment.started - endedOf(experiment) - experiment.inFlight);
    notBelowZero(name, { ...experiment });
    for (const [candidate, counts] of Object.entries(experiment.candidates)) {
      note(`${name}.${candidate}: started`, counts.started - endedOf(counts));
    }
  }
  for (const [name, { accepted, published, failed, dropped, queued }] of Object.entries(status.publishers)) {
    note(`${name}: accepted`, accepted - published - failed - sum(dropped) - queued);
    notBelowZero(name, { accepted, published, failed, queued, ...dropped });
  }
  if (status.candidatesInFlight < 0) note("candidatesInFlight below zero", status.candidatesInFlight);
  return residuals;
}

function endedOf({ matched, mismatched, ignored, inconclusive, timedOut }: OutcomeCounts): number {
  return matched + mismatched + ignored + inconclusive + timedOut;
}

function sum(counts: Readonly<Partial<Record<string, number>>>): number {
  return Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0);
}
