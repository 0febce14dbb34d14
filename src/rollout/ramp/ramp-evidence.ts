import type { EvidenceData } from "../../model/evidence-data.ts";
import type { Sample } from "../../model/rollout.ts";
import { BitTable } from "../../stats/bit-table.ts";
import type { EvidenceOptions, EvidenceTotals } from "../../stats/evidence-totals.ts";
import type { Gate } from "../../stats/gates.ts";
import { KeyedHash } from "../../stats/keyed-hash.ts";
import { SampleRatio } from "../../stats/sample-ratio.ts";
import { slotOf } from "../../stats/units.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";
import type { FoldedUnits } from "../../stats/window-units.ts";
import type { FleetVerdict, ReportedUnits } from "../stores/store.ts";
import { FleetEvidence } from "./fleet-evidence.ts";
import { holdsServed, servedTerms, withServed, type ServedTerms } from "./served-verdict.ts";

/** Settings of {@link EpochEvidence}. */
export interface EpochOptions
  extends Required<Omit<EvidenceOptions, "falseAlarmEvery" | "onFault" | "hash" | "keepsWindows">>, ServedTerms {
  readonly keepsWindows?: boolean;
  readonly falseAlarmEvery?: number;
  /** Whether the candidate answers chosen keys, and no share of the others. */
  readonly chooses?: boolean;
  /** Of a ramp whose first step chooses keys: whether a key is one. Those are in at every share, and no sample of the others. */
  readonly isChosen?: (key: string) => boolean;
  readonly onFault: (error: unknown) => void;
}

/** What others have seen, by the candidate's name. */
export interface Reported {
  readonly candidates: Readonly<Record<string, EvidenceTotals>>;
}

/**
 * The evidence of one epoch, here and in other processes: thrown away as a whole when the next one begins. What the candidate
 * answered is judged twice, among all calls and apart: of a step of 1 %, shadow calls are 99 %.
 */
export class EpochEvidence {
  readonly #all: FleetEvidence;
  readonly #served: FleetEvidence | undefined;
  readonly #terms: ServedTerms;
  readonly #isChosen: ((key: string) => boolean) | undefined;
  readonly #hash: KeyedHash;
  #ratio: SampleRatio | undefined;
  #ratioKeys: BitTable | undefined;
  #others: readonly Reported[] = [];
  #alone: boolean | undefined = undefined;
  // Known from the first comparison on.
  #candidate: string | undefined = undefined;

