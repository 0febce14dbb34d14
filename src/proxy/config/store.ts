import { openerOf, storeByUrl, StoreUrlError, type OpenStore } from "../../rollout/stores/by-url.ts";
import { fileStore } from "../../rollout/stores/file.ts";
import { memoryStore } from "../../rollout/stores/memory.ts";
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
    if (error instanceof StoreUrlError) throw notAStore(error, around);
    const { code, message } = error as NodeJS.ErrnoException;
    // The address may hold a password.
    throw new ConfigError(told(around.place, "store.url", "a store that answers", undefined, code ?? message));
  }
}

/**
 * One that begins empty, in place of the one that is said, of which nothing is opened.
 *
 * @throws {ConfigError} where what is said can be none
 */
export function storeToTry({ store }: ProxyConfig, around: Surroundings): OpenStore | undefined {
  if (store === undefined) return undefined;
  try {
    if ("url" in store) openerOf(around.secret("store.url", store.url));
  } catch (error) {
    throw error instanceof StoreUrlError ? notAStore(error, around) : error;
  }
  return { store: memoryStore(), close: () => Promise.resolve() };
}

function notAStore({ message }: StoreUrlError, { place }: Surroundings): ConfigError {
  return new ConfigError(`${place}: store.url ${message}`);
}
