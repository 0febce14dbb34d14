import { systemClock, type Cancel } from "../../model/clock.ts";
import { installedPackage } from "../../model/installed-package.ts";
import { migrations, postgresqlStore } from "./postgresql.ts";
import { redisStore, type IoredisClient, type NodeRedisClient } from "./redis.ts";
import { storeCallMs } from "../fleet/deadline.ts";
import type { RolloutStore } from "./store.ts";
import { stopWith } from "./watching.ts";

/** A store, and the connections that were opened for it. */
export interface OpenStore {
  readonly store: RolloutStore;
  close(): Promise<void>;
}

/** Why a URL opens no store; its message goes on from a name for the URL, and holds nothing of the URL itself. */
export class StoreUrlError extends Error {}

interface PgPool {
  query(text: string | { text: string; query_timeout: number }, values?: unknown[]): PromiseLike<unknown>;
  connect(): Promise<{ release(): void }>;
  on(event: "error", listener: () => void): unknown;
  end(): Promise<void>;
}

interface Connection {
  connect(): Promise<unknown>;
  on(event: "error", listener: (error: unknown) => void): unknown;
}
type NodeRedis = NodeRedisClient & Connection & { destroy(): void };
type Ioredis = IoredisClient & Connection & { disconnect(): void };

const connectMs = 5_000;
// Many processes that begin at once make tables one after another.
const migrateMs = 60_000;

/**
 * Opens the store that a URL names, `postgres:`, `postgresql:`, `redis:` or `rediss:`, by a driver that the project has installed. `schema` and
 * `prefix` in its query are the store's.
 *
 * @param isOnce for one command: nothing is made that is not there, and a connection that is lost is not opened again
 * @throws {StoreUrlError} where it is no such URL, or no driver is installed; and what the driver rejects with, where the server
 *   is not to be reached within 5 s
 */
export async function storeByUrl(address: string, { isOnce }: { readonly isOnce: boolean }): Promise<OpenStore> {
  return await openerOf(address)(new URL(address), isOnce);
}

/** @throws {StoreUrlError} where it names no store */
export function openerOf(address: string): (url: URL, isOnce: boolean) => Promise<OpenStore> {
  const scheme = /^([a-z]+):\/\//i.exec(address)?.[1]?.toLowerCase();
  const open =
    scheme === "postgres" || scheme === "postgresql" ? openPostgresql
    : scheme === "redis" || scheme === "rediss" ? openRedis
    : undefined;
  if (open === undefined) throw new StoreUrlError("takes postgres://… or redis://…");
  if (!isUrl(address)) throw new StoreUrlError("is no URL; a password in it has to be percent-encoded");
  return open;
}

function isUrl(address: string): boolean {
  try {
    const { username, password } = new URL(address);
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

async function openPostgresql(url: URL, isOnce: boolean): Promise<OpenStore> {
  const schema = taken(url, "schema");
  const pg = (await driver(["pg"])) as { Pool: new (options: object) => PgPool };
  const pool = new pg.Pool({
    ...{ connectionString: url.href, max: isOnce ? 1 : 4, connectionTimeoutMillis: connectMs },
    // A query that is never answered keeps neither its connection nor the process.
    query_timeout: storeCallMs,
  });
  pool.on("error", () => undefined);
  try {
    (await pool.connect()).release();
    if (!isOnce) for (const text of migrations(schema)) await pool.query({ text, query_timeout: migrateMs });
  } catch (error) {
    stopWith(() => pool.end());
    throw error;
  }
  return {
    store: postgresqlStore({
      query: (text, values) => pool.query(text, values),
      ...(schema !== undefined && { schema }),
    }),
    close: () => pool.end(),
  };
}

async function openRedis(url: URL, isOnce: boolean): Promise<OpenStore> {
  const prefix = taken(url, "prefix");
  const more = prefix === undefined ? {} : { prefix };
  const found = (await driver(["redis", "ioredis"])) as {
    readonly createClient?: (options: object) => NodeRedis;
    readonly Redis?: new (url: string, options: object) => Ioredis;
  };
  if (found.createClient !== undefined) {
    const socket = isOnce ? { reconnectStrategy: false, connectTimeout: connectMs } : {};
    const client = found.createClient({ url: url.href, socket, disableOfflineQueue: true });
    const end = (): void => {
      client.destroy();
    };
    await connected(client, end);
    return { store: redisStore({ client, ...more }), close: () => Promise.resolve().then(end) };
  }
  const once = isOnce ? { connectTimeout: connectMs, retryStrategy: () => null } : {};
  const client = new found.Redis!(url.href, { lazyConnect: true, ...once });
  const end = (): void => {
    client.disconnect();
  };
  await connected(client, end);
  return { store: redisStore({ client, ...more }), close: () => Promise.resolve().then(end) };
}

/** A driver tries for ever: where it has no connection in time, it is given up with what was heard of that last. */
async function connected(client: Connection, end: () => void): Promise<void> {
  let heard: unknown = new Error(`no answer within ${connectMs / 1_000} s`);
  // What it says of its connection later is heard of by the calls that fail.
  client.on("error", (error) => (heard = error));
  let cancel: Cancel | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = systemClock.after(connectMs, () => reject(heard), true);
  });
  try {
    await Promise.race([client.connect(), late]);
  } catch (error) {
    // One that has closed by itself refuses to be closed, which is not why it failed.
    stopWith(end);
    throw error;
  } finally {
    cancel?.();
  }
}

/** A setting of the store's, which is not for the driver to see. */
function taken(url: URL, name: string): string | undefined {
  const value = url.searchParams.get(name) ?? undefined;
  url.searchParams.delete(name);
  return value;
}

/** The first of these packages that is installed. */
async function driver(names: readonly string[]): Promise<unknown> {
  const found = await installedPackage(names);
  if (found !== undefined) return found;
  throw new StoreUrlError(
    `needs the package ${names.join(" or ")}, which is not installed here; run npm install ${names[0]}`,
  );
}
