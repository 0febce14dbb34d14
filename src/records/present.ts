import { describeDrawn } from "../compare/copy/describe-value.ts";
import type { PreviewLimits } from "../compare/copy/preview.ts";
import { typeNameOf } from "../compare/kinds/type-name.ts";
import type { Difference } from "../model/comparison.ts";
import type { Observation } from "../model/observation.ts";
import type { CandidateObservation, Result } from "../model/result.ts";
import { drawSides, sideLimits, type Draw } from "./draw-sides.ts";
import { contentOfDrawn, isDrawn, typeOfDrawn } from "./drawn-result.ts";
import { hidePath, hideReason, looksLikeClassName, looksLikeCode, looksLikeName } from "./names-in-code.ts";
import type {
  PresentedCandidate,
  PresentedComparison,
  PresentedDifference,
  PresentedError,
  PresentedObservation,
  PresentedOutcome,
  PresentedResult,
} from "./record.ts";
import { atOnce, inSlices, type Steps } from "./in-slices.ts";
import { isLarge } from "./result-bytes.ts";
import { redactedText } from "./redacted-event.ts";
import { redactReason, secretPathOf, type Redaction } from "./redaction.ts";

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
  return atOnce(presentSteps(result, presentation));
}

/**
 * Uses what {@link present} makes: at once, but for a large result whose values are shown, which takes several turns of the
 * event loop.
 */
export function whenPresented(
  result: Result,
  presentation: Presentation,
  use: (presented: PresentedResult) => void | PromiseLike<void>,
): void | PromiseLike<void> {
  if (presentation.values !== "shown" || !isLarge(result)) return use(present(result, presentation));
  return inSlices([result], (each) => presentSteps(each, presentation)).then(([presented]) => use(presented!));
}

/** {@link present} in steps: one for each side of a candidate, and one for each of its differences. */
export function* presentSteps(result: Result, presentation: Presentation): Steps<PresentedResult> {
  const { id, build, fellBack, version, unit, weight = 1, first, rollout } = result;
  const process = processOf(id);
  const sight = sightOf(result, presentation);
  const context = sight.draw?.(result.context);
  yield;
  const control = presentObservation(result.control, sight);
  const candidates: PresentedCandidate[] = [];
  for (const candidate of result.candidates) {
    yield;
    candidates.push(yield* presentCandidate(candidate, result.control, sight));
  }
  // Field by field, in the order of a line: spreading what there is takes several times as long.
  const presented = { v: 2, type: "result", id } as Writable<PresentedResult>;
  if (process !== undefined) presented.process = process;
  if (build !== undefined) presented.build = build;
  presented.experiment = result.experiment;
  presented.startedAt = result.startedAt;
  presented.kind = result.kind;
  presented.served = result.served;
  if (fellBack !== undefined) presented.fellBack = fellBack;
  if (version !== undefined) presented.version = version;
  if (unit !== undefined) presented.unit = unit;
  presented.weight = weight;
  if (first === true) presented.first = true;
  if (rollout) presented.rollout = { stage: rollout.stage, share: rollout.share, epoch: rollout.epoch };
  if (sight.draw) presented.context = context;
  presented.control = control;
  presented.candidates = candidates;
  return presented;
}

type Writable<Frozen> = { -readonly [Field in keyof Frozen]: Frozen[Field] };

/** The process is the first part of an id. */
function processOf(id: string): string | undefined {
  const end = id.lastIndexOf("-");
  return end > 0 ? id.slice(0, end) : undefined;
}

/** How much of a result is seen. */
interface Sight {
  /** Draws a value, or the part of one at a path; absent where values are hidden. */
  readonly draw?: Draw;
  /** Whether its values were drawn before, by `redact`. */
  readonly drawn: boolean;
}

interface FullSight extends Sight {
  path(path: string): string;
  reason(reason: string): string;
  secretPath(difference: Difference, roots: readonly unknown[]): string;
}

function sightOf(result: Result, { values, redaction, limits }: Presentation): FullSight {
  const drawn = isDrawn(result);
  if (values !== "shown") return { drawn, path: hidePath, reason: hideReason, secretPath: ({ path }) => path };
  return {
    drawn,
    draw: (value, path, own = limits) => (drawn ? redaction.drawn(value, path) : redaction.value(value, path, own)),
    path: (path) => redaction.path(path),
    reason: (reason) => redactReason(reason, redaction),
    secretPath: (difference, roots) => secretPathOf(difference, roots, redaction),
  };
}

function presentObservation(observation: Observation, sight: Sight): PresentedObservation {
  const { name, evidence, durationMs, syncMs, offsetMs } = observation;
  return { name, outcome: presentOutcome(observation, sight), evidence, durationMs, syncMs, offsetMs };
}

