import { CandidateEvidence } from "../../stats/candidate-evidence.ts";
import type { EvidenceOptions, EvidenceTotals, FleetReading } from "../../stats/evidence-totals.ts";
import { FleetUnits } from "../../stats/fleet-units.ts";
import type { Gate } from "../../stats/gates.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";

/** Settings of {@link FleetEvidence}. */
interface FleetOptions extends EvidenceOptions {
  readonly gates: readonly Gate[];
  readonly unitWindowMs: number;
  readonly falseAlarmEvery: number;
}

/** What one process has seen, and what all of them have. */
export class FleetEvidence {
  readonly own: CandidateEvidence;
  readonly #fleet: FleetUnits | undefined;
  #others: readonly EvidenceTotals[] = [];
  #merged: FleetReading | undefined = undefined;

  constructor(options: FleetOptions) {
    this.own = new CandidateEvidence(options);
    const { mergeable = false, gates, unitWindowMs, falseAlarmEvery } = options;
    this.#fleet = mergeable ? new FleetUnits(gates, unitWindowMs, falseAlarmEvery) : undefined;
  }

  get alarmed(): string | undefined {
    return this.own.alarmed ?? this.#merged?.alarmed?.gate;
  }

  /** Distinct keys: at least so many. */
  get keys(): number {
    return this.#others.reduce((most, each) => Math.max(most, each.keys), this.own.keys);
  }

  totals(): EvidenceTotals {
    const folded = this.#fleet?.folded;
    const mergeable = this.#fleet && { ...this.own.mergeable(), ...(folded && { folded }) };
    return { ...this.own.totals(), ...(mergeable && { mergeable }) };
  }

  /** @param now wall time in milliseconds */
  setOthers(others: readonly EvidenceTotals[], now: number): void {
    if (this.#fleet === undefined) return;
    this.#others = others;
    const reports = others.map(({ mergeable }) => mergeable).filter((each) => each !== undefined);
    const own = this.own.mergeable();
    const { distinct, ...merged } = this.#fleet.merge([own, ...reports], now);
    const { folded, alarmed } = this.#fleet;
    if (folded) this.own.forgetThrough(folded.through);
    // Alone, a process knows better than its tables, in which two keys may share a place.
    if (reports.length === 0) {
      this.#merged = undefined;
      return;
    }
    this.own.expect(distinct);
    const ownBad = Object.fromEntries(Object.entries(this.own.totals().gates).map(([name, { bad }]) => [name, bad]));
    this.#merged = { ...merged, ownBad, ownUnkeyed: own.unkeyed, alarmed };
  }

  verdict(candidate: string, terms: VerdictTerms): Verdict {
    return this.own.verdict(candidate, terms, this.#others, this.#merged);
  }
}
