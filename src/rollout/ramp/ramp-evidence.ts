import type { Sample } from "../../model/rollout.ts";
import { CandidateEvidence, type EvidenceOptions, type EvidenceTotals } from "../../stats/candidate-evidence.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";
import type { ReportedTotals } from "../stores/store.ts";

// From best to worst.
const order: readonly Verdict["kind"][] = ["ready", "insufficient", "not-ready", "regressed"];

/** The evidence of one epoch, by candidate: thrown away as a whole when the next one begins. */
export class EpochEvidence {
  readonly #options: EvidenceOptions;
  readonly #driving: string | undefined;
  readonly #byCandidate = new Map<string, CandidateEvidence>();
  #others: readonly ReportedTotals[] = [];
  #lastName: string | undefined;
  #last: CandidateEvidence | undefined;

  /** @param driving the candidate whose evidence counts for the rollout; every candidate's by default */
  constructor(options: EvidenceOptions, driving?: string) {
    this.#options = options;
    this.#driving = driving;
  }

  /** Adds a comparison; gives the evidence that it belongs to, where that drives the rollout. */
  record(sample: Sample): CandidateEvidence | undefined {
    const { candidate } = sample;
    let evidence = this.#last;
    if (candidate !== this.#lastName || evidence === undefined) {
      evidence = this.#byCandidate.get(candidate) ?? new CandidateEvidence(this.#options);
      this.#byCandidate.set(candidate, evidence);
      this.#last = evidence;
      this.#lastName = candidate;
    }
    evidence.record(sample);
    return this.#driving === undefined || this.#driving === candidate ? evidence : undefined;
  }

  /** What this process reports to the others. */
  totals(): Record<string, EvidenceTotals> {
    return Object.fromEntries([...this.#byCandidate].map(([name, evidence]) => [name, evidence.totals()]));
  }

  /** What other processes reported of this epoch. */
  setOthers(others: readonly ReportedTotals[]): void {
    this.#others = others;
  }

  /** Every candidate's verdict, also of those that only other processes have seen. */
  verdicts(terms: VerdictTerms): readonly Verdict[] {
    const names = new Set([
      ...this.#byCandidate.keys(),
      ...this.#others.flatMap((each) => Object.keys(each.candidates)),
    ]);
    if (names.size === 0) names.add(this.#driving ?? "candidate");
    return [...names].map((name) => this.verdict(name, terms));
  }

  verdict(candidate: string, terms: VerdictTerms): Verdict {
    const evidence = this.#byCandidate.get(candidate) ?? new CandidateEvidence(this.#options);
    const others = this.#others.map((each) => each.candidates[candidate]).filter((totals) => totals !== undefined);
    return evidence.verdict(candidate, terms, others);
  }

  /** The verdict that the rollout goes by: the driving candidate's, or the worst of all. */
  driving(terms: VerdictTerms): Verdict {
    if (this.#driving !== undefined) return this.verdict(this.#driving, terms);
    return this.verdicts(terms).reduce((worst, each) =>
      order.indexOf(each.kind) > order.indexOf(worst.kind) ? each : worst,
    );
  }
}
