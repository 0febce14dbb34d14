import { initialState, type RolloutState } from "../rollout/state.ts";
import type { FleetVerdict, Report, RolloutStore, SyncedState } from "../rollout/stores/store.ts";
import { transition } from "../rollout/transition.ts";
import { BitTable } from "../stats/bit-table.ts";

/** The experiment of most laws of stores. */
export const experiment = "price";
export const steps: readonly number[] = [0.1, 0.5];

/** One state that a process was told it had written. */
export interface Win {
  readonly id: string;
  readonly parent: string | undefined;
}

/**
 * Makes compare-and-sets against other processes that do, each upon the state that it read last.
 *
 * @param times how many, those that fail included
 * @returns those that succeeded, in their order
 */
export async function contendFor(store: RolloutStore, name: string, times: number): Promise<readonly Win[]> {
  const wins: Win[] = [];
  let state = await stateOf(store, "contended");
  for (let made = 0; made < times; made++) {
    const kind = state?.mode === "paused" ? "resume" : "pause";
    const next: RolloutState =
      state ? transition(state, { kind, by: name, reason: "", at: made }) : initialState(steps, made);
    if (await store.compareAndSet("contended", state?.id, next)) {
      wins.push({ id: next.id, parent: state?.id });
      state = next;
    } else state = await stateOf(store, "contended");
  }
  return wins;
}

export function report(more: Partial<Report>): Report {
  return {
    ...{ experiment, process: "reader", epoch: 1, evidenceEpoch: 1, version: "v1", at: -1, candidates: {}, units: [] },
    ...more,
  };
}

export async function synced(store: RolloutStore, more: Partial<Report> = {}): Promise<SyncedState> {
  const asked = report({ process: "reader", leaves: true, ...more });
  const { states } = await store.sync([asked]);
  const answer = states[asked.experiment];
  if (answer === undefined) throw new Error("the experiment was not answered");
  if (answer.failed !== undefined) throw answer.failed;
  return answer;
}

export async function stateOf(store: RolloutStore, name: string): Promise<RolloutState | undefined> {
  return (await synced(store, { experiment: name })).state ?? undefined;
}

export function next(state: RolloutState): RolloutState {
  const kind = state.mode === "paused" ? "resume" : "pause";
  return transition(state, { kind, by: "Ada", reason: "", at: state.changedAt + 1 });
}

export function verdict(at: number): FleetVerdict {
  const facts = { candidate: "v2", confidence: 0.99, comparisons: 0, units: 0, gates: [], reasons: [] };
  return { at, evidenceEpoch: 1, verdict: { ...facts, kind: "ready" }, distinct: { all: 0, served: 0 } };
}

export function table(window: number, places: readonly number[]): Report["units"][number] {
  const seen = new BitTable();
  for (const place of places) seen.add(place);
  return { window, level: 0, fingerprint: "00000000", seen: seen.encode(), gates: { mismatch: { bad: "" } } };
}

export function placesIn(units: Report["units"], window: number, served = false): number[] {
  const all = new BitTable();
  for (const each of units) {
    if (each.window === window && (each.served === true) === served) all.or(BitTable.decode(each.seen)!);
  }
  return all.slots();
}

/** Asks every 20 ms until it is so, for 3 s at most. */
export async function within3s(isSo: () => Promise<boolean>): Promise<void> {
  for (const startedAt = Date.now(); Date.now() - startedAt < 3_000;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (await isSo()) return;
  }
}
