import type { CandidateTally } from "../model/tally-record.ts";
import type { ServedStage } from "../model/result.ts";
import { servedTerms, withServed } from "../rollout/ramp/served-verdict.ts";
import { span } from "../model/figures.ts";
import { verdictOf, type Verdict, type VerdictTerms } from "../stats/verdict.ts";
import { EvidenceSum } from "./evidence-sum.ts";
import type { ReportVerdict, ReportVerdictKind } from "./model.ts";

// Longer without a comparison, while others go on, and the evidence is an old one.
const staleMs = 3_600_000;

/** Which of two records was told last; of those told at once, one and the same in whatever order they come. */
export function isLater(
  { to, process, n }: Pick<CandidateTally, "to" | "process" | "n">,
  known: Pick<CandidateTally, "to" | "process" | "n"> | undefined,
): boolean {
  if (known === undefined || to !== known.to) return known === undefined || to > known.to;
  return process === known.process ? n > known.n : process > known.process;
}

/** The evidence on one candidate in one version, and of a rollout that judges by itself in one step. */
export class BodyOfEvidence {
  readonly all: EvidenceSum = new EvidenceSum();
  readonly #served = new EvidenceSum();
  firstAt: number;
  lastAt: number = -Infinity;
  #since: number | undefined;
  #terms: { readonly [Term in keyof NonNullable<CandidateTally["evidence"]>["terms"]]?: number } = {};
  #last: CandidateTally | undefined;
  #termsOf: CandidateTally | undefined;

  constructor(firstAt: number) {
    this.firstAt = firstAt;
  }

  /** Which body a record belongs to. */
  static keyOf({ version, stage, share, evidence }: CandidateTally): string {
    return JSON.stringify([version, evidence?.since === undefined ? null : [stage, share]]);
  }

  add(tally: CandidateTally): void {
    const { evidence, served, process, to } = tally;
    if (evidence !== undefined) {
      (served ? this.#served : this.all).add(process, evidence, evidence.since);
      if (isLater(tally, this.#termsOf)) {
        this.#terms = evidence.terms;
        this.#termsOf = tally;
      }
      if (evidence.since !== undefined) this.#since = Math.max(this.#since ?? -Infinity, evidence.since);
    }
    if (isLater(tally, this.#last)) this.#last = tally;
    this.firstAt = Math.min(this.firstAt, tally.from);
    this.lastAt = Math.max(this.lastAt, to);
  }

  /** What a rollout that tells no units said last; absent where they are told. */
  get word(): CandidateTally["verdict"] | undefined {
    return this.all.isEmpty ? this.#last?.verdict : undefined;
  }

  /** As the processes themselves work it out. @param now in milliseconds since 1970 */
  verdict(candidate: string, now: number): Verdict {
    const terms: VerdictTerms = {
      ...this.#terms,
      now,
      ...(this.#since !== undefined && { elapsedMs: now - this.#since }),
    };
    const input = this.all.input(candidate, now);
    let verdict = verdictOf({ ...terms, ...input });
    if (!this.#served.isEmpty) {
      const ofServed = { share: this.#last?.share ?? 0, minimumServed: this.#terms.minimumServed ?? 0 };
      const served = this.#served.input(candidate, now);
      verdict = withServed(verdict, verdictOf({ ...servedTerms(terms, ofServed), ...served }), ofServed, input.keys);
    }
    return this.#withStanding(this.#withOutside(verdict));
  }

  #withOutside(verdict: Verdict): Verdict {
    const { outside = [] } = this.#last ?? {};
    const reasons = (state: string): string[] =>
      outside.filter((each) => each.state === state).map(({ reason }) => reason);
    const above = reasons("not-ready");
    const silent = reasons("insufficient");
    if (verdict.kind === "ready" || verdict.kind === "insufficient") {
      if (above.length > 0) return { ...verdict, kind: "not-ready", reasons: above };
      if (verdict.kind === "ready" && silent.length > 0)
        return { ...verdict, kind: "insufficient", missing: "too-short", moreUnits: 0, reasons: silent };
    }
    return verdict;
  }

  #withStanding(verdict: Verdict): Verdict {
    const { standing } = this.#last ?? {};
    return standing === undefined ? verdict : (
        { ...verdict, standing: standing.is, reasons: [standing.reason, ...verdict.reasons] }
      );
  }
}

/** A verdict of which nothing is known but the word. */
export function spoken(verdict: Verdict, word: CandidateTally["verdict"], comparisons: number): Verdict {
  const reasons = ["Its rollout judges by itself, and records hold its verdict alone."];
  const facts = { ...verdict, comparisons, reasons };
  if (word === "insufficient") return { ...facts, kind: word, missing: "too-few", moreUnits: 0 };
  return word === "regressed" ? { ...facts, kind: word, gate: "", since: 0 } : { ...facts, kind: word };
}

/** What a report says of a verdict. @param last wall time of the last comparison; absent without one */
export function told(
  verdict: Verdict,
  now: number,
  last: number | undefined,
  rollout: ServedStage | undefined,
): ReportVerdict {
  const { standing, reasons, confidence, comparisons, units, gates, served } = verdict;
  const kind = kindOf(verdict, now, last);
  const stale = kind === "stale" ? [`It was compared last ${span(now - last!)} before the end of these records.`] : [];
  const all = [...stale, ...reasons];
  const { moreUnits, moreMs } = verdict.kind === "insufficient" ? verdict : { moreUnits: undefined, moreMs: undefined };
  return {
    kind,
    why: all[0] ?? "There is no record of it.",
    reasons: all,
    next: nextOf(kind, standing, rollout),
    ...{ confidence, comparisons, units, gates },
    ...(moreUnits !== undefined && { moreUnits }),
    ...(moreMs !== undefined && { readyAt: Math.round(now + moreMs) }),
    ...(standing !== undefined && { standing }),
    ...(served !== undefined && { served }),
  };
}

function kindOf({ kind, standing, comparisons }: Verdict, now: number, last: number | undefined): ReportVerdictKind {
  if (kind === "regressed" || standing === "rolled-back") return "regressed";
  if (comparisons === 0) return "no-traffic";
  if (last !== undefined && now - last > staleMs) return "stale";
  return kind;
}

function nextOf(
  kind: ReportVerdictKind,
  standing: ReportVerdict["standing"],
  rollout: ServedStage | undefined,
): string {
  if (standing === "paused") return "A person resumes the rollout, or steps back.";
  if (standing === "switched-off") return "A person clears the rollout once the harm is understood.";
  switch (kind) {
    case "ready":
      if (rollout === undefined) return "Its owner may move callers over.";
      return rollout.stage === "live" ? "A person may complete the rollout." : "The rollout may take its next step.";
    case "not-ready":
      return "Mend the candidate, or name the difference as a known mismatch.";
    case "regressed":
      return "Mend the candidate; a person clears the rollout then.";
    case "insufficient":
      return "Wait for more evidence.";
    case "stale":
      return "See why it is no longer compared: the skips below say it.";
    case "no-traffic":
      return "See why it was never compared: the skips below say it.";
  }
}
