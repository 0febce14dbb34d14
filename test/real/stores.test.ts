import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { createClient } from "redis";
import { createClient as createClient6 } from "redis-6";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrations, postgresqlStore } from "../../src/rollout/stores/postgresql.ts";
import { redisStore } from "../../src/rollout/stores/redis.ts";
import { testStore } from "../../src/testing/test-store.ts";
import { contendInProcesses } from "../rollout/stores/contend-in-processes.ts";
import { steersAStore } from "../cli/steers-a-store.ts";
import { poolOf, startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";
import { startRedis, withoutRedis, type RealRedis } from "./redis.ts";

const times = Number(process.env["CONTENTIONS"] ?? 100);
const child = join(import.meta.dirname, "store.child.ts");
const slowly = { describe, it: (name: string, test: () => Promise<void>) => it(name, test, 120_000) };
const slow = { timeout: 120_000 };
const skipped = (reason: string | undefined): string => (reason === undefined ? "" : ` (skipped: ${reason})`);

describe.skipIf(withoutPostgresql !== undefined)(`on a real PostgreSQL${skipped(withoutPostgresql)}`, () => {
  let server: RealPostgresql;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await startPostgresql();
    pool = poolOf(server.port, "postgres", 8);
  }, 60_000);
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  let count = 0;
  testStore(
    "postgresqlStore",
    async () => {
      const schema = `store_${count++}`;
      for (const statement of migrations(schema)) await pool.query(statement);
      const options = {
        query: async (text: string, values: unknown[]) => pool.query(text, values),
        async listen(channel: string, onMessage: (payload: string) => void, onEnd: () => void) {
          const client = new pg.Client({
            host: "127.0.0.1",
            port: server.port,
            user: "sidelane",
            database: "postgres",
          });
          client.on("notification", ({ payload = "" }) => onMessage(payload));
          client.on("error", () => undefined);
          client.on("end", onEnd);
          await client.connect();
          await client.query(`LISTEN "${channel}"`);
          return () => void client.end();
        },
        schema,
      };
      return {
        views: [postgresqlStore(options), postgresqlStore(options)],
        contend: async (asked) => contendInProcesses(child, ["postgresql", String(server.port), schema, String(asked)]),
      };
    },
    slowly,
    { times },
  );

  it("is steered by the command line, without the program", slow, async () => {
    for (const statement of migrations("steered")) await pool.query(statement);
    const query = async (text: string, values: unknown[]) => pool.query(text, values);
    const address = `postgres://sidelane@127.0.0.1:${server.port}/postgres?schema=steered`;
    await steersAStore(postgresqlStore({ query, schema: "steered" }), address);
  });

  it("has its tables made by ten processes at once", async () => {
    const [sql = ""] = migrations("at_once");
    await Promise.all(Array.from({ length: 10 }, async () => server.psql(`${sql};`)));
    expect(await server.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'at_once'")).toBe("3");
  });
});

describe.skipIf(withoutRedis !== undefined)(`on a real Redis${skipped(withoutRedis)}`, () => {
  let server: RealRedis;
  beforeAll(async () => {
    server = await startRedis();
  }, 60_000);
  afterAll(() => server.stop());

  it("is steered by the command line, without the program", slow, async () => {
    const client = createClient({ url: server.url });
    await client.connect();
    await steersAStore(redisStore({ client, prefix: "steered:" }), `${server.url}?prefix=steered:`);
    client.destroy();
  });

  let count = 0;
  const clients = {
    "node-redis 5": async () => {
      const client = createClient({ url: server.url });
      await client.connect();
      return { client, close: () => client.destroy() };
    },
    "node-redis 6": async () => {
      const client = createClient6({ url: server.url });
      await client.connect();
      return { client, close: () => client.destroy() };
    },
    ioredis: async () => {
      const client = new Redis(server.port, "127.0.0.1");
      return Promise.resolve({ client, close: () => client.disconnect() });
    },
  };
  for (const [name, connect] of Object.entries(clients)) {
    testStore(
      `redisStore with ${name}`,
      async () => {
        const prefix = `store${count++}:`;
        const [one, other] = [await connect(), await connect()];
        return {
          views: [redisStore({ client: one.client, prefix }), redisStore({ client: other.client, prefix })],
          contend: async (asked) => contendInProcesses(child, ["redis", String(server.port), prefix, String(asked)]),
          cleanUp() {
            one.close();
            other.close();
          },
        };
      },
      slowly,
      { times },
    );
  }
});
