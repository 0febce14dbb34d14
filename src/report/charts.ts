import { percent } from "../model/figures.ts";
import type { ReportCandidate, ReportExperiment, ReportLatency } from "./model.ts";
import { attributes, escapeHtml, tableOf } from "./markup.ts";
import { milliseconds, moment, number } from "./words.ts";

export const width = 640;
const height = 180;
export const left = 64;
const bottom = 24;
const top = 10;

/** A chart: a sentence for those who do not see it, the drawing, and its numbers as a table. */
export function figure(sentence: string, drawing: string, table: string, tall: number = height): string {
  const svg = attributes({ viewBox: `0 0 ${width} ${tall}`, role: "img", "aria-label": sentence });
  return `<figure><figcaption>${escapeHtml(sentence)}</figcaption><svg${svg}>${drawing}</svg><details><summary>Numbers</summary>${table}</details></figure>`;
}

type Point = readonly [number, number];

function line(points: readonly Point[], name: string): string {
  const at = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return `<polyline${attributes({ class: name, points: at, fill: "none" })}/>`;
}

function mark(x: number, name: string): string {
  return `<line${attributes({ class: name, x1: x.toFixed(1), x2: x.toFixed(1), y1: top, y2: height - bottom })}/>`;
}

export function label(x: number, y: number, text: string, anchor = "end"): string {
  return `<text${attributes({ x, y, "text-anchor": anchor })}>${escapeHtml(text)}</text>`;
}

export function scale(from: number, to: number, low: number, high: number): (value: number) => number {
  return (value) => (to === from ? (low + high) / 2 : low + ((value - from) / (to - from)) * (high - low));
}

/** The rate of mismatches and its always-valid upper bound over time, on a logarithmic scale, with what is tolerated as a line. */
export function rateChart(
  name: string,
  { trend, verdict, versions }: ReportCandidate,
  events: ReportExperiment["events"],
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
  const changes = events.filter(({ from, to }) => from.stage !== to.stage || from.share !== to.share);
  const within = ({ at }: { readonly at: number }): boolean => at >= rows[0]!.at && at <= last.at;
  const marked = [
    ...changes.filter(within).map(({ at }) => mark(x(at), "stage")),
    ...versions
      .slice(1)
      .map(({ firstSeen }) => ({ at: firstSeen }))
      .filter(within)
      .map(({ at }) => mark(x(at), "version")),
  ];
  const marks = marked.length === 0 ? "" : ` Upright lines: changes of stage and versions, ${marked.length} in all.`;
  const bound = last.upperBound === undefined ? "" : `, at most ${percent(last.upperBound)} with its bound`;
  const sentence = `Mismatches of ${name}: ${percent(last.rate)}${bound}${tolerated === undefined ? "" : `; ${percent(tolerated)} tolerated (dashed)`}.${marks}`;
  const table = tableOf(
    ["since", "rate so far", "upper bound"],
    rows.map(({ at, rate, upperBound }) => [
      moment(at),
      percent(rate),
      upperBound === undefined ? "-" : percent(upperBound),
    ]),
  );
  const rates = rows.map(({ at, rate }): Point => [x(at), ofRate(rate)]);
  return figure(
    sentence,
    `${grid}${marked.join("")}${limit}${line(rates, "control")}${line(bounds, "candidate")}`,
    table,
  );
}

/** Both sides' durations as distributions on one logarithmic axis. */
export function latencyChart(name: string, { latency: { control, candidate } }: ReportCandidate): string {
  if (control.count === 0 || candidate.count === 0) return "";
  const shares = [control, candidate].map(coarse);
  const marks = shares.flatMap((each) => [...each.keys()]);
  if (marks.length < 2) return "";
  const [least, most] = [Math.min(...marks), Math.max(...marks)];
  const peak = Math.max(...shares.flatMap((each) => [...each.values()]));
  const x = scale(least, most, left, width - 24);
  const y = scale(0, peak, height - bottom, top);
  const drawn = shares.map((each, index) => {
    const points: Point[] = [];
    for (let mark = least; mark <= most; mark++) points.push([x(mark), y(each.get(mark) ?? 0)]);
    return line(points, index === 0 ? "control" : "candidate");
  });
  const axis = [least, Math.round((least + most) / 2), most].map((mark) =>
    label(x(mark), height - 6, milliseconds(10 ** (mark / perDecade)), "middle"),
  );
  const sentence = `Durations: control ${milliseconds(control.p50Ms)} at p50 and ${milliseconds(control.p99Ms)} at p99 (solid), ${name} ${milliseconds(candidate.p50Ms)} and ${milliseconds(candidate.p99Ms)} (dotted).`;
  const columns = ["p50Ms", "p95Ms", "p99Ms", "maxMs"] as const;
  const table = tableOf(
    ["", "p50", "p95", "p99", "longest", "calls"],
    (
      [
        ["control", control],
        [name, candidate],
      ] as const
    ).map(([side, each]) => [side, ...columns.map((column) => milliseconds(each[column])), number(each.count)]),
  );
  return figure(sentence, drawn.join("") + axis.join(""), table);
}

const perDecade = 8;

/** Shares of the calls by coarser logarithmic buckets. */
function coarse({ buckets, count }: ReportLatency): Map<number, number> {
  const shares = new Map<number, number>();
  for (const [ms, times] of buckets) {
    if (ms <= 0) continue;
    const mark = Math.round(Math.log10(ms) * perDecade);
    shares.set(mark, (shares.get(mark) ?? 0) + times / count);
  }
  return shares;
}

/** Calls by time: compared, and below them those that were not. */
export function funnelChart({ funnel, stepMs, calls, skips }: ReportExperiment): string {
  const peak = Math.max(0, ...funnel.map((step) => step.calls));
  if (peak === 0) return "";
  const first = funnel[0]!.at;
  const steps = Math.max(1, Math.round((funnel.at(-1)!.at - first) / stepMs) + 1);
  const bar = (width - left - 8) / steps;
  const tall = (times: number): number => (times / peak) * (height - bottom - top);
  const bars = funnel.map((step) => {
    const x = left + ((step.at - first) / stepMs) * bar;
    const all = tall(step.calls);
    const started = Math.min(all, tall(step.started));
    const rect = (name: string, y: number, tallness: number): string =>
      `<rect${attributes({ class: name, x: x.toFixed(1), y: y.toFixed(1), width: Math.max(0.5, bar - 1).toFixed(1), height: tallness.toFixed(1) })}/>`;
    const floor = height - bottom;
    return rect("skipped", floor - all, all - started) + rect("started", floor - started, started);
  });
  const skipped = Object.values(skips).reduce((sum, times) => sum + times, 0);
  const sentence = `Calls every ${number(stepMs / 60_000)} min: ${number(calls)} in all, ${number(skipped)} of them not compared (outlined).`;
  const reasons = [...new Set(funnel.flatMap((step) => Object.keys(step.skips)))];
  const table = tableOf(
    ["since", "calls", "started", "compared", "matched", ...reasons],
    funnel.map((step) => [
      moment(step.at),
      ...[step.calls, step.started, step.compared, step.matched].map(number),
      ...reasons.map((reason) => number(step.skips[reason] ?? 0)),
    ]),
  );
  return figure(sentence, bars.join("") + label(left - 6, top + 8, number(peak)), table);
}
