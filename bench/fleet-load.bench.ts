// What do 500 processes with 20 experiments each ask of their server, once they have agreed on which keys count?
// Run with `npm run bench:fleet-load`, with numbers of minutes and of processes, and names of servers; needs a real PostgreSQL and Redis on the
// machine.
import { fork, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { createClient } from "redis";
import { systemClock } from "../src/model/clock.ts";
import { ramp, type Ramp } from "../src/rollout/ramp/ramp.ts";
import { migrations, postgresqlStore } from "../src/rollout/stores/postgresql.ts";
import { redisStore } from "../src/rollout/stores/redis.ts";
import type { RolloutStore } from "../src/rollout/stores/store.ts";
import { gates } from "../src/stats/gates.ts";
import { usageOf } from "../scripts/simulation/usage.ts";
import { startPostgresql } from "../test/real/postgresql.ts";
import { startRedis } from "../test/real/redis.ts";
import { sample } from "../test/stats/sample.ts";

const children = 4;
const experiments = 20;
const keysPerMinute = 1_000;
const population = 1_000_000;
const feedEveryMs = 1_000;

/** What one child has done so far. */
interface Done {
  syncs: number;
  failed: number;
  keys: number;
  bytes: number;
  cpuMs: number;
}

const [as = "", kind = "", port = "", own = ""] = process.argv.slice(2);

/** Some of the clients, each with a connection of its own, in a process of theirs. */
async function child(): Promise<void> {
  const done: Done = { syncs: 0, failed: 0, keys: 0, bytes: 0, cpuMs: 0 };
  const streams: { bytesRead: number; bytesWritten: number }[] = [];
  const clients: Ramp[][] = [];
  const loaded: Promise<void>[] = [];
  for (let client = 0; client < Number(own); client++) {
    const opened = kind === "Redis" ? await onRedis() : onPostgresql(streams);
    const store: RolloutStore = {
      ...opened,
      async sync(reports) {
        done.syncs++;
        return opened.sync(reports);
      },
    };
    const ramps: Ramp[] = [];
    clients.push(ramps);
    for (let experiment = 0; experiment < experiments; experiment++) {
      const name = `experiment-${experiment}`;
      const rolling = ramp({ store, version: "v1", gates: [gates.mismatches(0.01)], minimumTimeMs: 3_600_000 });
      rolling.bind!(name, {
        ...{ clock: systemClock, calls: () => 0, onEvent: () => undefined },
        onFault: () => void done.failed++,
      });
      ramps.push(rolling);
      loaded.push(rolling.loaded);
    }
    // A fleet does not start in one moment.
    await sleep(20);
  }
  await Promise.all(loaded);
  process.send!("ready");
  // Each by itself, as in a process of its own; what a machine without time has missed is not made up for.
  for (const ramps of clients) {
    let fedTo = performance.now();
    const feed = (): void => {
      const now = performance.now();
      const times = Math.round((Math.min(now - fedTo, 2 * feedEveryMs) / 60_000) * keysPerMinute);
      fedTo = now;
      for (const rolling of ramps) {
        const { epoch } = rolling.current();
        for (let index = 0; index < times; index++) {
          const key = `customer-${Math.floor(Math.random() * population)}`;
          rolling.record!(sample({ kind: "match", key, at: Date.now(), epoch }));
        }
      }
      done.keys += times * ramps.length;
    };
    setTimeout(() => setInterval(feed, feedEveryMs), Math.random() * feedEveryMs);
  }
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    const bytes = streams.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
    process.send!({ ...done, bytes, cpuMs: (user + system) / 1_000 } satisfies Done);
  });
}

async function onRedis(): Promise<RolloutStore> {
  const client = createClient({ socket: { port: Number(port), host: "127.0.0.1" }, disableOfflineQueue: true });
  client.on("error", () => undefined);
  await client.connect();
  return redisStore({ client });
}

function onPostgresql(streams: { bytesRead: number; bytesWritten: number }[]): RolloutStore {
  const pool = new pg.Pool({
    host: "127.0.0.1",
    port: Number(port),
    user: "sidelane",
    database: "postgres",
    max: 1,
    idleTimeoutMillis: 0,
  });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => {
    const { connection } = client as unknown as { connection: { stream: (typeof streams)[number] } };
    streams.push(connection.stream);
  });
  return postgresqlStore({ query: async (text, values) => pool.query(text, values) });
}

