import { defaultCallerMs } from "../../compare/equality/look-budget.ts";
import {
  aBoolean,
  aBooleanOr,
  aDate,
  aFunction,
  aFunctionOr,
  anObject,
  aNumber,
  aShare,
  aText,
  aWhole,
  compiled,
  oneOf,
  optionsOf,
  orElse,
  required,
  where,
  type OptionTable,
  type Settled,
} from "../../model/option-table.ts";
import type { NoiseOptions } from "../record/noise-reruns.ts";
import type { About, ExperimentLimits, StreamLimits, UncheckedDefinition } from "./options.ts";
import { throwRule } from "./throw-options.ts";

/** Limits with their defaults. */
export type CompleteLimits = Settled<ExperimentLimits, keyof ExperimentLimits>;

export const limitsTable: OptionTable<ExperimentLimits, keyof ExperimentLimits> = {
  timeoutMs: orElse(aNumber(), 10_000),
  maxInFlight: orElse(aWhole(), 100),
  callerMs: orElse(aNumber(), defaultCallerMs),
  breakAfter: orElse(aWhole({ min: 1 }), 20),
  breakMs: orElse(aNumber(), 1_000),
  cpuShare: orElse(aShare, 0.01),
};

export const streamTable: OptionTable<StreamLimits, keyof StreamLimits> = {
  maxItems: orElse(aWhole({ min: 1 }), 1_000),
  maxBytes: orElse(aWhole({ min: 1 }), 1_048_576),
};

export const noiseTable: OptionTable<NoiseOptions, "rate" | "max"> = {
  controlIsReadOnly: required(where("true", (got) => got === true, "Noise runs control a second time")),
  rate: orElse(aShare, 1),
  max: orElse(aWhole(), 60),
};

export const aboutTable: OptionTable<About> = { owner: aText, link: aText, until: aDate };

export const experimentTable: OptionTable<
  UncheckedDefinition,
  "enabled" | "sample" | "order" | "isolate" | "checkArguments" | "replace"
> = {
  control: required(aFunction),
  candidate: compiled("a function"),
  candidates: compiled("an object of functions"),
  prepare: aFunction,
  enabled: orElse(aBooleanOr(aFunction), true),
  sample: orElse(aShare, 1),
  compare: compiled("rules, or a function of both values"),
  context: aFunctionOr(anObject),
  order: orElse(oneOf("control-first", "random", "deferred"), "control-first"),
  knownMismatches: compiled("a list of known mismatches"),
  clean: aFunction,
  noise: optionsOf("an object of options", noiseTable),
  stream: compiled("`true`, or an object of limits"),
  beforeRun: aFunction,
  afterRun: aFunction,
  onNewMismatch: aFunction,
  key: aFunction,
  rollout: compiled("a stage, shares, or a rollout"),
  limits: optionsOf("an object of limits", limitsTable),
  capture: compiled("`false`, or an object of limits"),
  isolate: orElse(aBoolean, false),
  checkArguments: orElse(aShare, 0),
  about: optionsOf("an object", aboutTable),
  throwOnMismatch: throwRule,
  replace: orElse(aBoolean, false),
};
