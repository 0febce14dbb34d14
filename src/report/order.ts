import type { ReportExperiment, ReportModel, ReportVerdictKind } from "./model.ts";

/** From what needs a person most to what needs none. */
export const verdictOrder: readonly ReportVerdictKind[] = [
  "regressed",
  "not-ready",
  "no-traffic",
  "stale",
  "insufficient",
  "ready",
];

/** Word and shape of each verdict: never color alone. */
export const verdictWords: Readonly<Record<ReportVerdictKind, { readonly word: string; readonly shape: string }>> = {
  regressed: { word: "REGRESSED", shape: "✖" },
  "not-ready": { word: "NOT READY", shape: "▲" },
  "no-traffic": { word: "NO TRAFFIC", shape: "○" },
  stale: { word: "STALE", shape: "◌" },
  insufficient: { word: "INSUFFICIENT", shape: "◐" },
  ready: { word: "READY", shape: "✔" },
};

/** The verdict of the candidate that needs a person most; `no-traffic` without a candidate. */
export function worstOf({ candidates }: ReportExperiment): ReportVerdictKind {
  const kinds = new Set(Object.values(candidates).map(({ verdict }) => verdict.kind));
  return verdictOrder.find((kind) => kinds.has(kind)) ?? "no-traffic";
}

/** Experiments, those that need a person most first, then those that are over their time, then by name. */
export function byNeed({ experiments }: ReportModel): [string, ReportExperiment][] {
  const rank = (experiment: ReportExperiment): number =>
    2 * verdictOrder.indexOf(worstOf(experiment)) - Number(experiment.overdue);
  return Object.entries(experiments).sort(([a, one], [b, other]) => rank(one) - rank(other) || (a < b ? -1 : 1));
}
