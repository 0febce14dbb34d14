import type { RolloutChange, RolloutState } from "../state.ts";
import { transition, type RolloutRequest } from "../transition.ts";

/** Something that was done here at once and is not in the store yet. */
export interface Unwritten {
  readonly request: RolloutRequest;
  /** What it makes of the state with this id. */
  readonly base: string;
  readonly next: RolloutState;
}

/** What was done here at once, since it makes the candidate do less, and waits to be written. */
export class UnwrittenChanges {
  #changes: readonly Unwritten[] = [];
  // Those that people have been told of, since the store could not be reached.
  readonly #told = new WeakSet<RolloutRequest>();

  get first(): Unwritten | undefined {
    return this.#changes[0];
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  add(request: RolloutRequest, state: RolloutState, next: RolloutState): void {
    this.#changes = [...this.#changes, { request, base: state.id, next }];
  }

  /** The store has one of them. @returns whether people are still to be told of it */
  written(request: RolloutRequest): boolean {
    this.#changes = this.#changes.filter((each) => each.request !== request);
    return !this.#told.has(request);
  }

  /** What the store has, with all of them on top that are not in it. */
  onTopOf(stored: RolloutState): RolloutState {
    let state = stored;
    const left: Unwritten[] = [];
    for (const each of this.#changes) {
      // Written, though that was not heard of.
      if (stored.history.some(({ id }) => id === each.next.id)) continue;
      const next = each.base === state.id ? each.next : transition(state, each.request);
      // Another process has done it, or something that goes further.
      if (next === state) continue;
      left.push({ request: each.request, base: state.id, next });
      state = next;
    }
    this.#changes = left;
    return state;
  }

  /** Those that people have not been told of, which they are from now on. */
  tell(): readonly RolloutChange[] {
    const untold = this.#changes.filter(({ request }) => !this.#told.has(request));
    for (const { request } of untold) this.#told.add(request);
    return untold.flatMap(({ next }) => next.history.slice(-1));
  }
}

/** Asks for the safer one of what the store has and what it lost. */
export function fork(lost: RolloutState, at: number): RolloutRequest {
  const reason = "The store had lost what it had acknowledged: of what it has and what was lost, the safer one holds.";
  return { kind: "forked", lost, at, by: "ramp", reason };
}
