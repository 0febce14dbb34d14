import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import type { RolloutSnapshot, Stage } from "../model/rollout.ts";

/** The stages in their order, from nothing to everything. */
export const stages: readonly Stage[] = ["off", "shadow", "ramp", "live", "complete"];

/** What callers may write for a state: a stage, or the two shares. */
export type RolloutSetting =
  | Exclude<Stage, "ramp">
  | {
      /** Share of keys that the candidate answers, from 0 to 1. */
      readonly serve: number;
      /** Share of calls that are compared, from 0 to 1; 1 by default. */
      readonly compare?: number;
      /** Changes who is in; to be set when one experiment's share should not fall on the same keys as before. */
      readonly salt?: string;
      /**
       * What a served call does on a mismatch: `serve`, the default, returns the candidate's answer as soon as it is
       * there; `control` waits for both sides, and returns control's answer where they differ.
       */
      readonly onMismatch?: "serve" | "control";
      /**
       * How long a served call waits for the candidate once control has answered, in milliseconds; 1 000 by default. Then
       * control's answer goes out, which counts against the candidate.
       */
      readonly graceMs?: number;
    };

/**
 * The snapshot that a stage stands for, in which nothing is served or everything is.
 *
 * @param share only looked at in the stage `ramp`
 * @param compare share of calls compared; `off` and `complete` compare none
 */
export function snapshotOf(stage: Stage, share = 0, epoch = 0, compare = 1): RolloutSnapshot {
  const served = { off: 0, shadow: 0, ramp: share, live: 1, complete: 1 }[stage];
  const compared = stage === "off" || stage === "complete" ? 0 : compare;
  return Object.freeze({ stage, share: served, compare: compared, epoch });
}

/**
 * Reads a setting: a stage's name, or `{ serve, compare }`. Serving none and comparing none is `off`; only the name `complete`
 * is `complete`: serving all is `live`, whatever is compared, and falls back to control.
 *
 * @throws {SidelaneError} `invalid-definition` when it is neither
 */
export function snapshotFrom(setting: unknown, place: string, epoch = 0): RolloutSnapshot {
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  if (typeof setting === "string") {
    if (setting === "ramp") check.fail("rollout", "a stage that says its share", setting, "Write `{ serve: 0.1 }`");
    check.oneOf("rollout", setting, ["off", "shadow", "live", "complete"]);
    return snapshotOf(setting as Stage, 0, epoch);
  }
  check.object("rollout", setting);
  check.known(setting, ["serve", "compare", "salt", "onMismatch", "graceMs"], "rollout.");
  const { serve, compare = 1, salt, onMismatch, graceMs } = setting;
  check.number("rollout.serve", serve, { max: 1 });
  check.number("rollout.compare", compare, { max: 1 });
  if (salt !== undefined && typeof salt !== "string") check.fail("rollout.salt", "a string", salt);
  if (onMismatch !== undefined) check.oneOf("rollout.onMismatch", onMismatch, ["serve", "control"]);
  if (graceMs !== undefined) check.number("rollout.graceMs", graceMs);
  return snapshotOf(stageOf(serve as number, compare as number), serve as number, epoch, compare as number);
}

function stageOf(serve: number, compare: number): Stage {
  if (serve === 0) return compare === 0 ? "off" : "shadow";
  if (serve < 1) return "ramp";
  return "live";
}

/** Of two snapshots, the one that lets the candidate do less; its epoch is the caller's to set. */
export function lesserOf(a: RolloutSnapshot, b: RolloutSnapshot): RolloutSnapshot {
  const byStage = stages.indexOf(a.stage) - stages.indexOf(b.stage);
  return byStage < 0 || (byStage === 0 && a.share <= b.share) ? a : b;
}

/**
 * What runs where a limit from outside lies on what was granted: the lesser of both in what is served, and of both in what
 * is compared. A limit of `complete` allows everything, and compares as granted.
 */
export function limitedBy(granted: RolloutSnapshot, limit: RolloutSnapshot): RolloutSnapshot {
  const { stage, share, epoch } = lesserOf(granted, limit);
  const compare = limit.stage === "complete" ? granted.compare : Math.min(granted.compare, limit.compare);
  return Object.freeze({ stage, share, compare, epoch });
}
