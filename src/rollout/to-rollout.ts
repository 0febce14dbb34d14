import { checkOptions } from "../model/check-options.ts";
import type { Rollout, RolloutSnapshot } from "../model/rollout.ts";
import type { Verdict } from "../stats/verdict.ts";
import { bucketing } from "./bucket.ts";
import { lesserOf, refusalOfKeys, snapshotFrom, type RolloutSetting } from "./snapshot.ts";
import type { RolloutSource } from "./sources/source.ts";

/** What a definition may have as its rollout: a setting that never changes, a source that does, or a rollout. */
export type RolloutOption = RolloutSetting | RolloutSource | Rollout;

/**
 * A rollout that never changes.
 *
 * @throws {SidelaneError} `invalid-definition` when a share is outside [0, 1] or the stage is unknown
 * @example fixedRollout({ serve: 0.1, compare: 1 }).current().stage // => "ramp"
 */
export function fixedRollout(setting: RolloutSetting, place = "fixedRollout"): Rollout {
  const snapshot = snapshotFrom(setting, place, 1);
  const { salt = "", onMismatch = "serve", graceMs, unkeyed } = typeof setting === "string" ? {} : setting;
  return {
    current: () => snapshot,
    bucket: bucketing(salt),
    onMismatch,
    ...(graceMs !== undefined && { graceMs }),
    ...(unkeyed !== undefined && { unkeyed }),
    refuses: (definition) =>
      snapshot.stage === "ramp" ? refusalOfKeys(definition, unkeyed, "a `rollout` that serves a share") : undefined,
  };
}

/**
 * A rollout that does what a source says, without evidence of its own.
 *
 * @param salt changes who is in
 */
export function sourceRollout(source: RolloutSource, salt = ""): Rollout {
  let epoch = 1;
  let snapshot = read();
  let stops: (() => void)[] = [];

  function read(): RolloutSnapshot {
    return Object.freeze({ ...source.current(), epoch });
  }
  function stop(): void {
    for (const each of stops) each();
    stops = [];
  }
  return {
    current: () => snapshot,
    bucket: bucketing(salt),
    bind(experiment, host) {
      stop();
      stops.push(
        source.onChange(() => {
          const before = snapshot;
          epoch++;
          try {
            snapshot = read();
          } catch (error) {
            host.onFault("source", error);
            return;
          }
          // Of what is compared alone nobody is told: who is served is the same.
          if (before.stage === snapshot.stage && before.share === snapshot.share) return;
          const kind = lesserOf(before, snapshot) === before ? "advanced" : "rolled-back";
          host.onEvent({
            kind,
            experiment,
            from: before,
            to: snapshot,
            at: host.clock.now(),
            by: "source",
            reason: "the source changed",
          });
        }),
      );
      if (source.start) stops.push(source.start(host));
    },
    close: stop,
  };
}

/**
 * Makes a rollout of what a definition has.
 *
 * @param place for error messages, such as `experiment("price")`
 * @throws {SidelaneError} `invalid-definition` when it is none of the accepted shapes
 */
export function rolloutOf(option: RolloutOption, place = "rollout"): Rollout {
  if (typeof option === "object" && option !== null && "current" in option) {
    const check = checkOptions(place, "invalid-definition");
    const { current, bucket, onChange }: Partial<Record<"current" | "bucket" | "onChange", unknown>> = option;
    check.function("rollout.current", current);
    if ("bucket" in option) {
      check.function("rollout.bucket", bucket);
      if (option.onMismatch !== undefined) {
        check.oneOf("rollout.onMismatch", option.onMismatch, ["serve", "control"]);
      }
      if (option.graceMs !== undefined) check.number("rollout.graceMs", option.graceMs);
      if (option.unkeyed !== undefined) check.oneOf("rollout.unkeyed", option.unkeyed, ["by-call"]);
      return option;
    }
    check.function("rollout.onChange", onChange);
    return sourceRollout(option);
  }
  return fixedRollout(option, place);
}

/** A rollout that gathers evidence of its own, as a ramp does. */
interface JudgingRollout extends Rollout {
  /** The verdict on what the rollout stands at now. */
  verdict(): Verdict;
}

/** Whether a rollout gathers evidence of its own; for others, their experiment gathers it. */
export function judges(rollout: Rollout | undefined): rollout is JudgingRollout {
  return rollout !== undefined && "verdict" in rollout && typeof rollout.verdict === "function";
}
