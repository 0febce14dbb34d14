import { initialState, type RolloutState } from "../rollout/state.ts";
import type { Evidence, FleetVerdict, Report, RolloutStore, SyncedState } from "../rollout/stores/store.ts";
import { transition } from "../rollout/transition.ts";
import { BitTable } from "../stats/bit-table.ts";

/** Two views of one store, as two processes have. */
export interface StoreViews {
  readonly one: RolloutStore;
  readonly other: RolloutStore;
}

/** What holds for every store, by name; each throws when it does not. */
export type StoreLaws = Readonly<Record<string, (views: StoreViews) => Promise<void>>>;

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

/** A successor that is as long as states get: with 50 changes, and what people write of them. */
export function longState(state: RolloutState): RolloutState {
  const reason = "wrong totals: \u00fc \u6599 \ud83d\ude80 \"'\\ ".repeat(100);
  let last = state;
  for (let made = 0; made < 50; made++) {
    const kind = last.mode === "paused" ? "resume" : "pause";
    last = transition(last, { kind, by: "Ada", reason, at: made });
  }
  return last;
}

export function verdict(at: number): FleetVerdict {
  const facts = { candidate: "v2", confidence: 0.99, comparisons: 0, units: 0, gates: [], reasons: [] };
  return { at, evidenceEpoch: 1, verdict: { ...facts, kind: "ready" }, distinct: { all: 0, served: 0 } };
}

/** The table of a window: places that were seen, and those of them that were bad. */
export function table(window: number, places: readonly number[], bad: readonly number[] = []): Report["units"][number] {
  const gates = { mismatch: { bad: encoded(bad) } };
  return { window, level: 0, fingerprint: "00000000", seen: encoded(places), gates };
}

function encoded(places: readonly number[]): string {
  const table = new BitTable();
  for (const place of places) table.add(place);
  return table.encode();
}

export function placesIn(units: Report["units"], window: number, served = false): number[] {
  const ofWindow = units.filter((each) => each.window === window && (each.served === true) === served);
  return placesOf(ofWindow.map(({ seen }) => seen));
}

/** The bad places of a window, of all calls. */
export function badIn(units: Report["units"], window: number): number[] {
  const ofWindow = units.filter((each) => each.window === window && each.served !== true);
  return placesOf(ofWindow.map(({ gates }) => gates["mismatch"]?.bad ?? ""));
}

function placesOf(texts: readonly string[]): number[] {
  const all = new BitTable();
  for (const text of texts) all.or(BitTable.decode(text)!);
  return all.slots();
}

/** Who has reported, but for those that only looked. */
export function reportersOf({ reports }: Evidence): readonly string[] {
  return reports.map(({ process }) => process).filter((name) => name !== "reader");
}

/** Asks every 20 ms until it is so, for 3 s at most. */
export async function within3s(isSo: () => Promise<boolean>): Promise<void> {
  for (const startedAt = Date.now(); Date.now() - startedAt < 3_000;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (await isSo()) return;
  }
}
