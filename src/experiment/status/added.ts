import type { CandidateBasis, EvidenceData, EvidenceTerms, GateData, UnitSums } from "../../model/evidence-data.ts";

type Numbers = Readonly<Record<string, number | undefined>>;

/** Of each number what was added; what is no number is left out. */
export function minus<Total extends object>(total: Total, before: object): { readonly [Key in keyof Total]: number } {
  const numbers = Object.entries(total as Numbers).filter((entry) => typeof entry[1] === "number");
  const added = numbers.map(([key, value]) => [key, value! - ((before as Numbers)[key] ?? 0)]);
  return Object.fromEntries(added) as { [Key in keyof Total]: number };
}

/** Those that are not 0. */
export function nonZero(numbers: Numbers): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(numbers).filter((entry): entry is [string, number] => !!entry[1]));
}

export function isNothing(added: Numbers): boolean {
  return Object.values(added).every((value) => !value);
}

/** Evidence as records carry it. */
export type ToldEvidence = EvidenceData & { readonly since?: number; readonly terms: EvidenceTerms };

/** One body of evidence, and what of it was told. */
export class EvidenceTold {
  #before: EvidenceData | undefined = undefined;
  #since: number | undefined = undefined;
  #windows = new Map<number, string>();

  /** What was added since the last time; `undefined` where that is nothing. */
  added(now: EvidenceData, { since, terms }: CandidateBasis): ToldEvidence | undefined {
    if (since !== this.#since || (this.#before !== undefined && now.comparisons < this.#before.comparisons)) {
      this.#before = undefined;
      this.#windows = new Map();
    }
    const before = this.#before;
    this.#before = now;
    this.#since = since;
    const windows = this.#changed(now.windows);
    if (before !== undefined && windows.length === 0 && isSame(now, before)) return undefined;
    return {
      ...(since !== undefined && { since }),
      terms,
      ...now,
      comparisons: now.comparisons - (before?.comparisons ?? 0),
      units: now.units - (before?.units ?? 0),
      unkeyed: sumsSince(now.unkeyed, before?.unkeyed),
      gates: Object.fromEntries(
        Object.entries(now.gates).map(([name, gate]) => [name, gateSince(gate, before?.gates[name])]),
      ),
      windows,
    };
  }

  #changed(windows: EvidenceData["windows"]): EvidenceData["windows"] {
    const texts = windows.map((each) => [each.window, JSON.stringify(each)] as const);
    const changed = windows.filter(({ window }, index) => this.#windows.get(window) !== texts[index]![1]);
    this.#windows = new Map(texts);
    return changed;
  }
}

function isSame(now: EvidenceData, before: EvidenceData): boolean {
  return (
    now.comparisons === before.comparisons &&
    now.window === before.window &&
    JSON.stringify(now.gates) === JSON.stringify(before.gates)
  );
}

function gateSince(now: GateData, before: GateData | undefined): GateData {
  if (before === undefined) return now;
  const { units, bad, calls, badCalls, failed } = now;
  return { ...now, ...minus({ units, bad, calls, badCalls, failed }, before) };
}

function sumsSince(now: UnitSums, before: UnitSums | undefined): UnitSums {
  return {
    units: now.units - (before?.units ?? 0),
    gates: Object.fromEntries(
      Object.entries(now.gates).map(([name, sums]) => [name, minus(sums, before?.gates[name] ?? {})]),
    ),
  };
}
