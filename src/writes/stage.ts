import { checkOptions } from "../model/check-options.ts";
import type { SideName } from "./outbox/store.ts";

/** `off`: control is the authority, and nobody follows; `shadow`: control is the authority, and the candidate follows. */
export type WritesStage = "off" | "shadow";

export interface WishedStage {
  readonly stage: WritesStage;
}

/** What is wished: a stage, or an object that says which one now. */
export type WritesRollout = WritesStage | { current(): WishedStage };

/** What is wished now. */
export interface Wish {
  now(): WishedStage;
}

const stages: readonly string[] = ["off", "shadow"];

/**
 * Reads the option `rollout`.
 *
 * @throws {SidelaneError} `invalid-definition`
 */
export function wishOf(option: WritesRollout, place: string): Wish {
  const check = checkOptions(place, "invalid-definition");
  if (typeof option === "object" && option !== null) {
    check.function("rollout.current", (option as { readonly current?: unknown }).current);
    check.oneOf("rollout.current().stage", option.current().stage, stages);
    return { now: () => readable(option.current()) };
  }
  check.oneOf("rollout", option, stages);
  return { now: () => ({ stage: option }) };
}

/** What no rollout should say is taken for `shadow`: operations are kept. */
function readable(wished: WishedStage): WishedStage {
  return stages.includes(wished.stage) ? wished : { stage: "shadow" };
}

/** Whether operations are kept for the other side while this one is the authority. */
export function keepsFollower({ stage }: WishedStage, authority: SideName): boolean {
  return authority === "candidate" || stage !== "off";
}
