import { percent } from "../model/figures.ts";
import { attributes, escapeHtml } from "./markup.ts";
import type { ReportCandidate, ReportExperiment } from "./model.ts";
import { verdictOrder, verdictWords, worstOf } from "./order.ts";
import { sparkline } from "./words.ts";

export const idPrefix = "experiment-";

/** What links to an experiment lead to. */
export function idOf(name: string): string {
  return `${idPrefix}${encodeURIComponent(name.replace(/\p{Surrogate}/gu, "\ufffd"))}`;
}

/** A name among other text: its direction is its own. */
export function nameOf(name: string): string {
  return `<bdi>${escapeHtml(name)}</bdi>`;
}

/** An experiment in a few words: its verdict, its stage as word and bar, its owner, its bound, and its mismatches over time. */
export function cardOf([name, experiment]: [string, ReportExperiment]): string {
  const kind = worstOf(experiment);
  const { shape, word } = verdictWords[kind];
  const link = attributes({ href: `#${idOf(name)}` });
  const facts = [stageOf(experiment), experiment.owner === undefined ? "" : escapeHtml(experiment.owner)];
  const dim = facts.filter((each) => each !== "").join(" · ");
  const worst = worstCandidate(experiment);
  const spark = sparkline(worst?.trend.map(({ mismatches }) => mismatches) ?? [], 24);
  const bound = worst === undefined || worst.verdict.units === 0 ? "" : `≤ ${percent(worst.mismatchUpperBound)} differ`;
  const lines = [
    `<a${link}>${nameOf(name)}</a>`,
    `<span class="verdict">${shape} ${word}</span>${dim === "" ? "" : ` <span class="dim">${dim}</span>`}`,
    bound === "" && spark === "" ?
      ""
    : `<span class="dim">${bound}</span>${spark === "" ? "" : ` <span class="spark" aria-hidden="true">${spark}</span>`}`,
  ].filter((each) => each !== "");
  return `<li${attributes({ class: kind, "data-of": idOf(name) })}>${lines.join("<br>")}${stageBar(experiment)}</li>`;
}

/** The stage in words; empty without a rollout. */
export function stageOf({ rollout }: ReportExperiment): string {
  if (rollout === undefined) return "";
  return rollout.stage === "ramp" ? `ramp at ${percent(rollout.share)}` : rollout.stage;
}

/** How far callers are moved over. Its words stand beside it. */
function stageBar({ rollout }: ReportExperiment): string {
  if (rollout === undefined) return "";
  const share = rollout.stage === "live" || rollout.stage === "complete" ? 1 : rollout.share;
  const done = `<rect${attributes({ class: "done", width: (share * 100).toFixed(1), height: 4 })}/>`;
  return `<svg class="stage" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="4"/>${done}</svg>`;
}

function worstCandidate({ candidates }: ReportExperiment): ReportCandidate | undefined {
  const rank = ({ verdict }: ReportCandidate): number => verdictOrder.indexOf(verdict.kind);
  return Object.values(candidates).sort((one, other) => rank(one) - rank(other))[0];
}
