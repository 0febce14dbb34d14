import { describeValue } from "../compare/copy/describe-value.ts";
import { visible } from "../model/visible-text.ts";
import { tellDifference, tellMore, type ToldDifference } from "../compare/copy/told-differences.ts";
import { preview } from "../compare/copy/preview.ts";
import { signatureOf } from "../compare/signature.ts";
import type { Difference } from "../model/comparison.ts";
import type { Observation, Outcome } from "../model/observation.ts";
import type { CandidateObservation, Result } from "../model/result.ts";
import { deltaOf } from "./delta.ts";
import type { FormatterModule } from "./formatter.ts";
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
  readonly differences: readonly ToldDifference[];
  /** How many differences are not in the list. */
  readonly more: string | undefined;
  /** A rule knows these differences: they are shown, but do not count. */
  readonly known: boolean;
  /** Empty where there is nothing to draw, or nothing to draw it with. */
  readonly drawing: readonly Line[];
}

/** How much of a result is laid out. */
export interface PageOptions {
  /** Unchanged lines around each change. */
  readonly contextLines: number;
  readonly load: () => PromiseLike<FormatterModule>;
  /** Characters of a path and of each side's value in the list of differences. */
  readonly listLength: number;
}

const factLength = 500;
const valueLength = 200;

export async function makePage(result: Result, options: PageOptions): Promise<Page> {
  const candidates: CandidatePart[] = [];
  for (const candidate of result.candidates) candidates.push(await partOf(candidate, result.control, options));
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
  options: PageOptions,
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
    differences: differences.map((difference) => tellDifference(difference, options.listLength)),
    more: "differences" in comparison ? tellMore(comparison, differences.length) : undefined,
    known: comparison.kind === "ignored",
    drawing: differences.length === 0 ? [] : await draw(differences, control.outcome, candidate.outcome, options),
  };
}

async function draw(
  differences: readonly Difference[],
  control: Outcome,
  candidate: Outcome,
  { contextLines, load }: PageOptions,
): Promise<readonly Line[]> {
  // Of one that threw and one that returned, the list says all there is to say.
  if (control.kind !== candidate.kind) return [];
  try {
    const left = preview(contentOf(control));
    const drawable = deltaOf(differences, left);
    return drawable === undefined ? [] : drawLines(drawable, left, contextLines, await load());
  } catch {
    // Drawing is a comfort: the list of differences is there without it.
    return [];
  }
}

function contentOf(outcome: Outcome): unknown {
  if (outcome.kind === "returned") return outcome.value;
  return outcome.kind === "threw" ? outcome.error : undefined;
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
