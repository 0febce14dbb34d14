import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import type { Cancel } from "../../model/clock.ts";
import type { Rollout, RolloutEvent, RolloutSnapshot } from "../../model/rollout.ts";
import { checkGates, defaultGates, type Gate } from "../../stats/gates.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { bucketing } from "../bucket.ts";
import { RampDriver } from "./ramp-driver.ts";
import type { RolloutRequest, RolloutState } from "../state.ts";
import type { RolloutSource } from "../sources/source.ts";
import type { RolloutStore } from "../stores/store.ts";

/** Settings of {@link ramp}. */
export interface RampOptions {
  /** The shares between shadow and live, rising, each between 0 and 1; 1 %, 5 %, 10 %, 25 %, 50 % by default. */
  readonly steps?: readonly number[];
  /** What the candidate must keep to; `defaultGates` when left out. */
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
  /** With several candidates, the one that is rolled out; by default the ramp goes by the worst verdict of all. */
  readonly candidate?: string;
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
  readonly verdicts: readonly Verdict[];
}

/**
 * A rollout that drives itself. Its methods for people reject with a `SidelaneError` `invalid-state` when its state
 * forbids the step; calls of the experiment never notice.
 */
export interface Ramp extends Rollout {
  /** Resolves when the store's state is known; until then nothing is served by the candidate. */
  readonly loaded: Promise<void>;
  /** Takes no further step, and keeps what it has. */
  pause(by?: string, reason?: string): Promise<RolloutState>;
  resume(by?: string, reason?: string): Promise<RolloutState>;
  /** One step on, whatever the evidence says; never to `complete`. */
  advance(by?: string, reason?: string): Promise<RolloutState>;
  /** One step back, from any stage above `off`, also from `complete`. */
  stepBack(reason: string, by?: string): Promise<RolloutState>;
  /** Back to shadow at once, and latched there until {@link Ramp.clear}. */
  rollback(reason: string, by?: string): Promise<RolloutState>;
  /** From here on the candidate runs alone. Only from `live`, by a person, and after `completeAfterMs`. */
  complete(by: string, reason?: string): Promise<RolloutState>;
  /** Takes a rollback's latch away, by a person; evidence starts afresh. */
  clear(by: string, reason?: string): Promise<RolloutState>;
  status(): RampStatus;
  /** A candidate's verdict on the present epoch; without a name, the one that the ramp goes by. */
  verdict(candidate?: string): Verdict;
  /** Calls `listener` with every event. One that throws is a counted fault. */
  on(listener: (event: RolloutEvent) => void): Cancel;
}

const known: readonly (keyof RampOptions)[] = [
  "steps",
  "gates",
  "onReady",
  "start",
  "compare",
  "minimumTimeMs",
  "minimumUnits",
  "completeAfterMs",
  "risk",
  "falseAlarmEvery",
  "unitWindowMs",
  "quietAfterMs",
  "checkEveryMs",
  "candidate",
  "store",
  "source",
  "salt",
  "process",
];

/**
 * A rollout that goes `shadow → 1 % → … → live` by evidence: a step on when every gate is ready, on evidence of this step alone, and
 * the step's minimum time and units have passed; straight back to shadow when a gate alarms, latched until a person
 * clears it. `complete` is never automatic. Belongs to one experiment.
 *
 * @throws {SidelaneError} `invalid-option` when steps are out of order, a gate has no rate, or a number is out of range
 * @example ramp({ steps: [0.05, 0.5], onReady: "advance" }).current().stage // => "shadow"
 */
