import { kindOfCandidate } from "../model/result.ts";
import type { PresentedCandidate, PresentedResult } from "../records/record.ts";

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
  readonly process: string | null;
  readonly weight: number;
  /** JSON: the result as a line has it, with this `candidate` in place of all, and its `place` among them from 0 on. */
  readonly detail: string;
}

/** The columns of the table of results, in their order. */
export const columns: readonly (keyof Row)[] = [
  ...(["result_id", "candidate", "experiment", "started_at_ms", "kind", "signature", "served", "stage"] as const),
  ...(["control_outcome", "control_ms", "candidate_outcome", "candidate_ms", "process", "weight", "detail"] as const),
];

/** Makes the rows of a result: one for each candidate. */
export function rowsOf(result: PresentedResult): Row[] {
  const { candidates, ...rest } = result;
  const { control, process, weight } = result;
  return candidates.map((candidate, place) => ({
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
    process: process === undefined ? null : indexable(process),
    weight,
    detail: JSON.stringify(storableData({ ...rest, candidate, place })),
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

const suspect = /[\0\ud800-\udfff]/;

/** PostgreSQL stores neither NUL nor half a surrogate pair, and would refuse the whole batch. */
export function storable(text: string): string {
  // Nearly every text has neither half nor a whole pair, which is soon seen.
  return suspect.test(text) ? text.replace(/[\0\p{Surrogate}]/gu, "\ufffd") : text;
}

function storableData(data: unknown): unknown {
  if (typeof data === "string") return storable(data);
  if (typeof data !== "object" || data === null) return data;
  if (Array.isArray(data)) return data.map(storableData);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [storable(key), storableData(value)]));
}

/** Makes one result of the `detail` of its rows, in any order. */
export function resultOf(details: readonly string[]): PresentedResult {
  const parts = details
    .map((detail) => JSON.parse(detail) as PresentedResult & { candidate: PresentedCandidate; place: number })
    .sort((one, other) => one.place - other.place);
  const rest = Object.entries(parts[0]!).filter(([name]) => name !== "candidate" && name !== "place");
  const result = Object.fromEntries(rest) as unknown as PresentedResult;
  return { ...result, candidates: parts.map(({ candidate }) => candidate) };
}
