import { judge, type Judgement } from "../../compare/judge.ts";
import { noRules } from "../../compare/rules/rules.ts";
import type { Comparison, Difference } from "../../model/comparison.ts";
import type { Outcome } from "../../model/observation.ts";
import { hideReason } from "../../records/names-in-code.ts";

const plainly: Judgement = {
  compare: undefined,
  rules: noRules,
  errorRules: noRules,
  knownMismatches: [],
  onFault: () => undefined,
};

/**
 * What was found about two values, told by what `clean` left of them: the differences are those of the cleaned values, and
 * where these are equal, one at `$` that shows nothing. Kind, rule and signature stay those of the whole values.
 */
export function cleanComparison(comparison: Comparison, control: Outcome, candidate: Outcome, at: number): Comparison {
  if (comparison.kind === "match") return comparison;
  if (comparison.kind === "inconclusive") return { ...comparison, reason: hideReason(comparison.reason) };
  const left = judge(control, candidate, plainly, at);
  const differences = left.kind === "mismatch" ? left.differences : ([{ path: "$", kind: "value" }] as const);
  return { ...comparison, differences };
}

/** Freezes what was found, but not the values in it: they are the callers'. */
export function frozen(comparison: Comparison): Comparison {
  if (Object.isFrozen(comparison)) return comparison;
  if ("differences" in comparison) {
    Object.freeze(comparison.differences);
    comparison.differences.forEach((difference: Difference) => Object.freeze(difference));
  }
  return Object.freeze(comparison);
}
