import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import {
  aNumber,
  aShare,
  aString,
  aText,
  aWhole,
  compiled,
  oneOf,
  orElse,
  settle,
  where,
  withMethods,
  type OptionTable,
  type Settled,
} from "../../model/option-table.ts";
import type { RolloutSnapshot } from "../../model/rollout.ts";
import { checkGates, defaultGates, gates, type Gate } from "../../stats/gates.ts";
import type { Verdict } from "../../stats/verdict.ts";
import type { ProcessRun } from "../fleet/process-run.ts";
import type { RolloutSource } from "../sources/source.ts";
import type { RolloutState } from "../state.ts";
import type { RolloutStore } from "../stores/store.ts";
import { settleSteps, type KeysStep, type RampStep, type SettledSteps } from "./steps.ts";

/** Settings of `ramp`. */
export interface RampOptions {
  /**
   * The shares between shadow and live, rising, each between 0 and 1; 1 %, 5 %, 10 %, 25 %, 50 % by default. A step may have terms of its
   * own, `{ share: 0.05, minimumTimeMs: 3_600_000, pause: true }`, and the first one may be of chosen keys, `{ keys: (key) => team.has(key) }`.
   */
  readonly steps?: readonly (number | RampStep | KeysStep)[];
  /**
   * What the candidate must keep to; mismatches and errors up to 0.1 %, `gates.slower()` and `gates.inconclusive()` when left out.
   * A list without `gates.inconclusive` gets it at 5 %: what was not looked at is never ready.
   */
  readonly gates?: readonly Gate[];
  /** When a step's evidence suffices: tell about it (the default), or take the next step. */
  readonly onReady?: "notify" | "advance";
  /**
   * When a gate alarms: straight back to shadow and latched (`rollback`, the default); stay, and take no step until a person resumes it
   * (`pause`); or only tell with an event `regressed` (`notify`). With evidence that alarms no step is taken in any case.
   */
  readonly onRegression?: "rollback" | "pause" | "notify";
  /** Where a new rollout begins; `shadow` by default. */
  readonly start?: "off" | "shadow";
  /** The share of calls that are compared, from 0 to 1; 1 by default. */
  readonly compare?: number;
  /** The least time that a step lasts, in milliseconds; 10 minutes by default. */
  readonly minimumTimeMs?: number;
  /** The fewest units that a step rests on; 500 by default. */
  readonly minimumUnits?: number;
  /** The fewest units that the candidate has answered in a step beyond shadow; a tenth of `minimumUnits` by default, and at least 102. */
  readonly minimumServed?: number;
  /** The fewest distinct keys that a step rests on, each call without one being one; 102 by default. */
  readonly minimumKeys?: number;
  /** How long `live` must have lasted before it can be completed, in milliseconds; 24 hours by default. */
  readonly completeAfterMs?: number;
  /** The chance that an unready candidate is ever called ready in a step, between 0 and 1; 0.01 by default. */
  readonly risk?: number;
  /** Each gate alarms falsely once in so many units at most; 100 000 times the number of gates by default. */
  readonly falseAlarmEvery?: number;
  /** How long a key counts as one unit of evidence, in milliseconds; a minute by default, 0 counts every call. */
  readonly unitWindowMs?: number;
  /** After how long without a comparison the ramp tells, in milliseconds; 10 minutes by default. */
  readonly quietAfterMs?: number;
  /** How often the clock, the store and other processes are looked at, in milliseconds; 10 seconds by default. */
  readonly checkEveryMs?: number;
  /**
   * Which answer a caller gets where the candidate serves and differs: `serve`, the default, hands out the candidate's answer
   * as soon as it is there; `control` waits for both, and hands out control's where they differ.
   */
  readonly onMismatch?: "serve" | "control";
  /**
   * How long a served call waits for the candidate once control has answered, in milliseconds; 1 000 by default. Then
   * control's answer goes out, which counts against the candidate.
   */
  readonly graceMs?: number;
  /**
   * What the shares stick to where the experiment has no `key`: `by-call` draws every call anew, so that one caller may meet both
   * sides. Without either, the ramp is refused at definition.
   */
  readonly unkeyed?: "by-call";
  /**
   * Which code the candidate is: a commit, a number raised by hand. Evidence, stage and latch belong to it. By default the
   * laboratory's label `build`; with neither, a ramp with a `store` is refused at definition.
   */
  readonly version?: string;
  /** Where a version begins that was not met before: in `shadow`, the default, or where the last one was (`keep`). Evidence is fresh in both. */
  readonly onNewVersion?: "shadow" | "keep";
  /**
   * How long the store may be out of reach before this process serves control only, in milliseconds since the last exchange that
   * succeeded began; 60 seconds by default, at least twice `checkEveryMs`. `Infinity` goes by the last known state for ever.
   */
  readonly staleAfterMs?: number;
  /** Keeps the state over restarts, and shares it between processes; without one it lives in this process. */
  readonly store?: RolloutStore;
  /** Limits the ramp from outside: what runs is the lesser of what it allows and what the evidence grants. */
  readonly source?: RolloutSource;
  /** Changes which keys a share takes in. */
  readonly salt?: string;
  /**
   * Names this process in the store, in up to 200 characters; each run of it is told apart by a random addition. Two that run at once under
   * one name are counted as two, and a fault says so. Random alone by default.
   */
  readonly process?: string;
}

