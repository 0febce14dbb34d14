import { bottom, figure, height, label, left, timeAxis, top, width } from "./charts.ts";
import { escapeHtml, tableOf } from "./markup.ts";
import type { ReportExperiment } from "./model.ts";
import { moment, number } from "./words.ts";

// More kinds of bars are not told apart.
const mostReasons = 4;

/** Calls by time: those that started, and stacked on them those that did not, by their most frequent reasons. */
export function funnelChart({ funnel, stepMs, calls, skips }: ReportExperiment): string {
  const peak = Math.max(0, ...funnel.map((step) => step.calls));
  if (peak === 0) return "";
  const first = funnel[0]!.at;
  const steps = Math.max(1, Math.round((funnel.at(-1)!.at - first) / stepMs) + 1);
  const bar = (width - left - 8) / steps;
  const wide = Math.max(0.5, bar - 1).toFixed(1);
  const reasons = Object.entries(skips)
    .filter(([, times]) => times > 0)
    .sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
    .map(([reason]) => reason);
  const named = reasons.length > mostReasons ? reasons.slice(0, mostReasons - 1) : reasons;
  const bars = funnel.map((step) => {
    const x = (left + ((step.at - first) / stepMs) * bar).toFixed(1);
    let [drawn, floor] = ["", height - bottom];
    const stack = (name: string, times: number): void => {
      if (times <= 0) return;
      const tall = (times / peak) * (height - bottom - top);
      floor -= tall;
      drawn += `<rect class="${name}" x="${x}" y="${floor.toFixed(1)}" width="${wide}" height="${tall.toFixed(1)}"/>`;
    };
    stack("started", step.started);
    const counts = named.map((reason) => step.skips[reason] ?? 0);
    for (const [index, times] of counts.entries()) stack(`skip-${index}`, times);
    const all = Object.values(step.skips).reduce((sum, times) => sum + times, 0);
    stack(`skip-${mostReasons - 1}`, all - counts.reduce((sum, times) => sum + times, 0));
    return drawn;
  });
  const skipped = Object.values(skips).reduce((sum, times) => sum + times, 0);
  const layers = ["started", ...named, ...(reasons.length > named.length ? ["other reasons"] : [])];
  const stacked = layers.length === 1 ? "" : ` From below: ${layers.join(", ")}.`;
  const sentence = `Calls every ${number(stepMs / 60_000)} min: ${number(calls)} in all, ${number(skipped)} of them not compared.${stacked}`;
  const columns = [...new Set([...reasons, ...funnel.flatMap((step) => Object.keys(step.skips))])];
  const table = tableOf(
    ["since", "calls", "started", "compared", "matched", ...columns],
    funnel.map((step) => [
      moment(step.at),
      ...[step.calls, step.started, step.compared, step.matched].map(number),
      ...columns.map((reason) => number(step.skips[reason] ?? 0)),
    ]),
  );
  const keys = layers.map((name, index) => {
    const look =
      index === 0 ? "started"
      : name === "other reasons" ? `skip-${mostReasons - 1}`
      : `skip-${index - 1}`;
    return `<span><i class="${look}" aria-hidden="true"></i> ${escapeHtml(name)}</span>`;
  });
  const legend = layers.length === 1 ? "" : `<p class="keys">${keys.join(" ")}</p>`;
  const axes = timeAxis(first, funnel.at(-1)!.at) + label(left - 6, top + 8, number(peak));
  return figure(sentence, axes + bars.join(""), table, height, legend);
}
