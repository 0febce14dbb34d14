import type { Sample } from "../../model/rollout.ts";
import { CandidateEvidence, type EvidenceOptions, type EvidenceTotals } from "../../stats/candidate-evidence.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";
import type { ReportedTotals } from "../stores/store.ts";

/** The evidence of one epoch, here and in other processes: thrown away as a whole when the next one begins. */
export class EpochEvidence {
  readonly #own: CandidateEvidence;
  #others: readonly ReportedTotals[] = [];
  // Known from the first comparison on.
  #candidate: string | undefined = undefined;

  constructor(options: EvidenceOptions) {
    this.#own = new CandidateEvidence(options);
  }

  /** Adds a comparison; returns what this process has seen. */
  record(sample: Sample): CandidateEvidence {
    this.#candidate = sample.candidate;
    this.#own.record(sample);
    return this.#own;
  }

  /** What this process reports to the others, by the candidate's name. */
  totals(): Record<string, EvidenceTotals> {
    return this.#candidate === undefined ? {} : { [this.#candidate]: this.#own.totals() };
  }

  /** What other processes reported of this epoch. */
  setOthers(others: readonly ReportedTotals[]): void {
    this.#others = others;
  }

  verdict(terms: VerdictTerms): Verdict {
    const [reported] = this.#others.flatMap((each) => Object.keys(each.candidates));
    const name = this.#candidate ?? reported ?? "candidate";
    const others = this.#others.map((each) => each.candidates[name]).filter((totals) => totals !== undefined);
    return this.#own.verdict(name, terms, others);
  }
}
