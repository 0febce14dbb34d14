import { visible } from "../model/visible-text.ts";
import type {
  PresentedCandidate,
  PresentedDifference,
  PresentedError,
  PresentedObservation,
  PresentedResult,
} from "../records/record.ts";
import { percent } from "../model/figures.ts";
import { milliseconds, number } from "./words.ts";

const mostCharacters = 2_000;

/**
 * One result in full, as text: when, by which process and version, what both sides came to, and each place where they differ, with the
 * values where the record holds them. Control characters are escaped.
 */
export function explanationOf(result: PresentedResult): string {
  const { id, experiment, kind, startedAt, process, build, version, rollout, served, fellBack, unit, context } = result;
  const stage =
    rollout &&
    `${rollout.stage}${rollout.stage === "ramp" ? ` at ${percent(rollout.share)}` : ""}, epoch ${rollout.epoch}`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["id", id],
    ["when", new Date(startedAt).toISOString()],
    ["process", process],
    ["build", build],
    ["version", version],
    ["rollout", stage],
    ["answered", fellBack === undefined ? served : `${served}, since the candidate ${fellBack}`],
    ["unit", unit],
    ["context", context === undefined ? undefined : json(context)],
  ];
  const lines = [
    `${visible(experiment)}: ${kind}`,
    ...facts.flatMap(([name, fact]) => (fact === undefined ? [] : [`  ${name.padEnd(9)} ${visible(fact)}`])),
    "",
    ...sideLines(result.control),
  ];
  for (const candidate of result.candidates) lines.push("", ...sideLines(candidate), ...comparisonLines(candidate));
  return `${lines.join("\n")}\n`;
}

function sideLines({ name, outcome, evidence, durationMs, syncMs }: PresentedObservation): string[] {
  const took = `after ${milliseconds(durationMs)}, ${milliseconds(syncMs)} of it synchronous`;
  const note = evidence === "live" || evidence === "captured" ? "" : `, ${evidence}`;
  switch (outcome.kind) {
    case "returned":
      return [
        `${visible(name)} returned ${visible(outcome.type)} ${took}${note}`,
        ...("value" in outcome ? [`  ${shown(outcome.value)}`] : []),
      ];
    case "threw":
      return [`${visible(name)} threw ${errorOf(outcome.error)} ${took}`, ...valueOf(outcome.error)];
    case "timed-out":
      return [`${visible(name)} timed out after ${milliseconds(outcome.afterMs)}`];
  }
}

function errorOf({ name, code }: PresentedError): string {
  return visible(code === undefined ? name : `${name} ${code}`);
}

function valueOf(error: PresentedError): string[] {
  return "value" in error ? [`  ${shown(error.value)}`] : [];
}

function comparisonLines({ comparison, argumentsMutated }: PresentedCandidate): string[] {
  const { kind, signature, rule, reason, error, differences = [], moreDifferences = 0 } = comparison;
  const lines = [
    `  ${kind}${rule === undefined ? "" : ` by ${visible(rule)}`}${reason === undefined ? "" : `: ${visible(reason)}`}`,
  ];
  if (signature !== undefined) lines.push(`  signature ${visible(signature)}`);
  if (error !== undefined) lines.push(`  error ${errorOf(error)}`, ...valueOf(error));
  if (argumentsMutated === true) lines.push("  it changed an argument that it shares with control");
  lines.push(...differences.flatMap(differenceLines));
  if (moreDifferences > 0) lines.push(`  and ${number(moreDifferences)} more differences`);
  return lines;
}

function differenceLines(difference: PresentedDifference): string[] {
  const { path, kind, controlType, candidateType } = difference;
  const lines = [`  ${visible(path)} (${kind})`];
  const side = (sign: string, type: string | undefined, has: boolean, value: unknown): void => {
    if (type !== undefined) lines.push(`    ${sign} ${visible(type)}${has ? ` ${shown(value)}` : ""}`);
  };
  side("-", controlType, "control" in difference, difference.control);
  side("+", candidateType, "candidate" in difference, difference.candidate);
  return lines;
}

function shown(value: unknown): string {
  return visible(json(value));
}

function json(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
}
