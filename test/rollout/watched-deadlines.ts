import type { Clock } from "../../src/model/clock.ts";

/** A clock of which is known, of each deadline of a store that was set, whether it keeps the process alive. */
export function watchedDeadlines(clock: Clock): { readonly watched: Clock; readonly alive: boolean[] } {
  const alive: boolean[] = [];
  const watched: Clock = {
    ...clock,
    after(ms, run, keepAlive) {
      if (ms === 2_000) alive.push(keepAlive === true);
      return clock.after(ms, run, keepAlive);
    },
  };
  return { watched, alive };
}
