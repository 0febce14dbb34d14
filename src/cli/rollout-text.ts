import { visible } from "../model/visible-text.ts";
import type { ServedStage } from "../model/result.ts";
import { moment, number } from "../report/words.ts";
import { nextOf, type RolloutState } from "../rollout/state.ts";
import type { Stored } from "../rollout/stored-command.ts";
import { percent, span } from "../model/figures.ts";
import { writesFacts } from "../model/writes-facts.ts";
import { readWritesStanding, type WritesStanding } from "../model/writes-standing.ts";

const shownChanges = 10;

/** Where a rollout stands, as a person reads it: its steps, what was judged last, what it goes by, and what happened. */
export function statusText(experiment: string, { state, verdict, now }: Stored): string {
  const { mode, epoch, candidateVersion, since, compare, history, terms } = state;
  const standing =
    mode === "running" ? ""
    : mode === "paused" ? " · PAUSED"
    : state.stage === "off" ? " · SWITCHED OFF, until a person clears it"
    : " · ROLLED BACK, until a person clears it";
  const lines = [`${visible(experiment)} · ${stageOf(state)}${standing} · for ${span(Math.max(0, now - since))}`, ""];
  lines.push(...stepLines(state), "");
  const facts: [string, string][] = [["epoch", String(epoch)]];
  if (candidateVersion !== undefined) facts.push(["version", visible(candidateVersion)]);
  if (compare !== undefined) facts.push(["compared", percent(compare)]);
  if (terms !== undefined) {
    facts.push(["gates", terms.gates.map(({ name, max }) => `${visible(name)} up to ${percent(max)}`).join(", ")]);
    facts.push([
      "a step rests on",
      `${number(terms.minimumUnits)} units and ${span(terms.minimumTimeMs)}, at the least`,
    ]);
    facts.push(["complete after", `${span(terms.completeAfterMs)} in live`]);
  }
  if (verdict === undefined) facts.push(["verdict", "none so far in this store"]);
  else {
    const { kind, reasons } = verdict.verdict;
    const [first = ""] = reasons;
    facts.push([
      "verdict",
      `${kind.toUpperCase().replace("-", " ")}, ${span(Math.max(0, now - verdict.at))} ago. ${visible(first)}`,
    ]);
  }
  const width = Math.max(...facts.map(([name]) => name.length));
  lines.push(...facts.map(([name, fact]) => `  ${name.padEnd(width)}  ${fact}`));
  for (const { version, latch } of state.versions ?? []) {
    if (latch === undefined) continue;
    lines.push(
      `  latched: ${visible(version)} by ${visible(latch.by)} at ${moment(latch.at)}, ${visible(latch.reason)}`,
    );
  }
  const writes = readWritesStanding(verdict?.writes);
  if (writes !== undefined) lines.push("", ...writesLines(writes, now));
  if (history.length > 0) lines.push("");
  lines.push(
    ...history.slice(-shownChanges).map(({ at, kind, from, to, by, reason }) => {
      const moved = from.stage === to.stage && from.share === to.share ? "" : ` ${stageOf(from)} → ${stageOf(to)}`;
      return `  ${moment(at)} ${kind}${moved} by ${visible(by)}: ${visible(reason)}`;
    }),
  );
  return `${lines.join("\n")}\n`;
}

function writesLines(writes: WritesStanding, now: number): string[] {
  const facts = writesFacts(writes, now);
  const width = Math.max(...facts.map(({ name }) => name.length));
  return ["  parallel writes", ...facts.map(({ name, fact }) => `    ${name.padEnd(width)}  ${fact}`)];
}

/** One line on what a command changed. */
export function changeText(experiment: string, before: RolloutState, after: RolloutState): string {
  const next = after.mode === "running" ? nextOf(after) : undefined;
  const on = next === undefined ? "" : `; the next step is ${stageOf(next)}`;
  return `${visible(experiment)}: ${whereOf(before)} → ${whereOf(after)}, epoch ${after.epoch}${on}\n`;
}

function whereOf(state: RolloutState): string {
  return state.mode === "running" ? stageOf(state) : `${stageOf(state)} (${state.mode.replace("-", " ")})`;
}

function stageOf({ stage, share }: Pick<ServedStage, "stage" | "share">): string {
  if (stage !== "ramp") return stage;
  return share === 0 ? "ramp of chosen keys" : `ramp at ${percent(share)}`;
}

/** Done, present and to come, each by a sign of its own. */
function stepLines({ stage, share, steps }: RolloutState): string[] {
  const all = [
    { stage: "shadow" as const, share: 0 },
    ...steps.map((each) => ({ stage: "ramp" as const, share: each })),
    { stage: "live" as const, share: 1 },
    { stage: "complete" as const, share: 1 },
  ];
  const present = all.findIndex((each) => each.stage === stage && (stage !== "ramp" || each.share === share));
  return all.map((each, index) => {
    const sign =
      index === present ? "●"
      : index < present ? "✔"
      : "○";
    return `  ${sign} ${stageOf(each)}`;
  });
}
