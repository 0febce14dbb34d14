import { parsePath, type PathSegment } from "../compare/paths.ts";
import { preview, type PreviewLimits } from "../compare/preview.ts";
import { typeNameOf } from "../compare/type-name.ts";
import type { Difference, DifferenceKind } from "../model/comparison.ts";
import type { Evidence, Observation } from "../model/observation.ts";
import type { CandidateObservation, Result, ResultKind, ServedStage } from "../model/result.ts";
import { isDrawn } from "./drawn.ts";
import type { Redaction } from "./redaction.ts";

export { compileRedaction, type RedactOptions, type Redaction } from "./redaction.ts";

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
const sideLimits: PreviewLimits = { nodes: 100, depth: 6, stringLength: 500, totalLength: 4_000 };

/** Makes of a result what may leave the process. Never throws, whatever the result's values are. */
export function present(result: Result, presentation: Presentation): PresentedResult {
  const { id, experiment, startedAt, kind, served, rollout } = result;
  const draw = drawer(result, presentation);
  return {
    v: 1,
    ...{ id, experiment, startedAt, kind, served },
    ...(rollout && { rollout: { stage: rollout.stage, share: rollout.share, epoch: rollout.epoch } }),
    ...(draw && { context: draw(result.context) }),
    control: presentObservation(result.control, draw),
    candidates: result.candidates.map((candidate) => presentCandidate(candidate, result.control, draw)),
  };
}

/** Draws a value, or the part of one at a path; `undefined` where values are hidden. */
type Draw = ((value: unknown, path?: string, limits?: PreviewLimits) => unknown) | undefined;

function drawer(result: Result, { values, redaction, limits }: Presentation): Draw {
  if (values !== "shown") return undefined;
  const drawn = isDrawn(result);
  return (value, path, own = limits) => redaction.drawn(drawn ? value : preview(value, own), path);
}

function presentObservation(observation: Observation, draw: Draw): PresentedObservation {
  const { name, evidence, durationMs, syncMs, offsetMs } = observation;
  return { name, outcome: presentOutcome(observation, draw), evidence, durationMs, syncMs, offsetMs };
}

function presentOutcome({ outcome }: Observation, draw: Draw): PresentedOutcome {
  switch (outcome.kind) {
    case "returned":
      return {
        kind: "returned",
        type: typeOf(outcome.value),
        ...(draw && { value: draw(outcome.value) }),
      };
    case "threw":
      return { kind: "threw", error: presentError(outcome.error, draw) };
    case "timed-out":
      return { kind: "timed-out", afterMs: outcome.afterMs };
  }
}

/** An error by its name and code; nothing else of it is safe to pass on. */
export function presentError(error: unknown, draw?: Draw): PresentedError {
  const code = read(error, "code");
  return {
    name: errorName(error),
    ...(isCode(code) && { code }),
    ...(draw && { value: draw(error) }),
  };
}

function presentCandidate(candidate: CandidateObservation, control: Observation, draw: Draw): PresentedCandidate {
  const { argumentsMutated } = candidate;
  return {
    ...presentObservation(candidate, draw),
    comparison: presentComparison(candidate, control, draw),
    ...(argumentsMutated !== undefined && { argumentsMutated }),
  };
}

function presentComparison(candidate: CandidateObservation, control: Observation, draw: Draw): PresentedComparison {
  const { comparison } = candidate;
  switch (comparison.kind) {
    case "match":
      return { kind: "match" };
    case "inconclusive":
      return {
        kind: "inconclusive",
        reason: comparison.reason.slice(0, 200),
        ...(comparison.error !== undefined && { error: presentError(comparison.error, draw) }),
      };
    default: {
      const { differences } = comparison;
      const threw = control.outcome.kind !== candidate.outcome.kind;
      return {
        kind: comparison.kind,
        ...(comparison.kind === "mismatch" ? { signature: comparison.signature } : { rule: comparison.rule }),
        differences: differences
          .slice(0, mostDifferences)
          .map((difference) => presentDifference(difference, threw ? [control, candidate] : undefined, draw)),
        ...(differences.length > mostDifferences && { moreDifferences: differences.length - mostDifferences }),
      };
    }
  }
}

/** @param ended both sides, where one threw and the other returned: then their outcomes are what differs at `$` */
function presentDifference(
  difference: Difference,
  ended: readonly Observation[] | undefined,
  draw: Draw,
): PresentedDifference {
  const { path, kind } = difference;
  const types = ended && path === "$" ? ended.map(endOf) : [difference.control, difference.candidate].map(typeOf);
  return {
    path: draw ? path : hidePath(path),
    kind,
    ...("control" in difference && {
      controlType: types[0]!,
      ...(draw && { control: draw(difference.control, path, sideLimits) }),
    }),
    ...("candidate" in difference && {
      candidateType: types[1]!,
      ...(draw && { candidate: draw(difference.candidate, path, sideLimits) }),
    }),
  };
}

function endOf({ outcome }: Observation): string {
  if (outcome.kind === "returned") return `returned ${typeOf(outcome.value)}`;
  return outcome.kind === "threw" ? `threw ${presentError(outcome.error).name}` : "timed out";
}

/** A type's name; a class that is named like no class in code is an `object`. */
function typeOf(value: unknown): string {
  const name = typeNameOf(value);
  return codeName.test(name) ? name : "object";
}

function errorName(error: unknown): string {
  const name = isError(error) ? read(error, "name") : undefined;
  return typeof name === "string" && looksLikeCode(name) ? name : typeOf(error);
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
