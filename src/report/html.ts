import { howMany, percent } from "../model/figures.ts";
import { writesFacts } from "../model/writes-facts.ts";
import { cardOf, idOf, idPrefix, nameOf, stageOf } from "./cards.ts";
import { rateChart } from "./charts.ts";
import { funnelChart } from "./funnel-chart.ts";
import { funnelText } from "./funnel.ts";
import { latencyChart } from "./latency-chart.ts";
import { outcomeChart, stageChart } from "./outcome-charts.ts";
import { explanationOf } from "./explanation.ts";
import { attributes, escapeHtml, tableOf } from "./markup.ts";
import type { ReportCandidate, ReportExperiment, ReportGroup, ReportModel } from "./model.ts";
import { byNeed, verdictOrder, verdictWords, worstOf } from "./order.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import { endedRules, ruleEndReason } from "./rule-ends.ts";
import { counted, losses, missing, moment, number, placesOf, sparkline } from "./words.ts";

// What examples take of a page; the rest is there by `sidelane explain`.
const mostExampleCharacters = 4_000_000;
// What sections take of it; where there are thousands of experiments, those with the least need are told in short.
const mostSectionCharacters = 8_000_000;

/** How many characters are left of a page. */
interface Room {
  examples: number;
  sections: number;
}

/**
 * A report as one HTML file that needs nothing else and makes no request. It is complete with scripts off; its one script adds a filter, an
 * order of rows, links and copy buttons, and a policy with its hash lets no other run, whatever stands in a record. Readable on paper, with a
 * keyboard, and in both color schemes.
 *
 * @returns UTF-8 text; needs `crypto.subtle`, as Node, Bun, Deno, workerd and browsers have it
 */
export async function htmlOf(model: ReportModel): Promise<string> {
  const policy = await policyOf();
  return pageOf(bodyOf(model), `<meta${attributes({ "http-equiv": "Content-Security-Policy", content: policy })}>`);
}

/** What a page may do: its own script and style, by their hashes. @param more further directives */
export async function policyOf(more: readonly string[] = ["form-action 'none'"]): Promise<string> {
  hashes ??= await Promise.all([pageScript, pageStyle].map(digest));
  const [script, style] = hashes;
  return [
    "default-src 'none'",
    `script-src 'sha256-${script}'`,
    `style-src 'sha256-${style}'`,
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    ...more,
  ].join("; ");
}

let hashes: readonly string[] | undefined;

/**
 * A page around its body.
 *
 * @param head what else stands in the head
 * @param epoch of a live page: which numbers it shows; others are news
 */
export function pageOf(body: string, head: string, epoch?: string): string {
  const lines = [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    head,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<title>Sidelane report</title>",
    `<style>${pageStyle}</style>`,
    "</head>",
    `<body${epoch === undefined ? "" : attributes({ "data-live": epoch })}>`,
    body,
    `<script>${pageScript}</script>`,
    "</body>",
    "</html>",
  ];
  return `${lines.join("\n")}\n`;
}

/** What a page shows. @param formsOf forms for an experiment; empty where there are none */
export function bodyOf(model: ReportModel, formsOf: (experiment: string) => string = () => ""): string {
  const room: Room = { examples: mostExampleCharacters, sections: mostSectionCharacters };
  const experiments = byNeed(model);
  const span =
    model.from === undefined || model.to === undefined ?
      ""
    : `<p class="dim">Records from ${moment(model.from)} to ${moment(model.to)} of ${processes(model)}</p>`;
  return [
    `<header><h1>Sidelane report</h1>${inAll(experiments)}${span}</header>`,
    `<nav aria-label="Experiments"><ol>${experiments.map(cardOf).join("")}</ol></nav>`,
    "<main>",
    ...experiments.map((each) => sectionOf(each, room, formsOf(each[0]), model.to ?? 0)),
    ...(experiments.length === 0 ? ["<p>There is no experiment in these records.</p>"] : []),
    lostOf(model),
    "</main>",
  ].join("\n");
}

/** `6 experiments: 1 regressed, 5 ready`. */
function inAll(experiments: readonly (readonly [string, ReportExperiment])[]): string {
  const kinds = experiments.map(([, experiment]) => worstOf(experiment));
  const told = verdictOrder.flatMap((kind) => {
    const times = kinds.filter((each) => each === kind).length;
    return times === 0 ? [] : [`${number(times)} ${kind.replace("-", " ")}`];
  });
  return told.length === 0 ? "" : `<p>${howMany(kinds.length, "experiment")}: ${told.join(", ")}</p>`;
}

