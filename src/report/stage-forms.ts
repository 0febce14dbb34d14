import type { Ramp } from "../rollout/ramp/ramp.ts";
import type { Command } from "../rollout/ramp/command.ts";
import { attributes, escapeHtml } from "./markup.ts";

/** What people may ask of a ramp on a page, by its name in a form. */
export const stageCommands: Readonly<Record<string, (ramp: Ramp, command: Required<Command>) => Promise<unknown>>> = {
  advance: (ramp, command) => ramp.advance(command),
  pause: (ramp, command) => ramp.pause(command),
  resume: (ramp, command) => ramp.resume(command),
  "step-back": (ramp, command) => ramp.stepBack(command),
  rollback: (ramp, command) => ramp.rollback(command),
  clear: (ramp, command) => ramp.clear(command),
  complete: (ramp, command) => ramp.complete(command),
};

/** A form with all commands of one experiment. @param token proves that the page was asked for by who sends it */
export function stageForm(experiment: string, by: string, token: string): string {
  const hidden = (name: string, value: string): string => `<input${attributes({ type: "hidden", name, value })}>`;
  const choices = Object.keys(stageCommands).map(
    (name) => `<option${attributes({ value: name })}>${name.replace("-", " ")}</option>`,
  );
  return [
    `<form class="steps" method="post">${hidden("token", token)}${hidden("experiment", experiment)}`,
    `<label>What <select name="command" required><option value="">choose</option>${choices.join("")}</select></label>`,
    `<label>Why <input name="reason" required maxlength="500" size="40"></label>`,
    `<button>Do it as ${escapeHtml(by)}</button></form>`,
  ].join("");
}
