import { visible } from "../model/visible-text.ts";
import { grouped, percent, span } from "../model/figures.ts";
import type { ReportDifferences, ReportGroup, ReportLosses, ReportVerdict } from "./model.ts";

/** To a tenth at most, its digits in groups of three. */
export function number(value: number): string {
  if (value >= 0 && value < 1_000 && Number.isInteger(value)) return String(value);
  const [whole = "", part] = String(Math.round(value * 10) / 10).split(".");
  return part === undefined ? grouped(Number(whole)) : `${grouped(Number(whole))}.${part}`;
}

export function milliseconds(durationMs: number | undefined): string {
  if (durationMs === undefined) return "-";
  if (durationMs >= 10_000) return span(durationMs);
  return `${Number(Number(durationMs.toPrecision(3)).toFixed(4))} ms`;
}

/** With its sign, `+1.2 ms`. */
export function signed(ms: number): string {
  return ms === 0 ? "0 ms" : `${ms > 0 ? "+" : "−"}${milliseconds(Math.abs(ms))}`;
}

/** `slower in 62 % of 1 234 timed pairs, +1.2 ms at p50`. */
export function pairsSlower({ slower, count, p50Ms }: ReportDifferences): string {
  return `slower in ${percent(slower / count)} of ${number(count)} timed ${count === 1 ? "pair" : "pairs"}, ${signed(p50Ms)} at p50`;
}

/** In UTC, to the minute. */
export function moment(at: number): string {
  const known = moments.get(at);
  if (known !== undefined) return known;
  const told = `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  if (moments.size >= mostMoments) moments.clear();
  moments.set(at, told);
  return told;
}

// The minutes of a page stand in each of its tables, and in the next page again.
const moments = new Map<number, string>();
const mostMoments = 2_000;

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** What is missing, with its date: `2 340 more units, about Tuesday 2026-01-06 14:00 UTC`; `undefined` where nothing is. */
export function missing({ moreUnits, readyAt }: ReportVerdict): string | undefined {
  if (moreUnits === undefined) return undefined;
  const when = readyAt === undefined ? "" : `about ${days[new Date(readyAt).getUTCDay()]} ${moment(readyAt)}`;
  const what = moreUnits === 0 ? "only time" : `${number(moreUnits)} more ${moreUnits === 1 ? "unit" : "units"}`;
  return [what, when].filter((each) => each !== "").join(", ");
}

/** Where a group differs, with the types of both sides; its signature where no example says it. Control characters are escaped. */
export function placesOf({ differences, signature }: Pick<ReportGroup, "differences" | "signature">): string {
  if (differences.length === 0) return visible(signature);
  return visible(
    differences
      .map(({ path, kind, controlType, candidateType }) => {
        const types =
          controlType === undefined && candidateType === undefined ?
            ""
          : ` ${controlType ?? "-"}>${candidateType ?? "-"}`;
        return `${path} ${kind}${types}`;
      })
      .join(", "),
  );
}

/** Names and counts, the largest first. */
export function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, times]) => times > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([name, times]) => `${number(times)} ${visible(name)}`)
    .join(", ");
}

const bars = "▁▂▃▄▅▆▇█";

/** The last of these numbers as a line of bars; empty where all are 0. */
export function sparkline(numbers: readonly number[], most = 60): string {
  const shown = numbers.slice(-most);
  const top = Math.max(0, ...shown);
  if (top === 0) return "";
  return shown.map((each) => (each === 0 ? " " : bars[Math.min(7, Math.floor((each / top) * 7.999))]!)).join("");
}

/** What is not in the numbers, each as a sentence. */
export function losses({
  lines,
  torn,
  versions,
  types,
  records,
  minutes,
  dropped,
  failed,
  uncounted,
}: ReportLosses): string[] {
  const sentences: string[] = [];
  const parts = [
    torn > 0 ? `${number(torn)} torn or foreign` : "",
    versions > 0 ? `${number(versions)} of another version` : "",
    types > 0 ? `${number(types)} of an unknown type` : "",
  ].filter((part) => part !== "");
  if (lines > 0) sentences.push(`${number(lines)} lines were passed over: ${parts.join(", ")}.`);
  if (records > 0) sentences.push(`${number(records)} records of counts are missing, about ${number(minutes)} min.`);
  for (const [publisher, reasons] of Object.entries(dropped)) {
    sentences.push(`${visible(publisher)} did not get ${counted(reasons)} results.`);
  }
  for (const [publisher, times] of Object.entries(failed)) {
    sentences.push(`${visible(publisher)} failed to write ${number(times)} results.`);
  }
  if (uncounted > 0)
    sentences.push(`${number(uncounted)} results came after the last counts of their process, and are in no number.`);
  return sentences;
}
