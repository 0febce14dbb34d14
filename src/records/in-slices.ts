import { systemClock } from "../model/clock.ts";
import { later } from "../model/later.ts";
import { sliceMs, turnIsOver } from "../model/turn.ts";

const mostWaits = 10;
const firstMs = 10;

/** Work that pauses at each `yield`, so that it can go on in a later turn of the event loop. */
export type Steps<Made> = Generator<undefined, Made, undefined>;

/**
 * Makes something of each item, at most some 5 ms in one turn of the event loop, which others may have used already: presenting
 * a hundred large results, or one with fifty long texts, takes longer than any request should wait.
 *
 * @param now whether it begins in this turn, with 10 ms, however much of it others have used: what is counted is counted up to now
 */
export async function inSlices<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Steps<Made>,
  now = false,
): Promise<Made[]> {
  const made: Made[] = [];
  // Many may be asked for in one turn, one after another or beside each other; nobody waits for ever for those before it.
  for (let waited = 0; !now && waited < mostWaits && turnIsOver(); waited++) await laterTurn();
  let until = systemClock.monotonic() + (now ? firstMs : sliceMs());
  for (const item of items) {
    const steps = make(item);
    for (;;) {
      if (systemClock.monotonic() > until) {
        await laterTurn();
        until = systemClock.monotonic() + sliceMs();
      }
      const step = steps.next();
      if (step.done !== true) continue;
      made.push(step.value);
      break;
    }
  }
  return made;
}

/** All of it at once. */
export function atOnce<Made>(steps: Steps<Made>): Made {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function laterTurn(): Promise<void> {
  return new Promise((resolve) => {
    later(resolve);
  });
}
