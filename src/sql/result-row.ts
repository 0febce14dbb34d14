import { kindOfCandidate } from "../model/result.ts";
import type { PresentedResult } from "../records/record.ts";

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
  const { control, context, version } = result;
  return result.candidates.map((candidate) => ({
    result_id: indexable(result.id),
    candidate: indexable(candidate.name),
    experiment: indexable(result.experiment),
    started_at_ms: Math.round(result.startedAt),
    kind: kindOfCandidate(candidate),
    signature: candidate.comparison.signature === undefined ? null : indexable(candidate.comparison.signature),
    served: indexable(result.served),
    stage: result.rollout?.stage ?? null,
    control_outcome: control.outcome.kind,
    control_ms: control.durationMs,
    candidate_outcome: candidate.outcome.kind,
    candidate_ms: candidate.durationMs,
    detail: JSON.stringify(
      storableData({
        control,
        candidate,
        ...(version !== undefined && { version }),
        ...(context !== undefined && { context }),
      }),
    ),
  }));
}

// PostgreSQL refuses an index entry of more than 2 704 bytes, and the whole statement with it. Three names share one, and a
// character takes up to 4 bytes: 3 × 220 × 4 = 2 640.
const longestIndexed = 220;

/** A name that may stand in an index: a longer one is cut, and ends in a hash of the whole, so that two stay two. */
export function indexable(name: string): string {
  const text = storable(name);
  if (text.length <= longestIndexed) return text;
  return storable(`${text.slice(0, longestIndexed - 10)}… ${hashOf(text)}`);
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
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
