import type { PresentedCandidate, PresentedResult } from "../records/present.ts";

/** One candidate of one result, named as the columns are. */
export interface Row {
  readonly result_id: string;
  readonly candidate: string;
  readonly experiment: string;
  readonly started_at_ms: number;
  readonly kind: string;
  readonly signature: string | null;
  readonly served: string;
  readonly stage: string | null;
  readonly control_outcome: string;
  readonly control_ms: number;
  readonly candidate_outcome: string;
  readonly candidate_ms: number;
  /** JSON: control, candidate, and the context where values are shown. */
  readonly detail: string;
}

/** The columns of the table of results, in their order. */
export const columns: readonly (keyof Row)[] = [
  ...(["result_id", "candidate", "experiment", "started_at_ms", "kind", "signature", "served", "stage"] as const),
  ...(["control_outcome", "control_ms", "candidate_outcome", "candidate_ms", "detail"] as const),
];

/** Makes the rows of a result: one for each candidate. */
export function rowsOf(result: PresentedResult): Row[] {
  const { control, context } = result;
  return result.candidates.map((candidate) => ({
    result_id: storable(result.id),
    candidate: storable(candidate.name),
    experiment: storable(result.experiment),
    started_at_ms: Math.round(result.startedAt),
    kind: kindOf(candidate),
    signature: candidate.comparison.signature === undefined ? null : storable(candidate.comparison.signature),
    served: storable(result.served),
    stage: result.rollout?.stage ?? null,
    control_outcome: control.outcome.kind,
    control_ms: control.durationMs,
    candidate_outcome: candidate.outcome.kind,
    candidate_ms: candidate.durationMs,
    detail: JSON.stringify(storableData({ control, candidate, ...(context !== undefined && { context }) })),
  }));
}

function kindOf({ outcome, comparison }: PresentedCandidate): string {
  return outcome.kind === "timed-out" ? "timed-out" : comparison.kind;
}

/** PostgreSQL stores neither NUL nor half a surrogate pair, and would refuse the whole batch. */
export function storable(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, "\ufffd");
}

function storableData(data: unknown): unknown {
  if (typeof data === "string") return storable(data);
  if (typeof data !== "object" || data === null) return data;
  if (Array.isArray(data)) return data.map(storableData);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [storable(key), storableData(value)]));
}