export function ramp(options: RampOptions = {}): Ramp {
  const { steps, gates, onReady, salt = "", process: name, ...rest } = checked(options);
  const driver = new RampDriver({ ...rest, steps, gates, onReady, process: name ?? randomName() });

  const asked = async (request: Omit<RolloutRequest, "at">): Promise<RolloutState> => driver.ask(request);

  return {
    current: () => driver.snapshot,
    bucket: bucketing(salt),
    bind: (experiment, host) => driver.bind(experiment, host),
    record: (sample) => driver.record(sample),
    close: () => driver.close(),
    loaded: driver.loaded,
    pause: (by = "someone", reason = "paused") => asked({ kind: "pause", by, reason }),
    resume: (by = "someone", reason = "resumed") => asked({ kind: "resume", by, reason }),
    advance: (by = "someone", reason = "advanced by hand") => asked({ kind: "advance", by, reason }),
    stepBack: (reason, by = "someone") => asked({ kind: "stepBack", by, reason }),
    rollback: (reason, by = "someone") => asked({ kind: "rollback", by, reason }),
    complete: (by, reason = "completed") => asked({ kind: "complete", by, reason, afterMs: rest.completeAfterMs }),
    clear: (by, reason = "cleared") => asked({ kind: "clear", by, reason }),
    status: () => driver.status(),
    verdict: (candidate) => driver.verdict(candidate),
    on: (listener) => driver.on(listener),
  };
}

type Defaulted =
  | "steps"
  | "gates"
  | "onReady"
  | "start"
  | "compare"
  | "minimumTimeMs"
  | "minimumUnits"
  | "completeAfterMs"
  | "risk"
  | "unitWindowMs"
  | "quietAfterMs"
  | "checkEveryMs";

type Settled = RampOptions & Required<Pick<RampOptions, Defaulted>>;

function checked(options: RampOptions): Settled {
  const check: OptionCheck = checkOptions("ramp");
  check.object("options", options);
  check.known(options, known);
  // An option given as `undefined` is one that was left out.
  const given: Partial<RampOptions> = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const settled: Settled = {
    steps: [0.01, 0.05, 0.1, 0.25, 0.5],
    gates: defaultGates,
    onReady: "notify",
    start: "shadow",
    compare: 1,
    minimumTimeMs: 10 * 60_000,
    minimumUnits: 500,
    completeAfterMs: 24 * 3_600_000,
    risk: 0.01,
    unitWindowMs: 60_000,
    quietAfterMs: 10 * 60_000,
    checkEveryMs: 10_000,
    ...given,
  };
  checkSteps(check, settled.steps);
  checkGates("ramp", settled.gates);
  check.oneOf("onReady", settled.onReady, ["notify", "advance"]);
  check.oneOf("start", settled.start, ["off", "shadow"]);
  check.number("compare", settled.compare, { max: 1 });
  for (const name of ["minimumTimeMs", "completeAfterMs", "unitWindowMs"] as const) check.number(name, settled[name]);
  check.number("minimumUnits", settled.minimumUnits, { integer: true });
  check.number("quietAfterMs", settled.quietAfterMs, { min: 1 });
  check.number("checkEveryMs", settled.checkEveryMs, { min: 10, max: 2 ** 31 - 1 });
  if (!(settled.risk > 0 && settled.risk < 1)) check.fail("risk", "between 0 and 1, both excluded", settled.risk);
  if (settled.falseAlarmEvery !== undefined) check.number("falseAlarmEvery", settled.falseAlarmEvery, { min: 1 });
  if (settled.candidate !== undefined) check.text("candidate", settled.candidate);
  if (settled.process !== undefined) check.text("process", settled.process);
  if (settled.salt !== undefined && typeof settled.salt !== "string") check.fail("salt", "a string", settled.salt);
  checkMethods(check, "store", settled.store, ["load", "compareAndSet", "report", "totals"]);
  checkMethods(check, "source", settled.source, ["current", "onChange"]);
  return settled;
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

function randomName(): string {
  return `${Date.now().toString(36)}-${Math.floor(Math.random() * 2 ** 52).toString(36)}`;
}

/** What the checks settle, for the driver. */
export type RampSettings = Omit<Settled, "salt" | "process"> & { readonly process: string };
