import type { Comparison, Difference } from "../model/comparison.ts";
import type { Operation } from "../model/fault.ts";
import type { Outcome } from "../model/observation.ts";
import { checkOptions, type OptionCheck } from "../model/options.ts";
import { compareValues } from "./compare.ts";
import { describeValue } from "./describe-value.ts";
import { surelyEqual } from "./gate.ts";
import { compileIgnoreRules, ignoredBy, type CompiledIgnoreRule, type IgnoreRuleOption } from "./ignore-rules.ts";
import { compileRules, noRules, type CompiledRules, type CompareRules } from "./rules.ts";
import { signatureOf } from "./signature.ts";

type Comparer = (control: unknown, candidate: unknown) => unknown;

/** How the outcomes of one experiment are judged, as its definition says it. */
export interface JudgementOptions {
  readonly compare?: CompareRules | Comparer | undefined;
  readonly compareErrors?: Comparer | undefined;
  readonly ignore?: readonly IgnoreRuleOption[] | undefined;
  /** Told of what the user's functions do wrong. */
  onFault(operation: Operation, error: unknown): void;
}

/** How outcomes are judged; checked and compiled once. */
export interface Judgement {
  readonly rules: CompiledRules;
  readonly compare: Comparer | undefined;
  readonly compareErrors: Comparer | undefined;
  readonly ignore: readonly CompiledIgnoreRule[];
  onFault(operation: Operation, error: unknown): void;
}

/** The one match there is: sharing it makes matching traffic allocate nothing. */
export const match: Comparison = Object.freeze({ kind: "match" });

/**
 * Checks and compiles `compare`, `compareErrors` and `ignore`.
 *
 * @throws {SidelaneError} `invalid-definition`
 */
export function compileJudgement(options: JudgementOptions, place: string): Judgement {
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  const { compare, compareErrors, ignore, onFault } = options;
  if (compare !== undefined && typeof compare !== "function") check.object("compare", compare);
  if (compareErrors !== undefined) check.function("compareErrors", compareErrors);
  return {
    rules: typeof compare === "object" ? compileRules(compare, place) : noRules,
    compare: typeof compare === "function" ? compare : undefined,
    compareErrors,
    ignore: compileIgnoreRules(check, ignore, place),
    onFault: (operation, error) => onFault(operation, error),
  };
}

/**
 * Same or not, for two outcomes. Never throws; what the user's functions do wrong goes to `onFault`.
 *
 * @param at wall time in milliseconds since 1970, against which rules run out
 */
export function judge(control: Outcome, candidate: Outcome, judgement: Judgement, at: number): Comparison {
  const comparison = compareOutcomes(control, candidate, judgement);
  if (comparison.kind !== "mismatch" || judgement.ignore.length === 0) return comparison;
  const rule = ignoredBy(judgement.ignore, comparison, control, candidate, at, (error) =>
    judgement.onFault("ignore", error),
  );
  return rule === undefined ? comparison : { kind: "ignored", rule, differences: comparison.differences };
}

function compareOutcomes(control: Outcome, candidate: Outcome, judgement: Judgement): Comparison {
  if (candidate.kind === "timed-out" || control.kind === "timed-out") {
    return { kind: "inconclusive", reason: "timed-out" };
  }
  if (control.kind === "returned" && candidate.kind === "returned") {
    const { compare, rules } = judgement;
    if (compare !== undefined) return byFunction(compare, "compare", control.value, candidate.value, judgement);
    return surelyEqual(control.value, candidate.value) ? match : (
        told(compareValues(control.value, candidate.value, rules), judgement)
      );
  }
  if (control.kind === "threw" && candidate.kind === "threw") {
    const { compareErrors, rules } = judgement;
    if (compareErrors !== undefined) {
      return byFunction(compareErrors, "compareErrors", control.error, candidate.error, judgement);
    }
    return compareValues(control.error, candidate.error, rules);
  }
  return mismatch([{ path: "$", kind: "type", control: sketch(control), candidate: sketch(candidate) }]);
}

/** A normaliser that threw is a fault, beside being inconclusive. */
function told(comparison: Comparison, judgement: Judgement): Comparison {
  if (comparison.kind === "inconclusive" && "error" in comparison) judgement.onFault("normalize", comparison.error);
  return comparison;
}

function byFunction(
  compare: Comparer,
  operation: "compare" | "compareErrors",
  control: unknown,
  candidate: unknown,
  judgement: Judgement,
): Comparison {
  let answer: unknown;
  try {
    answer = compare(control, candidate);
    if (answer === true) return match;
    if (answer === false) return different(control, candidate, judgement.rules);
    if (isComparison(answer)) return answer;
  } catch (error) {
    judgement.onFault(operation, error);
    return { kind: "inconclusive", reason: `${operation} threw`, error };
  }
  swallow(answer);
  judgement.onFault(operation, new TypeError(`\`${operation}\` must give true, false or a comparison at once`));
  return { kind: "inconclusive", reason: `${operation} gave neither true nor false` };
}

/** The function says that they differ; the walker says where, if it sees it too. */
function different(control: unknown, candidate: unknown, rules: CompiledRules): Comparison {
  const seen = compareValues(control, candidate, rules);
  if (seen.kind === "mismatch") return seen;
  return mismatch([
    { path: "$", kind: "value", control: describeValue(control, 200), candidate: describeValue(candidate, 200) },
  ]);
}

function mismatch(differences: readonly [Difference, ...Difference[]]): Comparison {
  return { kind: "mismatch", differences, signature: signatureOf(differences).id };
}

function sketch(outcome: Outcome): string {
  switch (outcome.kind) {
    case "returned":
      return `returned ${describeValue(outcome.value, 200)}`;
    case "threw":
      return `threw ${describeValue(outcome.error, 200)}`;
    case "timed-out":
      return "timed out";
  }
}

/** A comparison of the user's own making; one that lacks its parts is none. */
function isComparison(answer: unknown): answer is Comparison {
  if (typeof answer !== "object" || answer === null) return false;
  const { kind, differences, reason, rule, signature } = answer as Record<string, unknown>;
  switch (kind) {
    case "match":
      return true;
    case "mismatch":
      return Array.isArray(differences) && differences.length > 0 && typeof signature === "string";
    case "ignored":
      return typeof rule === "string" && Array.isArray(differences);
    case "inconclusive":
      return typeof reason === "string";
    default:
      return false;
  }
}

function swallow(answer: unknown): void {
  try {
    if (answer instanceof Promise) answer.catch(() => undefined);
  } catch {
    // A proxy that pretends to be a promise.
  }
}
