import { once } from "node:events";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { createClient } from "redis";
import { createClient as createClient6 } from "redis-6";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { migrations, postgresqlStore } from "../../src/rollout/stores/postgresql.ts";
import { redisStore, type RedisStoreOptions } from "../../src/rollout/stores/redis.ts";
import type { Report } from "../../src/rollout/stores/store.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { initialState } from "../../src/rollout/state.ts";
import { experiment, placesIn, report, table, verdict } from "../../src/testing/store-questions.ts";
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

const random = seededRandom(7);
// What PostgreSQL cannot make shorter.
const unlikeOthers = (): string => String.fromCharCode(0x4e00 + Math.floor(random() * 20_000));

async function ready(client: Redis): Promise<Redis> {
  if (client.status === "wait") await client.connect();
  else await once(client, "ready");
  return client;
}

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

  it.each(["o'brien", 'quo"te', "Größe", "模".repeat(21), "a".repeat(63)])(
    "works and tells of changes in schema %s",
    slow,
    async (schema) => {
      const experiment = `price-${Math.random()}`;
      for (const statement of migrations(schema)) await pool.query(statement);
      const client = await pool.connect();
      const heard: string[] = [];
      let listens = false;
      const store = postgresqlStore({
        query: async (text: string, values: unknown[]) => pool.query(text, values),
        async listen(channel, onMessage) {
          client.on("notification", ({ payload = "" }) => onMessage(payload));
          await client.query(`LISTEN "${channel}"`);
          listens = true;
          return () => undefined;
        },
        schema,
      });
      const cancel = store.watch!((name) => heard.push(name));
      // What is told before it listens, nobody hears.
      await vi.waitFor(() => expect(listens).toBe(true), 10_000);
      const state = initialState([0.1], 0);
      expect(await store.compareAndSet(experiment, undefined, state)).toBe(true);
      await vi.waitFor(() => expect(heard).toContain(experiment), 10_000);
      cancel();
      client.release(true);
    },
  );

  it.each<readonly [string, Partial<Report>]>([
    ["a version that is no text", { version: "\ud800\0" }],
    ["a name that is too long", { experiment: Array.from({ length: 1_000 }, () => unlikeOthers()).join("") }],
    ["an epoch that is none", { evidenceEpoch: 1.5 }],
    ["an id that is no text", { knows: "\0" }],
  ])("refuses of an exchange what it cannot take alone: %s", slow, async (about, poisoned) => {
    const schema = `poisoned_${about.replaceAll(" ", "_")}`;
    for (const statement of migrations(schema)) await pool.query(statement);
    const store = postgresqlStore({ query: async (text, values) => pool.query(text, values), schema });
    const state = initialState([0.1], 0);
    expect(await store.compareAndSet(experiment, undefined, state)).toBe(true);
    const bad = report({ experiment: "bad", ...poisoned });
    const { now, states } = await store.sync([bad, report({})]);
    expect(now).toBeGreaterThan(0);
    expect(states[experiment]).toMatchObject({ state: { id: state.id } });
    const isTaken = poisoned.version !== undefined;
    expect(states[bad.experiment]).toEqual(isTaken ? { state: null } : { failed: expect.any(Error) });
    if (!isTaken) await expect(store.sync([bad])).rejects.toThrow();
  });

  it("keeps versions with what PostgreSQL has no text for", slow, async () => {
    for (const statement of migrations("versions")) await pool.query(statement);
    const store = postgresqlStore({ query: async (text, values) => pool.query(text, values), schema: "versions" });
    const version = "{a\\}\0\ud800";
    const state = initialState([0.1], 0, "shadow", version);
    expect(await store.compareAndSet(experiment, undefined, state)).toBe(true);
    const { states } = await store.sync([report({ version, units: [table(1, [1])] })]);
    expect(states[experiment]!.state!.candidateVersion).toBe(version);
    expect((await store.sync([report({ version })])).states[experiment]!.presentHeardAt).toBeUndefined();
    expect((await store.sync([report({ version: "v2" })])).states[experiment]!.presentHeardAt).toBeGreaterThan(0);
    const fence = (await store.claim(experiment, "judge", 60_000))!;
    for (let times = 0; times < 2; times++) {
      const { reports, units } = await store.collect(experiment, 1, fence);
      expect(units).toEqual([{ version, units: [expect.anything()] }]);
      expect(reports).toHaveLength(1);
    }
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

  it.each(["node-redis", "ioredis"])(
    "whose %s may not subscribe keeps no connection of a watch that failed",
    async (name) => {
      const admin = createClient({ url: server.url });
      await admin.connect();
      await admin.sendCommand(["ACL", "SETUSER", "reader", "on", ">x", "~*", "+@all", "-subscribe"]);
      const url = `redis://reader:x@127.0.0.1:${server.port}`;
      const client = name === "ioredis" ? new Redis(url) : await createClient({ url }).connect();
      const connections = async (): Promise<number> =>
        (await admin.sendCommand<string>(["CLIENT", "LIST"])).split("user=reader").length - 1;
      const duplicated = vi.spyOn(client, "duplicate");
      const cancel = redisStore({ client }).watch!(() => undefined);
      try {
        await vi.waitFor(() => expect(duplicated.mock.calls.length).toBeGreaterThan(2), 20_000);
        cancel();
        await vi.waitFor(async () => expect(await connections()).toBe(1), 5_000);
      } finally {
        if (client instanceof Redis) client.disconnect();
        else client.destroy();
        admin.destroy();
      }
    },
    slow.timeout,
  );

  it.each<readonly [string, (client: ReturnType<typeof createClient>, key: string) => Promise<unknown>]>([
    ["another program's text", async (client, key) => client.set(`${key}:state`, "x")],
    ["another program's list", async (client, key) => client.lPush(`${key}:reports`, "x")],
    ["a lease until no time", async (client, key) => client.hSet(`${key}:state`, { id: "a", judge: "p", until: "x" })],
  ])("refuses of an exchange what cannot be read alone: %s", async (about, poison) => {
    const client = createClient({ url: server.url });
    await client.connect();
    const prefix = `${about}:`;
    const store = redisStore({ client, prefix });
    const state = initialState([0.1], 0);
    expect(await store.compareAndSet(experiment, undefined, state)).toBe(true);
    await poison(client, `${prefix}{bad}`);
    const { now, states } = await store.sync([report({ experiment: "bad" }), report({})]);
    expect(now).toBeGreaterThan(0);
    expect(states[experiment]).toMatchObject({ state: { id: state.id } });
    expect(states["bad"]).toEqual({ failed: expect.any(Error) });
    await expect(store.sync([report({ experiment: "bad" })])).rejects.toThrow();
    client.destroy();
  });

  it.each<readonly [string, () => Promise<RedisStoreOptions["client"]>]>([
    ["ioredis without a queue", async () => ready(new Redis(server.url, { enableOfflineQueue: false }))],
    ["ioredis that subscribes once", async () => ready(new Redis(server.url, { autoResubscribe: false }))],
    ["ioredis that connects once", async () => ready(new Redis(server.url, { retryStrategy: () => null }))],
    ["ioredis when asked to", async () => ready(new Redis(server.url, { lazyConnect: true }))],
    [
      "node-redis that connects once",
      async () => createClient({ url: server.url, socket: { reconnectStrategy: false } }).connect(),
    ],
    [
      "node-redis 6 that connects once",
      async () => createClient6({ url: server.url, socket: { reconnectStrategy: false } }).connect(),
    ],
  ])("is watched, and again after that connection was lost: %s", slow, async (_, connect) => {
    const client = await connect();
    const admin = await createClient({ url: server.url }).connect();
    const prefix = `watched-${Math.random()}:`;
    const store = redisStore({ client, prefix });
    const heard: string[] = [];
    const cancel = store.watch!((name) => heard.push(name));
    const hears = async (): Promise<void> => {
      const before = heard.length;
      await vi.waitFor(
        async () => {
          await admin.publish(`${prefix}changes`, experiment);
          expect(heard.length).toBeGreaterThan(before);
        },
        { timeout: 10_000, interval: 50 },
      );
    };
    await hears();
    await admin.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
    await hears();
    cancel();
    admin.destroy();
    if (client instanceof Redis) client.disconnect();
    else (client as ReturnType<typeof createClient>).destroy();
  });

  it(
    "folds tables by writing less than half of what was sent, and keeps no more than some times their length",
    slow,
    async () => {
      const client = await createClient({ url: server.url }).connect();
      const scripts = vi.spyOn(client, "evalSha");
      const store = redisStore({ client, prefix: "folding:" });
      await store.compareAndSet(experiment, undefined, initialState([0.1], 0));
      const fence = (await store.claim(experiment, "judge", 60_000))!;
      const [rounds, processes] = [30, 80];
      const places = new Set<number>();
      let units: ReturnType<typeof placesIn> = [];
      for (let round = 0; round < rounds; round++) {
        for (let process = 0; process < processes; process++) {
          const own = Array.from(
            { length: 5 },
            (_, index) => ((round * processes + process) * 5 + index * 7919) % 65_536,
          );
          for (const place of own) places.add(place);
          await store.sync([report({ process: `p${process}`, units: [table(1, own)] })]);
        }
        const evidence = await store.collect(experiment, 1, fence);
        units = placesIn(evidence.units[0]!.units, 1);
      }
      expect(units).toEqual([...places].sort((one, other) => one - other));
      // Nobody who begins to judge reads anything else.
      const other = await redisStore({ client, prefix: "folding:" }).collect(experiment, 1, fence);
      expect(placesIn(other.units[0]!.units, 1)).toEqual(units);

      const rows = await client.lRange("folding:{price}:units", 0, -1);
      const length = (texts: readonly string[]): number => texts.join("").length;
      const sent = scripts.mock.calls.map(([, options]) => options!.arguments!.map(String));
      const ofRows = length(sent.filter((given) => given.length === 6).map((given) => given[3]!));
      // A fence, how many folds, how many rows, and one text for the only version.
      const folded = sent.filter((given) => given.length === 4 && given[3]!.startsWith("["));
      expect(folded.length).toBeGreaterThan(1);
      expect(length(folded.flatMap((given) => given.slice(3)))).toBeLessThan(ofRows / 2);
      expect(length(rows)).toBeLessThan(6 * length([table(1, units).seen]));
      client.destroy();
    },
  );

  it("keeps nothing of versions that nobody has run for a day", slow, async () => {
    const client = await createClient({ url: server.url }).connect();
    const store = redisStore({ client, prefix: "versions:" });
    await store.compareAndSet(experiment, undefined, initialState([0.1], 0));
    const fence = (await store.claim(experiment, "judge", 60_000))!;
    await store.sync([report({ process: "a", version: "now" }), report({ process: "b", version: "lately" })]);
    const hoursAgo = (hours: number): string => String(Date.now() - hours * 3_600_000);
    await client.hSet("versions:{price}:heard", { lately: hoursAgo(23), before: hoursAgo(25) });
    await store.conclude(experiment, fence, verdict(1), { processes: ["b"], kept: {} });
    expect((await client.hKeys("versions:{price}:heard")).sort()).toEqual(["lately", "now"]);
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
