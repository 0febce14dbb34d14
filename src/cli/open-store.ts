import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { NodeRedisClient, IoredisClient } from "../rollout/stores/redis.ts";
import type { RolloutStore } from "../rollout/stores/store.ts";
import { UsageError } from "./arguments.ts";

/** A store that a command uses once. */
export interface OpenStore {
  readonly store: RolloutStore;
  close(): Promise<void>;
}

const connectMs = 5_000;

/**
 * Opens the store that an address names: `file:` and a folder, `postgres:` or `redis:`. Drivers are the project's own.
 *
 * @throws {UsageError} where the address is none of these, the folder is not there, or the driver is not installed; and whatever the
 *   driver rejects with where the server is not to be reached
 */
export async function openStore(address: string): Promise<OpenStore> {
  const [, scheme = ""] = /^([a-z]+):/i.exec(address) ?? [];
  switch (scheme.toLowerCase()) {
    case "file":
      return openFolder(folderOf(address));
    case "postgres":
    case "postgresql":
      return openPostgresql(urlOf(address));
    case "redis":
    case "rediss":
      return openRedis(urlOf(address));
    default:
      throw new UsageError(
        "sidelane rollout: --store takes file:<folder>, postgres://… or redis://…, as file:./rollouts, postgres://user@host/database",
      );
  }
}

function folderOf(address: string): string {
  try {
    return /^file:\/\//i.test(address) ? fileURLToPath(address) : address.slice("file:".length);
  } catch {
    throw new UsageError("sidelane rollout: --store takes file:<folder> or file:///<folder>");
  }
}

function urlOf(address: string): URL {
  try {
    return new URL(address);
  } catch {
    // Without the address, which may hold a password.
    throw new UsageError("sidelane rollout: --store is no URL; a password in it has to be percent-encoded");
  }
}

async function openFolder(folder: string): Promise<OpenStore> {
  if (!existsSync(folder)) throw new UsageError(`sidelane rollout: there is no folder ${folder}`);
  const { fileStore } = await import("../rollout/stores/file.ts");
  return { store: fileStore(folder), close: () => Promise.resolve() };
}

interface PgClient {
  connect(): Promise<unknown>;
  query(text: string, values: unknown[]): Promise<unknown>;
  end(): Promise<unknown>;
  on(event: "error", listener: () => void): unknown;
}

async function openPostgresql(url: URL): Promise<OpenStore> {
  const schema = taken(url, "schema");
  const pg = (await driver(["pg"])) as { Client: new (options: object) => PgClient };
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: connectMs });
  client.on("error", () => undefined);
  await client.connect();
  const { postgresqlStore } = await import("../rollout/stores/postgresql.ts");
  const query = (text: string, values: unknown[]): Promise<unknown> => client.query(text, values);
  return {
    store: postgresqlStore({ query, ...(schema !== undefined && { schema }) }),
    async close() {
      await client.end();
    },
  };
}

interface NodeRedis {
  createClient(options: object): NodeRedisClient & {
    connect(): Promise<unknown>;
    on(event: "error", listener: () => void): unknown;
    destroy(): void;
  };
}
type Ioredis = new (
  url: string,
  options: object,
) => IoredisClient & {
  connect(): Promise<void>;
  on(event: "error", listener: () => void): unknown;
  disconnect(): void;
};

async function openRedis(url: URL): Promise<OpenStore> {
  const prefix = taken(url, "prefix");
  const more = prefix === undefined ? {} : { prefix };
  const found = (await driver(["redis", "ioredis"])) as Partial<NodeRedis> & { readonly Redis?: Ioredis };
  const { redisStore } = await import("../rollout/stores/redis.ts");
  if (found.createClient !== undefined) {
    const socket = { reconnectStrategy: false, connectTimeout: connectMs };
    const client = found.createClient({ url: url.href, socket });
    client.on("error", () => undefined);
    await client.connect();
    return { store: redisStore({ client, ...more }), close: () => Promise.resolve().then(() => client.destroy()) };
  }
  const client = new found.Redis!(url.href, {
    lazyConnect: true,
    connectTimeout: connectMs,
    retryStrategy: () => null,
  });
  client.on("error", () => undefined);
  await client.connect();
  return { store: redisStore({ client, ...more }), close: () => Promise.resolve().then(() => client.disconnect()) };
}

/** A setting of ours, which is not for the driver to see. */
function taken(url: URL, name: string): string | undefined {
  const value = url.searchParams.get(name) ?? undefined;
  url.searchParams.delete(name);
  return value;
}

/** The first of these packages that the project has, or that stands beside this one. */
async function driver(names: readonly string[]): Promise<unknown> {
  for (const from of [join(process.cwd(), "package.json"), process.argv[1] ?? process.cwd()]) {
    for (const name of names) {
      let path: string;
      try {
        path = createRequire(from).resolve(name);
      } catch {
        continue;
      }
      const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: object };
      return { ...loaded.default, ...loaded };
    }
  }
  throw new UsageError(
    `sidelane rollout: this store needs the package ${names.join(" or ")}, which is not installed here; run npm install ${names[0]}`,
  );
}
