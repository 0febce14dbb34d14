import type { RolloutEvent } from "../../model/rollout.ts";
import type { PresentedCandidate, PresentedResult } from "../../records/present.ts";
import { sentenceOf, sentenceOfEvent } from "../../records/sentence.ts";

/** How alerts are written: one by one when they come up, and together when they are sent. */
export interface WebhookFormat {
  ofResult(result: PresentedResult, candidate: PresentedCandidate): string;
  ofEvent(event: RolloutEvent): string;
  body(alerts: readonly string[], dropped: number): string;
}

/**
 * - `slack`: `{ "text": "…" }`, one line an alert, as Slack's incoming webhooks and those of Mattermost and Rocket.Chat take it
 * - `json`: `{ "v": 1, "source": "sidelane", "alerts": […], "dropped": 0 }`; an alert is
 *   `{ "kind": "result", "candidate": "…", "result": {…} }` or `{ "kind": "event", "event": {…} }`
 *
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export const webhookFormats: Readonly<Record<"slack" | "json", WebhookFormat>> = {
  slack: {
    ofResult: (result, candidate) => {
      const { signature } = candidate.comparison;
      const { durationMs } = result.control;
      const times = `${round(candidate.durationMs)} ms beside ${round(durationMs)} ms`;
      return forSlack(`${sentenceOf(result, candidate)}; ${times}${signature === undefined ? "" : `, ${signature}`}`);
    },
    ofEvent: (event) => forSlack(sentenceOfEvent(event)),
    body: (alerts, dropped) =>
      JSON.stringify({
        text: [...alerts, ...(dropped > 0 ? [`${dropped} more alerts were dropped`] : [])].join("\n"),
      }),
  },
  json: {
    ofResult: (result, { name }) => JSON.stringify({ kind: "result", candidate: name, result }),
    ofEvent: ({ kind, experiment, from, to, at, by, reason }) =>
      JSON.stringify({ kind: "event", event: { kind, experiment, from, to, at, by, reason: reason.slice(0, 500) } }),
    body: (alerts, dropped) => `{"v":1,"source":"sidelane","alerts":[${alerts.join(",")}],"dropped":${dropped}}`,
  },
};

/** The three characters with which text could become a link or call a whole channel. */
function forSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(durationMs: number): number {
  return Number(durationMs.toPrecision(3));
}
