import { systemClock } from "./clock.ts";
import { later } from "./later.ts";

const turnMs = 10;
const mostMs = 5;
const leastMs = 1;
// A turn that has not come by then, by any clock's word, never will: the timers were faked while it was asked for.
const lostAfterMs = 1_000;

let endsAt: number | undefined;

/**
 * How long something that begins now off every caller's path may take before it goes on in a later turn of the event loop: all of it
 * together gets some 10 ms of a turn, one at most 5, and each at least 1.
 */
export function sliceMs(): number {
  const now = systemClock.monotonic();
  if (endsAt === undefined || now > endsAt + lostAfterMs) {
    endsAt = now + turnMs;
    later(startAnew);
  }
  return Math.min(mostMs, Math.max(leastMs, endsAt - now));
}

/** Whether all of it together has had its time of this turn. */
export function turnIsOver(): boolean {
  if (endsAt === undefined) return false;
  const now = systemClock.monotonic();
  return now >= endsAt && now <= endsAt + lostAfterMs;
}

function startAnew(): void {
  endsAt = undefined;
}
