import type { RolloutEvent } from "../../model/rollout.ts";
import type { PresentedCandidate, PresentedResult } from "../../records/record.ts";
import { redactedEvent } from "../../records/redacted-event.ts";
import { sentenceOf, sentenceOfEvent } from "../../records/sentence.ts";

/** How alerts are written: one by one when they come up, and together when they are sent. */
export interface WebhookFormat {
  ofResult(result: PresentedResult, candidate: PresentedCandidate): string;
  ofEvent(event: RolloutEvent): string;
  body(alerts: readonly string[], dropped: number): string;
}

/**
 * - `slack`: `{ "text": "…" }`, one line an alert, which ends in eight signs that are the same for the same thing in every
 *   process, as Slack's incoming webhooks and those of Mattermost and Rocket.Chat take it
 * - `json`: `{ "v": 1, "source": "sidelane", "alerts": […], "dropped": 0 }`; an alert is
 *   `{ "kind": "result", "key": "…", "candidate": "…", "result": {…} }` or `{ "kind": "event", "key": "…", "event": {…} }`; alerts
 *   of one key tell of the same thing, whichever process sends them
 *
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export const webhookFormats: Readonly<Record<"slack" | "json", WebhookFormat>> = {
  slack: {
    ofResult: (result, candidate) => {
      const { signature } = candidate.comparison;
      const { durationMs } = result.control;
      const times = `${round(candidate.durationMs)} ms beside ${round(durationMs)} ms`;
      const key = keyOf(result.experiment, candidate.name, signature ?? candidate.comparison.kind);
      return forSlack(
        `${sentenceOf(result, candidate)}; ${times}${signature === undefined ? "" : `, ${signature}`} [${shortOf(key)}]`,
      );
    },
    ofEvent: (event) => forSlack(`${sentenceOfEvent(event)} [${shortOf(keyOfEvent(event))}]`),
    body: (alerts, dropped) =>
      JSON.stringify({
        text: [...alerts, ...(dropped > 0 ? [`${dropped} more alerts were dropped`] : [])].join("\n"),
      }),
  },
  json: {
    ofResult: (result, { name, comparison }) =>
      JSON.stringify({
        kind: "result",
        key: keyOf(result.experiment, name, comparison.signature ?? comparison.kind),
        candidate: name,
        result,
      }),
    ofEvent(event) {
      const { kind, experiment, from, to, at, by, reason } = redactedEvent(event);
      return JSON.stringify({
        kind: "event",
        key: keyOfEvent(event),
        event: { kind, experiment, from, to, at, by, reason: reason.slice(0, 500) },
      });
    },
    body: (alerts, dropped) => `{"v":1,"source":"sidelane","alerts":[${alerts.join(",")}],"dropped":${dropped}}`,
  },
};

/** The same in every process, so that a receiver can tell of one thing once. */
function keyOf(...parts: readonly string[]): string {
  // Half a character, at the cut or in a name, is nothing that a URL could hold.
  return parts.map((part) => encodeURIComponent(part.slice(0, 200).replace(/\p{Surrogate}/gu, "\ufffd"))).join("/");
}

function keyOfEvent({ experiment, kind, to }: RolloutEvent): string {
  return keyOf(experiment, kind, String(to.epoch));
}

/** Eight letters and digits of a key, at a line's end: chat tools have no field for it (FNV-1a, 32 bits). */
function shortOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** The three characters with which text could become a link or call a whole channel. */
function forSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(durationMs: number): number {
  return Number(durationMs.toPrecision(3));
}
