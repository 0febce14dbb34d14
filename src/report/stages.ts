import { percent } from "../model/figures.ts";
import type { ReportExperiment } from "./model.ts";

/** How long a rollout stood where it stood, and who brought it there; nobody where it began. */
export interface StageSpan {
  readonly at: number;
  readonly until: number;
  readonly stage: string;
  /** The stage, and of a ramp its share. */
  readonly name: string;
  readonly by: string;
}

type Staged = Pick<ReportExperiment, "events" | "funnel" | "stepMs">;

/** Whether an event led to another stage, or another share of a ramp. */
export function changesStage({ from, to }: ReportExperiment["events"][number]): boolean {
  return from.stage !== to.stage || from.share !== to.share;
}

/** Stages over time, as far as events tell of them; none without one that changed. */
export function stagesOf({ events, funnel, stepMs }: Staged): readonly StageSpan[] {
  const changes = events.filter(changesStage);
  const [first] = changes;
  if (first === undefined) return [];
  const begins = Math.min(first.at, funnel[0]?.at ?? first.at);
  const lastStep = funnel.at(-1);
  const ends = Math.max(changes.at(-1)!.at, lastStep === undefined ? 0 : lastStep.at + stepMs);
  const stood = [
    { at: begins, stage: first.from, by: "" },
    ...changes.map(({ at, to, by }) => ({ at, stage: to, by })),
  ];
  return stood.map(({ at, stage, by }, index) => ({
    ...{ at, until: stood[index + 1]?.at ?? ends, by },
    stage: stage.stage,
    name: stageName(stage),
  }));
}

/** A stage, and of a ramp its share. */
export function stageName({ stage, share }: ReportExperiment["events"][number]["to"]): string {
  return stage === "ramp" ? `ramp at ${percent(share)}` : stage;
}
