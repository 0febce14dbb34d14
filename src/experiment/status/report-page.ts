import { visible } from "../../model/visible-text.ts";
import type { ServedStage } from "../../model/result.ts";
import type { Tally } from "../../stats/tally.ts";
import { grouped, percent, span } from "../../model/figures.ts";
import type { Verdict } from "../../stats/verdict.ts";

/** What a report is made of: plain data, gathered by the caller. */
export interface ReportInput {
  readonly experiment: string;
  /** Wall time of the report, in milliseconds since 1970. */
  readonly at: number;
  /** Calls so far, skipped ones included. */
  readonly calls: number;
  /** Calls whose candidate did not run, by reason. */
  readonly skips: Readonly<Record<string, number>>;
  /** Absent without a rollout. */
  readonly stage?: ServedStage;
  readonly candidates: readonly {
    readonly name: string;
    readonly tally: Tally;
    readonly verdict: Verdict;
    /** Paused since it failed in a row; `half-open` while a call probes it. */
    readonly breaker?: "closed" | "open" | "half-open";
  }[];
  /** Wall time of the last comparison; absent where there was none. */
  readonly lastComparedAt?: number;
  /** What control's second runs told; absent where they are not made. */
  readonly noise?: {
    readonly reruns: number;
    readonly mismatches: { readonly raw: number; readonly net: number };
    readonly proposals: readonly string[];
  };
  /** Kinds of mismatch, most frequent first; the first five are shown. */
  readonly groups?: readonly {
    readonly count: number;
    readonly signature: string;
    readonly differences: readonly { readonly path: string; readonly kind: string }[];
    /** What each side shows, where that is more than a path and a kind: the types of both, or what one threw. */
    readonly sides?: string;
  }[];
  /** Faults by operation. */
  readonly faults?: Readonly<Record<string, number>>;
  /** Calls that the candidate answered, and calls in which control had to answer for it. */
  readonly served?: number;
  readonly fellBack?: number;
  /** What comparing costs. */
  readonly cost?: {
    /** Time that candidates spent synchronously on the caller's path, in milliseconds, all calls together. */
    readonly totalPathMs: number;
    /** About how much evidence was copied, in bytes. */
    readonly capturedBytes?: number;
  };
  readonly about?: {
    readonly owner?: string | undefined;
    readonly link?: string | undefined;
    /** When the experiment should be over, in milliseconds since 1970. */
    readonly untilAt?: number | undefined;
  };
}

const shownGroups = 5;
// Longer without a comparison, and the page says so.
const silenceMs = 10 * 60_000;

/**
 * One page of text about one experiment, readable as it is: stage, traffic, verdict and what is missing, latencies, kinds
 * of mismatch, faults, cost. Names and reasons are written with control characters escaped.
 */
export function reportPage(input: ReportInput): string {
  const lines = [heading(input), ...traffic(input)];
  for (const candidate of input.candidates)
    lines.push("", ...candidateLines(candidate, input.stage?.stage === "complete"));
  const groups = input.groups ?? [];
  if (groups.length > 0) {
    lines.push("", "kinds of mismatch");
    for (const { count, differences, signature, sides } of groups.slice(0, shownGroups)) {
      const where = differences.map(({ path, kind }) => `${path} ${kind}`).join(", ");
      const shown = sides === undefined ? "" : ` (${sides})`;
      lines.push(`  ${grouped(count).padStart(8)} × ${where || signature}${shown}`);
    }
    if (groups.length > shownGroups) lines.push(`           and ${groups.length - shownGroups} more`);
  }
  lines.push(...noiseLines(input));
  const faults = Object.entries(input.faults ?? {}).filter(([, times]) => times > 0);
  lines.push("", `faults       ${faults.length === 0 ? "none" : counts(faults)}`);
  if (input.cost && input.calls > 0) {
    const perCall = (input.cost.totalPathMs / input.calls).toPrecision(2);
    const bytes = input.cost.capturedBytes ?? 0;
    const copied = bytes === 0 ? "" : `; ${grouped(bytes)} bytes of evidence copied`;
    lines.push(
      `cost         ${milliseconds(input.cost.totalPathMs)} on the callers' path, ${Number(perCall)} ms a call${copied}`,
    );
  }
  return lines.map(visible).join("\n") + "\n";
}

function noiseLines({ noise }: ReportInput): string[] {
  if (noise === undefined || noise.mismatches.raw === 0) return [];
  const { raw, net } = noise.mismatches;
  const proposed = noise.proposals.length === 0 ? "" : `; consider ignoring ${noise.proposals.join(", ")}`;
  return ["", `noise        ${grouped(raw - net)} of ${grouped(raw)} mismatches control has with itself${proposed}`];
}

