import type { Cancel } from "../../model/clock.ts";
import type { Rollout, RolloutEvent } from "../../model/rollout.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { bucketing } from "../bucket.ts";
import type { RolloutRequest, RolloutState } from "../state.ts";
import { RampDriver } from "./ramp-driver.ts";
import { checkCommand, type Command } from "./command.ts";
import { checkRampOptions, type RampOptions, type RampStatus } from "./ramp-options.ts";

/**
 * A rollout that drives itself. Its methods for people reject with a `SidelaneError`: `invalid-option` when they are not
 * told who asks, `invalid-state` when its state forbids the step. Calls of the experiment never notice.
 */
export interface Ramp extends Rollout {
  /** Resolves when the store's state is known; until then nothing is served by the candidate. */
  readonly loaded: Promise<void>;
  /** Takes no further step, and keeps what it has. */
  pause(command: Command): Promise<RolloutState>;
  resume(command: Command): Promise<RolloutState>;
  /** One step on, whatever the evidence says; never to `complete`. */
  advance(command: Command): Promise<RolloutState>;
  /** One step back, from any stage above `off`, also from `complete`. */
  stepBack(command: Required<Command>): Promise<RolloutState>;
  /** Back to shadow at once, and latched there until {@link Ramp.clear}. */
  rollback(command: Required<Command>): Promise<RolloutState>;
  /** From here on the candidate runs alone. Only from `live`, and after `completeAfterMs`. */
  complete(command: Command): Promise<RolloutState>;
  /** Takes a rollback's latch away; evidence starts afresh. */
  clear(command: Command): Promise<RolloutState>;
  status(): RampStatus;
  /** The verdict on the present epoch, which the ramp goes by. */
  verdict(): Verdict;
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
  const { steps, gates, onReady, salt = "", onMismatch, graceMs, process: name, ...rest } = checkRampOptions(options);
  const driver = new RampDriver({ ...rest, steps, gates, onReady, process: name ?? randomName() });

  const complete = { afterMs: rest.completeAfterMs };

  /** What a person asks for, by {@link Command}. */
  async function ask(
    kind: RolloutRequest["kind"],
    command: Command,
    reason?: string,
    more = {},
  ): Promise<RolloutState> {
    return driver.ask({ kind, ...checkCommand(kind, command, reason), ...more });
  }

  return {
    current: () => driver.snapshot,
    bucket: bucketing(salt),
    timesPairs: gates.some(({ by }) => by === "blocks"),
    ...(onMismatch !== undefined && { onMismatch }),
    ...(graceMs !== undefined && { graceMs }),
    bind: (experiment, host) => driver.bind(experiment, host),
    record: (sample) => driver.record(sample),
    close: () => driver.close(),
    loaded: driver.loaded,
    pause: (command) => ask("pause", command, "paused"),
    resume: (command) => ask("resume", command, "resumed"),
    advance: (command) => ask("advance", command, "advanced by hand"),
    stepBack: (command) => ask("step-back", command),
    rollback: (command) => ask("rollback", command),
    complete: (command) => ask("complete", command, "completed", complete),
    clear: (command) => ask("clear", command, "cleared"),
    status: () => driver.status(),
    verdict: () => driver.verdict(),
    on: (listener) => driver.on(listener),
  };
}

function randomName(): string {
  return `${Date.now().toString(36)}-${Math.floor(Math.random() * 2 ** 52).toString(36)}`;
}
