import { later } from "../../model/later.ts";

export { later };

/** Resolves in a later turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    later(resolve);
  });
}

const lostAfterMs = 1_000;

/**
 * Whether a turn has been asked for and is still to come. A turn that has not come after a second, by any clock's word, is
 * taken for lost (the timers were faked while it was asked for, and then restored) and may be asked for again.
 */
export class TurnLatch {
  #askedAt: number | undefined = undefined;

  /** @returns whether a turn is to be asked for */
  ask(now: number): boolean {
    if (this.#askedAt !== undefined && now - this.#askedAt < lostAfterMs) return false;
    this.#askedAt = now;
    return true;
  }

  came(): void {
    this.#askedAt = undefined;
  }
}
