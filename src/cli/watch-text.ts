import { visible } from "../model/visible-text.ts";
import type { ReportCandidate, ReportExperiment, ReportModel } from "../report/model.ts";
import { byNeed, verdictWords, worstOf } from "../report/order.ts";
import { stagesOf } from "../report/stages.ts";
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

interface Branch {
  readonly text: string;
  readonly branches?: readonly Branch[];
}

function treeOf(name: string, experiment: ReportExperiment, now: number): string[] {
  const { shape, word } = verdictWords[worstOf(experiment)];
  const stages = stagesOf(experiment);
  const walked = stages
    .map(({ name: stage }, index) => `${index === stages.length - 1 ? "●" : "✔"} ${stage}`)
    .join("  ");
  const writes = experiment.writes === undefined ? [] : writesFacts(experiment.writes, now);
  const events = experiment.events.slice(-shownEvents);
  return [
    `${shape} ${visible(name)}  ${word}${stageOf(experiment)}  ${number(experiment.calls)} calls`,
    ...drawn([
      ...(walked === "" ? [] : [{ text: walked }]),
      ...Object.entries(experiment.candidates).map(candidateOf),
      ...writes.map((each) => ({ text: `${each.name}: ${each.fact}` })),
      ...events.map(({ at, kind, by, reason }) => ({
        text: `${moment(at)} ${kind} by ${visible(by)}: ${visible(reason)}`,
      })),
    ]),
  ];
}

function candidateOf([name, candidate]: [string, ReportCandidate]): Branch {
  const { verdict, counts, groups, trend, matchRate } = candidate;
  const rate = matchRate === undefined ? "" : `  ${percent(matchRate)} match`;
  const spark = sparkline(
    trend.map(({ mismatches }) => mismatches),
    20,
  );
  const mismatches = `${number(counts.mismatch)} ${counts.mismatch === 1 ? "mismatch" : "mismatches"}`;
  const lacks = missing(verdict);
  return {
    text: `${visible(name)}  ${mismatches}${rate}  ${spark}`.trimEnd(),
    branches: [
      visible(verdict.why),
      ...(lacks === undefined ? [] : [`missing ${lacks}`]),
      ...groups.slice(0, shownGroups).map((group) => `${number(group.count)} × ${placesOf(group)}`),
    ].map((text) => ({ text })),
  };
}

function drawn(branches: readonly Branch[]): string[] {
  return branches.flatMap(({ text, branches: below = [] }, index) => {
    const isLast = index === branches.length - 1;
    const under = drawn(below).map((line) => `${isLast ? "   " : "│  "}${line}`);
    return [`${isLast ? "└─" : "├─"} ${text}`, ...under];
  });
}

function stageOf({ rollout }: ReportExperiment): string {
  if (rollout === undefined) return "";
  return rollout.stage === "ramp" ? `, ramp at ${percent(rollout.share)}` : `, ${rollout.stage}`;
}
