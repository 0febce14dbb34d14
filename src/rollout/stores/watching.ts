import { systemClock, type Cancel, type Clock } from "../../model/clock.ts";
import { tellFailure } from "../../model/silence.ts";

/**
 * Listens to a channel: calls `onMessage` with each message, and `onEnd` when the connection has ended. Resolves with what stops it.
 */
export type Listen = (
  channel: string,
  onMessage: (payload: string) => void,
  onEnd: (error?: unknown) => void,
) => PromiseLike<() => unknown>;

/** How long a broken watch waits before the next attempt, in milliseconds: from the first to the longest. */
const backOffMs = { first: 200, longest: 30_000 };

/** Listens, and again whenever the connection has ended, for as long as it is wanted. */
export function watching(
  listen: Listen,
  channel: string,
  onMessage: (payload: string) => void,
  clock: Clock = systemClock,
): Cancel {
  let isOver = false;
  let stop: (() => unknown) | undefined;
  let cancel: Cancel = () => undefined;
  let waitMs = backOffMs.first;
  const again = (): void => {
    stop = undefined;
    if (isOver) return;
    // Not all processes at one moment.
    cancel = clock.after(waitMs * (0.5 + Math.random()), () => void begin());
    waitMs = Math.min(2 * waitMs, backOffMs.longest);
  };
  const begin = async (): Promise<void> => {
    let hasEnded = false;
    const ended = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      again();
    };
    try {
      const stops = await listen(channel, (payload) => !isOver && onMessage(payload), ended);
      if (isOver || hasEnded) stopWith(stops);
      else {
        stop = () => stopWith(stops);
        waitMs = backOffMs.first;
      }
    } catch {
      // The poll goes on beside it, and tells what is wrong with the server.
      ended();
    }
  };
  void begin();
  return () => {
    isOver = true;
    cancel();
    stop?.();
  };
}

/** What a connection says as it is closed is nobody's. */
export function stopWith(stops: () => unknown): void {
  try {
    tellFailure(stops());
  } catch {
    // It is gone, then.
  }
}
