import { directions, type WritesServices } from "./services.ts";
import type { Contained } from "./maintenance.ts";

const everyMs = 5_000;

/**
 * Tells of each side whose operations are not followed for too long, or are too many, until the signal is aborted. Beside all else that a
 * worker does, and each side by itself: what never answers may be what holds it up.
 */
export async function alarmOfLag(services: WritesServices, contained: Contained, signal: AbortSignal): Promise<void> {
  const { authority, emit, options, sleep } = services;
  const { rows: mostRows = 100_000, ms: mostMs = 600_000 } = options.maxLag ?? {};
  await Promise.all(
    directions(services).map(async ({ from }) => {
      let isLagging = false;
      const look = async (): Promise<void> => {
        await authority.readyOn(from.name);
        const { rows, oldestMs } = await from.once((tx) => from.store.count(tx, from.stream));
        const was = isLagging;
        isLagging = rows > mostRows || oldestMs > mostMs;
        if (!isLagging || was) return;
        const reason = `${rows} operations wait, the oldest for ${Math.round(oldestMs / 1_000)} s`;
        emit({ kind: "lagging", authority: from.name, reason });
      };
      for (;;) {
        await sleep(everyMs, signal);
        if (signal.aborted) return;
        await contained(`looking at the lag of ${from.name}`, look);
      }
    }),
  );
}
