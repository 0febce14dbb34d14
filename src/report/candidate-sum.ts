import { kindOfCandidate, resultKinds, type ResultKind, type ServedStage } from "../model/result.ts";
import type { CandidateTally } from "../model/tally-record.ts";
import type { PresentedCandidate, PresentedResult } from "../records/record.ts";
import { DifferenceHistogram } from "../stats/difference-histogram.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import { BodyOfEvidence, isLater, spoken, told } from "./body.ts";
import { ExactSum } from "./exact-sum.ts";
import { GroupCounts, type ExampleRoom } from "./group-counts.ts";
import { differencesOf, latencyOf } from "./latency.ts";
import type { ReportCandidate, ReportStep } from "./model.ts";
import { ResultCounts } from "./result-counts.ts";
import { Steps } from "./steps.ts";

const mostBodies = 32;

interface TrendStep {
  comparisons: number;
  mismatches: number;
  /** The last record, which says the bound as it stood. */
  by: Pick<CandidateTally, "to" | "process" | "n" | "mismatchUpperBound"> | undefined;
}

interface VersionSum {
  readonly version: string;
  firstSeen: number;
  lastSeen: number;
  comparisons: number;
  mismatches: number;
}

/** What is known of one candidate, record by record. */
export class CandidateSum {
  readonly #name: string;
  readonly #groups: GroupCounts;
  readonly #counts: Record<ResultKind, number> = { match: 0, ignored: 0, inconclusive: 0, "timed-out": 0, mismatch: 0 };
  readonly #control = new LatencyHistogram();
  readonly #candidate = new LatencyHistogram();
  readonly #differences = new DifferenceHistogram();
  readonly #controlMs = new ExactSum();
  readonly #candidateMs = new ExactSum();
  readonly #errors = { candidate: 0, control: 0 };
  readonly #bodies = new Map<string, BodyOfEvidence>();
  readonly #versions = new Map<string, VersionSum>();
  readonly #trend = new Steps<TrendStep>(
    () => ({ comparisons: 0, mismatches: 0, by: undefined }),
    (into, { comparisons, mismatches, by }) => {
      into.comparisons += comparisons;
      into.mismatches += mismatches;
      if (by !== undefined && isLater(by, into.by)) into.by = by;
    },
  );
  /** By process, where it has told no counts so far. */
  readonly #results = new Map<string, ResultCounts>();
  #tallied = false;
  #lastAt: number | undefined = undefined;

  constructor(name: string, room: ExampleRoom) {
    this.#name = name;
    this.#groups = new GroupCounts(room);
  }

  /** Adds exact counts. @throws {SidelaneError} `invalid-state` where its histograms are none */
  addTally(tally: CandidateTally): void {
    const { counts, latency, groups, otherGroups, evidence, version, from, to, process } = tally;
    const [control, candidate] = [LatencyHistogram.from(latency.control), LatencyHistogram.from(latency.candidate)];
    const differences = DifferenceHistogram.from(latency.differences);
    this.#control.merge(control);
    this.#candidate.merge(candidate);
    this.#differences.merge(differences);
    this.#controlMs.add(latency.control.sumMs);
    this.#candidateMs.add(latency.candidate.sumMs);
    this.#results.delete(process);
    this.#tallied = true;
    for (const kind of resultKinds) this.#counts[kind] += counts[kind] ?? 0;
    this.#errors.candidate += tally.candidateErrors;
    this.#errors.control += tally.controlErrors;
    for (const [signature, count] of Object.entries(groups)) this.#groups.add(signature, count, from, to, version);
    this.#groups.addOthers(otherGroups);
    this.#groups.sawVersion(version, from);
    const comparisons = compared(counts);
    const mismatches = counts.mismatch ?? 0;
    const step = this.#trend.at(from);
    step.comparisons += comparisons;
    step.mismatches += mismatches;
    const { mismatchUpperBound, n } = tally;
    const standing = { to, process, n, mismatchUpperBound };
    if (isLater(standing, step.by)) step.by = standing;
    if (version !== undefined) this.#addVersion(version, from, to, comparisons, mismatches);
    this.#bodyOf(tally).add(tally);
    const lastAt = evidence?.lastAt ?? (comparisons > 0 ? to : undefined);
    if (lastAt !== undefined) this.#lastAt = Math.max(this.#lastAt ?? -Infinity, lastAt);
  }

  /** @param isTallied whether its process has told counts by now: then it is an example, and nothing else */
  addResult(result: PresentedResult, candidate: PresentedCandidate, isTallied: boolean): void {
    const { signature } = candidate.comparison;
    if (!isTallied) this.#count(result, candidate);
    if (candidate.comparison.kind === "mismatch" && signature !== undefined) {
      this.#groups.show(signature, result, candidate);
    }
  }

  /** The process has told counts, in which its results are. */
  isTallied(process: string): void {
    this.#results.delete(process);
  }

  #count(result: PresentedResult, candidate: PresentedCandidate): void {
    const process = result.process ?? "";
    let counts = this.#results.get(process);
    if (counts === undefined) this.#results.set(process, (counts = new ResultCounts()));
    counts.add(result, candidate, kindOfCandidate(candidate));
  }

  #addVersion(version: string, from: number, to: number, comparisons: number, mismatches: number): void {
    const known = this.#versions.get(version);
    if (known === undefined) {
      this.#versions.set(version, { version, firstSeen: from, lastSeen: to, comparisons, mismatches });
      return;
    }
    known.firstSeen = Math.min(known.firstSeen, from);
    known.lastSeen = Math.max(known.lastSeen, to);
    known.comparisons += comparisons;
    known.mismatches += mismatches;
  }

  #bodyOf(tally: CandidateTally): BodyOfEvidence {
    const key = BodyOfEvidence.keyOf(tally);
    let body = this.#bodies.get(key);
    if (body === undefined) {
      this.#bodies.set(key, (body = new BodyOfEvidence(tally.from)));
      if (this.#bodies.size > mostBodies) this.#bodies.delete(oldestOf(this.#bodies)!);
    }
    return body;
  }

  /** @param now the end of all records, in milliseconds since 1970 */
  report(
    now: number,
    skips: Readonly<Record<string, number>>,
    rollout: ServedStage | undefined,
    funnel: readonly ReportStep[],
    stepMs: number,
  ): ReportCandidate {
    const processes = [...this.#results].sort(([one], [other]) => (one < other ? -1 : 1));
    for (const [process, results] of processes) this.#take(process, results);
    this.#results.clear();
    const body = latestOf(this.#bodies) ?? new BodyOfEvidence(now);
    const comparisons = compared(this.#counts);
    const { word } = body;
    const judged = body.verdict(this.#name, now);
    const verdict = word !== undefined && comparisons > 0 ? spoken(judged, word, comparisons) : judged;
    this.#trend.coarsen(stepMs);
    return {
      counts: { ...this.#counts },
      skips,
      verdict: told(verdict, now, this.#lastAt, rollout),
      ...this.#groups.list(
        funnel.map(({ at }) => at),
        stepMs,
      ),
      countedFrom: this.#tallied || comparisons === 0 ? "tallies" : "results",
      ...(comparisons > 0 && { matchRate: this.#counts.match / comparisons }),
      mismatchUpperBound: verdict.gates.find(({ name }) => name === "mismatch")?.upperBound ?? 1,
      errors: { ...this.#errors },
      latency: {
        control: latencyOf(this.#control, this.#controlMs.value),
        candidate: latencyOf(this.#candidate, this.#candidateMs.value),
        ...differencesOf(this.#differences),
      },
      versions: [...this.#versions.values()].sort(
        (one, other) => one.firstSeen - other.firstSeen || (one.version < other.version ? -1 : 1),
      ),
      trend: this.#trend.list().map(([at, { comparisons: all, mismatches, by }]) => ({
        ...{ at, comparisons: all, mismatches },
        ...(by !== undefined && { upperBound: by.mismatchUpperBound }),
      })),
    };
  }

  /** Where a process told no counts, its results are all there is. */
  #take(process: string, results: ResultCounts): void {
    for (const kind of resultKinds) this.#counts[kind] += results.counts[kind];
    this.#control.merge(results.tally.control);
    this.#candidate.merge(results.tally.candidate);
    this.#controlMs.add(results.tally.control.toJSON().sumMs);
    this.#candidateMs.add(results.tally.candidate.toJSON().sumMs);
    this.#errors.candidate += results.tally.candidateErrors;
    this.#errors.control += results.tally.controlErrors;
    for (const [signature, { count, first, last, version }] of results.groups) {
      this.#groups.add(signature, count, first, last, version);
    }
    this.#groups.addOthers(results.otherGroups);
    for (const [at, { comparisons, mismatches }] of results.steps.list()) {
      const step = this.#trend.at(at);
      step.comparisons += comparisons;
      step.mismatches += mismatches;
    }
    const key = JSON.stringify([results.version, null]);
    const body = this.#bodies.get(key) ?? new BodyOfEvidence(results.firstAt);
    this.#bodies.set(key, body);
    body.all.add(process, results.evidence(), undefined);
    body.firstAt = Math.min(body.firstAt, results.firstAt);
    body.lastAt = Math.max(body.lastAt, results.lastAt);
    this.#lastAt = Math.max(this.#lastAt ?? -Infinity, results.lastAt);
  }
}

function compared(counts: Readonly<Record<ResultKind, number>>): number {
  return resultKinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
}

function latestOf(bodies: ReadonlyMap<string, BodyOfEvidence>): BodyOfEvidence | undefined {
  let latest: BodyOfEvidence | undefined;
  for (const [, each] of [...bodies].sort(([one], [other]) => (one < other ? -1 : 1))) {
    // While two versions run beside each other, the later one is judged.
    const later = latest === undefined || each.lastAt - latest.lastAt || each.firstAt - latest.firstAt;
    if (later === true || later > 0) latest = each;
  }
  return latest;
}

function oldestOf(bodies: ReadonlyMap<string, BodyOfEvidence>): string | undefined {
  return [...bodies].reduce((oldest, each) => (each[1].lastAt < oldest[1].lastAt ? each : oldest))[0];
}
