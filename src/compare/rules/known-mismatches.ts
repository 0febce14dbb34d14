import { hasThen, tellFailure } from "../../model/silence.ts";
import type { Difference } from "../../model/comparison.ts";
import type { Outcome } from "../../model/observation.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { aDate, aFunction, aText, compiled, required, settle, type OptionTable } from "../../model/option-table.ts";
import { automaton, type State } from "./pattern-automaton.ts";
import { parsePath, type PathSegment } from "./paths.ts";
import { parsePattern } from "./path-patterns.ts";

/** Both sides as they ended. */
export interface Outcomes<Value = unknown, CandidateValue = unknown> {
  readonly control: Outcome<Value>;
  readonly candidate: Outcome<CandidateValue>;
}

/**
 * Says that a difference is known. Where several conditions are given, all of them must hold; at least one must be given.
 */
export interface KnownMismatch<Value = unknown, CandidateValue = unknown> {
  /** Counted and published under this name. */
  readonly name: string;
  /**
   * Holds when it returns `true`, and only then. A side that threw has the value `undefined`; `outcomes` tells, and has
   * the errors.
   */
  readonly when?: (control: Value, candidate: CandidateValue, outcomes: Outcomes<Value, CandidateValue>) => boolean;
  /** Holds for mismatches of this signature, or of one of these. */
  readonly signature?: string | readonly string[];
  /**
   * Holds when every difference lies at or below one of these path patterns, such as `**.updatedAt`: all that there are,
   * not those listed. A comparison that a limit ended before is `inconclusive`.
   */
  readonly paths?: readonly string[];
  /** Where the known mismatch is tracked. */
  readonly link?: string;
  /** From this moment on its mismatches count as mismatches again, reported once as a fault; a date without a time is its start in UTC. */
  readonly until?: string | number | Date;
}

/** A rule, checked and compiled once. */
export interface CompiledKnownMismatch {
  readonly name: string;
  readonly when: ((control: unknown, candidate: unknown, outcomes: Outcomes) => unknown) | undefined;
  readonly signatures: ReadonlySet<string> | undefined;
  readonly paths: State<true> | undefined;
  /** `Infinity` for a rule without an end. */
  readonly untilMs: number;
  /** Whether its end has been told. */
  ended: boolean;
}

/** A mismatch, as a rule sees it. */
export interface Mismatch extends Outcomes {
  readonly signature: string;
  /** What is known of all differences, those that are not listed included. */
  readonly seen: SeenDifferences;
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
}

/** What the conditions of rules come to over all differences of one mismatch; told each as it is found. */
export class SeenDifferences {
  /** Why not all differences were seen. */
  unfinished: string | undefined = undefined;
  private readonly rules: readonly CompiledKnownMismatch[];
  private readonly leafOf: (difference: Difference) => string;
  private readonly leaves = new Set<string>();
  private hasOtherLeaves = false;
  /** Rules by paths with a difference elsewhere. */
  private readonly outside = new Set<CompiledKnownMismatch>();
  /** The same, for differences that may be none. */
  private readonly opaqueOutside = new Set<CompiledKnownMismatch>();

  /** @param leafOf names the kind of one difference, as the signature does */
  constructor(rules: readonly CompiledKnownMismatch[], leafOf: (difference: Difference) => string) {
    this.rules = rules;
    this.leafOf = leafOf;
  }

  /** Whether any further difference can change what some rule says. */
  get isUndecided(): boolean {
    return this.rules.some(
      (rule) =>
        (rule.paths !== undefined && !this.outside.has(rule)) ||
        (rule.signatures !== undefined && !this.hasOtherLeaves),
    );
  }

  /** A signature names so many differences: it is of all of them only where the others are of the same kinds. */
  saw(path: readonly PathSegment[], difference: () => Difference, isNamed: boolean, isOpaque: boolean): void {
    for (const rule of this.rules) {
      if (rule.paths !== undefined && !this.outside.has(rule) && !liesWithin(path, rule.paths)) {
        (isOpaque ? this.opaqueOutside : this.outside).add(rule);
      }
    }
    if (this.hasOtherLeaves || !this.rules.some((rule) => rule.signatures !== undefined)) return;
    const leaf = this.leafOf(difference());
    if (isNamed) this.leaves.add(leaf);
    else this.hasOtherLeaves = !this.leaves.has(leaf);
  }

  ended(reason: string): void {
    this.unfinished = reason;
  }

  /** As told by a comparer of the user's. */
  sawAll(differences: readonly Difference[], named: number): this {
    differences.forEach((difference, index) => {
      this.saw(segmentsOf(difference.path), () => difference, index < named, difference.kind === "opaque");
    });
    return this;
  }

  /** Whether the conditions of a rule hold that are about differences; if they only do so far, why that is all. */
  holds(rule: CompiledKnownMismatch, signature: string): boolean | { readonly unsure: string } {
    if (rule.signatures !== undefined && (!rule.signatures.has(signature) || this.hasOtherLeaves)) return false;
    if (this.outside.has(rule)) return false;
    if (rule.signatures === undefined && rule.paths === undefined) return true;
    if (this.opaqueOutside.has(rule)) return { unsure: "something else is opaque: it cannot be looked into" };
    return this.unfinished === undefined || { unsure: this.unfinished };
  }
}

