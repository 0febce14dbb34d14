// Some of a fleet's processes, on a store that others share. Told what to do by its parent, and tells what happens.
import { setInterval } from "node:timers";
import pg from "pg";
import { createClient } from "redis";
import { systemClock } from "../../src/model/clock.ts";
import { fileStore } from "../../src/rollout/stores/file.ts";
import { postgresqlStore } from "../../src/rollout/stores/postgresql.ts";
import { redisStore } from "../../src/rollout/stores/redis.ts";
import type { RolloutStore } from "../../src/rollout/stores/store.ts";
import { Fleet, type Deed, type Quality } from "./fleet.ts";
import { measured, noLoad } from "./measured-store.ts";
import { experiments, rampOf, type Pace } from "./story.ts";

/** What a child is to do. */
export interface ChildOptions {
  readonly store: "file" | "PostgreSQL" | "Redis";
  /** A folder, or a port of the loopback. */
  readonly at: string;
  readonly first: number;
  readonly processes: number;
  readonly keys: number;
  readonly callsPerMinute: number;
  readonly pace: Pace;
  readonly seed: number;
}

export type ToChild =
  | { readonly set: { readonly experiment: string; readonly quality: Quality } }
  | { readonly ask: { readonly experiment: string; readonly deed: Deed }; readonly number: number }
  | { readonly end: true };

const callEveryMs = 100;

async function main(options: ChildOptions): Promise<void> {
  const { processes, first, keys, callsPerMinute, pace, seed } = options;
  const tell = (message: object): void => void process.send!(message);
  const stores = await opened(options);
  const load = noLoad();
  const fleet = new Fleet({
    ...{ clock: systemClock, processes, first, keys, experiments, seed },
    ramp: (experiment) => rampOf(experiment, pace),
    storeOf: (index) => measured(stores[index - first]!, load),
    told: (event) => tell({ told: event }),
  });
  await fleet.loaded();
  tell({ ready: true });
  let calls = 0;
  let due = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    due += ((now - last) / 60_000) * processes * callsPerMinute;
    last = now;
    const times = Math.floor(due);
    due -= times;
    fleet.call(times);
    calls += experiments.length * times;
    tell({ serving: Object.fromEntries(experiments.map((name) => [name, fleet.serving(name)])) });
  }, callEveryMs);
  process.on("message", (message: ToChild) => {
    if ("set" in message) fleet.set(message.set.experiment, message.set.quality);
    else if ("ask" in message) {
      const { ask, number } = message;
      fleet.ask(ask.experiment, ask.deed).then(
        () => tell({ asked: number }),
        (error: unknown) => tell({ asked: number, error: String(error) }),
      );
    } else {
      clearInterval(timer);
      const { user, system } = process.cpuUsage();
      tell({ load, calls, faults: Object.fromEntries(fleet.faults), cpuMs: (user + system) / 1_000 });
    }
  });
}

async function opened({ store, at, processes }: ChildOptions): Promise<readonly RolloutStore[]> {
  const each = Array.from({ length: processes });
  if (store === "file") return each.map(() => fileStore(at));
  if (store === "Redis") {
    return Promise.all(
      each.map(async () => {
        const client = createClient({ socket: { port: Number(at), host: "127.0.0.1" } });
        client.on("error", () => undefined);
        await client.connect();
        return redisStore({ client });
      }),
    );
  }
  const settings = { host: "127.0.0.1", port: Number(at), user: "sidelane", database: "postgres" };
  // One connection a process, and one to listen for all of them here.
  const heard = new Set<(payload: string) => void>();
  const listener = new pg.Client(settings);
  listener.on("notification", ({ payload = "" }) => {
    for (const tell of heard) tell(payload);
  });
  await listener.connect();
  let listening: Promise<unknown> | undefined;
  return each.map(() => {
    const pool = new pg.Pool({ ...settings, max: 1, query_timeout: 2_000 });
    pool.on("error", () => undefined);
    return postgresqlStore({
      query: async (text, values) => pool.query(text, values),
      async listen(channel, onMessage) {
        heard.add(onMessage);
        await (listening ??= listener.query(`LISTEN "${channel}"`));
        return () => heard.delete(onMessage);
      },
    });
  });
}

await main(JSON.parse(process.argv[2]!) as ChildOptions);
