import { visible } from "../model/visible-text.ts";
import { percent } from "../model/figures.ts";
import { writesFacts } from "../model/writes-facts.ts";
import { funnelText } from "./funnel.ts";
import type { ReportCandidate, ReportExperiment, ReportModel } from "./model.ts";
import { byNeed, verdictWords } from "./order.ts";
import { counted, losses, milliseconds, missing, moment, number, pairsSlower, placesOf } from "./words.ts";

/** By it a comment is found again, to be updated in place. */
export const markdownMarker = "<!-- sidelane-report -->";
// A comment may have 65 536 characters, and a step summary far more.
const mostCharacters = 60_000;
const shownGroups = 5;

/**
 * A report for pull requests: a table of verdicts, then the kinds of mismatch of each candidate. At most 60 000 characters: sections that
 * do not fit are left out as a whole, and it says how many. Begins with a hidden marker, so that a comment can be updated in place.
 */
export function markdownOf(model: ReportModel): string {
  const experiments = byNeed(model);
  const head = [markdownMarker, "### Sidelane", ""];
  const tail = losses(model.lost).map((each) => `- ${escaped(each)}`);
  const foot = tail.length === 0 ? [] : ["", "#### Not in these numbers", "", ...tail];
  let room = mostCharacters - [...head, ...foot].join("\n").length - 500;
  const rows = experiments.flatMap(([name, experiment]) =>
    Object.entries(experiment.candidates).map((each) => row(name, each)),
  );
  const table = fitting(rows, room);
  room -= table.join("\n").length;
  const sections = experiments.flatMap(([name, experiment]) => [
    ...writesOf(name, experiment, model.to ?? 0),
    ...sectionsOf(name, experiment),
  ]);
  const shown = fitting(sections, room);
  const lines = [...head];
  if (rows.length === 0) lines.push("There is no experiment in these records.");
  else lines.push("| experiment | candidate | verdict | why | missing |", "| --- | --- | --- | --- | --- |", ...table);
  const left = [
    rows.length > table.length ? `${number(rows.length - table.length)} rows` : "",
    sections.length > shown.length ? `${number(sections.length - shown.length)} sections` : "",
  ].filter((each) => each !== "");
  lines.push(...shown);
  if (left.length > 0) lines.push("", `${left.join(" and ")} were left out, since they would not fit.`);
  return `${[...lines, ...foot].join("\n")}\n`;
}

/** As many whole texts as fit. */
function fitting(texts: readonly string[], room: number): string[] {
  let used = 0;
  return texts.filter((text) => (used += text.length + 1) <= room);
}

function row(experiment: string, [name, { verdict }]: [string, ReportCandidate]): string {
  const { shape, word } = verdictWords[verdict.kind];
  const cells = [experiment, name, `${shape} ${word}`, verdict.why, missing(verdict) ?? ""];
  return `| ${cells.map(escaped).join(" | ")} |`;
}

function writesOf(experiment: string, { writes }: ReportExperiment, now: number): string[] {
  if (writes === undefined) return [];
  const facts = writesFacts(writes, now).map(({ name, fact }) => `- ${escaped(name)}: ${escaped(fact)}`);
  return [["", `#### ${escaped(experiment)}: parallel writes`, "", ...facts].join("\n")];
}

function sectionsOf(experiment: string, of: ReportExperiment): string[] {
  const { candidates, skips } = of;
  return Object.entries(candidates).flatMap(([name, { groups, latency, otherGroups }]) => {
    const lines = ["", `#### ${escaped(experiment)}: ${escaped(name)}`, ""];
    for (const { count, share, isNew, version, firstSeen, lastSeen, ...group } of groups.slice(0, shownGroups)) {
      const news = isNew ? ` **new since ${escaped(version!)}**` : "";
      lines.push(
        `- ${number(count)} × ${escaped(placesOf(group))} (${percent(share)})${news}, ${moment(firstSeen)} to ${moment(lastSeen)}`,
      );
    }
    const more = groups.slice(shownGroups).reduce((sum, { count }) => sum + count, otherGroups);
    if (more > 0) lines.push(`- ${number(more)} × others`);
    const { control, candidate, differences } = latency;
    if (control.count > 0) {
      const [one, other] = [control, candidate].map(
        ({ p50Ms, p99Ms }) => `${milliseconds(p50Ms)} / ${milliseconds(p99Ms)}`,
      );
      lines.push(`- p50 / p99: control ${one}, candidate ${other}`);
      if (differences !== undefined) lines.push(`- ${escaped(pairsSlower(differences))}`);
    }
    const skipped = counted(skips);
    lines.push(`- ${funnelText(of)}${skipped === "" ? "" : `, not compared: ${escaped(skipped)}`}`);
    return [lines.join("\n")];
  });
}

/** No mention, no link, no HTML, no table of its own. */
function escaped(text: string): string {
  return visible(text)
    .slice(0, 500)
    .replace(/[\\`*_{}[\]<>()#+!|~@:-]/g, (character) =>
      /[<>@:#]/.test(character) ? `&#${character.charCodeAt(0)};` : `\\${character}`,
    );
}
