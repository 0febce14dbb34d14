// What does wrapping cost a caller? Run: npx tsx --expose-gc bench/call.bench.ts
import { experiment as tzientist, experimentAsync as tzientistAsync } from "tzientist";
import {
  createMigration,
  init,
  LDConcurrentExecution,
  LDMigrationStage,
  LDMigrationSuccess,
} from "@launchdarkly/node-server-sdk";
import { TestData } from "@launchdarkly/node-server-sdk/integrations";
import { compare } from "../src/compare/index.ts";
import { Laboratory } from "../src/index.ts";
import { minimumAsync, minimumSync } from "./minimum.ts";
import { rounds, type Contender, type Timing } from "./rounds.ts";

interface User {
  readonly id: number;
  readonly name: string;
}

const control = (id: number): User => ({ id, name: "Ada" });
const candidate = (id: number): User => ({ id, name: "Ada" });
const controlAsync = async (id: number): Promise<User> => ({ id, name: "Ada" });
const candidateAsync = async (id: number): Promise<User> => ({ id, name: "Ada" });

// The peers have no comparison of their own: they get ours, so that what differs is the rest.
const equal = (one: unknown, other: unknown): boolean => compare(one, other).kind === "match";

let matches = 0;
const publish = (results: { controlResult?: unknown; candidateResult?: unknown }): void => {
  // Whatever it comes to, it has to be counted somewhere.
  if (equal(results.controlResult, results.candidateResult)) matches = (matches + 1) % 1_000_000;
};

function sync(name: string, call: (id: number) => User): Contender {
  return {
    name,
    run(times) {
      let sum = 0;
      for (let id = 0; id < times; id++) sum += call(id).id;
      return sum;
    },
  };
}

function asynchronous(name: string, call: (id: number) => Promise<unknown>): Contender {
  return {
    name,
    async run(times) {
      for (let id = 0; id < times; id++) await call(id);
    },
  };
}

async function migration(stage: LDMigrationStage): Promise<(id: number) => Promise<unknown>> {
  const data = new TestData();
  await data.update(data.flag("move").valueForAll(stage));
  const quiet = { error() {}, warn() {}, info() {}, debug() {} };
  const client = init("sdk-key", { updateProcessor: data.getFactory(), sendEvents: false, logger: quiet });
  await client.waitForInitialization({ timeout: 5 });
  const move = createMigration<User, User, number, number>(client, {
    execution: new LDConcurrentExecution(),
    latencyTracking: true,
    errorTracking: true,
    readOld: async (id) => LDMigrationSuccess(await controlAsync(id!)),
    readNew: async (id) => LDMigrationSuccess(await candidateAsync(id!)),
    writeOld: async (id) => LDMigrationSuccess(await controlAsync(id!)),
    writeNew: async (id) => LDMigrationSuccess(await candidateAsync(id!)),
    check: equal,
  });
  const context = { kind: "user", key: "1" };
  return (id) => move.read("move", context, stage, id);
}

/** Compares two asynchronous look-ups of a tiny object, by hand and by libraries. */
export function comparedAsync(on: () => boolean): Readonly<Record<string, (id: number) => Promise<unknown>>> {
  const name = "compared";
  const sides = { control: controlAsync, candidate: candidateAsync };
  return {
    "direct call": controlAsync,
    "hand-written minimum": minimumAsync(controlAsync, candidateAsync, on),
    sidelane: new Laboratory().experiment(name, sides),
    tzientist: tzientistAsync({ name, ...sides, options: { publish, inParallel: true } }),
  };
}

/** One table of the page: what a call costs, beside its peers. */
export interface Table {
  readonly title: string;
  readonly timings: readonly Timing[];
}

/** @param only tables whose titles hold this text */
export async function measureCalls(count: number, only = ""): Promise<Table[]> {
  const tables: Table[] = [];
  for (const { title, contenders, times } of await contests()) {
    if (title.includes(only)) tables.push({ title, timings: await rounds(contenders, times, count) });
  }
  return tables;
}

async function contests(): Promise<{ title: string; contenders: Contender[]; times: number }[]> {
  const on = new Laboratory({});
  const off = new Laboratory({ enabled: false });
  const yes = (): boolean => true;
  const no = (): boolean => false;
  const disabled = { enabled: no, publish };
  const rows = 50_000;
  const few = 5_000;
  return [
    {
      title: "Switched off, synchronous",
      contenders: [
        sync("direct call", control),
        sync("hand-written minimum", minimumSync(control, candidate, no)),
        sync("sidelane", off.experiment("off", { control, candidate })),
        sync("sidelane, sampled out", on.experiment("sampled-out", { control, candidate, sample: 0 })),
        sync("tzientist", tzientist({ name: "t", control, candidate, options: disabled })),
      ],
      times: rows,
    },
    {
      title: "Compared, synchronous, tiny equal result",
      contenders: [
        sync("direct call", control),
        sync("hand-written minimum", minimumSync(control, candidate, yes)),
        sync("sidelane", on.experiment("on", { control, candidate })),
        sync("tzientist", tzientist({ name: "t", control, candidate, options: { publish } })),
      ],
      times: rows,
    },
    {
      title: "Switched off, asynchronous",
      contenders: [
        asynchronous("direct call", controlAsync),
        asynchronous("hand-written minimum", minimumAsync(controlAsync, candidateAsync, no)),
        asynchronous("sidelane", off.experiment("off-async", { control: controlAsync, candidate: candidateAsync })),
        asynchronous(
          "tzientist",
          tzientistAsync({ name: "t", control: controlAsync, candidate: candidateAsync, options: disabled }),
        ),
        asynchronous("LaunchDarkly createMigration", await migration(LDMigrationStage.Off)),
      ],
      times: few,
    },
    {
      title: "Compared, asynchronous, tiny equal result",
      contenders: [
        ...Object.entries(comparedAsync(yes)).map(([name, call]) => asynchronous(name, call)),
        asynchronous("LaunchDarkly createMigration", await migration(LDMigrationStage.Shadow)),
      ],
      times: few,
    },
  ];
}

/** The caller's wait for a control of 1 ms beside a candidate of 20 ms, and beside a publisher that never answers. */
export async function measureWaiting(count: number): Promise<Table> {
  const after = (ms: number): Promise<number> => new Promise((resolve) => setTimeout(resolve, ms, ms));
  const fast = (): Promise<number> => after(1);
  const slow = async (): Promise<number> => (await after(20), 1);
  const lab = new Laboratory({});
  const hung = new Laboratory({ publishers: [{ name: "hung", publish: () => new Promise(() => {}) }] });
  return {
    title: "Control of 1 ms beside a candidate of 20 ms, asynchronous",
    timings: await rounds(
      [
        asynchronous("direct call", fast),
        asynchronous("sidelane", lab.experiment("slow", { control: fast, candidate: slow })),
        asynchronous("sidelane, a publisher hangs", hung.experiment("slow", { control: fast, candidate: slow })),
        asynchronous(
          "tzientist",
          tzientistAsync({ name: "t", control: fast, candidate: slow, options: { publish, inParallel: true } }),
        ),
      ],
      20,
      Math.min(count, 9),
    ),
  };
}
