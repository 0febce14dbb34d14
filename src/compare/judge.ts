import type { Comparison, Difference } from "../model/comparison.ts";
import type { Operation } from "../model/fault.ts";
import type { Outcome } from "../model/observation.ts";
import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { readAnswer } from "./comparer-answer.ts";
import { compareValues, type Beforehand } from "./compare.ts";
import { describeValue } from "./copy/describe-value.ts";
import {
  compileKnownMismatches,
  ruleFor,
  SeenDifferences,
  type CompiledKnownMismatch,
  type KnownMismatch,
} from "./rules/known-mismatches.ts";
import { compileRules, noRules, type CompareRules, type CompiledRules } from "./rules/rules.ts";
import { signatureOf } from "./signature.ts";
import { typeNameOf } from "./kinds/type-name.ts";

export type { KnownMismatch } from "./rules/known-mismatches.ts";

/** What decides whether two outcomes are the same, as users write it. */
export interface JudgementDefinition {
  /** Rules for the built-in comparison, or a function of both values that takes its place. */
  readonly compare?: CompareRules<never> | ((control: never, candidate: never) => unknown) | undefined;
  readonly knownMismatches?: readonly KnownMismatch<never, never>[] | undefined;
  /** Told what a user's comparer, normalizer or rule did. */
  readonly onFault?: ((operation: Operation, error: unknown) => void) | undefined;
}

/** The same, checked and compiled once. */
export interface Judgement {
  readonly compare: ((control: unknown, candidate: unknown) => unknown) | undefined;
  readonly rules: CompiledRules;
  /** For what both sides threw: `normalize` is for values, and `errors` is asked about the whole. */
  readonly errorRules: CompiledRules;
  readonly knownMismatches: readonly CompiledKnownMismatch[];
  readonly onFault: (operation: Operation, error: unknown) => void;
}

/** @throws {SidelaneError} `invalid-definition`, when anything in it has a mistake */
export function compileJudgement(definition: JudgementDefinition, place: string): Judgement {
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  const { compare, knownMismatches, onFault } = definition;
  if (compare !== undefined && typeof compare !== "function" && (typeof compare !== "object" || compare === null)) {
    check.fail("compare", "rules or a function of both values", compare);
  }
  const rules = typeof compare === "function" ? noRules : compileRules(compare as CompareRules | undefined, place);
  return {
    compare: typeof compare === "function" ? (compare as Judgement["compare"]) : undefined,
    rules,
    errorRules:
      rules.normalize === undefined && rules.errors === undefined ?
        rules
      : { ...rules, normalize: undefined, errors: undefined },
    knownMismatches: compileKnownMismatches(knownMismatches, place),
    onFault: onFault ?? (() => undefined),
  };
}

/**
 * Says whether a candidate did what control did. Never throws, given a `plan.onFault` that does not.
 *
 * - both returned: `plan.compare` where it is a function, else the built-in comparison under its rules
 * - both threw: the `errors` of the rules, else the built-in comparison of the errors
 * - one threw and the other returned: a mismatch at `$` of the kind `type`, each side told in words
 * - the candidate timed out: `inconclusive`, with the reason `timed-out`
 *
 * Only a mismatch is shown to the `knownMismatches`, in their order.
 *
 * @param at wall time in milliseconds since 1970, for rules that end
 * @param known what is known of the two values that both returned
 */
export function judge(
  control: Outcome,
  candidate: Outcome,
  plan: Judgement,
  at: number,
  known?: Beforehand,
): Comparison {
  if (control.kind === "timed-out" || candidate.kind === "timed-out") return timedOut;
  const seen = plan.knownMismatches.length === 0 ? undefined : new SeenDifferences(plan.knownMismatches, leafOf);
  const comparison =
    control.kind === "returned" && candidate.kind === "returned" ?
      judgeValues(control.value, candidate.value, plan, seen, known)
    : control.kind === "threw" && candidate.kind === "threw" ? judgeErrors(control.error, candidate.error, plan, seen)
    : oneThrew(control, candidate, seen);
  return seen === undefined ? comparison : orIgnored(comparison, control, candidate, plan, seen, at);
}

