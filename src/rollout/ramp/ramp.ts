import { systemClock, type Cancel } from "../../model/clock.ts";
import { SidelaneError } from "../../model/errors.ts";
import { checkOptions } from "../../model/check-options.ts";
import { aShare } from "../../model/option-table.ts";
import type { Rollout, RolloutEvent } from "../../model/rollout.ts";
import { percent } from "../../model/figures.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { bucketing } from "../bucket.ts";
import { ProcessRun } from "../fleet/process-run.ts";
import { refusalOfKeys } from "../snapshot.ts";
import type { RolloutState } from "../state.ts";
import type { RolloutRequest } from "../transition.ts";
import { RampCommands } from "./ramp-commands.ts";
import { RampDriver } from "./ramp-driver.ts";
import { checkCommand, type Command } from "./command.ts";
import { checkRampOptions, type RampOptions, type RampStatus } from "./ramp-options.ts";

/**
 * A rollout that drives itself. Its methods for people reject with a `SidelaneError`: `invalid-option` when they are not
 * told who asks, `invalid-state` when its state forbids the step. Calls of the experiment never notice.
 */
export interface Ramp extends Rollout {
  /**
   * Resolves when the store's state is known; until then nothing is served by the candidate. Without a store it is at once.
   *
   * The store is asked under an experiment's name: read before one has this ramp, it rejects with an `invalid-state` unless
   * one has it by the next turn.
   */
  readonly loaded: Promise<void>;
  /** Takes no further step, and keeps what it has. */
  pause(command: Command): Promise<RolloutState>;
  /** Ends a pause: it judges again, on the evidence of its step. */
  resume(command: Command): Promise<RolloutState>;
  /** One step on, whatever the evidence says; never to `complete`. */
  advance(command: Command): Promise<RolloutState>;
  /** One step back, from any stage above `off`, also from `complete`. */
  stepBack(command: Required<Command>): Promise<RolloutState>;
  /** Back to shadow at once, and latched there until {@link Ramp.clear}. */
  rollback(command: Required<Command>): Promise<RolloutState>;
  /**
   * The candidate no longer runs, in no process: for one that does harm by running, which a rollback to shadow does not stop. Latched
   * until {@link Ramp.clear}, for versions that come later too; then `advance` leads on to shadow.
   */
  off(command: Required<Command>): Promise<RolloutState>;
  /**
   * How many calls are compared from here on, as a share from 0 to 1, in all processes and in place of the option `compare`.
   * What is served and what was seen stay as they are.
   */
  compare(share: number, command: Command): Promise<RolloutState>;
  /** From here on the candidate runs alone. Only from `live`, and after `completeAfterMs`. */
  complete(command: Command): Promise<RolloutState>;
  /** Takes a rollback's latch away; evidence starts afresh. */
  clear(command: Command): Promise<RolloutState>;
  /** Where it stands in this process, and what it waits for. */
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
  const {
    steps,
    gates,
    onReady,
    salt = "",
    onMismatch,
    graceMs,
    unkeyed,
    process: name,
    ...rest
  } = checkRampOptions(options);
  const settings = { ...rest, steps, gates, onReady, run: new ProcessRun(name) };
  const driver = new RampDriver(settings);
  const commands = new RampCommands(settings, driver.keeper);

  const buckets = bucketing(salt);
  const chooses = rest.chosen !== undefined;

  let bound = false;
  const complete = { afterMs: rest.completeAfterMs };

  /** The store's state, if an experiment has this ramp by then; without one it would never be asked for. */
  function loadedBy(hasExperiment: Promise<boolean>): Promise<void> {
    const loaded = hasExperiment.then((has) => {
      if (has) return driver.keeper.loaded;
      const message =
        "ramp: `loaded` cannot come before an experiment has this ramp, since the store is asked under its name. Define the experiment first, then await `loaded`";
      throw new SidelaneError("invalid-state", message);
    });
    // Read and not awaited, it is no business of the process.
    loaded.catch(() => undefined);
    return loaded;
  }

  /** What a person asks for, by {@link Command}. */
  async function ask(
    kind: RolloutRequest["kind"],
    command: Command,
    reason?: string,
    more = {},
  ): Promise<RolloutState> {
    return commands.ask({ kind, ...checkCommand(kind, command, reason), ...more });
  }

  return {
    current: () => driver.snapshot,
    // A key that was chosen is in at every share: below the first bucket.
    bucket: chooses ? (experiment, key) => (driver.isChosen(key) ? -1 : buckets(experiment, key)) : buckets,
    timesPairs: gates.some(({ by }) => by === "blocks"),
    ...(onMismatch !== undefined && { onMismatch }),
    ...(graceMs !== undefined && { graceMs }),
    ...(unkeyed !== undefined && { unkeyed }),
    ...(rest.version !== undefined && { version: rest.version }),
    refuses(definition) {
      if (rest.store && rest.version === undefined && definition.build === undefined) return noVersion;
      if (chooses && !definition.keyed) return "expected a `key` beside a `ramp` whose first step chooses keys";
      return refusalOfKeys(definition, unkeyed, "a `ramp`");
    },
    bind: (experiment, host) => {
      driver.bind(experiment, host);
      bound = true;
    },
    record: (sample) => driver.record(sample),
    close: () => driver.close(),
    get loaded() {
      return bound || rest.store === undefined ? driver.keeper.loaded : loadedBy(nextTurn().then(() => bound));
    },
    pause: (command) => ask("pause", command, "paused"),
    resume: (command) => ask("resume", command, "resumed"),
    advance: (command) => ask("advance", command, "advanced by hand"),
    stepBack: (command) => ask("step-back", command),
    rollback: (command) => ask("rollback", command),
    off: (command) => ask("off", command),
    compare: async (share, command) => {
      aShare.check(checkOptions("ramp: compare"), "share", share);
      return ask("compare", command, `${percent(share)} of the calls are compared`, { share });
    },
    complete: (command) => ask("complete", command, "completed", complete),
    clear: (command) => ask("clear", command, "cleared"),
    status: () => driver.status(),
    verdict: () => driver.verdict(),
    basis: () => driver.basis(),
    on: (listener) => driver.on(listener),
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    systemClock.after(0, resolve, true);
  });
}
const noVersion =
  "expected a `version` in a `ramp` with a `store`, so that no build goes on with another build's evidence. Write `ramp({ version: commit, … })`, or give the laboratory a label: `new Laboratory({ labels: { build: commit } })`";
