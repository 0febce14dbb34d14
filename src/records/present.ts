import { parsePath, type PathSegment } from "../compare/rules/paths.ts";
import { preview, type PreviewLimits } from "../compare/copy/preview.ts";
import { typeNameOf } from "../compare/kinds/type-name.ts";
import type { Difference, DifferenceKind } from "../model/comparison.ts";
import type { Evidence, Observation } from "../model/observation.ts";
import type { CandidateObservation, Result, ResultKind, ServedStage } from "../model/result.ts";
import { contentOfDrawn, isDrawn, typeOfDrawn } from "./drawn-result.ts";
import { drawSides, type Draw } from "./draw-sides.ts";
import type { Redaction } from "./redaction.ts";

export type { Redaction } from "./redaction.ts";

/**
 * A result as plain JSON data, as it may leave the process.
 *
 * With values `hidden` it carries names that developers gave, paths, kinds, types, error names and codes, durations: of paths
 * only what looks like a name in code, anything else is `*`. With values `shown` it also carries what has the comment
 * "shown", redacted and cut.
 */
export interface PresentedResult {
  /** The version of this shape; a reader refuses what it does not know. */
  readonly v: 1;
  readonly id: string;
  readonly experiment: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly kind: ResultKind;
  readonly served: string;
  readonly rollout?: ServedStage;
  /** Shown. */
  readonly context?: unknown;
  readonly control: PresentedObservation;
  readonly candidates: readonly PresentedCandidate[];
}

export interface PresentedObservation {
  readonly name: string;
  readonly outcome: PresentedOutcome;
  readonly evidence: Evidence;
  /** Milliseconds, as in a result's observations. */
  readonly durationMs: number;
  readonly syncMs: number;
  readonly offsetMs: number;
}

export type PresentedOutcome =
  /** `value` is shown, as `preview` draws it. */
  | { readonly kind: "returned"; readonly type: string; readonly value?: unknown }
  | { readonly kind: "threw"; readonly error: PresentedError }
  | { readonly kind: "timed-out"; readonly afterMs: number };

export interface PresentedError {
  /** The error's name, or the type of what was thrown. */
  readonly name: string;
  readonly code?: string | number;
  /** Shown: the whole of it, as `preview` draws it. */
  readonly value?: unknown;
}

export interface PresentedCandidate extends PresentedObservation {
  readonly comparison: PresentedComparison;
  readonly argumentsMutated?: boolean;
}

export interface PresentedComparison {
  readonly kind: "match" | "mismatch" | "ignored" | "inconclusive";
  readonly signature?: string;
  /** The rule that ignored it. */
  readonly rule?: string;
  readonly reason?: string;
  readonly error?: PresentedError;
  /** At most 50. */
  readonly differences?: readonly PresentedDifference[];
  /** How many differences there are beside these. */
  readonly moreDifferences?: number;
}

export interface PresentedDifference {
  readonly path: string;
  readonly kind: DifferenceKind;
  /** The types of both sides; absent where a side has nothing. */
  readonly controlType?: string;
  readonly candidateType?: string;
  /** Shown. */
  readonly control?: unknown;
  /** Shown. */
  readonly candidate?: unknown;
}

/** How a result is presented: made once, when a publisher is. */
export interface Presentation {
  /** `hidden` by default. */
  readonly values: "shown" | "hidden";
  /** Used on whatever is shown. */
  readonly redaction: Redaction;
  /** Of each value that is shown. */
  readonly limits?: PreviewLimits;
}

const mostDifferences = 50;

/** Makes of a result what may leave the process. Never throws, whatever the result's values are. */
export function present(result: Result, presentation: Presentation): PresentedResult {
  const { id, experiment, startedAt, kind, served, rollout } = result;
  const sight = sightOf(result, presentation);
  return {
    v: 1,
    ...{ id, experiment, startedAt, kind, served },
    ...(rollout && { rollout: { stage: rollout.stage, share: rollout.share, epoch: rollout.epoch } }),
    ...(sight.draw && { context: sight.draw(result.context) }),
    control: presentObservation(result.control, sight),
    candidates: result.candidates.map((candidate) => presentCandidate(candidate, result.control, sight)),
  };
}

/** How much of a result is seen. */
interface Sight {
  /** Draws a value, or the part of one at a path; absent where values are hidden. */
  readonly draw?: Draw;
  /** Whether its values were drawn before, by `redact`. */
  readonly drawn: boolean;
}

function sightOf(result: Result, { values, redaction, limits }: Presentation): Sight {
  const drawn = isDrawn(result);
  if (values !== "shown") return { drawn };
  return { drawn, draw: (value, path, own = limits) => redaction.drawn(drawn ? value : preview(value, own), path) };
}

function presentObservation(observation: Observation, sight: Sight): PresentedObservation {
  const { name, evidence, durationMs, syncMs, offsetMs } = observation;
  return { name, outcome: presentOutcome(observation, sight), evidence, durationMs, syncMs, offsetMs };
}

function presentOutcome({ outcome }: Observation, sight: Sight): PresentedOutcome {
  switch (outcome.kind) {
    case "returned":
      return {
        kind: "returned",
        type: typeOf(outcome.value, sight),
        ...(sight.draw && { value: sight.draw(outcome.value) }),
      };
    case "threw":
      return { kind: "threw", error: presentError(outcome.error, sight) };
    case "timed-out":
      return { kind: "timed-out", afterMs: outcome.afterMs };
  }
}