function heading({ experiment, stage, at, about, candidates }: ReportInput): string {
  const parts = [experiment];
  const standing = candidates.find(({ verdict }) => verdict.standing !== undefined)?.verdict.standing;
  if (standing !== undefined) parts.push(standing.toUpperCase().replace("-", " "));
  if (candidates.some(({ breaker = "closed" }) => breaker !== "closed")) parts.push("BREAKER OPEN");
  if (stage) parts.push(stageOf(stage));
  if (about?.owner !== undefined) parts.push(`owner ${about.owner}`);
  if (about?.link !== undefined) parts.push(about.link);
  if (about?.untilAt !== undefined) {
    const day = new Date(about.untilAt).toISOString().slice(0, 10);
    parts.push(at > about.untilAt ? `OVERDUE since ${day}, by ${span(at - about.untilAt)}` : `until ${day}`);
  }
  return parts.join(" · ");
}

function stageOf({ stage, share }: ServedStage): string {
  if (stage !== "ramp") return stage;
  return share === 0 ? "ramp of chosen keys" : `ramp at ${percent(share)}`;
}

function traffic({ calls, skips, stage, at, lastComparedAt, ...input }: ReportInput): string[] {
  const { served = 0, fellBack = 0 } = input;
  const skipped = Object.entries(skips).filter(([, times]) => times > 0);
  const lines = [`calls        ${grouped(calls)}`];
  if (skipped.length > 0) lines.push(`not compared ${counts(skipped)}`);
  const compares = stage?.stage !== "complete" && stage?.stage !== "off";
  if (compares && lastComparedAt !== undefined && at - lastComparedAt >= silenceMs) {
    lines.push(`SILENT       not compared for ${span(at - lastComparedAt)}`);
  }
  if (input.served === 0 && fellBack === 0 && calls > 0 && (stage?.stage === "ramp" || stage?.stage === "live")) {
    lines.push(
      `served       NOBODY by the candidate, though ${stage.share === 0 ? "chosen keys" : `${percent(stage.share)} of the keys`} are its own`,
    );
  }
  if (served + fellBack > 0) {
    lines.push(`served       ${grouped(served)} by the candidate, ${grouped(fellBack)} by control in its place`);
  }
  return lines;
}

function candidateLines(
  { name, tally, verdict, breaker }: ReportInput["candidates"][number],
  answersAlone: boolean,
): string[] {
  const { compared, kinds } = tally;
  const lines = [`${name}: ${answersAlone ? "COMPLETE" : headlineOf(verdict)}`];
  // What was seen before a rollback is counted below; that nothing came since is no news.
  const isStale = verdict.standing !== undefined && verdict.standing !== "paused" && verdict.comparisons === 0;
  const reasons =
    answersAlone ? ["It answers alone, and nothing is compared any more; what was compared before is below."]
    : isStale ? verdict.reasons.slice(0, 1)
    : verdict.reasons;
  for (const reason of reasons) lines.push(`  ${reason}`);
  if (breaker !== undefined && breaker !== "closed") {
    lines.push(
      `  PAUSED     the breaker is ${breaker}: it failed too often in a row, and control answers in its place`,
    );
  }
  const others = Object.entries(kinds).filter(([kind, times]) => times > 0 && kind !== "match");
  lines.push(
    `  compared   ${grouped(compared)}${compared === 0 ? "" : `, ${percent(kinds.match / compared)} match`}${others.length === 0 ? "" : `; ${counts(others)}`}`,
  );
  const gate = verdict.gates.find((each) => each.name === "mismatch");
  if (gate && gate.units > 0) {
    lines.push(`  mismatches at most ${percent(gate.upperBound)}, with ${percent(verdict.confidence)} confidence`);
  }
  if (compared > 0) {
    lines.push(
      `  errors     ${grouped(tally.candidateErrors)} of the candidate alone, ${grouped(tally.controlErrors)} of control`,
    );
    lines.push(`  ${"".padEnd(11)}${["p50", "p95", "p99"].map((label) => label.padStart(10)).join("")}`);
    lines.push(`  control    ${quantiles(tally.control)}`, `  candidate  ${quantiles(tally.candidate)}`);
  }
  return lines;
}

function headlineOf(verdict: Verdict): string {
  if (verdict.standing === "rolled-back") return "REGRESSED (rolled back)";
  if (verdict.standing === "switched-off") return "SWITCHED OFF";
  if (verdict.kind === "insufficient") return `INSUFFICIENT (${verdict.missing})`;
  return verdict.kind.toUpperCase();
}

function quantiles(histogram: Tally["control"]): string {
  return [0.5, 0.95, 0.99].map((share) => milliseconds(histogram.quantile(share)).padStart(10)).join("");
}

function milliseconds(durationMs: number): string {
  if (durationMs >= 10_000) return span(durationMs);
  // No digits beyond a tenth of a microsecond: they say nothing, and would not fit their column.
  return `${Number(Number(durationMs.toPrecision(3)).toFixed(4))} ms`;
}

function counts(entries: readonly (readonly [string, number])[]): string {
  return [...entries]
    .sort(([, a], [, b]) => b - a)
    .map(([name, times]) => `${grouped(times)} ${name}`)
    .join(", ");
}
