import { compare, type CompareRules } from "../../src/compare/index.ts";

/** What `compare` says of a pair: where it differs, why that cannot be told, or that it is a match. */
export function listed(control: unknown, candidate: unknown, rules?: CompareRules): string {
  const comparison = compare(control, candidate, rules);
  const all = "differences" in comparison ? comparison.differences.map(({ path, kind }) => `${path} ${kind}`) : [];
  if (comparison.kind === "mismatch") return all.join(", ");
  return comparison.kind === "inconclusive" ? comparison.reason : comparison.kind;
}

/** A pair that has to be made anew each time, and what is listed of it. */
export interface ListedPair {
  readonly about: string;
  readonly pair: () => readonly [control: unknown, candidate: unknown];
  readonly expected: string;
  readonly rules: CompareRules | undefined;
}

type Line = readonly [about: string, pair: ListedPair["pair"], expected: string, rules?: CompareRules];

export function listedPairs(...lines: Line[]): ListedPair[] {
  return lines.map(([about, pair, expected, rules]) => ({ about, pair, expected, rules }));
}
