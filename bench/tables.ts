import type { Timing } from "./rounds.ts";

/** What some contenders took, the one that does nothing first. */
export interface Table {
  readonly title: string;
  readonly timings: readonly Timing[];
}

/** A table of Markdown. */
export function markdown(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [columns, columns.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n").replace("| --- |", "|---|").replaceAll(" --- |", "---|");
}

/** What a call takes: beside doing nothing, and beside a peer where there is one. */
export function callTable({ timings }: Table): string {
  const direct = timings[0]!.ns;
  const peer = timings.find(({ name }) => name === "tzientist")?.ns ?? direct;
  const [unit, digits, name] = direct > 1e5 ? [1e6, 2, "ms"] : [1, 0, "ns"];
  return markdown(
    ["", "a call", "spread", "beside a direct call", "beside tzientist"],
    timings.map((timing) => [
      timing.name,
      `${(timing.ns / unit).toFixed(digits)} ${name}`,
      percent(timing.spread),
      times(timing.ns / direct),
      times(timing.ns / peer),
    ]),
  );
}

/** What each of many takes: beside the first row, and how many a second that makes. */
export function rateTable({ timings }: Table): string {
  return markdown(
    ["", "each", "spread", "more than the first row", "a second"],
    timings.map(({ name, ns, spread }) => [
      name,
      `${ns.toFixed(0)} ns`,
      percent(spread),
      `${(ns - timings[0]!.ns).toFixed(0)} ns`,
      `${(1e6 / ns).toFixed(0)} 000`,
    ]),
  );
}

export function percent(share: number): string {
  return `±${(share * 100).toFixed(0)} %`;
}

export function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}
