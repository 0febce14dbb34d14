import { tellFailure } from "../../model/silence.ts";
import type { RolloutChange, RolloutState } from "../state.ts";
import type { Cancel } from "../../model/clock.ts";
import type { RolloutEvent, RolloutHost } from "../../model/rollout.ts";

/** A change, or something else that happened. */
type Told = Omit<RolloutChange, "kind"> & Pick<RolloutEvent, "kind">;

/** Tells of what happens to one ramp: its listeners first, then its laboratory. */
export class RampEvents {
  readonly #listeners = new Set<(event: RolloutEvent) => unknown>();

  on(listener: (event: RolloutEvent) => void): Cancel {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells of a change, or of something else that happened in a state. */
  tellChange(change: Told, { candidateVersion: version }: RolloutState, experiment: string, host?: RolloutHost): void {
    const { kind, from, to, at, by, reason, compare, alarmed, pauses } = change;
    // Which states there were is the store's business.
    const event = {
      ...{ kind, from, to, at, by, reason },
      ...(compare !== undefined && { compare }),
      ...(alarmed === true && { alarmed }),
      ...(pauses === true && { pauses }),
      experiment,
      ...(version !== undefined && { version }),
    };
    this.tell(event, host);
  }

  /** What a listener throws, or rejects with, is a counted fault. */
  tell(event: RolloutEvent, host: RolloutHost | undefined): void {
    const whole = Object.freeze(event);
    for (const listener of this.#listeners) {
      const onFault = (error: unknown): void => host?.onFault("listener", error);
      try {
        // An `async` listener passes for one that returns nothing.
        tellFailure(listener(whole), onFault);
      } catch (error) {
        onFault(error);
      }
    }
    host?.onEvent(whole);
  }
}

/** Runs what may throw. */
export function tried(run: () => void, onFault: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    onFault(error);
  }
}
