import { resultKinds } from "../model/result.ts";
import { percent } from "../model/figures.ts";
import { figure, label, left, scale, width } from "./charts.ts";
import { attributes, tableOf } from "./markup.ts";
import type { ReportCandidate, ReportExperiment } from "./model.ts";
import { stageName, stagesOf } from "./stages.ts";
import { moment, number } from "./words.ts";

const tall = 56;
const bar = { y: 8, height: 24 };

function rect(name: string, x: number, wide: number): string {
  return `<rect${attributes({ class: name, x: x.toFixed(1), y: bar.y, width: Math.max(0, wide).toFixed(1), height: bar.height })}/>`;
}

const cell = { y: 76, wide: 150, high: 34 };

/**
 * What came of all comparisons: one bar by kind, and below it which side returned, threw or timed out as a matrix. Where control threw,
 * nothing says what the candidate did; and where calls timed out beside a control that may have thrown, the first cell is its least.
 */
export function outcomeChart(name: string, { counts, errors }: ReportCandidate): string {
  const all = resultKinds.reduce((sum, kind) => sum + counts[kind], 0);
  let from = left;
  const parts = resultKinds.map((kind) => {
    const wide = (counts[kind] / all) * (width - left - 8);
    const drawn = rect(`kind ${kind}`, from, wide);
    // Where there is room for its name.
    const named =
      wide > 130 ? label(from + wide / 2, tall - 8, `${kind} ${percent(counts[kind] / all)}`, "middle") : "";
    from += wide;
    return drawn + named;
  });
  const timedOut = counts["timed-out"];
  const both = Math.max(0, all - errors.control - errors.candidate - timedOut);
  const isLeast = timedOut > 0 && errors.control > 0;
  const cells = [
    { row: 0, column: 0, columns: 1, times: both, sign: isLeast ? "≥ " : "" },
    { row: 0, column: 1, columns: 1, times: errors.candidate, sign: "" },
    { row: 0, column: 2, columns: 1, times: timedOut, sign: "" },
    { row: 1, column: 0, columns: 3, times: errors.control, sign: "" },
  ].map(({ row, column, columns, times, sign }) => {
    const [x, y, wide] = [left + 92 + column * cell.wide, cell.y + row * cell.high, columns * cell.wide];
    const look =
      times === 0 ? "cell none"
      : row === 0 && column === 0 ? "cell"
      : "cell bad";
    const box = { class: look, x, y, width: wide - 4, height: cell.high - 4 };
    return `<rect${attributes(box)}/>${label(x + wide / 2, y + 20, `${sign}${number(times)} · ${percent(times / all)}`, "middle")}`;
  });
  const heads = [`${name} returned`, "threw", "timed out"].map((head, column) =>
    label(left + 92 + (column + 0.5) * cell.wide, cell.y - 6, clipped(head), "middle"),
  );
  const sides = ["control returned", "control threw"].map((side, row) =>
    label(left + 86, cell.y + row * cell.high + 20, side),
  );
  const told = resultKinds.filter((kind) => counts[kind] > 0).map((kind) => `${number(counts[kind])} ${kind}`);
  const threw = `${number(errors.candidate)} in which ${name} alone threw, ${number(errors.control)} in which control did`;
  const sentence = `What came of ${number(all)} comparisons of ${name}: ${told.join(", ")}; ${threw}.`;
  const table = tableOf(
    ["what came of it", "comparisons", "share"],
    [
      ...resultKinds.map((kind) => [kind, number(counts[kind]), percent(counts[kind] / all)]),
      [`control and ${name} returned`, `${isLeast ? "≥ " : ""}${number(both)}`, percent(both / all)],
      [`${name} threw, control did not`, number(errors.candidate), percent(errors.candidate / all)],
      ["control threw", number(errors.control), percent(errors.control / all)],
    ],
  );
  const matrix = [...heads, ...sides, ...cells].join("");
  return figure(sentence, parts.join("") + matrix, table, cell.y + 2 * cell.high);
}

/** As long as a column is wide. */
function clipped(text: string): string {
  const characters = Array.from(text);
  return characters.length > 20 ? `…${characters.slice(-19).join("")}` : text;
}

/** Where the rollout stood over time, as bands. */
export function stageChart(experiment: ReportExperiment): string {
  const spans = stagesOf(experiment);
  if (spans.length === 0) return "";
  const begins = spans[0]!.at;
  const x = scale(begins, spans.at(-1)!.until, left, width - 8);
  const drawn = spans.map(({ at, until, stage, name }) => {
    const [from, to] = [x(at), x(until)];
    const named = to - from > 130 ? label((from + to) / 2, tall - 8, name, "middle") : "";
    return rect(`band ${stage}`, from, to - from) + named;
  });
  const now = experiment.rollout === undefined ? spans.at(-1)!.name : stageName(experiment.rollout);
  const sentence = `Stages: ${spans.length - 1} ${spans.length === 2 ? "change" : "changes"} from ${moment(begins)} on, and now ${now}.`;
  const table = tableOf(
    ["from", "until", "stage", "by"],
    spans.map(({ at, until, name, by }) => [moment(at), moment(until), name, by]),
  );
  return figure(sentence, drawn.join(""), table, tall);
}
