import type { Difference, Result, ResultKind } from "sidelane";
import { type Kind, kindsOf } from "./kinds.ts";
import type { SpecVerdict } from "./spec.ts";

const order: readonly ResultKind[] = ["match", "ignored", "mismatch", "inconclusive", "timed-out"];

/** What the migration showed, in Markdown. */
export function report(pages: number, experiments: readonly (readonly Result[])[], spec: SpecVerdict): string {
  return [
    "# From marked to markdown-it",
    `${pages} pages, each rendered by both, compared as text and as the tree that a browser builds of it.`,
    "## Counts",
    counts(experiments),
    "## Latency",
    latencies(experiments.flat()),
    ...experiments.flatMap((results) => [
      `## Kinds of mismatch: ${results[0]?.experiment ?? "none"}`,
      kindsOf(results).map(describeKind).join("\n\n") || "None.",
    ]),
    "## Who is right",
    judgement(spec),
  ].join("\n\n");
}

function counts(experiments: readonly (readonly Result[])[]): string {
  const rows = experiments.map((results) => [
    results[0]?.experiment ?? "none",
    results.length,
    ...order.map((kind) => results.filter((result) => result.kind === kind).length),
  ]);
  return table(["experiment", "compared", ...order], rows);
}

function latencies(results: readonly Result[]): string {
  const sides = [
    ["marked (control)", results.map(({ control }) => control.durationMs)],
    ["markdown-it (candidate)", results.map(({ candidates: [candidate] }) => candidate.durationMs)],
  ] as const;
  return table(
    ["side", "p50", "p95", "max"],
    sides.map(([side, durations]) => [
      side,
      ...[0.5, 0.95, 1].map((share) => milliseconds(quantile(durations, share))),
    ]),
  );
}

function describeKind({ name, count, signatures, example }: Kind): string {
  const shown = example.differences.slice(0, 2).map(({ path, kind, ...sides }) => {
    const values = (["control", "candidate"] as const).map((side) => `  ${side.padEnd(9)} ${excerpt(sides, side)}`);
    return `${path} (${kind})\n${values.join("\n")}`;
  });
  const more = example.differences.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  const known = signatures.length === 1 ? signatures[0]! : `${signatures.length} signatures`;
  return `**${count} × ${name}** (${known}), first in ${example.page}\n\n\`\`\`text\n${shown.join("\n")}\n\`\`\``;
}

/** A value as JSON, cut to what stands around the place where the two sides part. */
function excerpt(sides: Pick<Difference, "control" | "candidate">, side: "control" | "candidate"): string {
  if (!(side in sides)) return "(absent)";
  const [text, other] = [sides[side], sides[side === "control" ? "candidate" : "control"]].map(
    (value) => JSON.stringify(value) ?? "undefined",
  ) as [string, string];
  let parts = 0;
  while (parts < text.length && text[parts] === other[parts]) parts++;
  const start = text.length <= 90 ? 0 : Math.max(0, Math.min(parts - 30, text.length - 90));
  return `${start > 0 ? "…" : ""}${text.slice(start, start + 90)}${start + 90 < text.length ? "…" : ""}`;
}

function judgement({ examples, oldRight, newRight, disputed }: SpecVerdict): string {
  if (examples === 0) return "No page of this run has an expected answer.";
  const who = { old: "marked", new: "markdown-it", neither: "neither" };
  return [
    `Of the ${examples} examples of the CommonMark specification, marked renders ${oldRight} as the specification says, markdown-it ${newRight}.`,
    disputed.length === 0 ?
      "They differ on none."
    : table(
        ["where they differ", "the specification says"],
        disputed.map(({ id, right }) => [
          `[${id}](https://spec.commonmark.org/0.31.2/#example-${id.slice(5)})`,
          who[right],
        ]),
      ),
  ].join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...cells.slice(1).map(line)].join("\n");
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

function milliseconds(value: number): string {
  return `${value.toFixed(2)} ms`;
}