/** What the rules say of a mismatch: the one that holds, or the first of which it cannot be told. */
export type Known =
  | { readonly kind: "holds"; readonly rule: string }
  | { readonly kind: "unsure"; readonly rule: string; readonly reason: string };

export const knownMismatchTable: OptionTable<KnownMismatch> = {
  name: required(aText),
  when: aFunction,
  signature: compiled("a text or a list of them"),
  paths: compiled("a list of path patterns"),
  link: aText,
  until: aDate,
};

/** @throws {SidelaneError} `invalid-definition`, when a rule has a mistake */
export function compileKnownMismatches(
  rules: readonly KnownMismatch<never, never>[] | undefined,
  place: string,
): readonly CompiledKnownMismatch[] {
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  if (rules === undefined) return [];
  if (!Array.isArray(rules)) check.fail("knownMismatches", "a list of known mismatches", rules);
  return rules.map((rule, index) => compileRule(rule as KnownMismatch, `knownMismatches[${index}]`, check));
}

function compileRule(rule: KnownMismatch, option: string, check: OptionCheck): CompiledKnownMismatch {
  settle(check, knownMismatchTable, rule, option);
  if (rule.when === undefined && rule.signature === undefined && rule.paths === undefined) {
    check.fail(
      option,
      "a rule with `when`, `signature` or `paths`",
      rule,
      "Without a condition it would ignore everything",
    );
  }
  return {
    name: rule.name,
    when: rule.when,
    signatures: rule.signature === undefined ? undefined : new Set(texts(rule.signature, `${option}.signature`, check)),
    paths:
      rule.paths === undefined ? undefined : compilePaths(texts(rule.paths, `${option}.paths`, check), option, check),
    untilMs: rule.until === undefined ? Infinity : check.date(`${option}.until`, rule.until),
    ended: false,
  };
}

function compilePaths(paths: readonly string[], option: string, check: OptionCheck): State<true> {
  return automaton(
    paths.map((path, index) => ({
      steps: parsePattern(path, `${option}.paths[${index}]`, check),
      effect: true as const,
    })),
  );
}

function texts(given: unknown, option: string, check: OptionCheck): readonly string[] {
  const list: unknown = typeof given === "string" ? [given] : given;
  if (!Array.isArray(list) || list.length === 0) return check.fail(option, "a text or a list of them", given);
  return (list as unknown[]).map((text, index) => {
    check.text(`${option}[${index}]`, text);
    return text as string;
  });
}

/**
 * The first rule that holds for a mismatch. A rule that throws is a fault, and holds for nothing; one by paths or
 * signature holds only where all differences were seen.
 */
export function ruleFor(
  rules: readonly CompiledKnownMismatch[],
  mismatch: Mismatch,
  onFault: (error: unknown) => void,
): Known | undefined {
  let unsure: Known | undefined;
  for (const rule of rules) {
    try {
      if (mismatch.at >= rule.untilMs) {
        tellEnd(rule, onFault);
        continue;
      }
      const seen = mismatch.seen.holds(rule, mismatch.signature);
      if (seen === false || !agrees(rule, mismatch)) continue;
      if (seen === true) return { kind: "holds", rule: rule.name };
      unsure ??= { kind: "unsure", rule: rule.name, reason: seen.unsure };
    } catch (error) {
      onFault(error);
    }
  }
  return unsure;
}

function tellEnd(rule: CompiledKnownMismatch, onFault: (error: unknown) => void): void {
  if (rule.ended) return;
  rule.ended = true;
  onFault(
    new Error(
      `The known mismatch ${JSON.stringify(rule.name)} ended at ${new Date(rule.untilMs).toISOString()}: it is counted as a mismatch again`,
    ),
  );
}

function agrees(rule: CompiledKnownMismatch, { control, candidate }: Mismatch): boolean {
  if (rule.when === undefined) return true;
  const said = rule.when(valueOf(control), valueOf(candidate), { control, candidate });
  if (typeof said !== "boolean") {
    tellFailure(said);
    throw new TypeError(
      `The known mismatch ${JSON.stringify(rule.name)} returned ${typeof said === "object" && said !== null && hasThen(said) ? "a promise" : typeof said}, not true or false`,
    );
  }
  return said;
}

function liesWithin(path: readonly PathSegment[], patterns: State<true>): boolean {
  let state = patterns;
  for (const segment of path) {
    if (state.effects.length > 0) return true;
    if (state.dead) return false;
    state = state.next(segment);
  }
  return state.effects.length > 0;
}

/** A comparer of the user's may return paths that are none; they lie nowhere but at the top. */
function segmentsOf(path: string): PathSegment[] {
  try {
    return parsePath(path);
  } catch {
    return [];
  }
}

function valueOf(outcome: Outcome): unknown {
  return outcome.kind === "returned" ? outcome.value : undefined;
}
