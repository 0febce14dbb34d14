import type { RolloutEvent } from "../model/rollout.ts";
import type { TallyRecord } from "../model/tally-record.ts";
import { indexable, storable } from "./result-row.ts";

type CountRow = Readonly<Record<string, string | number | null>>;

/** Rows of the tables `counts` and `verdicts`: one for each experiment, and for each candidate. */
export function tallyRowsOf({ process, n, to, experiments }: TallyRecord): {
  readonly counts: CountRow[];
  readonly verdicts: CountRow[];
} {
  const counts: CountRow[] = [];
  const verdicts: CountRow[] = [];
  for (const [name, tally] of Object.entries(experiments)) {
    const of = { process: indexable(process), experiment: indexable(name), n, last_at_ms: Math.round(to) };
    const { calls, started, served, fellBack, newGroups, inFlight, groups, rollout, synchronized } = tally;
    counts.push({
      ...of,
      ...{ calls, started, served, fell_back: fellBack, new_groups: newGroups, in_flight: inFlight, groups },
      skipped: sumOf(tally.skips),
      faults: sumOf(tally.faults),
      stage: rollout?.stage ?? null,
      share: rollout?.share ?? null,
      synchronized: synchronized === undefined ? null : Number(synchronized),
    });
    for (const [candidate, { kinds, ...stands }] of Object.entries(tally.candidates)) {
      verdicts.push({
        ...of,
        candidate: indexable(candidate),
        matched: kinds.match,
        mismatched: kinds.mismatch,
        ignored: kinds.ignored,
        inconclusive: kinds.inconclusive,
        timed_out: kinds["timed-out"],
        candidate_errors: stands.candidateErrors,
        control_errors: stands.controlErrors,
        verdict: stands.verdict,
        mismatch_upper_bound: stands.mismatchUpperBound,
        units_missing: finite(stands.unitsMissing),
      });
    }
  }
  return { counts, verdicts };
}

/** A row of the table `events`. */
export function eventRowOf({ experiment, at, kind, from, to, version, by, reason }: RolloutEvent): CountRow {
  return {
    experiment: indexable(experiment),
    at_ms: Math.round(at),
    kind,
    from_stage: from.stage,
    from_share: from.share,
    to_stage: to.stage,
    to_share: to.share,
    version: version === undefined ? null : indexable(version),
    asked_by: storable(by).slice(0, mostText),
    reason: storable(reason).slice(0, mostText),
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
