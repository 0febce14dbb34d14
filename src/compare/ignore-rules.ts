import type { Comparison } from "../model/comparison.ts";
import type { Outcome } from "../model/observation.ts";
import type { OptionCheck } from "../model/options.ts";
import { compileRules, type CompiledRules } from "./rules.ts";
import { pathIsIgnored } from "./ignored-path.ts";

type Mismatch = Extract<Comparison, { kind: "mismatch" }>;

/** A known mismatch, as a definition says it. */
export interface IgnoreRuleOption {
  readonly name: string;
  readonly when?: (control: never, candidate: never, outcomes: never) => unknown;
  readonly signature?: string | readonly string[];
  readonly paths?: readonly string[];
  readonly link?: string;
  readonly until?: string | number | Date;
}

/** A known mismatch, checked. `expired` is written once, when its time has come. */
export interface CompiledIgnoreRule {
  readonly name: string;
  readonly when: ((control: unknown, candidate: unknown, outcomes: unknown) => unknown) | undefined;
  readonly signatures: ReadonlySet<string> | undefined;
  readonly paths: CompiledRules | undefined;
  readonly link: string | undefined;
  readonly untilMs: number;
  expired: boolean;
}

export function compileIgnoreRules(
  check: OptionCheck,
  rules: readonly IgnoreRuleOption[] | undefined,
  place: string,
): readonly CompiledIgnoreRule[] {
  if (rules === undefined) return [];
  if (!Array.isArray(rules)) check.fail("ignore", "an array of rules", rules);
  return rules.map((rule: IgnoreRuleOption, index) => compileOne(check, rule, `ignore[${index}]`, place));
}

function compileOne(check: OptionCheck, rule: IgnoreRuleOption, option: string, place: string): CompiledIgnoreRule {
  check.object(option, rule);
  const { name, when, signature, paths, link, until } = rule;
  check.known(rule, ["name", "when", "signature", "paths", "link", "until"], `${option}.`);
  check.text(`${option}.name`, name);
  if (when !== undefined) check.function(`${option}.when`, when);
  if (link !== undefined) check.text(`${option}.link`, link);
  const signatures: readonly string[] | undefined = typeof signature === "string" ? [signature] : signature;
  if (signatures !== undefined) {
    if (!Array.isArray(signatures)) check.fail(`${option}.signature`, "a signature or an array of them", signature);
    for (const each of signatures) check.text(`${option}.signature`, each);
  }
  if (paths !== undefined && !Array.isArray(paths)) check.fail(`${option}.paths`, "an array of paths", paths);
  if (when === undefined && signatures === undefined && paths === undefined) {
    check.fail(option, "a rule with `when`, `signature` or `paths`", rule);
  }
  return {
    name,
    when: when as CompiledIgnoreRule["when"],
    signatures: signatures && new Set(signatures),
    paths: paths && compileRules({ ignore: paths }, `${place}: ${option}.paths`),
    link,
    untilMs: until === undefined ? Infinity : check.date(`${option}.until`, until),
    expired: false,
  };
}

/**
 * The name of the first rule that holds; all conditions that it names must. One that throws is told of, and the next is
 * asked. A rule whose time is over is told of once.
 */
export function ignoredBy(
  rules: readonly CompiledIgnoreRule[],
  mismatch: Mismatch,
  control: Outcome,
  candidate: Outcome,
  at: number,
  onFault: (error: unknown) => void,
): string | undefined {
  for (const rule of rules) {
    if (at >= rule.untilMs) {
      if (!rule.expired) onFault(new Error(expiryOf(rule)));
      rule.expired = true;
      continue;
    }
    try {
      if (holds(rule, mismatch, control, candidate)) return rule.name;
    } catch (error) {
      onFault(error);
    }
  }
  return undefined;
}

function holds(rule: CompiledIgnoreRule, mismatch: Mismatch, control: Outcome, candidate: Outcome): boolean {
  if (rule.signatures && !rule.signatures.has(mismatch.signature)) return false;
  const { paths } = rule;
  if (paths && !mismatch.differences.every(({ path }) => pathIsIgnored(path, paths))) return false;
  if (!rule.when) return true;
  const answer = rule.when(valueOf(control), valueOf(candidate), { control, candidate });
  if (typeof answer !== "boolean") throw new TypeError(`The rule ${JSON.stringify(rule.name)} must give true or false`);
  return answer;
}

function valueOf(outcome: Outcome): unknown {
  return outcome.kind === "returned" ? outcome.value : undefined;
}

function expiryOf({ name, untilMs, link }: CompiledIgnoreRule): string {
  const day = new Date(untilMs).toISOString().slice(0, 10);
  return `The rule ${JSON.stringify(name)} ignores nothing since ${day}: mend the mismatch, or give it a new \`until\`${link === undefined ? "" : ` (${link})`}`;
}
