import { CandidateEvidence } from "../../stats/candidate-evidence.ts";
import type { EvidenceOptions, EvidenceTotals, FleetReading } from "../../stats/evidence-totals.ts";
import { FleetUnits } from "../../stats/fleet-units.ts";
import type { Gate } from "../../stats/gates.ts";
import { UnsentUnits } from "../../stats/merge-windows.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";
import type { FoldedUnits, WindowUnits } from "../../stats/window-units.ts";

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
  readonly #unsent = new UnsentUnits();
  #others: readonly EvidenceTotals[] = [];
  #merged: FleetReading | undefined = undefined;
  #distinct = 0;
  // What of this process's own was merged last, and what the store lacked nothing of.
  #mergedAt = NaN;
  #sentAt = "";

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

  /** What this process reports in numbers. */
  totals(): EvidenceTotals {
    const mergeable = this.#fleet && { unkeyed: this.own.unkeyed(), windows: [] };
    return { ...this.own.totals(), ...(mergeable && { mergeable }) };
  }

  /** What of the tables that this process reports its store does not have yet. */
  unsent(): readonly WindowUnits[] {
    if (this.#sentAt === this.own.mark) return [];
    const { mark } = this.own;
    const unsent = this.#unsent.next(this.own.closed, this.own.open());
    this.#sentAt = unsent.length === 0 ? mark : "";
    return unsent;
  }

  /** The store has what was last unsent. @param through the last window that no comparison will be added to */
  arrived(through: number): void {
    this.#unsent.arrived();
    this.own.forgetThrough(through);
  }

  /** What all processes had seen up to a window that is long over. */
  get folded(): FoldedUnits | undefined {
    return this.#fleet?.folded;
  }

  /** How many distinct keys all processes together have in a window. */
  get distinct(): number {
    return this.#distinct;
  }

  /** Takes from the judge how many distinct keys all processes have in a window. */
  expect(distinct: number): void {
    this.#distinct = distinct;
    this.own.expect(distinct);
  }

  /** Whether something was compared here since the last {@link FleetEvidence.setOthers}, or a window has ended. @param now the store's time */
  isDue(now: number): boolean {
    return this.own.comparisons !== this.#mergedAt || this.#fleet?.isDue(now) === true;
  }

  /**
   * Adds up what others reported.
   *
   * @param now the store's time in milliseconds
   * @param alone whether nobody but this process has seen anything: it knows better than its tables, in which two keys may share a place
   */
  setOthers(others: readonly EvidenceTotals[], now: number, alone: boolean): void {
    if (this.#fleet === undefined) return;
    const reports = others.map(({ mergeable }) => mergeable).filter((each) => each !== undefined);
    const own = this.own.mergeable();
    this.#mergedAt = this.own.comparisons;
    const { distinct, ...merged } = this.#fleet.merge([own, ...reports], now);
    this.expect(distinct);
    this.#others = alone ? [] : others;
    if (alone) {
      this.#merged = undefined;
      return;
    }
    const { alarmed } = this.#fleet;
    const ownBad = Object.fromEntries(Object.entries(this.own.totals().gates).map(([name, { bad }]) => [name, bad]));
    this.#merged = { ...merged, ownBad, ownUnkeyed: own.unkeyed, alarmed };
  }

  verdict(candidate: string, terms: VerdictTerms): Verdict {
    return this.own.verdict(candidate, terms, this.#others, this.#merged);
  }
}
