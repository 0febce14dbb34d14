import type { WritesServices } from "../services.ts";

/** Says that so many rows were read, and waits so that no more than that are read in a second. */
export type Pace = (rows: number) => Promise<void>;

const shortestWaitMs = 10;

export function pacing({ clock, sleep }: WritesServices, rowsPerSecond: number, signal?: AbortSignal): Pace {
  let freeAt = clock.monotonic();
  return async (rows) => {
    freeAt = Math.max(freeAt, clock.monotonic()) + (rows * 1_000) / rowsPerSecond;
    const waitMs = freeAt - clock.monotonic();
    if (waitMs > shortestWaitMs) await sleep(waitMs, signal);
  };
}
