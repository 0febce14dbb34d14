import { amount, either, flag, list, object, oneOf, share, text, whole, type Schema } from "./schema.ts";

/** Which side answers, as it is until the file changes. */
export const rollout: Schema = either(
  "a stage, or an object with `serve`",
  [
    oneOf(["off", "shadow", "live", "complete"]),
    object(
      {
        serve: share("Share of keys that the candidate answers."),
        compare: share("Share of requests that are compared.", 1),
        salt: text("Changes who is in."),
        onMismatch: oneOf(["serve"], "The candidate's answer is the caller's as soon as it is there.", "serve"),
        graceMs: amount("How long a served request waits for the candidate once control has answered.", 1_000),
        unkeyed: oneOf(["by-call"], "Every request is drawn anew where there is no `key`."),
      },
      ["serve"],
    ),
  ],
  "Which side answers, as it is until the file changes.",
  "shadow",
);

/** A rollout that drives itself. */
export const ramp: Schema = object(
  {
    steps: list(
      either("a share, or an object with `share`", [
        share(),
        object(
          {
            share: share("Share of keys that the candidate answers."),
            minimumTimeMs: amount("The least time that this step lasts."),
            pause: flag("Waits for a person before it goes on."),
          },
          ["share"],
        ),
      ]),
      "Shares between shadow and live, rising.",
      [0.01, 0.05, 0.1, 0.25, 0.5],
    ),
    onReady: oneOf(["notify", "advance"], "What happens when a step's evidence suffices.", "notify"),
    onRegression: oneOf(["rollback", "pause", "notify"], "What happens when a gate alarms.", "rollback"),
    start: oneOf(["off", "shadow"], "Where a new rollout begins.", "shadow"),
    compare: share("Share of requests that are compared.", 1),
    gates: object(
      {
        mismatches: share("The rate of mismatches that is tolerated.", 0.001),
        errors: share("The rate of the candidate's own failures that is tolerated.", 0.001),
        slower: flag("Whether a slower candidate is held back.", true),
      },
      [],
      "What the candidate must keep to.",
    ),
    minimumTimeMs: amount("The least time that a step lasts.", 600_000),
    minimumUnits: whole(0, undefined, "The fewest units that a step rests on.", 500),
    minimumServed: whole(0, undefined, "The fewest units that the candidate has answered in a step beyond shadow."),
    minimumKeys: whole(0, 65_536, "The fewest distinct keys that a step rests on.", 102),
    completeAfterMs: amount("How long `live` must have lasted before it can be completed.", 86_400_000),
    risk: share("The chance that an unready candidate is ever called ready in a step.", 0.01),
    falseAlarmEvery: whole(1, undefined, "Each gate alarms falsely once in so many units at most."),
    unitWindowMs: amount("How long a key counts as one unit of evidence.", 60_000),
    quietAfterMs: whole(1, undefined, "After how long without a comparison it tells.", 600_000),
    checkEveryMs: whole(10, undefined, "How often the clock, the store and other processes are looked at.", 10_000),
    graceMs: amount("How long a served request waits for the candidate once control has answered.", 1_000),
    unkeyed: oneOf(["by-call"], "Every request is drawn anew where there is no `key`."),
    version: text("Which code the candidate is; needed beside a `store`."),
    onNewVersion: oneOf(["shadow", "keep"], "Where a version begins that was not met before.", "shadow"),
    staleAfterMs: whole(20, undefined, "How long the store may be out of reach.", 60_000),
    salt: text("Changes who is in."),
  },
  [],
  "A rollout that drives itself by evidence, in place of `rollout`.",
);
