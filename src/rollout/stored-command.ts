import { systemClock } from "../model/clock.ts";
import { SidelaneError } from "../model/errors.ts";
import { withinDeadline } from "./fleet/deadline.ts";
import { isFleetVerdict } from "./fleet/read-evidence.ts";
import { checkCommand, type Command } from "./ramp/command.ts";
import { shownState } from "./shown-state.ts";
import { nextOf, type RolloutState } from "./state.ts";
import type { FleetVerdict, RolloutStore } from "./stores/store.ts";
import { isSafe, refusalOf, transition, type RolloutRequest } from "./transition.ts";

/** What a person may ask of a state that a store keeps. */
export type StoredCommand = "advance" | "pause" | "resume" | "step-back" | "rollback" | "clear" | "complete";

/** What a store has of an experiment. */
export interface Stored {
  /** Without its secret. */
  readonly state: RolloutState;
  /** What its judge found last; absent where none has judged yet. */
  readonly verdict?: FleetVerdict;
  /** The store's clock: milliseconds since 1970. */
  readonly now: number;
}

const attempts = 5;
const dayMs = 86_400_000;

/**
 * What a store has, for those who do not run the experiment.
 *
 * @param reader names who reads, in the store
 * @returns `undefined` where it has nothing of that experiment
 * @throws whatever the store rejects with, or where it does not answer within 2 s
 */
export async function readStored(store: RolloutStore, experiment: string, reader: string): Promise<Stored | undefined> {
  const read = await rawOf(store, experiment, reader);
  return read && { ...read, state: shownState(read.state) };
}

async function rawOf(store: RolloutStore, experiment: string, process: string): Promise<Stored | undefined> {
  // It belongs to no process that runs: it comes and leaves at once, with no evidence of its own.
  const report = { experiment, process, epoch: 0, evidenceEpoch: 0, at: Date.now(), leaves: true } as const;
  const exchange = (): ReturnType<RolloutStore["sync"]> => store.sync([{ ...report, candidates: {}, units: [] }]);
  const { now, states } = await withinDeadline(systemClock, "an exchange", exchange, true);
  const { state, verdict, failed } = states[experiment] ?? {};
  if (failed !== undefined) throw failed;
  // One that cannot be read is none so far: the next judge writes it anew.
  return state ? { state, now, ...(isFleetVerdict(verdict) && { verdict }) } : undefined;
}

/**
 * Removes all that a store has of an experiment. A process that runs it writes it again, with an event `forked`.
 *
 * @returns whether there was anything
 * @throws whatever the store rejects with
 */
export async function forgetStored(store: RolloutStore, experiment: string, reader: string): Promise<boolean> {
  if ((await rawOf(store, experiment, reader)) === undefined) return false;
  await withinDeadline(systemClock, "what is to be forgotten", () => store.forget(experiment), true);
  return true;
}

/**
 * Does what a person asks, on the stored state alone: steps and limits are those that the state carries.
 *
 * @returns the state as it was found and as it is now; `undefined` where the store has nothing of that experiment
 * @throws {SidelaneError} `invalid-option` when it is not said who asks and why; `invalid-state` where the state refuses, or another
 *   process changed it meanwhile: what lets the candidate do less is then tried again, all else is not
 */
export async function commandStored(
  store: RolloutStore,
  experiment: string,
  kind: StoredCommand,
  command: Command,
  reader: string,
): Promise<{ readonly before: RolloutState; readonly after: RolloutState } | undefined> {
  const { by, reason } = checkCommand(kind, command);
  for (let attempt = 1; ; attempt++) {
    const read = await rawOf(store, experiment, reader);
    if (read === undefined) return undefined;
    const { state, now } = read;
    const request: RolloutRequest = { kind, by, reason, at: now, ...pausingAt(state, kind), ...waitOf(state, kind) };
    const refusal = refusalOf(state, request);
    if (refusal !== undefined) throw refused(kind, refusal);
    const next = transition(state, request);
    const replace = (): PromiseLike<boolean> => store.compareAndSet(experiment, state.id, next);
    if (await withinDeadline(systemClock, "a new state", replace, true)) {
      return { before: shownState(state), after: shownState(next) };
    }
    if (attempt >= attempts || !isSafe(request))
      throw refused(kind, "Another process changed it just now; look again.");
  }
}

function pausingAt(state: RolloutState, kind: StoredCommand): { pauses?: true } {
  const to = kind === "advance" ? nextOf(state) : undefined;
  const step = state.terms?.steps.find(({ share }) => to?.stage === "ramp" && share === to.share);
  return step?.pause === true ? { pauses: true } : {};
}

function waitOf({ terms }: RolloutState, kind: StoredCommand): { afterMs?: number } {
  return kind === "complete" ? { afterMs: terms?.completeAfterMs ?? dayMs } : {};
}

function refused(kind: StoredCommand, why: string): SidelaneError {
  return new SidelaneError("invalid-state", `cannot ${kind.replace("-", " ")}. ${why}`);
}
