import { storeByUrl, StoreUrlError, type OpenStore } from "../../rollout/stores/by-url.ts";
import { fileStore } from "../../rollout/stores/file.ts";
import { ConfigError, told, type ProxyConfig } from "./config.ts";
import type { Surroundings } from "./files.ts";

/** @throws {ConfigError} where its package is not installed, or it cannot be reached */
export async function storeOf({ store }: ProxyConfig, around: Surroundings): Promise<OpenStore | undefined> {
  if (store === undefined) return undefined;
  if ("file" in store) return { store: fileStore(around.path(store.file)), close: () => Promise.resolve() };
  const url = around.secret("store.url", store.url);
  try {
    return await storeByUrl(url, { isOnce: false });
  } catch (error) {
    if (error instanceof StoreUrlError) throw new ConfigError(`${around.place}: store.url ${error.message}`);
    const { code, message } = error as NodeJS.ErrnoException;
    // The address may hold a password.
    throw new ConfigError(told(around.place, "store.url", "a store that answers", undefined, code ?? message));
  }
}
