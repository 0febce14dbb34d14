import type { RolloutState } from "./state.ts";

// The same state is shown as the same object.
const shownStates = new WeakMap<RolloutState, RolloutState>();

/** A state without its secret, for people. */
export function shownState(state: RolloutState): RolloutState {
  const known = shownStates.get(state);
  if (known) return known;
  const shown: { -readonly [Name in keyof RolloutState]: RolloutState[Name] } = { ...state };
  delete shown.unitSecret;
  shownStates.set(state, Object.freeze(shown));
  return shown;
}
