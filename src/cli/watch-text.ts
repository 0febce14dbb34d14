import { visible } from "../model/visible-text.ts";
import type { ReportExperiment, ReportModel } from "../report/model.ts";
import { byNeed, verdictWords, worstOf } from "../report/order.ts";
import { missing, moment, number, placesOf, sparkline } from "../report/words.ts";
import { percent } from "../model/figures.ts";
import { writesFacts } from "../model/writes-facts.ts";

const shownGroups = 3;
const shownEvents = 3;

/** A report as a tree: experiments, their candidates, kinds of mismatch, and what happened last. */
export function watchLines(model: ReportModel): string[] {
  const lines = byNeed(model).flatMap(([name, experiment]) => treeOf(name, experiment, model.to ?? 0));
  return lines.length === 0 ? ["No experiment so far."] : lines;
}

/** One line on each experiment, for what is no terminal. */
export function plainLines(model: ReportModel): string[] {
  return byNeed(model).map(([name, experiment]) => {
    const { word } = verdictWords[worstOf(experiment)];
    const { calls, candidates } = experiment;
    const sums = Object.values(candidates).map(
      ({ counts }) => `${number(counts.match)} match, ${number(counts.mismatch)} mismatch`,
    );
    return `${visible(name)}: ${word}${stageOf(experiment)}, ${number(calls)} calls, ${sums.join("; ")}`;
  });
}

function treeOf(name: string, experiment: ReportExperiment, now: number): string[] {
  const { shape, word } = verdictWords[worstOf(experiment)];
  const lines = [`${shape} ${visible(name)}  ${word}${stageOf(experiment)}  ${number(experiment.calls)} calls`];
  for (const [candidate, { verdict, counts, groups, trend, matchRate }] of Object.entries(experiment.candidates)) {
    const rate = matchRate === undefined ? "" : `  ${percent(matchRate)} match`;
    const drawn = sparkline(
      trend.map(({ mismatches }) => mismatches),
      20,
    );
    lines.push(
      `├─ ${visible(candidate)}  ${number(counts.mismatch)} ${counts.mismatch === 1 ? "mismatch" : "mismatches"}${rate}  ${drawn}`.trimEnd(),
    );
    lines.push(`│  ├─ ${visible(verdict.why)}`);
    const lacks = missing(verdict);
    if (lacks !== undefined) lines.push(`│  ├─ missing ${lacks}`);
    for (const group of groups.slice(0, shownGroups)) lines.push(`│  ├─ ${number(group.count)} × ${placesOf(group)}`);
  }
  const writes = experiment.writes === undefined ? [] : writesFacts(experiment.writes, now);
  lines.push(...writes.map((each) => `├─ ${each.name}: ${each.fact}`));
  for (const { at, kind, by, reason } of experiment.events.slice(-shownEvents)) {
    lines.push(`├─ ${moment(at)} ${kind} by ${visible(by)}: ${visible(reason)}`);
  }
  return lines;
}

function stageOf({ rollout }: ReportExperiment): string {
  if (rollout === undefined) return "";
  return rollout.stage === "ramp" ? `, ramp at ${percent(rollout.share)}` : `, ${rollout.stage}`;
}
