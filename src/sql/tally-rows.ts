import type { TallyRecord } from "../model/tally-record.ts";
import type { EventRecord } from "../records/record.ts";
import { indexable, storable } from "./result-row.ts";

type CountRow = Readonly<Record<string, string | number | null>>;

/** Rows of the tables `counts` and `verdicts`: one for the experiment, and one for the candidate; none of the process itself. */
export function tallyRowsOf(tally: TallyRecord): { readonly counts: CountRow[]; readonly verdicts: CountRow[] } {
  if ("publishers" in tally) return { counts: [], verdicts: [] };
  const { process, n, to, experiment, counts: kinds, of: its } = tally;
  const of = { process: indexable(process), experiment: indexable(experiment), n, last_at_ms: Math.round(to) };
  const counts: CountRow[] = [];
  if (its !== undefined) {
    const { calls, started, answered, fellBack, newGroups, inFlight, kept, rollout, synchronized } = its;
    counts.push({
      ...of,
      ...{ calls, started, served: answered, fell_back: fellBack, new_groups: newGroups, in_flight: inFlight },
      groups: kept,
      skipped: sumOf(its.skips),
      faults: sumOf(its.faults),
      stage: rollout?.stage ?? null,
      share: rollout?.share ?? null,
      synchronized: synchronized === undefined ? null : Number(synchronized),
    });
  }
  const verdict: CountRow = {
    ...of,
    candidate: indexable(tally.candidate),
    matched: kinds.match,
    mismatched: kinds.mismatch,
    ignored: kinds.ignored,
    inconclusive: kinds.inconclusive,
    timed_out: kinds["timed-out"],
    candidate_errors: tally.candidateErrors,
    control_errors: tally.controlErrors,
    verdict: tally.verdict,
    mismatch_upper_bound: tally.mismatchUpperBound,
    units_missing: finite(tally.unitsMissing),
  };
  return { counts, verdicts: [verdict] };
}

/** A row of the table `events`. */
export function eventRowOf(event: EventRecord): CountRow {
  const { experiment, at, kind, from, to, version, by, reason, process = "" } = event;
  return {
    experiment: indexable(experiment),
    at_ms: Math.round(at),
    kind,
    from_stage: from.stage,
    from_share: from.share,
    to_stage: to.stage,
    to_share: to.share,
    to_epoch: to.epoch,
    process: indexable(process),
    version: version === undefined ? null : indexable(version),
    asked_by: storable(by).slice(0, mostText),
    reason: storable(reason).slice(0, mostText),
    record: JSON.stringify(event),
  };
}

const mostText = 2_000;

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

// JSON has no infinity.
function finite(number: number): number | null {
  return Number.isFinite(number) ? number : null;
}
