import type { Sample } from "../../model/rollout.ts";
import { CandidateEvidence, type EvidenceOptions, type EvidenceTotals } from "../../stats/candidate-evidence.ts";
import { defaultGates, type Gate } from "../../stats/gates.ts";
import { SampleRatio } from "../../stats/sample-ratio.ts";
import { BitTable, hashOf, slotOf } from "../../stats/units.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";
import type { ReportedTotals } from "../stores/store.ts";
import { holdsServed, servedTerms, withServed, type ServedTerms } from "./served-verdict.ts";

/** Settings of {@link EpochEvidence}. */
export interface EpochOptions extends EvidenceOptions, ServedTerms {}

/**
 * The evidence of one epoch, here and in other processes: thrown away as a whole when the next one begins. What the candidate
 * answered is judged twice, among all calls and apart: of a step of 1 %, shadow calls are 99 %.
 */
export class EpochEvidence {
  readonly #all: CandidateEvidence;
  readonly #served: CandidateEvidence | undefined;
  readonly #terms: ServedTerms;
  #ratio: SampleRatio | undefined;
  #ratioKeys: BitTable | undefined;
  #others: readonly ReportedTotals[] = [];
  // Known from the first comparison on.
  #candidate: string | undefined = undefined;

  constructor({ share, minimumServed, ...options }: EpochOptions) {
    this.#terms = { share, minimumServed };
    if (share === 0) {
      this.#all = new CandidateEvidence(options);
      return;
    }
    const gates = (options.gates ?? defaultGates).map(judgedOnce);
    // Two tests watch a step beyond shadow: each alarms falsely half as often.
    const every = 2 * (options.falseAlarmEvery ?? 1e5 * gates.filter(({ all: { by } }) => by !== "calls").length);
    this.#all = new CandidateEvidence({ ...options, gates: gates.map(({ all }) => all), falseAlarmEvery: every });
    const held = gates.map(({ served }) => served).filter(holdsServed);
    this.#served = new CandidateEvidence({ ...options, gates: held, falseAlarmEvery: every });
    this.forgetRatio();
  }

  /** Units of all calls. */
  get units(): number {
    return this.#all.units;
  }

  /** The gate that alarms, if one does. */
  get alarmed(): string | undefined {
    return this.#all.alarmed ?? this.#served?.alarmed;
  }

  record(sample: Sample): void {
    this.#candidate = sample.candidate;
    this.#all.record(sample);
    const served = sample.served === true;
    if (served) this.#served?.record(sample);
    if (this.#ratio !== undefined && sample.aboutControl !== "absent")
      this.#addToRatio(this.#ratio, sample.key, served);
  }

  #addToRatio(ratio: SampleRatio, key: string | undefined, served: boolean): void {
    if (ratio.isFull) return;
    if (key !== undefined && !(this.#ratioKeys ??= new BitTable()).add(slotOf(hashOf(key)))) return;
    ratio.add(served);
  }

  /** Why the share that is served is not the one that was promised, as a sentence; `undefined` where it may well be. */
  ratioIsOff(): string | undefined {
    if (!this.#ratio?.isOff) return undefined;
    const { keys, served, share } = this.#ratio;
    return `The candidate answered ${served} of ${keys} keys, and ${Number((100 * share).toPrecision(3))} % were promised: whoever is served may be a selection.`;
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

  /** What other processes reported of this epoch. */
  setOthers(others: readonly ReportedTotals[]): void {
    this.#others = others;
  }

  verdict(terms: VerdictTerms): Verdict {
    const [reported] = this.#others.flatMap((each) => Object.keys(each.candidates));
    const name = this.#candidate ?? reported ?? "candidate";
    const others = this.#others.map((each) => each.candidates[name]).filter((totals) => totals !== undefined);
    const all = this.#all.verdict(name, terms, others);
    if (this.#served === undefined) return all;
    const othersServed = others.map(({ served }) => served).filter((totals) => totals !== undefined);
    const served = this.#served.verdict(name, servedTerms(terms, this.#terms), othersServed);
    const keys = others.reduce((most, each) => Math.max(most, each.keys ?? 0), this.#all.keys);
    return withServed(all, served, this.#terms, keys);
  }
}

/** A gate whose penalty for a comparison is worked out once, among all calls, and then known of what the candidate answered. */
function judgedOnce(gate: Gate): { readonly all: Gate; readonly served: Gate } {
  // One that remembers is asked by what it begins, and of all calls.
  if (gate.begin !== undefined) return { all: gate, served: gate };
  const { name, max, by } = gate;
  const facts = { name, max, ...(by !== undefined && { by }) };
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
