import type { Comparison } from "../model/comparison.ts";
import type { OptionCheck } from "../model/options.ts";
import type { Run } from "./run.ts";
import type { UncheckedDefinition } from "./types.ts";

/** What control's second runs tell. */
export interface NoiseReport {
  readonly reruns: number;
}

export interface NoiseRuns {
  consider(run: Run, comparison: Comparison): void;
  report(): NoiseReport;
}

export function noiseRuns(check: OptionCheck, definition: UncheckedDefinition): NoiseRuns | undefined {
  if (definition.noise === undefined) return undefined;
  if (definition.readOnly !== true) {
    check.fail("readOnly", "true where there is `noise`", definition.readOnly, "Noise runs control a second time");
  }
  return undefined;
}
