import { fileStore } from "../../rollout/stores/file.ts";
import { migrations, postgresqlStore } from "../../rollout/stores/postgresql.ts";
import { redisStore, type NodeRedisClient } from "../../rollout/stores/redis.ts";
import type { RolloutStore } from "../../rollout/stores/store.ts";
import { ConfigError, told, type ProxyConfig } from "./config.ts";
import type { Surroundings } from "./files.ts";

/** A store that is open. */
export interface OpenStore {
  readonly store: RolloutStore;
  close(): Promise<void>;
}

interface PgPool {
  query(text: string, values?: unknown[]): PromiseLike<unknown>;
  on(event: "error", listener: () => void): unknown;
  end(): Promise<void>;
}

interface RedisClient extends NodeRedisClient {
  connect(): Promise<unknown>;
  on(event: "error", listener: () => void): unknown;
  destroy(): void;
}

/** @throws {ConfigError} where its package is not installed, or it cannot be reached */
export async function storeOf({ store }: ProxyConfig, around: Surroundings): Promise<OpenStore | undefined> {
  if (store === undefined) return undefined;
  if ("file" in store) return { store: fileStore(around.path(store.file)), close: () => Promise.resolve() };
  const url = around.secret("store.url", store.url);
  const fail = (expected: string, hint?: string): never => {
    // The address may hold a password.
    throw new ConfigError(told(around.place, "store.url", expected, undefined, hint));
  };
  const scheme = /^(\w+):\/\//.exec(url)?.[1];
  try {
    if (scheme === "postgresql" || scheme === "postgres") return await postgresql(url);
    if (scheme === "redis" || scheme === "rediss") return await redis(url);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND")
      return fail(`the package ${scheme!.startsWith("redis") ? "redis" : "pg"} beside this one`, "install it");
    return fail("a store that answers", code ?? message);
  }
  return fail("a URL that begins with postgresql:// or redis://");
}

// Their names are hidden from bundlers: who uses neither has neither.
const packageOf = (name: string): Promise<unknown> => import(name);

async function postgresql(url: string): Promise<OpenStore> {
  const { default: pg } = (await packageOf("pg")) as { default: { Pool: new (options: object) => PgPool } };
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on("error", () => undefined);
  for (const statement of migrations()) await pool.query(statement);
  return { store: postgresqlStore({ query: (text, values) => pool.query(text, values) }), close: () => pool.end() };
}

async function redis(url: string): Promise<OpenStore> {
  const { createClient } = (await packageOf("redis")) as { createClient: (options: object) => RedisClient };
  const client = createClient({ url });
  client.on("error", () => undefined);
  await client.connect();
  return {
    store: redisStore({ client }),
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
}