/** An error by its name and code; nothing else of it is safe to pass on. */
export function presentError(error: unknown, sight: Sight = { drawn: false }): PresentedError {
  const code = read(sight.drawn ? contentOfDrawn(error) : error, "code");
  return {
    name: errorName(error, sight),
    ...(isCode(code) && { code }),
    ...(sight.draw && { value: sight.draw(error) }),
  };
}

function presentCandidate(candidate: CandidateObservation, control: Observation, sight: Sight): PresentedCandidate {
  const { argumentsMutated } = candidate;
  return {
    ...presentObservation(candidate, sight),
    comparison: presentComparison(candidate, control, sight),
    ...(argumentsMutated !== undefined && { argumentsMutated }),
  };
}

function presentComparison(candidate: CandidateObservation, control: Observation, sight: Sight): PresentedComparison {
  const { comparison } = candidate;
  switch (comparison.kind) {
    case "match":
      return { kind: "match" };
    case "inconclusive":
      return {
        kind: "inconclusive",
        reason: comparison.reason.slice(0, 200),
        ...(comparison.error !== undefined && { error: presentError(comparison.error, sight) }),
      };
    default: {
      const { differences, moreDifferences = 0 } = comparison;
      const more = Math.max(0, differences.length - mostDifferences) + moreDifferences;
      const threw = control.outcome.kind !== candidate.outcome.kind;
      return {
        kind: comparison.kind,
        ...(comparison.kind === "mismatch" ? { signature: comparison.signature } : { rule: comparison.rule }),
        differences: differences
          .slice(0, mostDifferences)
          .map((difference) => presentDifference(difference, threw ? [control, candidate] : undefined, sight)),
        ...(more > 0 && { moreDifferences: more }),
      };
    }
  }
}

/** @param ended both sides, where one threw and the other returned: then their outcomes are what differs at `$` */
function presentDifference(
  difference: Difference,
  ended: readonly Observation[] | undefined,
  sight: Sight,
): PresentedDifference {
  const { path, kind } = difference;
  const types =
    ended && path === "$" ?
      ended.map((side) => endOf(side, sight))
    : [difference.control, difference.candidate].map((side) => typeOf(side, sight));
  return {
    path: sight.draw ? path : hidePath(path),
    kind,
    ...("control" in difference && { controlType: types[0]! }),
    ...("candidate" in difference && { candidateType: types[1]! }),
    ...(sight.draw && drawSides(difference, sight.draw)),
  };
}

function endOf({ outcome }: Observation, sight: Sight): string {
  if (outcome.kind === "returned") return `returned ${typeOf(outcome.value, sight)}`;
  return outcome.kind === "threw" ? `threw ${presentError(outcome.error, sight).name}` : "timed out";
}

/** A type's name; a class that is named like no class in code is an `object`. */
function typeOf(value: unknown, { drawn }: Sight): string {
  const name = drawn ? typeOfDrawn(value) : typeNameOf(value);
  return codeName.test(name) ? name : "object";
}

function errorName(error: unknown, sight: Sight): string {
  const name = isError(error) ? read(error, "name") : undefined;
  return typeof name === "string" && looksLikeCode(name) ? name : typeOf(error, sight);
}

function isError(error: unknown): boolean {
  try {
    return error instanceof Error;
  } catch {
    return false; // A revoked proxy.
  }
}

/** Such as `ECONNREFUSED`, `not_found`, `auth/expired`, `P2002`, `ORA-00942`, `23505`; and no token that somebody put there. */
function isCode(code: unknown): code is string | number {
  if (typeof code === "number") return Math.abs(code) < 1e6;
  return typeof code === "string" && /^(?:[-_./: ]?(?:[A-Za-z]{1,20}|\d{1,5})){1,5}$/.test(code);
}

// Names of classes, as people write them; whatever else somebody stored there stays inside.
const codeName = /^[A-Za-z_$][\w$]{0,60}$/;

/** A path whose keys are shown only where they look like names in code: keys can be data, such as an e-mail address. */
export function hidePath(path: string): string {
  let segments: PathSegment[];
  try {
    segments = parsePath(path);
  } catch {
    return "$.*"; // A user's comparer may give any text as a path.
  }
  return segments.reduce<string>((text, segment) => text + hideSegment(segment), "$");
}

function hideSegment(segment: PathSegment): string {
  // A position in a sequence; but 16 digits can be a card number that somebody used as a key.
  if (typeof segment === "number") return segment < 1e6 ? `[${segment}]` : "[*]";
  if (typeof segment === "object") return `[${segment.entry} *]`;
  return looksLikeCode(segment) ? `.${segment}` : ".*";
}

/** Letters and at most two digits, in words of at most 16 characters, 32 in all: `billingAddress2`, and not `hunter2X9a81`. */
function looksLikeCode(key: string): boolean {
  if (key.length > 32 || !/^[A-Za-z_$][A-Za-z_$]*\d{0,2}$/.test(key)) return false;
  const words = key.split(/[_$]+|(?<=[a-z])(?=[A-Z])/);
  // Random text changes case all the time; names do so once a word.
  return words.every((word) => word.length <= 16) && words.length <= 5;
}

/** Reads a property of whatever was thrown. */
function read(holder: unknown, key: string): unknown {
  if (typeof holder !== "object" || holder === null) return undefined;
  try {
    return (holder as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
