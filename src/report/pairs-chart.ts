import { percent } from "../model/figures.ts";
import { below, bottom, height, label, left, line, scale, top, width, type Point } from "./charts.ts";
import { differenceAt } from "./latency.ts";
import { tableOf } from "./markup.ts";
import type { ReportDifferences } from "./model.ts";
import { number, pairsSlower, signed } from "./words.ts";

const shares = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
// So far from the ends of the axis the zero has room for its name.
const roomForName = 60;

/**
 * The share of timed pairs in which the candidate takes at most so much longer than control, from p1 to p99, with the line at which both take
 * as long: the empirical distribution of their differences.
 */
export function pairsChart(
  name: string,
  differences: ReportDifferences,
): { readonly sentence: string; readonly drawing: string; readonly table: string } {
  const { buckets, count, slower, faster } = differences;
  const at = (share: number): number => differenceAt(buckets, count, share);
  const [low, high] = [Math.min(0, at(0.01)), Math.max(0, at(0.99))];
  const [floor, ceiling] = [height + below - bottom, height + top];
  const [from, to] = [left, width - 24];
  const x = scale(low, high, from, to);
  const y = scale(0, 1, floor, ceiling);
  const points: Point[] = [];
  let seen = 0;
  for (const [ms, times] of buckets) {
    const before = seen / count;
    seen += times;
    if (ms < low || ms > high) continue;
    points.push([x(ms), y(before)], [x(ms), y(seen / count)]);
  }
  const zero = line(
    [
      [x(0), floor],
      [x(0), ceiling],
    ],
    "limit",
  );
  const ends = (low === high ? [0] : [low, high]).map((ms) => label(x(ms), height + below - 6, signed(ms), "middle"));
  const isApart = x(0) - from > roomForName && to - x(0) > roomForName;
  const named = isApart ? label(x(0), height + below - 6, signed(0), "middle") : "";
  const levels = [0, 0.5, 1].map((share) => label(left - 6, y(share) + 4, percent(share)));
  const counts = tableOf(
    ["timed pairs", `${name} slower`, `${name} faster`, "neither", "share slower"],
    [[count, slower, faster, count - slower - faster].map(number).concat(percent(slower / count))],
  );
  const distribution = tableOf(
    ["share of timed pairs", "longer by at most"],
    shares.map((share) => [percent(share), signed(at(share))]),
  );
  return {
    sentence: `the share of timed pairs by how much longer ${name} takes (dotted), from p1 to p99; left of the upright dashed line it is faster. It is ${pairsSlower(differences)}.`,
    drawing: zero + line(points, "candidate") + ends.join("") + named + levels.join(""),
    table: counts + distribution,
  };
}
