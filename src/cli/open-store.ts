import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { OpenStore } from "../rollout/stores/by-url.ts";
import { UsageError } from "./arguments.ts";

/**
 * Opens the store that an address names, for one command: `file:` and a folder, `postgres:` or `redis:`. Drivers are the project's own.
 *
 * @throws {UsageError} where the address is none of these, the folder is not there, or the driver is not installed; and whatever the
 *   driver rejects with where the server is not to be reached
 */
export async function openStore(address: string): Promise<OpenStore> {
  if (/^file:/i.test(address)) return openFolder(folderOf(address));
  if (!/^(?:postgres|postgresql|redis|rediss):/i.test(address)) {
    throw new UsageError(
      "sidelane rollout: --store takes file:<folder>, postgres://… or redis://…, as file:./rollouts, postgres://user@host/database",
    );
  }
  const { storeByUrl, StoreUrlError } = await import("../rollout/stores/by-url.ts");
  try {
    return await storeByUrl(address, { isOnce: true });
  } catch (error) {
    if (!(error instanceof StoreUrlError)) throw error;
    throw new UsageError(`sidelane rollout: --store ${error.message}`);
  }
}

function folderOf(address: string): string {
  try {
    return /^file:\/\//i.test(address) ? fileURLToPath(address) : address.slice("file:".length);
  } catch {
    throw new UsageError("sidelane rollout: --store takes file:<folder> or file:///<folder>");
  }
}

async function openFolder(folder: string): Promise<OpenStore> {
  if (folder === "") throw new UsageError("sidelane rollout: --store takes file:<folder> or file:///<folder>");
  if (!existsSync(folder)) throw new UsageError(`sidelane rollout: there is no folder ${folder}`);
  const { fileStore } = await import("../rollout/stores/file.ts");
  return { store: fileStore(folder), close: () => Promise.resolve() };
}