function processes(model: ReportModel): string {
  const count = Object.keys(model.processes).length;
  return `${number(count)} ${count === 1 ? "process" : "processes"}`;
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes));
}

function sectionOf([name, experiment]: [string, ReportExperiment], room: Room, forms: string, now: number): string {
  const { owner, until, overdue } = experiment;
  const facts = [
    stageOf(experiment),
    owner === undefined ? "" : `owner ${escapeHtml(owner)}`,
    until === undefined ? "" : `${overdue ? "overdue since" : "until"} ${moment(until)}`,
  ].filter((each) => each !== "");
  const details = room.sections > 0 ? detailsOf([name, experiment], room, now) : inShort([name, experiment]);
  room.sections -= details.length;
  return [
    `<section${attributes({ id: idOf(name) })}><h2>${nameOf(name)}</h2>`,
    facts.length === 0 ? "" : `<p class="dim">${facts.join(" · ")}</p>`,
    details,
    forms,
    "</section>",
  ].join("\n");
}

function detailsOf([name, experiment]: [string, ReportExperiment], room: Room, now: number): string {
  const { skips, faults, answered, fellBack } = experiment;
  const told = [
    ["Not compared", counted(skips)],
    [
      "Answered",
      answered + fellBack === 0 ?
        ""
      : `${number(answered)} by the candidate, ${number(fellBack)} by control in its place`,
    ],
    ["Faults", counted(faults)],
  ].filter(([, text]) => text !== "");
  return [
    ...Object.entries(experiment.candidates).map(([candidate, report]) =>
      candidateOf([name, candidate], experiment, report, room),
    ),
    `<h3>Was it looked at?</h3><p>${funnelText(experiment)}</p>`,
    ...told.map(([title, text]) => `<p>${title}: ${escapeHtml(text!)}</p>`),
    funnelChart(experiment),
    writesOf(experiment, now),
    happenedOf(experiment, now),
  ].join("\n");
}

function inShort([name, experiment]: [string, ReportExperiment]): string {
  const command = escapeHtml(`sidelane report <files> --html <page> --experiment ${JSON.stringify(name)}`);
  return [
    ...Object.entries(experiment.candidates).map(
      ([candidate, report]) =>
        `${verdictLines([name, candidate], report).join("\n")}<p>${comparedOf(report)}</p></article>`,
    ),
    `<p>${funnelText(experiment)}</p>`,
    `<p class="dim">The rest is left out, since the page would be too long: <code>${command}</code></p>`,
  ].join("\n");
}

function writesOf({ writes }: ReportExperiment, now: number): string {
  if (writes === undefined) return "";
  const rows = writesFacts(writes, now).map(({ name, fact }) => [name, fact]);
  return `<h3>Do both systems record the same?</h3>${tableOf(["parallel writes", "how they stand"], rows)}`;
}

function happenedOf(experiment: ReportExperiment, now: number): string {
  const stage = ({ stage: at, share }: ReportExperiment["events"][number]["to"]): string =>
    at === "ramp" ? `ramp at ${percent(share)}` : at;
  const events = experiment.events.map(({ at, kind, from, to, by, reason }) => ({
    at,
    cells: [kind, stage(from), stage(to), by, reason],
  }));
  const expired = endedRules(experiment, now).map(({ at, what }) => ({ at, cells: [what, "", "", "", ruleEndReason] }));
  const rows = [...events, ...expired].sort((one, other) => one.at - other.at);
  if (rows.length === 0) return "";
  const table = tableOf(
    ["when", "what", "from", "to", "by", "why"],
    rows.map(({ at, cells }) => [moment(at), ...cells]),
  );
  return `<h3>What happened?</h3>${stageChart(experiment)}${table}`;
}

function candidateOf(
  [experiment, name]: readonly [string, string],
  of: ReportExperiment,
  candidate: ReportCandidate,
  room: Room,
): string {
  const { groups, otherGroups, latency } = candidate;
  return [
    ...verdictLines([experiment, name], candidate),
    `<p>${comparedOf(candidate)}</p>`,
    rateChart(name, candidate, of),
    allOf(candidate) === 0 ? "" : outcomeChart(name, candidate),
    groups.length === 0 ? "" : groupsOf(groups, otherGroups, room),
    latency.control.count === 0 ?
      ""
    : `<h4>Is it slower?</h4>${latencyChart(name, candidate) || "<p>Too few durations to draw.</p>"}`,
    "</article>",
  ].join("\n");
}

