import type { RolloutSnapshot } from "../../model/rollout.ts";
import { limitedBy } from "../snapshot.ts";

/**
 * What the news of changes says before an exchange with the store does. What makes the candidate do less holds at once, until an
 * exchange that began later says what the store has. The news may be forged, old or out of order, so it never allows more.
 */
export class HeardAhead {
  #limit: RolloutSnapshot | undefined = undefined;
  #at = -Infinity;

  get isEmpty(): boolean {
    return this.#limit === undefined;
  }

  /**
   * @param granted by the state that was heard of
   * @param present what is granted by the state that is known
   * @param at monotonic milliseconds
   * @returns whether the candidate does less by it
   */
  hear(granted: RolloutSnapshot, present: RolloutSnapshot, at: number): boolean {
    const limit = this.#limit ? limitedBy(this.#limit, granted) : granted;
    const [before, after] = [this.under(present), limitedBy(present, limit)];
    const isLess = (["stage", "share", "compare"] as const).some((part) => before[part] !== after[part]);
    // There neither side is safe by itself: the store decides.
    if (!isLess || present.stage === "complete") return false;
    this.#limit = limit;
    this.#at = at;
    return true;
  }

  /** An exchange has said what the store has. @param startedAt when it began, monotonic milliseconds */
  confirmed(startedAt: number): void {
    if (startedAt >= this.#at) this.#limit = undefined;
  }

  /** What runs by it: of another epoch than anything that is known, so that no evidence is gathered meanwhile. */
  under(running: RolloutSnapshot): RolloutSnapshot {
    if (this.#limit === undefined || running.stage === "complete") return running;
    return { ...limitedBy(running, this.#limit), epoch: 0 };
  }
}
