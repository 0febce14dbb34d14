import { describeValue } from "../compare/copy/describe-value.ts";
import { aroundDifference, visible } from "../model/visible-text.ts";
import { preview } from "../compare/copy/preview.ts";
import { signatureOf } from "../compare/signature.ts";
import type { Difference } from "../model/comparison.ts";
import type { Observation, Outcome } from "../model/observation.ts";
import type { CandidateObservation, Result } from "../model/result.ts";
import { diffPreviews, type DiffModule } from "./differ.ts";
import { drawLines, type Line } from "./lines.ts";

/** A result as text, before it is laid out. All of it is safe to print; nothing is escaped for HTML. */
export interface Page {
  readonly title: string;
  /** Names and what they are: when, who was served, context, control. */
  readonly facts: readonly (readonly [string, string])[];
  readonly candidates: readonly CandidatePart[];
}

export interface CandidatePart {
  readonly title: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly differences: readonly DrawnDifference[];
  /** Empty where there is nothing to draw, or nothing to draw it with. */
  readonly drawing: readonly Line[];
}

export interface DrawnDifference {
  readonly path: string;
  readonly kind: string;
  /** Absent where this side has nothing at the path. */
  readonly control?: string;
  readonly candidate?: string;
}

const factLength = 500;
const stringLength = 80;
const valueLength = 200;

export async function makePage(
  result: Result,
  contextLines: number,
  load: () => PromiseLike<DiffModule>,
): Promise<Page> {
  const candidates: CandidatePart[] = [];
  for (const candidate of result.candidates)
    candidates.push(await partOf(candidate, result.control, contextLines, load));
  return {
    title: `${visible(result.experiment)}: ${result.kind}`,
    facts: [
      ["result", visible(result.id)],
      ["started", timeOf(result.startedAt)],
      ["served", visible(result.served)],
      ...(Object.keys(result.context).length > 0 ?
        [["context", describeValue(result.context, factLength)] as const]
      : []),
      ["control", tellOutcome(result.control)],
    ],
    candidates,
  };
}

async function partOf(
  candidate: CandidateObservation,
  control: Observation,
  contextLines: number,
  load: () => PromiseLike<DiffModule>,
): Promise<CandidatePart> {
  const { comparison, name } = candidate;
  const differences = "differences" in comparison ? comparison.differences : [];
  const facts: (readonly [string, string])[] = [["candidate", tellOutcome(candidate)]];
  if (comparison.kind === "mismatch") {
    facts.push(["signature", comparison.signature], ["kind", visible(signatureOf(differences).readable)]);
  }
  if (comparison.kind === "ignored") facts.push(["rule", visible(comparison.rule)]);
  if (comparison.kind === "inconclusive") facts.push(["reason", visible(comparison.reason)]);
  return {
    title: `${visible(name)}: ${comparison.kind}`,
    facts,
    differences: differences.map(drawDifference),
    drawing: differences.length === 0 ? [] : await draw(control.outcome, candidate.outcome, contextLines, load),
  };
}

async function draw(
  control: Outcome,
  candidate: Outcome,
  contextLines: number,
  load: () => PromiseLike<DiffModule>,
): Promise<readonly Line[]> {
  // Of one that threw and one that returned, the list says all there is to say.
  if (control.kind !== candidate.kind) return [];
  const seen = await diffPreviews(preview(contentOf(control)), preview(contentOf(candidate)), load);
  return seen === undefined ? [] : drawLines(seen.delta, seen.control, contextLines);
}

function contentOf(outcome: Outcome): unknown {
  if (outcome.kind === "returned") return outcome.value;
  return outcome.kind === "threw" ? outcome.error : undefined;
}

function drawDifference(difference: Difference): DrawnDifference {
  const { control, candidate } = difference;
  const drawn = { path: visible(difference.path.slice(0, factLength)), kind: difference.kind };
  if (typeof control === "string" && typeof candidate === "string") {
    const [before, after] = aroundDifference(control, candidate, stringLength);
    return { ...drawn, control: describeValue(before, valueLength), candidate: describeValue(after, valueLength) };
  }
  return {
    ...drawn,
    ...("control" in difference && { control: describeValue(control, valueLength) }),
    ...("candidate" in difference && { candidate: describeValue(candidate, valueLength) }),
  };
}

function tellOutcome({ outcome, durationMs }: Observation): string {
  const took = `in ${durationMs.toFixed(2)} ms`;
  if (outcome.kind === "timed-out") return `timed out after ${outcome.afterMs} ms`;
  return outcome.kind === "returned" ?
      `returned ${describeValue(outcome.value, valueLength)} ${took}`
    : `threw ${describeValue(outcome.error, valueLength)} ${took}`;
}

function timeOf(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at);
}