  constructor({ share, minimumServed, chooses = false, isChosen, ...given }: EpochOptions) {
    this.#hash = new KeyedHash(given.secret);
    const options = { ...given, hash: this.#hash };
    const serves = share > 0 || chooses;
    this.#isChosen = share > 0 && share < 1 ? isChosen : undefined;
    this.#terms = { share, minimumServed };
    const usual = 1e5 * options.gates.filter(({ by }) => by !== "calls").length;
    // Each of several tests of one gate alarms falsely as much less often: here and over all processes, of all calls and of those
    // that the candidate answered.
    const tests = (serves ? 2 : 1) * (options.mergeable ? 2 : 1);
    const falseAlarmEvery = tests * (options.falseAlarmEvery ?? usual);
    if (!serves) {
      this.#all = new FleetEvidence({ ...options, falseAlarmEvery });
      return;
    }
    const gates = options.gates.map(judgedOnce);
    this.#all = new FleetEvidence({ ...options, gates: gates.map(({ all }) => all), falseAlarmEvery });
    const held = gates.map(({ served }) => served).filter(holdsServed);
    this.#served = new FleetEvidence({ ...options, gates: held, falseAlarmEvery });
    this.forgetRatio();
  }

  /** Units of all calls. */
  get units(): number {
    return this.#all.own.units;
  }

  /** The gate that alarms, if one does: by what was seen here, or by what all processes have reported. */
  get alarmed(): string | undefined {
    return this.#all.alarmed ?? this.#served?.alarmed;
  }

  /** The candidate's name, as far as it is known. */
  get candidate(): string {
    if (this.#candidate !== undefined) return this.#candidate;
    for (const { candidates } of this.#others) for (const name in candidates) return name;
    return "candidate";
  }

  /** @param at when, in the store's time; that of the sample by default */
  record(sample: Sample, at: number = sample.at): void {
    this.#candidate = sample.candidate;
    this.#all.own.record(sample, at);
    const { key } = sample;
    if (this.#isChosen !== undefined && key !== undefined && this.#isChosen(key)) return;
    const served = sample.served === true;
    if (served) this.#served?.own.record(sample, at);
    if (this.#ratio !== undefined && sample.aboutControl !== "absent" && sample.alike !== false)
      this.#addToRatio(this.#ratio, key, served);
  }

  #addToRatio(ratio: SampleRatio, key: string | undefined, served: boolean): void {
    if (ratio.isFull) return;
    if (key !== undefined) {
      this.#hash.of(key);
      if (!(this.#ratioKeys ??= new BitTable()).add(slotOf(this.#hash.low))) return;
    }
    ratio.add(served);
  }

  /** Why the share that is served is not the one that was promised, as a sentence; `undefined` where it may well be. */
  ratioIsOff(): string | undefined {
    if (!this.#ratio?.isOff) return undefined;
    const { keys, served, share } = this.#ratio;
    return `The candidate answered ${served} of ${keys} keys, and ${Number((100 * share).toPrecision(3))} % were promised: those served may be a selection.`;
  }

  /** Tests the share anew. */
  forgetRatio(): void {
    const { share } = this.#terms;
    this.#ratio = share > 0 && share < 1 ? new SampleRatio(share) : undefined;
    this.#ratioKeys = undefined;
  }

  /** What this process reports to the others, by the candidate's name. */
  totals(): Record<string, EvidenceTotals> {
    if (this.#candidate === undefined) return {};
    const served = this.#served?.totals();
    return { [this.#candidate]: { ...this.#all.totals(), ...(served && { served }) } };
  }

  /** What this process has seen, for records. */
  reading(now: number): { readonly all: EvidenceData; readonly served?: EvidenceData } {
    const served = this.#served?.own.reading(now);
    return { all: this.#all.own.reading(now), ...(served && { served }) };
  }

  /** The places in this process's tables that the store does not have yet. */
  unsent(): readonly ReportedUnits[] {
    const served = this.#served?.unsent() ?? [];
    return [...this.#all.unsent(), ...served.map((each) => ({ ...each, served: true as const }))];
  }

  /** The store has what was last unsent. @param through the last window that no comparison will be added to */
  arrived(through: number): void {
    this.#all.arrived(through);
    this.#served?.arrived(through);
  }

  /** What all processes have come to in windows that are long over, of all calls and of those that the candidate answered. */
  get folded(): { readonly all: FoldedUnits | undefined; readonly served: FoldedUnits | undefined } {
    return { all: this.#all.folded, served: this.#served?.folded };
  }

  /** How many distinct keys all processes together have in a window. */
  get distinct(): FleetVerdict["distinct"] {
    return { all: this.#all.distinct, served: this.#served?.distinct ?? 0 };
  }

  /** Takes from the judge how many that are: by it a window's share of keys is set. */
  expect({ all, served }: FleetVerdict["distinct"]): void {
    this.#all.expect(all);
    this.#served?.expect(served);
  }

  /**
   * Adds up what other processes reported of this epoch, and this one.
   *
   * @param now the store's time in milliseconds
   * @param others the same list where they have reported nothing else
   * @param alone whether nobody but this process has seen anything
   * @returns whether anything has changed, here or there, or a window has ended
   */
  setOthers(others: readonly Reported[], now: number, alone: boolean): boolean {
    const isSame = others === this.#others && alone === this.#alone;
    if (isSame && !this.#all.isDue(now) && this.#served?.isDue(now) !== true) return false;
    this.#others = others;
    this.#alone = alone;
    const name = this.candidate;
    const totals = others.map((each) => each.candidates[name]).filter((each) => each !== undefined);
    this.#all.setOthers(totals, now, alone);
    this.#served?.setOthers(
      totals.map(({ served }) => served).filter((each) => each !== undefined),
      now,
      alone,
    );
    return true;
  }

  verdict(terms: VerdictTerms): Verdict {
    const all = this.#all.verdict(this.candidate, terms);
    if (this.#served === undefined) return all;
    const served = this.#served.verdict(this.candidate, servedTerms(terms, this.#terms));
    return withServed(all, served, this.#terms, this.#all.keys);
  }
}

/** A gate whose penalty for a comparison is worked out once, among all calls, and then known of what the candidate answered. */
function judgedOnce(gate: Gate): { readonly all: Gate; readonly served: Gate } {
  // One that remembers is asked by what it begins, and of all calls.
  if (gate.begin !== undefined) return { all: gate, served: gate };
  const { name, max, by, dryRun } = gate;
  const facts = { name, max, ...(by !== undefined && { by }), ...(dryRun !== undefined && { dryRun }) };
  let last: number | undefined;
  return {
    all: {
      ...facts,
      penalty(sample) {
        last = undefined;
        last = gate.penalty(sample);
        return last;
      },
    },
    served: { ...facts, penalty: () => last },
  };
}