/** What a ramp is doing. */
export interface RampStatus {
  /** What the evidence and people have granted, and every change with who asked and why. */
  readonly state: RolloutState;
  /** What runs. */
  readonly running: RolloutSnapshot;
  /** Whether the source allows less than the state grants. */
  readonly limitedBySource: boolean;
  /** Whether the state is the store's: loaded, reached lately, and nothing waits to be written. Always true without a store. */
  readonly synchronized: boolean;
  /** Whether the store was out of reach for `staleAfterMs`: control alone answers here until it is reached again. */
  readonly stale: boolean;
  /** What the evidence says of the candidate, here and in other processes. */
  readonly verdict: Verdict;
}

/** What the checks settle, for the driver. */
export type RampSettings = Omit<SettledRamp, "salt" | "process" | "onMismatch" | "graceMs" | "unkeyed"> & {
  readonly run: ProcessRun;
};

type Defaulted =
  | "steps"
  | "gates"
  | "onReady"
  | "onRegression"
  | "start"
  | "compare"
  | "minimumTimeMs"
  | "minimumUnits"
  | "minimumKeys"
  | "completeAfterMs"
  | "risk"
  | "unitWindowMs"
  | "quietAfterMs"
  | "checkEveryMs"
  | "staleAfterMs"
  | "onNewVersion";

type SettledRamp = Omit<Settled<RampOptions, Defaulted | "minimumServed">, "steps"> & {
  readonly steps: readonly number[];
  readonly stepTerms: SettledSteps["terms"];
  /** Of a first step of chosen keys: whether a key is one. */
  readonly chosen?: SettledSteps["keys"];
};

export const rampTable: OptionTable<RampOptions, Defaulted> = {
  steps: orElse(
    { takes: "a list of shares and steps, rising", check: (check, _, got) => void settleSteps(check, got) },
    [0.01, 0.05, 0.1, 0.25, 0.5],
  ),
  gates: orElse(compiled("a list of gates"), defaultGates),
  onReady: orElse(oneOf("notify", "advance"), "notify"),
  onRegression: orElse(oneOf("rollback", "pause", "notify"), "rollback"),
  start: orElse(oneOf("off", "shadow"), "shadow"),
  compare: orElse(aShare, 1),
  minimumTimeMs: orElse(aNumber(), 10 * 60_000),
  minimumUnits: orElse(aWhole(), 500),
  minimumServed: aWhole(),
  minimumKeys: orElse(aWhole({ max: 65_536 }), 102),
  completeAfterMs: orElse(aNumber(), 24 * 3_600_000),
  risk: orElse(
    where("between 0 and 1, both excluded", (got) => typeof got === "number" && got > 0 && got < 1),
    0.01,
  ),
  falseAlarmEvery: aNumber({ min: 1 }),
  unitWindowMs: orElse(aNumber(), 60_000),
  quietAfterMs: orElse(aNumber({ min: 1 }), 10 * 60_000),
  checkEveryMs: orElse(aNumber({ min: 10, max: 2 ** 31 - 1 }), 10_000),
  staleAfterMs: orElse(aNumber({ min: 20 }), 60_000),
  onMismatch: oneOf("serve", "control"),
  graceMs: aNumber(),
  unkeyed: oneOf("by-call"),
  version: aText,
  onNewVersion: orElse(oneOf("shadow", "keep"), "shadow"),
  store: withMethods("a store", "sync", "compareAndSet", "claim", "collect", "conclude", "forget"),
  source: withMethods("a source", "current", "onChange"),
  salt: aString,
  process: where("a text of 1 to 200 characters", (got) => typeof got === "string" && got !== "" && got.length <= 200),
};

/**
 * Settles what a ramp was given.
 *
 * @throws {SidelaneError} `invalid-option` when steps are out of order, a gate has no rate, or a number is out of range
 */
export function checkRampOptions(options: RampOptions): SettledRamp {
  const check: OptionCheck = checkOptions("ramp");
  const { gates: given, steps: givenSteps, ...settled } = settle(check, rampTable, options);
  checkGates("ramp", given);
  if (settled.staleAfterMs < 2 * settled.checkEveryMs) {
    const atLeast = `at least twice \`checkEveryMs\`, which is ${settled.checkEveryMs}`;
    if (options.staleAfterMs !== undefined) check.fail("staleAfterMs", atLeast, options.staleAfterMs);
    settled.staleAfterMs = 2 * settled.checkEveryMs;
  }
  const { shares: steps, terms: stepTerms, keys: chosen } = settleSteps(check, givenSteps);
  const minimumServed = settled.minimumServed ?? servedOf(settled);
  const ofSteps = { steps, stepTerms, ...(chosen !== undefined && { chosen }) };
  return { ...settled, ...ofSteps, gates: withInconclusive(given), minimumServed };
}

function servedOf({ minimumUnits }: { readonly minimumUnits: number }): number {
  return Math.max(102, Math.ceil(minimumUnits / 10));
}

function withInconclusive(given: readonly Gate[]): readonly Gate[] {
  return given.some(({ name }) => name === "inconclusive") ? given : [...given, gates.inconclusive()];
}
