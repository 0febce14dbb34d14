import type { RolloutEvent } from "../model/rollout.ts";
import { compileRedaction, redactReason } from "./redaction.ts";

const redaction = compileRedaction();

/** What people and gates say of a rollout, without the secrets in it. */
export function redactedText(text: string): string {
  return redactReason(text, redaction);
}

/** What happened to a rollout, as it may leave the process: who asked and why are free text, and are looked at for secrets. */
export function redactedEvent(event: RolloutEvent): RolloutEvent {
  return { ...event, by: redactedText(event.by), reason: redactedText(event.reason) };
}
