import { percent } from "../model/figures.ts";
import type { ReportCandidate, ReportExperiment } from "./model.ts";
import { endedRules } from "./rule-ends.ts";
import { changesStage, stagesOf } from "./stages.ts";
import { attributes, escapeHtml, tableOf } from "./markup.ts";
import { moment } from "./words.ts";

export const width = 640;
export const height = 180;
/** How tall a second drawing under a chart is. */
export const below = 110;
export const left = 64;
export const bottom = 24;
export const top = 10;

/** A chart: a sentence for those who do not see it, the drawing, and its numbers as a table. @param legend HTML above the drawing */
export function figure(sentence: string, drawing: string, table: string, tall: number = height, legend = ""): string {
  const svg = attributes({ viewBox: `0 0 ${width} ${tall}`, role: "img", "aria-label": sentence });
  return `<figure><figcaption>${escapeHtml(sentence)}</figcaption>${legend}<svg${svg}>${drawing}</svg><details><summary>Numbers</summary>${table}</details></figure>`;
}

export type Point = readonly [number, number];

export function line(points: readonly Point[], name: string): string {
  const at = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return `<polyline${attributes({ class: name, points: at, fill: "none" })}/>`;
}

function mark(x: number, name: string): string {
  return `<line${attributes({ class: name, x1: x.toFixed(1), x2: x.toFixed(1), y1: top, y2: height - bottom })}/>`;
}

export function label(x: number, y: number, text: string, anchor = "end"): string {
  return `<text${attributes({ x, y, "text-anchor": anchor })}>${escapeHtml(text)}</text>`;
}

/** When a chart over time begins and ends, below it. */
export function timeAxis(from: number, to: number): string {
  const [y, floor] = [height - 8, height - bottom];
  const axis = `<line${attributes({ class: "axis", x1: left, x2: width - 8, y1: floor, y2: floor })}/>`;
  const ends = label(left, y, moment(from), "start") + (to > from ? label(width - 8, y, moment(to)) : "");
  return axis + ends;
}

export function scale(from: number, to: number, low: number, high: number): (value: number) => number {
  return (value) => (to === from ? (low + high) / 2 : low + ((value - from) / (to - from)) * (high - low));
}

/**
 * The rate of mismatches and its always-valid upper bound over time, on a logarithmic scale, with what is tolerated as a line, stages as
 * bands, and versions, what else happened, and rules that expired as upright lines.
 */
export function rateChart(
  name: string,
  { trend, verdict, versions }: ReportCandidate,
  experiment: Pick<ReportExperiment, "events" | "funnel" | "stepMs" | "knownMismatches">,
): string {
  const steps = trend.filter(({ comparisons }) => comparisons > 0);
  if (steps.length < 2) return "";
  const tolerated = verdict.gates.find((gate) => gate.name === "mismatch")?.max;
  let [seen, bad] = [0, 0];
  const rows = steps.map(({ at, comparisons, mismatches, upperBound }) => {
    seen += comparisons;
    bad += mismatches;
    return { at, rate: bad / seen, upperBound };
  });
  const y = scale(Math.log10(1), Math.log10(1e-5), top, height - bottom);
  const ofRate = (rate: number): number => y(Math.log10(Math.min(1, Math.max(1e-5, rate))));
  const x = scale(rows[0]!.at, rows.at(-1)!.at, left, width - 8);
  const bounds = rows.flatMap(({ at, upperBound }): Point[] =>
    upperBound === undefined ? [] : [[x(at), ofRate(upperBound)]],
  );
  const grid = [1, 0.1, 0.01, 0.001, 0.0001].map((rate) => label(left - 6, ofRate(rate) + 4, percent(rate))).join("");
  const limit =
    tolerated === undefined ? "" : (
      line(
        [
          [left, ofRate(tolerated)],
          [width - 8, ofRate(tolerated)],
        ],
        "limit",
      )
    );
  const last = rows.at(-1)!;
  const begins = rows[0]!.at;
  const spans = stagesOf(experiment);
  const bands = spans.flatMap(({ at, until, stage }) => {
    const [from, to] = [Math.max(at, begins), Math.min(until, last.at)];
    if (to <= from) return [];
    const shape = { x: x(from).toFixed(1), y: top, width: (x(to) - x(from)).toFixed(1), height: height - bottom - top };
    return [`<rect${attributes({ class: `behind ${stage}`, ...shape })}/>`];
  });
  const within = ({ at }: { readonly at: number }): boolean => at >= begins && at <= last.at;
  const came = versions
    .slice(1)
    .map(({ firstSeen, version }) => ({ at: firstSeen, what: `version ${version}` }))
    .filter(within);
  // What changes a stage is where bands meet.
  const happened = experiment.events
    .filter((event) => !changesStage(event) && within(event))
    .map(({ at, kind }) => ({ at, what: kind }));
  const expired = endedRules(experiment, last.at).filter(within);
  const kinds = { version: came, event: happened, rule: expired };
  const marked = Object.entries(kinds).flatMap(([kind, all]) => all.map(({ at }) => mark(x(at), kind)));
  const told = [
    bands.length === 0 ? "" : "bands behind are stages",
    came.length === 0 ? ""
    : came.length === 1 ? "a dotted upright line is a version"
    : `dotted upright lines are ${came.length} versions`,
    happened.length === 0 ? ""
    : happened.length === 1 ? "a solid one another event"
    : `solid ones ${happened.length} other events`,
    expired.length === 0 ? ""
    : expired.length === 1 ? `at the dashed upright line ${expired[0]!.what}`
    : `dashed upright lines are ${expired.length} rules that expired`,
  ].filter((each) => each !== "");
  const marks = told.length === 0 ? "" : ` Over time: ${told.join(", ")}.`;
  const all = [...came, ...happened, ...expired];
  const during = (from: number, until: number): string =>
    all.flatMap(({ at, what }) => (at >= from && at < until ? [what] : [])).join(", ");
  const bound = last.upperBound === undefined ? "" : `, at most ${percent(last.upperBound)} with its bound`;
  const sentence = `Mismatches of ${name}: ${percent(last.rate)}${bound}${tolerated === undefined ? "" : `; ${percent(tolerated)} tolerated (dashed)`}.${marks}`;
  const table = tableOf(
    ["since", "rate so far", "upper bound", "stage", "what happened"],
    rows.map(({ at, rate, upperBound }, index) => [
      moment(at),
      percent(rate),
      upperBound === undefined ? "-" : percent(upperBound),
      spans.find((span) => at >= span.at && at < span.until)?.name ?? "",
      during(at, rows[index + 1]?.at ?? Infinity),
    ]),
  );
  const rates = rows.map(({ at, rate }): Point => [x(at), ofRate(rate)]);
  return figure(
    sentence,
    `${bands.join("")}${timeAxis(begins, last.at)}${grid}${marked.join("")}${limit}${line(rates, "control")}${line(bounds, "candidate")}`,
    table,
  );
}
