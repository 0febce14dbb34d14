import type { RuleEnd, StartedExperiment } from "../model/start-record.ts";
import type { ReportExperiment } from "./model.ts";

// What a date can say.
const lastDateMs = 8.64e15;

interface Said extends RuleEnd {
  /** When, and which process. */
  readonly at: number;
  readonly process: string;
}

/** When rules for known mismatches end, as the process that started last with each of them says. */
export class RuleEnds {
  readonly #said = new Map<string, Said>();

  add({ knownMismatches }: StartedExperiment, at: number, process: string): void {
    // Records of before do not say it, and those of others may say anything.
    for (const rule of Array.isArray(knownMismatches) ? (knownMismatches as readonly unknown[]) : []) {
      if (!isRuleEnd(rule)) continue;
      const { name, until } = rule;
      const known = this.#said.get(name);
      const said = { name, until, at, process };
      if (known === undefined || isLater(said, known)) this.#said.set(name, said);
    }
  }

  /** Nothing where no rule ends. */
  list(): { readonly knownMismatches?: readonly RuleEnd[] } {
    return rulesInOrder([...this.#said.values()]);
  }
}

/** In the order in which they end; nothing where none does. */
export function rulesInOrder(rules: readonly RuleEnd[] = []): { readonly knownMismatches?: readonly RuleEnd[] } {
  const knownMismatches = rules
    .map(({ name, until }): RuleEnd => ({ name, until }))
    .sort((one, other) => one.until - other.until || (one.name < other.name ? -1 : 1));
  return knownMismatches.length === 0 ? {} : { knownMismatches };
}

/** Why that is told. */
export const ruleEndReason = "its mismatches count as mismatches again";

/** Rules that have ended, each as what happened at a moment. @param now the end of what is shown, in milliseconds since 1970 */
export function endedRules(
  { knownMismatches = [] }: Pick<ReportExperiment, "knownMismatches">,
  now: number,
): readonly { readonly at: number; readonly what: string }[] {
  return knownMismatches
    .filter(({ until }) => until <= now)
    .map(({ name, until }) => ({ at: until, what: `rule ${name} expired` }));
}

function isRuleEnd(rule: unknown): rule is RuleEnd {
  const { name, until } = (rule ?? {}) as Partial<Record<keyof RuleEnd, unknown>>;
  return typeof name === "string" && typeof until === "number" && Math.abs(until) <= lastDateMs;
}

function isLater(said: Said, known: Said): boolean {
  if (said.at !== known.at) return said.at > known.at;
  return said.process === known.process ? said.until > known.until : said.process > known.process;
}
