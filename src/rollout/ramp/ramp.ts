import type { Cancel } from "../../model/clock.ts";
import type { Rollout, RolloutEvent } from "../../model/rollout.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { bucketing } from "../bucket.ts";
import type { RolloutRequest, RolloutState } from "../state.ts";
import { RampDriver } from "./ramp-driver.ts";
import { checkRampOptions, type RampOptions, type RampStatus } from "./ramp-options.ts";

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

/**
 * A rollout that goes `shadow → 1 % → … → live` by evidence: a step on when every gate is ready, on evidence of this step alone, and
 * the step's minimum time and units have passed; straight back to shadow when a gate alarms, latched until a person
 * clears it. `complete` is never automatic. Belongs to one experiment.
 *
 * @throws {SidelaneError} `invalid-option` when steps are out of order, a gate has no rate, or a number is out of range
 * @example ramp({ steps: [0.05, 0.5], onReady: "advance" }).current().stage // => "shadow"
 */
export function ramp(options: RampOptions = {}): Ramp {
  const { steps, gates, onReady, salt = "", process: name, ...rest } = checkRampOptions(options);
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

function randomName(): string {
  return `${Date.now().toString(36)}-${Math.floor(Math.random() * 2 ** 52).toString(36)}`;
}