function presentOutcome({ outcome }: Observation, sight: Sight): PresentedOutcome {
  switch (outcome.kind) {
    case "returned":
      return sight.draw ?
          { kind: "returned", type: typeOf(outcome.value, sight), value: sight.draw(outcome.value) }
        : { kind: "returned", type: typeOf(outcome.value, sight) };
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
    ...(looksLikeCode(code) && { code }),
    ...(sight.draw && { value: sight.draw(error) }),
  };
}

function* presentCandidate(
  candidate: CandidateObservation,
  control: Observation,
  sight: FullSight,
): Steps<PresentedCandidate> {
  const { argumentsMutated } = candidate;
  const presented = presentObservation(candidate, sight) as Writable<PresentedCandidate>;
  presented.comparison = yield* presentComparison(candidate, control, sight);
  if (argumentsMutated !== undefined) presented.argumentsMutated = argumentsMutated;
  return presented;
}

function* presentComparison(
  candidate: CandidateObservation,
  control: Observation,
  sight: FullSight,
): Steps<PresentedComparison> {
  const { comparison } = candidate;
  switch (comparison.kind) {
    case "match":
      return { kind: "match" };
    case "inconclusive":
      return {
        kind: "inconclusive",
        reason: sight.reason(comparison.reason),
        ...(comparison.error !== undefined && { error: presentError(comparison.error, sight) }),
      };
    default: {
      const { differences, moreDifferences = 0 } = comparison;
      const more = Math.max(0, differences.length - mostDifferences) + moreDifferences;
      const threw = control.outcome.kind !== candidate.outcome.kind;
      const presented: PresentedDifference[] = [];
      for (const difference of differences.slice(0, mostDifferences)) {
        yield;
        presented.push(presentDifference(difference, threw, [control, candidate], sight));
      }
      return {
        kind: comparison.kind,
        ...(comparison.kind === "mismatch" ?
          { signature: comparison.signature }
        : { rule: redactedText(comparison.rule) }),
        differences: presented,
        ...(more > 0 && { moreDifferences: more }),
      };
    }
  }
}

/** @param ended both sides, where one threw and the other returned: then their outcomes are what differs at `$` */
function presentDifference(
  difference: Difference,
  ended: boolean,
  sides: readonly [Observation, Observation],
  sight: FullSight,
): PresentedDifference {
  const { path, kind } = difference;
  const { draw } = sight;
  if (ended && path === "$") {
    const [control, candidate] = sides;
    return {
      path,
      kind,
      controlType: endOf(control, sight),
      ...(draw && { control: toldEnd(control, sight) }),
      candidateType: endOf(candidate, sight),
      ...(draw && { candidate: toldEnd(candidate, sight) }),
    };
  }
  const under = draw && sight.secretPath(difference, sides.map(partOf));
  return {
    path: sight.path(path),
    kind,
    ...("control" in difference && { controlType: typeOf(difference.control, sight) }),
    ...("candidate" in difference && { candidateType: typeOf(difference.candidate, sight) }),
    ...(draw && drawSides(difference, under, draw)),
  };
}

function partOf({ outcome }: Observation): unknown {
  if (outcome.kind === "returned") return outcome.value;
  return outcome.kind === "threw" ? outcome.error : undefined;
}

function endOf({ outcome }: Observation, sight: Sight): string {
  if (outcome.kind === "returned") return `returned ${typeOf(outcome.value, sight)}`;
  return outcome.kind === "threw" ? `threw ${presentError(outcome.error, { drawn: sight.drawn }).name}` : "timed out";
}

/** Such as `threw TypeError: "no such user"`. The text that a comparison tells was made before anything was redacted. */
function toldEnd(side: Observation, sight: Sight): string {
  const end = endOf(side, sight);
  if (side.outcome.kind === "timed-out") return end;
  const drawn = sight.draw!(partOf(side), "$", sideLimits);
  const { outcome } = side;
  const content = outcome.kind === "threw" ? contentOfDrawn(drawn) : drawn;
  const message = outcome.kind === "threw" ? read(content, "message") : undefined;
  return `${end}: ${describeDrawn(message ?? drawn, toldLength)}`;
}

const toldLength = 200;

// What most results are of: their names need no second look.
const plainTypes: ReadonlySet<string> = new Set([
  "object",
  "array",
  "string",
  "number",
  "boolean",
  "null",
  "undefined",
]);

/** A type's name; a class that is named like no class in code is an `object`. */
function typeOf(value: unknown, { drawn }: Sight): string {
  const name = drawn ? typeOfDrawn(value) : typeNameOf(value);
  return plainTypes.has(name) || looksLikeClassName(name) ? name : "object";
}

function errorName(error: unknown, sight: Sight): string {
  const name = isError(error) ? read(error, "name") : undefined;
  return typeof name === "string" && looksLikeName(name) ? name : typeOf(error, sight);
}

function isError(error: unknown): boolean {
  try {
    return error instanceof Error;
  } catch {
    return false; // A revoked proxy.
  }
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
