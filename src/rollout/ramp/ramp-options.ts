import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import type { RolloutSnapshot } from "../../model/rollout.ts";
import { checkGates, defaultGates, gates, type Gate } from "../../stats/gates.ts";
import type { Verdict } from "../../stats/verdict.ts";
import type { RolloutSource } from "../sources/source.ts";
import type { RolloutState } from "../state.ts";
import type { RolloutStore } from "../stores/store.ts";

/** Settings of `ramp`. */
export interface RampOptions {
  /** The shares between shadow and live, rising, each between 0 and 1; 1 %, 5 %, 10 %, 25 %, 50 % by default. */
  readonly steps?: readonly number[];
  /**
   * What the candidate must keep to; mismatches and errors up to 0.1 %, `gates.slower()` and `gates.inconclusive()` when left out.
   * A list without `gates.inconclusive` gets it at 5 %: what was not looked at is never ready.
   */
  readonly gates?: readonly Gate[];
  /** When a step's evidence suffices: tell about it (the default), or take the next step. */
  readonly onReady?: "notify" | "advance";
  /** Where a new rollout begins; `shadow` by default. */
  readonly start?: "off" | "shadow";
  /** The share of calls that are compared, from 0 to 1; 1 by default. */
  readonly compare?: number;
  /** The least time that a step lasts, in milliseconds; 10 minutes by default. */
  readonly minimumTimeMs?: number;
  /** The fewest units that a step rests on; 500 by default. */
  readonly minimumUnits?: number;
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
   * Who is answered by whom where the candidate answers and differs: `serve`, the default, hands out the candidate's answer
   * as soon as it is there; `control` waits for both, and hands out control's where they differ.
   */
  readonly onMismatch?: "serve" | "control";
  /**
   * How long a served call waits for the candidate once control has answered, in milliseconds; 1 000 by default. Then
   * control's answer goes out, which counts against the candidate.
   */
  readonly graceMs?: number;
  /** Keeps the state over restarts, and shares it between processes; without one it lives in this process. */
  readonly store?: RolloutStore;
  /** Limits the ramp from outside: what runs is the lesser of what it allows and what the evidence grants. */
  readonly source?: RolloutSource;
  /** Changes which keys a share takes in. */
  readonly salt?: string;
  /** Names this run of this process in the store; random by default. */
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
  /** Whether the state is the store's: loaded, and nothing waits to be written. Always true without a store. */
  readonly synchronized: boolean;
  /** What the evidence says of the candidate, here and in other processes. */
  readonly verdict: Verdict;
}

/** What the checks settle, for the driver. */
export type RampSettings = Omit<Settled, "salt" | "process" | "onMismatch" | "graceMs"> & { readonly process: string };

const known: readonly (keyof RampOptions)[] = [
  "steps",
  "gates",
  "onReady",
  "start",
  "compare",
  "minimumTimeMs",
  "minimumUnits",
  "minimumKeys",
  "completeAfterMs",
  "risk",
  "falseAlarmEvery",
  "unitWindowMs",
  "quietAfterMs",
  "checkEveryMs",
  "onMismatch",
  "graceMs",
  "store",
  "source",
  "salt",
  "process",
];

type Defaulted =
  | "steps"
  | "gates"
  | "onReady"
  | "start"
  | "compare"
  | "minimumTimeMs"
  | "minimumUnits"
  | "minimumKeys"
  | "completeAfterMs"
  | "risk"
  | "unitWindowMs"
  | "quietAfterMs"
  | "checkEveryMs";

type Settled = RampOptions & Required<Pick<RampOptions, Defaulted>>;

/**
 * Settles what a ramp was given.
 *
 * @throws {SidelaneError} `invalid-option` when steps are out of order, a gate has no rate, or a number is out of range
 */
export function checkRampOptions(options: RampOptions): Settled {
  const check: OptionCheck = checkOptions("ramp");
  check.object("options", options);
  check.known(options, known);
  // An option given as `undefined` is one that was left out.
  const given: Partial<RampOptions> = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const settled: { -readonly [Name in keyof Settled]: Settled[Name] } = {
    steps: [0.01, 0.05, 0.1, 0.25, 0.5],
    gates: defaultGates,
    onReady: "notify",
    start: "shadow",
    compare: 1,
    minimumTimeMs: 10 * 60_000,
    minimumUnits: 500,
    minimumKeys: 102,
    completeAfterMs: 24 * 3_600_000,
    risk: 0.01,
    unitWindowMs: 60_000,
    quietAfterMs: 10 * 60_000,
    checkEveryMs: 10_000,
    ...given,
  };
  checkSteps(check, settled.steps);
  checkGates("ramp", settled.gates);
  settled.gates = withInconclusive(settled.gates);
  check.oneOf("onReady", settled.onReady, ["notify", "advance"]);
  check.oneOf("start", settled.start, ["off", "shadow"]);
  check.number("compare", settled.compare, { max: 1 });
  for (const name of ["minimumTimeMs", "completeAfterMs", "unitWindowMs"] as const) check.number(name, settled[name]);
  check.number("minimumUnits", settled.minimumUnits, { integer: true });
  check.number("minimumKeys", settled.minimumKeys, { integer: true, max: 65_536 });
  check.number("quietAfterMs", settled.quietAfterMs, { min: 1 });
  check.number("checkEveryMs", settled.checkEveryMs, { min: 10, max: 2 ** 31 - 1 });
  if (!(settled.risk > 0 && settled.risk < 1)) check.fail("risk", "between 0 and 1, both excluded", settled.risk);
  if (settled.falseAlarmEvery !== undefined) check.number("falseAlarmEvery", settled.falseAlarmEvery, { min: 1 });
  if (settled.graceMs !== undefined) check.number("graceMs", settled.graceMs);
  if (settled.onMismatch !== undefined) check.oneOf("onMismatch", settled.onMismatch, ["serve", "control"]);
  if (settled.process !== undefined) check.text("process", settled.process);
  if (settled.salt !== undefined && typeof settled.salt !== "string") check.fail("salt", "a string", settled.salt);
  checkMethods(check, "store", settled.store, ["load", "compareAndSet", "report", "totals"]);
  checkMethods(check, "source", settled.source, ["current", "onChange"]);
  return settled;
}

function withInconclusive(given: readonly Gate[]): readonly Gate[] {
  return given.some(({ name }) => name === "inconclusive") ? given : [...given, gates.inconclusive()];
}

function checkSteps(check: OptionCheck, steps: readonly number[]): void {
  if (!Array.isArray(steps)) check.fail("steps", "a list of shares", steps);
  let before = 0;
  steps.forEach((step: unknown, index) => {
    const fits = typeof step === "number" && step > before && step < 1;
    if (!fits) {
      check.fail(
        `steps[${index}]`,
        `a share between ${before} and 1, since steps rise`,
        step,
        "`live` follows by itself",
      );
    }
    before = step;
  });
}

function checkMethods(check: OptionCheck, option: string, given: unknown, methods: readonly string[]): void {
  if (given === undefined) return;
  check.object(option, given);
  for (const method of methods) check.function(`${option}.${method}`, given[method]);
}
