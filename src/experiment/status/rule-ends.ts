import type { RuleEnd } from "../../model/start-record.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";

/** The rules of an experiment that end; nothing where none does. */
export function ruleEndsOf({ judgement }: ExperimentPlan): { readonly knownMismatches?: readonly RuleEnd[] } {
  const knownMismatches = judgement.knownMismatches
    .filter(({ untilMs }) => untilMs !== Infinity)
    .map(({ name, untilMs }): RuleEnd => ({ name, until: untilMs }));
  return knownMismatches.length === 0 ? {} : { knownMismatches };
}
