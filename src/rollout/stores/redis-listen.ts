import type { IoredisClient, NodeRedisClient } from "./redis-clients.ts";
import { stopWith, type Listen } from "./watching.ts";

/** Subscribes on a connection of its own, and closes it where that is refused, or broken: whatever its options are, the watch begins anew. */
export function listenWith(client: NodeRedisClient | IoredisClient): Listen {
  return async (channel, onMessage, onEnd) => {
    if ("evalSha" in client) {
      const own = client.duplicate();
      let isOpen = false;
      own.on("end", () => onEnd());
      own.on("error", () => {
        // It may be told not to connect again, and is then silent for good.
        if (!isOpen) return;
        isOpen = false;
        onEnd();
        stopWith(() => own.destroy());
      });
      const open = async (): Promise<void> => {
        await own.connect();
        await own.subscribe(channel, onMessage);
        isOpen = true;
      };
      return openedBy(open, () => own.destroy());
    }
    const own = duplicateToListen(client);
    own.on("error", () => undefined);
    own.on("end", () => onEnd());
    own.on("message", (_, message = "") => onMessage(message));
    return openedBy(
      async () => own.subscribe(channel),
      () => own.disconnect(),
    );
  };
}

// Without them it refuses to subscribe before it is connected, or does not again after that was lost.
const toListen = { enableOfflineQueue: true, autoResubscribe: true, lazyConnect: false };

function duplicateToListen(
  client: IoredisClient & { readonly isCluster?: boolean },
): ReturnType<IoredisClient["duplicate"]> {
  const own: { duplicate(...given: readonly unknown[]): ReturnType<IoredisClient["duplicate"]> } = client;
  return client.isCluster === true ? own.duplicate([], toListen) : own.duplicate(toListen);
}

async function openedBy(open: () => Promise<unknown>, close: () => unknown): Promise<() => unknown> {
  try {
    await open();
    return close;
  } catch (error) {
    close();
    throw error;
  }
}
