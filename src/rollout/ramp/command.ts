import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import type { RolloutRequest } from "../transition.ts";

/** What a person says with everything that they ask of a ramp; the state's history and events keep it. */
export interface Command {
  /** Who asks: a person's name, or that of a program that acts for one. Not `ramp` or `source`. */
  readonly by: string;
  /** Why, as a sentence or a few words. Required where callers are taken back from the candidate. */
  readonly reason?: string;
}

/**
 * Checks a command at run time.
 *
 * @param otherwise the reason where none is given; without it, a reason is required
 * @throws {SidelaneError} `invalid-option` when it does not say who, or why where it has to
 */
export function checkCommand(kind: RolloutRequest["kind"], command: Command, otherwise?: string): Required<Command> {
  const check: OptionCheck = checkOptions(`ramp: ${kind}`);
  check.object("command", command);
  check.known(command, ["by", "reason"]);
  const { by, reason = otherwise } = command as Partial<Command>;
  check.text("by", by);
  if (by === "ramp" || by === "source") check.fail("by", "who asks", by, "That name is for what happens by itself");
  check.text("reason", reason);
  return { by: by as string, reason: reason as string };
}