/** One server under the load, and how to ask what it keeps and, where its clients do not count it, what it was sent. */
interface Server {
  readonly port: number;
  readonly pid: number;
  kept(): Promise<number>;
  bytes?(): Promise<number>;
  stop(): Promise<void>;
}

const servers: Readonly<Record<string, (clients: number) => Promise<Server>>> = {
  async PostgreSQL(clients) {
    const server = await startPostgresql({ connections: clients + 20 });
    for (const sql of migrations()) await server.psql(`${sql};`);
    const kept = async (): Promise<number> => Number(await server.psql("SELECT pg_database_size(current_database())"));
    return { port: server.port, pid: server.pid, kept, stop: server.stop };
  },
  async Redis() {
    const server = await startRedis();
    const client = createClient({ url: server.url });
    await client.connect();
    const said = async (what: string): Promise<number> =>
      Number(new RegExp(`^${what}:(\\d+)`, "m").exec(await client.info())?.[1]);
    return {
      ...{ port: server.port, pid: server.pid },
      kept: async () => said("used_memory"),
      bytes: async () => (await said("total_net_input_bytes")) + (await said("total_net_output_bytes")),
      async stop() {
        client.destroy();
        await server.stop();
      },
    };
  },
};

async function answers(from: readonly ChildProcess[], ask: (to: ChildProcess) => unknown): Promise<unknown[]> {
  return Promise.all(
    from.map(async (each) => {
      const answer = new Promise((resolve) => each.once("message", resolve));
      ask(each);
      return answer;
    }),
  );
}

async function load(name: string, minutes: number, clients: number): Promise<void> {
  const server = await servers[name]!(clients);
  const fleet = Array.from({ length: children }, () =>
    fork(import.meta.filename, ["child", name, String(server.port), String(clients / children)]),
  );
  const startedAt = performance.now();
  await answers(fleet, () => undefined);
  const began = `begun after ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`;
  const so = async () => {
    const done = (await answers(fleet, (each) => each.send("how?"))) as Done[];
    const sum = (of: keyof Done): number => done.reduce((all, each) => all + each[of], 0);
    const { cpuMs } = usageOf(server.pid)!;
    const bytes = server.bytes ? await server.bytes() : sum("bytes");
    return { at: performance.now(), syncs: sum("syncs"), failed: sum("failed"), keys: sum("keys"), bytes, cpuMs };
  };
  console.log(`${name}: ${clients} clients in ${children} processes, ${experiments} experiments each, ${began}`);
  // In the first minutes nobody knows yet how many keys the fleet has, and all are sent.
  for (let before = await so(), minute = 1; minute <= minutes; minute++) {
    await sleep(60_000);
    const now = await so();
    const seconds = (now.at - before.at) / 1_000;
    const each = (of: "syncs" | "keys" | "bytes" | "cpuMs"): number => (now[of] - before[of]) / seconds;
    const figures = [
      `${((60 * each("keys")) / clients / experiments).toFixed(0)} keys a minute, process and experiment`,
      `${each("syncs").toFixed(1)} exchanges a second`,
      `${(each("cpuMs") / 10).toFixed(1)} % of a core`,
      `${(each("bytes") / clients / 1_000).toFixed(2)} KB/s a process`,
      `${(each("bytes") / each("syncs") / 1_000).toFixed(1)} KB an exchange with what its judges read`,
      `${((await server.kept()) / 1e6).toFixed(0)} MB kept`,
      `${now.failed - before.failed} faults`,
    ];
    console.log(`  minute ${minute}: ${figures.join(", ")}`);
    before = now;
  }
  for (const each of fleet) each.kill("SIGKILL");
  await server.stop();
}

if (as === "child") await child();
else {
  const [minutes = "5", clients = "500", ...names] = process.argv.slice(2);
  for (const name of names.length > 0 ? names : Object.keys(servers))
    await load(name, Number(minutes), Number(clients));
  process.exit(0);
}
