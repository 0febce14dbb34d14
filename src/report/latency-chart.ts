import { pairsChart } from "./pairs-chart.ts";
import { below, bottom, figure, height, label, left, line, scale, top, width, type Point } from "./charts.ts";
import { tableOf } from "./markup.ts";
import type { ReportCandidate, ReportLatency } from "./model.ts";
import { milliseconds, number, signed } from "./words.ts";

/**
 * Both sides' durations as distributions on one logarithmic axis, and below them the differences of timed pairs. Where none was timed, it is
 * the difference of the two distributions: how much longer the candidate takes at each share of the calls.
 */
export function latencyChart(
  name: string,
  { latency: { control, candidate, differences }, verdict }: ReportCandidate,
): string {
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
  const slower = verdict.gates.find((gate) => gate.name === "slower-than");
  const pairs =
    slower === undefined || slower.units === 0 ?
      ""
    : ` Of ${number(slower.units)} blocks of 32 timed pairs ${number(slower.bad)} are slower.`;
  const paired = differences && pairsChart(name, differences);
  const sentence = `Durations: control ${milliseconds(control.p50Ms)} at p50 and ${milliseconds(control.p99Ms)} at p99 (solid), ${name} ${milliseconds(candidate.p50Ms)} and ${milliseconds(candidate.p99Ms)} (dotted). Below: ${paired?.sentence ?? `how much longer ${name} takes, by share of the calls.`}${pairs}`;
  const columns = ["p50Ms", "p95Ms", "p99Ms", "maxMs"] as const;
  const sides = [
    ["control", control],
    [name, candidate],
  ] as const;
  const both = (of: (ours: number, theirs: number) => string): string[] =>
    columns.map((column) => {
      const [ours, theirs] = [control[column], candidate[column]];
      return ours === undefined || theirs === undefined ? "-" : of(ours, theirs);
    });
  const table = tableOf(
    ["", "p50", "p95", "p99", "longest", "calls"],
    [
      ...sides.map(([side, each]) => [
        side,
        ...columns.map((column) => milliseconds(each[column])),
        number(each.count),
      ]),
      ["longer by", ...both((ours, theirs) => signed(theirs - ours)), ""],
      ["ratio", ...both((ours, theirs) => (ours === 0 ? "-" : `${(theirs / ours).toPrecision(3)}×`)), ""],
    ],
  );
  const under = paired?.drawing ?? quantilesApart(control, candidate);
  return figure(sentence, drawn.join("") + axis.join("") + under, table + (paired?.table ?? ""), height + below);
}

/** The candidate's quantiles less control's, from the first hundredth of the calls to the last. */
function quantilesApart(control: ReportLatency, candidate: ReportLatency): string {
  const quantiles = [control, candidate].map(quantilesOf);
  const longer = quantiles[0]!.map((ours, index) => quantiles[1]![index]! - ours);
  const [low, high] = [Math.min(0, ...longer), Math.max(0, ...longer)];
  const floor = height + below - bottom;
  const x = scale(1, 99, left, width - 24);
  const y = scale(low, high, floor, height + top);
  const points = longer.map((each, index): Point => [x(index + 1), y(each)]);
  const zero = line(
    [
      [left, y(0)],
      [width - 24, y(0)],
    ],
    "limit",
  );
  const ends = (low === high ? [0] : [low, high]).map((each) => label(left - 6, y(each) + 4, signed(each)));
  const shares = [1, 50, 99].map((share) => label(x(share), height + below - 6, `${share} %`, "middle"));
  return zero + line(points, "candidate") + ends.join("") + shares.join("");
}

/** At 1 to 99 of 100 calls, in milliseconds. */
function quantilesOf({ buckets, count }: ReportLatency): number[] {
  const found: number[] = [];
  let [seen, last] = [0, 0];
  for (const [ms, times] of buckets) {
    seen += times;
    last = ms;
    while (found.length < 99 && seen >= ((found.length + 1) / 100) * count) found.push(ms);
  }
  while (found.length < 99) found.push(last);
  return found;
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
