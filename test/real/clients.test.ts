import { setTimeout as sleep } from "node:timers/promises";
import { PGlite } from "@electric-sql/pglite";
import { Redis } from "ioredis";
import postgres from "postgres";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialState } from "../../src/rollout/state.ts";
import { migrations, postgresqlStore } from "../../src/rollout/stores/postgresql.ts";
import { redisStore, type RedisStoreOptions } from "../../src/rollout/stores/redis.ts";
import { testStore } from "../../src/testing/test-store.ts";
import { stored } from "../rollout/stored.ts";
import { startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";
import { startRedis, withoutRedis, type RealRedis } from "./redis.ts";

const slowly = { describe, it: (name: string, test: () => Promise<void>) => it(name, test, 120_000) };
const skipped = (reason: string | undefined): string => (reason === undefined ? "" : ` (skipped: ${reason})`);

let schemas = 0;
let database: PGlite;
testStore(
  "postgresqlStore with pglite",
  async () => {
    database ??= await PGlite.create();
    const schema = `store_${schemas++}`;
    for (const statement of migrations(schema)) await database.query(statement);
    const options = {
      query: async (text: string, values: unknown[]) => database.query(text, values),
      listen: async (channel: string, onMessage: (payload: string) => void) => database.listen(channel, onMessage),
      schema,
    };
    return { views: [postgresqlStore(options), postgresqlStore(options)] };
  },
  slowly,
  { times: 20 },
);

describe.skipIf(withoutPostgresql !== undefined)(`with postgres.js${skipped(withoutPostgresql)}`, () => {
  let server: RealPostgresql;
  let sql: postgres.Sql;
  beforeAll(async () => {
    server = await startPostgresql();
    sql = postgres({
      host: "127.0.0.1",
      port: server.port,
      user: "sidelane",
      database: "postgres",
      onnotice: () => {},
    });
  }, 60_000);
  afterAll(async () => {
    await sql.end();
    await server.stop();
  });
  testStore(
    "postgresqlStore with postgres.js",
    async () => {
      const schema = `store_${schemas++}`;
      for (const statement of migrations(schema)) await sql.unsafe(statement);
      const options = {
        query: async (text: string, values: unknown[]) => sql.unsafe(text, values as never[]),
        async listen(channel: string, onMessage: (payload: string) => void) {
          const { unlisten } = await sql.listen(channel, onMessage);
          return () => void unlisten();
        },
        schema,
      };
      return { views: [postgresqlStore(options), postgresqlStore(options)] };
    },
    slowly,
    { times: 20 },
  );
});

describe.skipIf(withoutPostgresql !== undefined)(`a server that only reads${skipped(withoutPostgresql)}`, () => {
  it("is refused by every exchange, so that its old state is taken for none", { timeout: 60_000 }, async () => {
    const server = await startPostgresql();
    const to = { host: "127.0.0.1", port: server.port, user: "sidelane", database: "postgres", onnotice: () => {} };
    const writing = postgres(to);
    for (const statement of migrations()) await writing.unsafe(statement);
    const primary = postgresqlStore({ query: async (text, given) => writing.unsafe(text, given as never[]) });
    const first = initialState([0.5], 0);
    expect(await primary.compareAndSet("price", undefined, first)).toBe(true);
    const reading = postgres({ ...to, connection: { default_transaction_read_only: true } });
    const replica = postgresqlStore({ query: async (text, given) => reading.unsafe(text, given as never[]) });
    await expect(stored(replica)).rejects.toThrow(/read-only transaction/);
    const next = { ...first, id: "next", parent: first.id, epoch: 2 };
    await expect(replica.compareAndSet("price", first.id, next)).rejects.toThrow(/read-only transaction/);
    await expect(replica.claim("price", "p", 15_000)).rejects.toThrow(/read-only transaction/);
    expect((await stored(primary))!.id).toBe(first.id);
    await Promise.all([writing.end(), reading.end()]);
    await server.stop();
  });
});

describe.skipIf(withoutRedis !== undefined)(`redisStore with replicas${skipped(withoutRedis)}`, () => {
  let primary: RealRedis;
  let replica: RealRedis;
  const closes: (() => void)[] = [];
  const clients: Readonly<Record<string, () => Promise<RedisStoreOptions["client"]>>> = {
    async "node-redis"() {
      const client = createClient({ url: primary.url });
      await client.connect();
      closes.push(() => client.destroy());
      return client;
    },
    async ioredis() {
      const client = new Redis(primary.port, "127.0.0.1");
      closes.push(() => client.disconnect());
      return Promise.resolve(client);
    },
  };
  beforeAll(async () => {
    primary = await startRedis(["--repl-diskless-sync-delay", "0"]);
    replica = await startRedis(["--replicaof", "127.0.0.1", String(primary.port)]);
  }, 60_000);
  afterAll(async () => {
    for (const close of closes) close();
    await replica.stop();
    await primary.stop();
  });

  it.each(Object.keys(clients))(
    "waits until a replica has a state, and tells where none has, which it keeps: %s",
    async (name) => {
      const client = await clients[name]!();
      const told: string[] = [];
      const store = redisStore({
        client,
        prefix: `${name}:`,
        replicas: 1,
        onShortfall: ({ message }) => told.push(message),
      });
      const reader = createClient({ url: replica.url });
      await reader.connect();
      let isLinked = false;
      while (!isLinked) {
        isLinked = (await reader.info("replication")).includes("master_link_status:up");
        await sleep(20);
      }
      const first = initialState([0.5], 0);
      expect(await store.compareAndSet("price", undefined, first)).toBe(true);
      expect(told).toEqual([]);
      expect(await reader.hGet(`${name}:{price}:state`, "id")).toBe(first.id);
      reader.destroy();

      await replica.kill();
      const next = { ...first, id: "next", parent: first.id, epoch: 2 };
      expect(await store.compareAndSet("price", first.id, next)).toBe(true);
      expect(told).toEqual(["Of 1 replicas 0 had the new state of price within 1000 ms"]);
      expect((await stored(store))!.id).toBe("next");
      await replica.start();
    },
  );

  it("refuses a replica that was asked, whose old state would be taken for one that lost writes", async () => {
    const client = createClient({ url: replica.url });
    await client.connect();
    closes.push(() => client.destroy());
    await expect(stored(redisStore({ client }))).rejects.toThrow(/READONLY/);
    await expect(redisStore({ client }).compareAndSet("price", undefined, initialState([0.5], 0))).rejects.toThrow(
      /READONLY/,
    );
  });
});
