import { installedPackage } from "../../model/installed-package.ts";
import { migrations, postgresqlStore } from "./postgresql.ts";
import { redisStore, type IoredisClient, type NodeRedisClient } from "./redis.ts";
import type { RolloutStore } from "./store.ts";

/** A store, and the connections that were opened for it. */
export interface OpenStore {
  readonly store: RolloutStore;
  close(): Promise<void>;
}

/** Why a URL opens no store; its message goes on from a name for the URL, and holds nothing of the URL itself. */
export class StoreUrlError extends Error {}

interface PgPool {
  query(text: string, values?: unknown[]): PromiseLike<unknown>;
  on(event: "error", listener: () => void): unknown;
  end(): Promise<void>;
}

interface Connection {
  connect(): Promise<unknown>;
  on(event: "error", listener: () => void): unknown;
}
type NodeRedis = NodeRedisClient & Connection & { destroy(): void };
type Ioredis = IoredisClient & Connection & { disconnect(): void };

const connectMs = 5_000;

/**
 * Opens the store that a URL names, `postgres:`, `postgresql:`, `redis:` or `rediss:`, by a driver that the project has installed. `schema` and
 * `prefix` in its query are the store's.
 *
 * @param isOnce for one command: nothing is made that is not there, and a connection that is lost is not opened again
 * @throws {StoreUrlError} where it is no such URL, or no driver is installed; and what the driver rejects with, where the server
 *   is not to be reached
 */
export async function storeByUrl(address: string, { isOnce }: { readonly isOnce: boolean }): Promise<OpenStore> {
  const scheme = /^([a-z]+):\/\//i.exec(address)?.[1]?.toLowerCase();
  const open =
    scheme === "postgres" || scheme === "postgresql" ? openPostgresql
    : scheme === "redis" || scheme === "rediss" ? openRedis
    : undefined;
  if (open === undefined) throw new StoreUrlError("takes postgres://… or redis://…");
  if (!URL.canParse(address)) throw new StoreUrlError("is no URL; a password in it has to be percent-encoded");
  return open(new URL(address), isOnce);
}

async function openPostgresql(url: URL, isOnce: boolean): Promise<OpenStore> {
  const schema = taken(url, "schema");
  const pg = (await driver(["pg"])) as { Pool: new (options: object) => PgPool };
  const pool = new pg.Pool({
    ...{ connectionString: url.href, max: isOnce ? 1 : 4 },
    ...(isOnce && { connectionTimeoutMillis: connectMs }),
  });
  pool.on("error", () => undefined);
  if (!isOnce) for (const statement of migrations(schema)) await pool.query(statement);
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
    const client = await connected(found.createClient({ url: url.href, socket, disableOfflineQueue: true }));
    return { store: redisStore({ client, ...more }), close: () => Promise.resolve().then(() => client.destroy()) };
  }
  const once = isOnce ? { connectTimeout: connectMs, retryStrategy: () => null } : {};
  const client = await connected(new found.Redis!(url.href, { lazyConnect: true, ...once }));
  return { store: redisStore({ client, ...more }), close: () => Promise.resolve().then(() => client.disconnect()) };
}

async function connected<Client extends Connection>(client: Client): Promise<Client> {
  // What it says of its connection is heard of by the calls that fail.
  client.on("error", () => undefined);
  await client.connect();
  return client;
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
