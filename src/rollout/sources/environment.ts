import { environmentVariable } from "../../model/runtime.ts";
import { SidelaneError } from "../../model/errors.ts";
import { checkOptions, describe } from "../../model/check-options.ts";
import { compiled, orElse, settle, type OptionTable } from "../../model/option-table.ts";
import { snapshotFrom, type RolloutSetting } from "../snapshot.ts";
import type { RolloutSource } from "./source.ts";

/** Settings of {@link fromEnvironment}. */
export interface EnvironmentOptions {
  /** What holds when the variable is not set; `shadow` by default: nobody is served by the candidate. */
  readonly otherwise?: RolloutSetting;
}

export const environmentTable: OptionTable<EnvironmentOptions, "otherwise"> = {
  otherwise: orElse(compiled("a stage or shares"), "shadow"),
};

/**
 * What an environment variable allows: `off`, `shadow`, `live`, `complete`, or a share to serve, such as `0.1` or `10%`.
 * Read once, here; where there is no environment (a browser), the variable is not set.
 *
 * @throws {SidelaneError} `invalid-option` when the variable holds anything else
 */
export function fromEnvironment(variable = "SIDELANE_ROLLOUT", options: EnvironmentOptions = {}): RolloutSource {
  const { otherwise } = settle(checkOptions("fromEnvironment"), environmentTable, options);
  const text = environmentVariable(variable)?.trim();
  const snapshot = snapshotFrom(text ? parse(text, variable) : otherwise, "fromEnvironment");
  return { current: () => snapshot, onChange: () => () => undefined };
}

function parse(text: string, variable: string): RolloutSetting {
  const number = /^(\d+(?:\.\d+)?|\.\d+)\s*(%?)$/.exec(text);
  if (number) {
    const share = Number(number[1]) / (number[2] ? 100 : 1);
    if (share <= 1) return { serve: share };
  } else if (text === "off" || text === "shadow" || text === "live" || text === "complete") {
    return text;
  }
  throw new SidelaneError(
    "invalid-option",
    `fromEnvironment: expected ${variable} to be off, shadow, live, complete, or a share such as 0.1 or 10%, got ${describe(text)}`,
  );
}
