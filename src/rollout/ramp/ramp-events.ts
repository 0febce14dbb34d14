import { tellFailure } from "../../model/silence.ts";
import type { Cancel } from "../../model/clock.ts";
import type { RolloutEvent, RolloutHost } from "../../model/rollout.ts";

/** Tells of what happens to one ramp: its listeners first, then its laboratory. */
export class RampEvents {
  readonly #listeners = new Set<(event: RolloutEvent) => unknown>();

  on(listener: (event: RolloutEvent) => void): Cancel {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
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