/** The beginning of a candidate's part. */
function verdictLines([experiment, name]: readonly [string, string], { verdict }: ReportCandidate): string[] {
  const id = `${idOf(experiment)}/${idOf(name).slice(idPrefix.length)}`;
  const { shape, word } = verdictWords[verdict.kind];
  const lacks = missing(verdict);
  return [
    `<article${attributes({ id, class: verdict.kind })}><h3>${nameOf(name)}: <span class="verdict">${shape} ${word}</span></h3>`,
    ...verdict.reasons.map((reason) => `<p>${escapeHtml(reason)}</p>`),
    `<p>${lacks === undefined ? "" : `Missing: ${escapeHtml(lacks)}. `}Next: ${escapeHtml(verdict.next)}</p>`,
  ];
}

const allOf = ({ counts }: ReportCandidate): number => Object.values(counts).reduce((sum, each) => sum + each, 0);

function comparedOf(candidate: ReportCandidate): string {
  const { verdict, counts, matchRate, mismatchUpperBound, countedFrom } = candidate;
  const others = counted({ ...counts, match: 0 });
  const rate = matchRate === undefined ? "" : `, ${percent(matchRate)} match`;
  const basis =
    countedFrom === "results" ? " Counted from results by their weights, since there are no exact counts." : "";
  const bound =
    verdict.units === 0 ?
      ""
    : ` At most ${percent(mismatchUpperBound)} mismatches, with ${percent(verdict.confidence)} confidence, on ${number(verdict.units)} units.`;
  return `${number(allOf(candidate))} compared${rate}${others === "" ? "" : `; ${escapeHtml(others)}`}.${bound}${basis}`;
}

function groupsOf(groups: readonly ReportGroup[], others: number, room: Room): string {
  // There may be thousands of rows: ends that HTML lets one leave out are left out.
  const rows = groups.map((group) => {
    const { count, share, firstSeen, lastSeen, isNew, isNoise, version, trend } = group;
    const is = [isNew ? "new" : "", isNoise === true ? "noise" : ""].filter((each) => each !== "").join(" ");
    const badges = [
      isNew ? `new since ${escapeHtml(version!)}` : "",
      isNoise === true ? "noise: control has it with itself, too" : "",
    ].map((each) => (each === "" ? "" : ` <span class="new">${each}</span>`));
    const where = `${escapeHtml(placesOf(group))}${badges.join("")}${examplesOf(group, room)}`;
    const cells = [number(count), percent(share), where, moment(firstSeen), moment(lastSeen)];
    return `<tr${is === "" ? "" : attributes({ "data-is": is })}>${cells.map((cell) => `<td>${cell}`).join("")}<td aria-hidden="true">${sparkline(trend, 20)}`;
  });
  const rest = others > 0 ? `<p>And ${number(others)} of other kinds.</p>` : "";
  const heads = ["count", "share", "where they differ", "first seen", "last seen", "trend"];
  const head = heads.map((each) => `<th scope="col">${each}</th>`).join("");
  return `<h4>What differs?</h4><table class="groups"><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table>${rest}`;
}

function examplesOf({ examples, signature }: ReportGroup, room: Room): string {
  const told: string[] = [];
  for (const example of examples) {
    const text = preformatted(explanationOf(example));
    if (text.length > room.examples) break;
    room.examples -= text.length;
    told.push(`<pre tabindex="0">${text}</pre>`);
  }
  if (told.length === 0) return ` <code>${escapeHtml(signature)}</code>`;
  const command = `<p class="dim"><code>sidelane explain &lt;file&gt; ${escapeHtml(signature)}</code></p>`;
  return `<details><summary>${told.length === 1 ? "1 example" : `${told.length} examples`}</summary>${told.join("")}${command}</details>`;
}

/** Line by line: the ends of lines are the text's own. */
function preformatted(text: string): string {
  return text.trimEnd().split("\n").map(escapeHtml).join("\n");
}

function lostOf({ lost, faults }: ReportModel): string {
  const sentences = losses(lost);
  const outside = counted(faults);
  if (outside !== "") sentences.push(`Faults outside experiments: ${outside}.`);
  if (sentences.length === 0) return "";
  return `<section id="lost"><h2>Not in these numbers</h2><ul>${sentences.map((each) => `<li>${escapeHtml(each)}</li>`).join("")}</ul></section>`;
}
