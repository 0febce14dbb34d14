import type { Difference } from "../../model/comparison.ts";
import type { Outcome } from "../../model/observation.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
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
   * Holds when it gives `true`, and only then. A side that threw has the value `undefined`; `outcomes` tells, and has
   * the errors.
   */
  readonly when?: (control: Value, candidate: CandidateValue, outcomes: Outcomes<Value, CandidateValue>) => boolean;
  /** Holds for mismatches of this signature, or of one of these. */
  readonly signature?: string | readonly string[];
  /** Holds when every difference lies at or below one of these path patterns, such as `**.updatedAt`. */
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
  readonly differences: readonly Difference[];
  readonly signature: string;
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
}

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
  check.object(option, rule);
  check.known(rule, ["name", "when", "signature", "paths", "link", "until"], `${option}.`);
  check.text(`${option}.name`, rule.name);
  if (rule.link !== undefined) check.text(`${option}.link`, rule.link);
  if (rule.when !== undefined) check.function(`${option}.when`, rule.when);
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

/** The first rule that holds for a mismatch. A rule that throws is a fault, and holds for nothing. */
export function ruleFor(
  rules: readonly CompiledKnownMismatch[],
  mismatch: Mismatch,
  onFault: (error: unknown) => void,
): string | undefined {
  for (const rule of rules) {
    try {
      if (mismatch.at >= rule.untilMs) tellEnd(rule, onFault);
      else if (holds(rule, mismatch)) return rule.name;
    } catch (error) {
      onFault(error);
    }
  }
  return undefined;
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

function holds(rule: CompiledKnownMismatch, { control, candidate, differences, signature }: Mismatch): boolean {
  if (rule.signatures && !rule.signatures.has(signature)) return false;
  const { paths } = rule;
  if (paths && !differences.every(({ path }) => liesWithin(path, paths))) return false;
  if (rule.when === undefined) return true;
  const said = rule.when(valueOf(control), valueOf(candidate), { control, candidate });
  if (typeof said !== "boolean") {
    silence(said);
    throw new TypeError(
      `The known mismatch ${JSON.stringify(rule.name)} gave ${isPromise(said) ? "a promise" : typeof said}, not true or false`,
    );
  }
  return said;
}

function liesWithin(path: string, patterns: State<true>): boolean {
  let state = patterns;
  for (const segment of segmentsOf(path)) {
    if (state.effects.length > 0) return true;
    if (state.dead) return false;
    state = state.next(segment);
  }
  return state.effects.length > 0;
}

/** A comparer of the user's may give paths that are none; they lie nowhere but at the top. */
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

/** May throw, where reading `then` does. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** A promise where an answer was due: its rejection is nobody's. Never throws. */
export function silence(value: unknown): void {
  try {
    if (isPromise(value)) value.then(undefined, () => undefined);
  } catch {
    // Nothing more can be done about a `then` that throws.
  }
}