type Seen = SeenDifferences | undefined;

function leafOf(difference: Difference): string {
  return signatureOf([difference]).readable;
}

const timedOut: Comparison = Object.freeze({ kind: "inconclusive", reason: "timed-out" });

function judgeValues(
  control: unknown,
  candidate: unknown,
  plan: Judgement,
  seen: Seen,
  known: Beforehand | undefined,
): Comparison {
  const { compare, rules } = plan;
  if (compare !== undefined) return asked(compare, control, candidate, rules, plan, seen);
  return noted(compareValues(control, candidate, rules, undefined, seen, known), plan);
}

function judgeErrors(control: unknown, candidate: unknown, plan: Judgement, seen: Seen): Comparison {
  const { errorRules } = plan;
  const { errors } = plan.rules;
  if (errors !== undefined) return asked(errors, control, candidate, errorRules, plan, seen);
  return noted(compareValues(control, candidate, errorRules, undefined, seen), plan);
}

/** What a user's function answers, whatever that is. */
function asked(
  compare: (control: unknown, candidate: unknown) => unknown,
  control: unknown,
  candidate: unknown,
  rules: CompiledRules,
  plan: Judgement,
  seen: Seen,
): Comparison {
  try {
    return readAnswer(
      compare(control, candidate),
      () => whereTheyDiffer(control, candidate, rules, seen),
      (all, named) => seen?.sawAll(all, named),
    );
  } catch (error) {
    plan.onFault("compare", error);
    return { kind: "inconclusive", reason: "comparer threw", error };
  }
}

/** The user says that they differ. Where our own comparison sees nothing, the whole value does. */
function whereTheyDiffer(control: unknown, candidate: unknown, rules: CompiledRules, seen: Seen): Comparison {
  const found = compareValues(control, candidate, rules, undefined, seen);
  if (found.kind === "mismatch") return found;
  return mismatchOf({ path: "$", kind: "value", control, candidate }, seen);
}

function mismatchOf(difference: Difference, seen: Seen): Comparison {
  const differences = [difference] as const;
  seen?.sawAll(differences, 1);
  return { kind: "mismatch", differences, signature: signatureOf(differences).id };
}

/** The rules hold functions of the user's; what they threw is a fault too. */
function noted(comparison: Comparison, plan: Judgement): Comparison {
  if (comparison.kind === "inconclusive" && "error" in comparison) {
    plan.onFault(comparison.reason.startsWith("`normalize`") ? "normalize" : "compare", comparison.error);
  }
  return comparison;
}

function orIgnored(
  comparison: Comparison,
  control: Outcome,
  candidate: Outcome,
  plan: Judgement,
  seen: SeenDifferences,
  at: number,
): Comparison {
  if (comparison.kind !== "mismatch") return comparison;
  const { signature, differences, moreDifferences } = comparison;
  const known = ruleFor(plan.knownMismatches, { control, candidate, signature, seen, at }, (error) => {
    plan.onFault("knownMismatches", error);
  });
  if (known === undefined) return comparison;
  if (known.kind === "holds") {
    const ignored = { kind: "ignored", rule: known.rule, differences } as const;
    return moreDifferences === undefined ? ignored : { ...ignored, moreDifferences };
  }
  const reason = `what was seen is known as ${JSON.stringify(known.rule)}, but not all was seen: ${known.reason}`;
  return { kind: "inconclusive", reason };
}

function oneThrew(control: Outcome, candidate: Outcome, seen: Seen): Comparison {
  return mismatchOf({ path: "$", kind: "type", control: tell(control), candidate: tell(candidate) }, seen);
}

const toldLength = 200;

/** `threw TypeError: no such user`, `returned object: { id: 1 }`; a signature takes what stands before the colon. */
function tell(outcome: Outcome): string {
  if (outcome.kind === "returned")
    return `returned ${typeNameOf(outcome.value)}: ${describeValue(outcome.value, toldLength)}`;
  const error = outcome.kind === "threw" ? outcome.error : undefined;
  return `threw ${typeNameOf(error)}: ${describeValue(messageOf(error), toldLength)}`;
}

function messageOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.message : error;
  } catch {
    return error;
  }
}
