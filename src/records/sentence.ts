import { redactedEvent } from "./redacted-event.ts";
import { shorten, visible } from "../model/visible-text.ts";
import type { ServedStage } from "../model/result.ts";
import type { RolloutEvent } from "../model/rollout.ts";
import type { CandidateTally } from "../model/tally-record.ts";
import type { PresentedCandidate, PresentedResult } from "./record.ts";

const mostPaths = 3;

/** One candidate of a result in one line, such as `price: rules differs at $.total (value), $.tax (type)`. */
export function sentenceOf({ experiment }: PresentedResult, { name, outcome, comparison }: PresentedCandidate): string {
  if (outcome.kind === "timed-out") return oneLine(`${experiment}: ${name} timed out after ${outcome.afterMs} ms`);
  switch (comparison.kind) {
    case "match":
      return oneLine(`${experiment}: ${name} matches`);
    case "inconclusive":
      return oneLine(`${experiment}: ${name} could not be compared: ${comparison.reason ?? "no reason given"}`);
    case "ignored":
      return oneLine(`${experiment}: ${name} differs as ${comparison.rule ?? "a rule"} knows`);
    case "mismatch": {
      const { differences = [], moreDifferences = 0 } = comparison;
      const places = differences.slice(0, mostPaths).map(({ path, kind }) => `${path} (${kind})`);
      const more = differences.length - places.length + moreDifferences;
      return oneLine(`${experiment}: ${name} differs at ${places.join(", ")}${more > 0 ? ` and ${more} more` : ""}`);
    }
  }
}

const happenings: Readonly<Record<RolloutEvent["kind"], string>> = {
  advanced: "advanced",
  "rolled-back": "rolled back",
  regressed: "regressed",
  ready: "is ready for the next step",
  stalled: "is stalled",
  "no-traffic": "gets no traffic",
  "not-sent": "sends its candidate nothing",
  "no-answer": "gets no answer from its candidate",
  "no-comparison": "compares nothing",
  "same-target": "may compare one service with itself",
  "separate-sessions": "looks like separate sessions",
  paused: "was paused",
  resumed: "was resumed",
  completed: "is complete",
  "switched-off": "switched off",
  "compare-changed": "compares another share of its calls",
  "new-version": "runs a new version",
  forked: "was put right, since its store had lost writes",
  "writes-dead": "has an operation that failed for good",
  "writes-follower-down": "cannot reach its follower",
  "writes-follower-up": "reaches its follower again",
  "writes-changes-down": "cannot read control's changes",
  "writes-changes-up": "reads control's changes again",
  "writes-lagging": "has more to follow than it may",
  "writes-moved": "moved its authority",
  "writes-held": "cannot move its authority",
  "writes-found": "has records that differ",
  "writes-unreconciled": "could not be reconciled",
  "writes-invented": "has records that nearly all differ at the same places",
  "writes-following": "is followed",
  "writes-not-following": "is no longer followed",
  "writes-retried": "has an operation tried again",
  "writes-repaired": "had a record repaired",
  "writes-skipped": "had an operation skipped",
  "writes-worker": "cannot read an outbox",
};

/** What happened to a rollout in one line, such as `price: advanced from shadow to ramp 1 % (ramp: enough evidence)`. */
export function sentenceOfEvent(event: RolloutEvent): string {
  const { experiment, kind, from, to, by, reason } = redactedEvent(event);
  const moved = from.stage !== to.stage || from.share !== to.share;
  return oneLine(
    `${experiment}: ${happenings[kind]}${moved ? ` from ${stage(from)} to ${stage(to)}` : ""} (${by}: ${reason})`,
  );
}

/**
 * Where a rollout stands and how many calls it served, in one line, such as `price: ramp 5 %, insufficient; the candidate answered 12 calls, and
 * control 1 in its place`. Nothing without a rollout.
 */
export function sentenceOfTally({ experiment, verdict, of }: CandidateTally): string | undefined {
  if (of?.rollout === undefined) return undefined;
  const { answered, fellBack, rollout } = of;
  const calls = `${answered} ${answered === 1 ? "call" : "calls"}`;
  const instead = fellBack > 0 ? `, and control ${fellBack} in its place` : "";
  const served = answered + fellBack > 0 ? `; the candidate answered ${calls}${instead}` : "";
  return oneLine(`${experiment}: ${stage(rollout)}, ${verdict}${served}`);
}

function stage({ stage, share }: ServedStage): string {
  if (stage === "ramp" && share === 0) return "ramp of chosen keys";
  return stage === "ramp" ? `ramp ${Number((share * 100).toFixed(2))} %` : stage;
}

/** Names come from users: no control or bidirectional characters, no line breaks, no end. */
function oneLine(text: string): string {
  return shorten(visible(shorten(text, 500)), 1_000);
}
