import { fittingCharacters } from "../model/terminal-columns.ts";
import { visible } from "../model/visible-text.ts";
import { percent } from "../model/figures.ts";
import { writesFacts } from "../model/writes-facts.ts";
import type { ReportCandidate, ReportExperiment, ReportModel, ReportVerdictKind } from "./model.ts";
import { byNeed, verdictWords, worstOf } from "./order.ts";
import { funnelText } from "./funnel.ts";
import { endedRules, ruleEndReason } from "./rule-ends.ts";
import { counted, losses, milliseconds, missing, moment, number, pairsSlower, placesOf, sparkline } from "./words.ts";

/** How a report is written. */
export interface TextOptions {
  /** Columns; 100 by default, and at least 40. Longer lines go on in the next one. */
  readonly width?: number;
  /** Whether colors are written, as escape codes; `false` by default. */
  readonly color?: boolean;
  /** Kinds of mismatch that are shown of each candidate; 5 by default. */
  readonly groups?: number;
}

const colors: Readonly<Record<ReportVerdictKind, number>> = {
  regressed: 31,
  "not-ready": 33,
  "no-traffic": 35,
  stale: 35,
  insufficient: 36,
  ready: 32,
};

/**
 * A report as text: of each experiment whether one may go on, what differs, whether it is slower, whether it was looked at, and what
 * happened; those that need a person most come first. Names and reasons are written with control characters escaped.
 */
export function textOf(model: ReportModel, { width = 100, color = false, groups = 5 }: TextOptions = {}): string {
  const lines: string[] = [];
  const now = model.to ?? 0;
  for (const [name, experiment] of byNeed(model)) lines.push(...experimentLines(name, experiment, groups, now), "");
  if (lines.length === 0) lines.push("There is no experiment in these records.", "");
  const lost = losses(model.lost);
  const processes = Object.values(model.processes);
  const open = processes.filter(({ ended }) => !ended).length;
  if (model.from !== undefined && model.to !== undefined) {
    const unfinished = open === 0 ? "" : `, ${number(open)} without an end: counts are right up to their last minute`;
    lines.push(
      `records from ${moment(model.from)} to ${moment(model.to)} of ${number(processes.length)} ${processes.length === 1 ? "process" : "processes"}${unfinished}`,
    );
  }
  const faults = counted(model.faults);
  if (faults !== "") lines.push(`faults outside experiments: ${faults}`);
  lines.push(...lost.map((each) => `LOST ${each}`));
  return `${lines.flatMap((line) => wrapped(line, Math.max(40, width)).map((each) => painted(each, color))).join("\n")}\n`;
}

function experimentLines(name: string, experiment: ReportExperiment, groups: number, now: number): string[] {
  const { shape, word } = verdictWords[worstOf(experiment)];
  const parts = [`${shape} ${visible(name)}`, word];
  if (experiment.rollout) parts.push(stageOf(experiment.rollout));
  if (experiment.owner !== undefined) parts.push(`owner ${visible(experiment.owner)}`);
  if (experiment.until !== undefined)
    parts.push(`${experiment.overdue ? "OVERDUE since" : "until"} ${moment(experiment.until)}`);
  const lines = [parts.join(" · ")];
  for (const [candidate, report] of Object.entries(experiment.candidates))
    lines.push(...candidateLines(candidate, report, groups));
  return [...lines, ...funnelLines(experiment), ...writesLines(experiment, now), ...eventLines(experiment, now)];
}

function writesLines({ writes }: ReportExperiment, now: number): string[] {
  if (writes === undefined) return [];
  return ["  parallel writes", ...writesFacts(writes, now).map(({ name, fact }) => `    ${name.padEnd(21)}${fact}`)];
}

function stageOf({ stage, share }: NonNullable<ReportExperiment["rollout"]>): string {
  return stage === "ramp" ? `ramp at ${percent(share)}` : stage;
}

function candidateLines(name: string, candidate: ReportCandidate, most: number): string[] {
  const { verdict, counts, groups, otherGroups, matchRate, countedFrom, mismatchUpperBound, errors } = candidate;
  const { word } = verdictWords[verdict.kind];
  const lines = [`  ${visible(name)}: ${word}. ${visible(verdict.why)}`];
  for (const reason of verdict.reasons.slice(1)) lines.push(`    ${visible(reason)}`);
  const lacks = missing(verdict);
  if (lacks !== undefined) lines.push(`    missing    ${lacks}`);
  lines.push(`    next       ${verdict.next}`);
  const all = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const others = counted({ ...counts, match: 0 });
  const rate = matchRate === undefined ? "" : `, ${percent(matchRate)} match`;
  lines.push(`    compared   ${number(all)}${rate}${others === "" ? "" : `; ${others}`}`);
  if (countedFrom === "results")
    lines.push("               counted from results by their weights, since there are no exact counts");
  if (verdict.units > 0) {
    lines.push(
      `    bound      at most ${percent(mismatchUpperBound)} mismatches, with ${percent(verdict.confidence)} confidence, on ${number(verdict.units)} units`,
    );
  }
  for (const { count, share, isNew, version, trend, ...group } of groups.slice(0, most)) {
    const news = isNew ? `, new since ${visible(version!)}` : "";
    lines.push(
      `    ${number(count).padStart(9)} × ${placesOf(group)} (${percent(share)}${news}) ${sparkline(trend, 20)}`.trimEnd(),
    );
  }
  const more = groups.slice(most).reduce((sum, { count }) => sum + count, otherGroups);
  if (more > 0) lines.push(`    ${number(more).padStart(9)} × others`);
  if (errors.candidate + errors.control > 0) {
    lines.push(
      `    errors     ${number(errors.candidate)} of the candidate alone, ${number(errors.control)} of control`,
    );
  }
  return [...lines, ...latencyLines(candidate)];
}

