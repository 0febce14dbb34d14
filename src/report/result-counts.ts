import type { EvidenceData } from "../model/evidence-data.ts";
import type { ResultKind } from "../model/result.ts";
import type { PresentedCandidate, PresentedResult } from "../records/record.ts";
import { CandidateEvidence } from "../stats/candidate-evidence.ts";
import { Tally } from "../stats/tally.ts";
import { Steps } from "./steps.ts";

const mostGroups = 512;
// The same in all processes: units are pseudonyms already, or are not there.
const secret = "0".repeat(32);

const noResult = (): undefined => undefined;

interface ResultStep {
  comparisons: number;
  mismatches: number;
}

interface ResultGroup {
  count: number;
  first: number;
  last: number;
  version: string | undefined;
}

/** Counts of one process that told none, from its results: each counts by its weight. */
export class ResultCounts {
  readonly counts: Record<ResultKind, number> = { match: 0, ignored: 0, inconclusive: 0, "timed-out": 0, mismatch: 0 };
  readonly tally: Tally = new Tally();
  readonly groups: Map<string, ResultGroup> = new Map();
  readonly steps: Steps<ResultStep> = new Steps<ResultStep>(
    () => ({ comparisons: 0, mismatches: 0 }),
    (into, from) => {
      into.comparisons += from.comparisons;
      into.mismatches += from.mismatches;
    },
  );
  otherGroups = 0;
  version: string | undefined = undefined;
  firstAt: number = Infinity;
  lastAt: number = -Infinity;
  readonly #evidence = new CandidateEvidence({ secret, keepsWindows: true });

  add(result: PresentedResult, candidate: PresentedCandidate, kind: ResultKind): void {
    const { startedAt, weight, unit, control, experiment, version } = result;
    // Kept beside the draw: it stands for no call.
    if (weight === 0) return;
    const times = weight > 0 ? weight : 1;
    // Not by spreading: a result would cost three times as much.
    const sample = {
      experiment,
      candidate: candidate.name,
      kind,
      controlMs: control.durationMs,
      candidateMs: candidate.durationMs,
      controlThrew: control.outcome.kind === "threw",
      candidateThrew: candidate.outcome.kind === "threw",
      key: unit,
      at: startedAt,
      epoch: 0,
      result: noResult,
    };
    this.counts[kind] += times;
    this.tally.record(sample);
    this.#evidence.record(sample);
    this.version = version ?? this.version;
    this.firstAt = Math.min(this.firstAt, startedAt);
    this.lastAt = Math.max(this.lastAt, startedAt);
    const step = this.steps.at(startedAt);
    step.comparisons += times;
    const { signature } = candidate.comparison;
    if (kind !== "mismatch") return;
    step.mismatches += times;
    const group = signature === undefined ? undefined : this.groups.get(signature);
    if (group !== undefined) {
      group.count += times;
      group.last = Math.max(group.last, startedAt);
    } else if (signature === undefined || this.groups.size >= mostGroups) this.otherGroups += times;
    else this.groups.set(signature, { count: times, first: startedAt, last: startedAt, version });
  }

  evidence(): EvidenceData {
    return this.#evidence.reading(this.lastAt);
  }
}