function latencyLines({ latency: { control, candidate, differences } }: ReportCandidate): string[] {
  if (control.count === 0 || candidate.count === 0) return [];
  const columns = ["p50Ms", "p95Ms", "p99Ms"] as const;
  const row = (name: string, cells: readonly string[]): string =>
    `    ${name.padEnd(11)}${cells.map((cell) => cell.padStart(11)).join("")}`;
  const ratios = columns.map((column) => {
    const [one, other] = [control[column], candidate[column]];
    return one && other !== undefined ? `×${Number((other / one).toPrecision(3))}` : "-";
  });
  return [
    row("", ["p50", "p95", "p99"]),
    row(
      "control",
      columns.map((column) => milliseconds(control[column])),
    ),
    row(
      "candidate",
      columns.map((column) => milliseconds(candidate[column])),
    ),
    row("ratio", ratios),
    ...(differences === undefined ? [] : [`    pairs      ${pairsSlower(differences)}`]),
  ];
}

function funnelLines(experiment: ReportExperiment): string[] {
  const { skips, answered, fellBack, faults } = experiment;
  const lines = [`  ${funnelText(experiment)}`];
  const skipped = counted(skips);
  if (skipped !== "") lines.push(`  not compared: ${skipped}`);
  if (answered + fellBack > 0) {
    lines.push(`  answered: ${number(answered)} by the candidate, ${number(fellBack)} by control in its place`);
  }
  const told = counted(faults);
  if (told !== "") lines.push(`  faults: ${told}`);
  return lines;
}

function eventLines(experiment: ReportExperiment, now: number): string[] {
  const events = experiment.events.map(({ at, kind, from, to, by, reason }) => {
    const stages = from.epoch === to.epoch ? "" : ` ${stageOf(from)} → ${stageOf(to)}`;
    return { at, line: `${visible(kind)}${stages} by ${visible(by)}: ${visible(reason)}` };
  });
  const expired = endedRules(experiment, now).map(({ at, what }) => ({
    at,
    line: `${visible(what)}: ${ruleEndReason}`,
  }));
  const lines = [...events, ...expired].sort((one, other) => one.at - other.at);
  return lines.slice(-5).map(({ at, line }) => `  ${moment(at)} ${line}`);
}

/** At spaces where it can be, and not within a number, with what follows moved in by four; a word that is longer than a line is cut. */
function wrapped(line: string, width: number): string[] {
  const lines: string[] = [];
  const indent = Array<string>(/^ */.exec(line)![0].length + 4).fill(" ");
  let characters = Array.from(line);
  for (;;) {
    const fits = fittingCharacters(characters, width);
    if (fits === characters.length) return [...lines, characters.join("")];
    const space = breakIn(characters, fits);
    if (space <= indent.length) {
      const cut = characters.slice(0, Math.max(1, fittingCharacters(characters, width - 1)));
      return [...lines, `${cut.join("")}…`];
    }
    lines.push(characters.slice(0, space).join("").trimEnd());
    characters = [...indent, ...characters.slice(space + 1)];
  }
}

/** The last space up to a place that parts no digits, and no number from its sign. */
function breakIn(characters: readonly string[], last: number): number {
  const isDigit = (index: number): boolean => /^\d$/.test(characters[index] ?? "");
  for (let at = last; at > 0; at--) {
    if (characters[at] !== " " || characters[at + 1] === "%") continue;
    if (!isDigit(at - 1) || !isDigit(at + 1)) return at;
  }
  return -1;
}

/** A line that begins with the sign of a verdict in that verdict's color. */
export function painted(line: string, color: boolean): string {
  if (!color) return line;
  const kind = (Object.keys(verdictWords) as ReportVerdictKind[]).find((each) =>
    line.startsWith(verdictWords[each].shape),
  );
  return kind === undefined ? line : `\u001b[${colors[kind]}m${line}\u001b[0m`;
}
