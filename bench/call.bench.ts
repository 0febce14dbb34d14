// What does wrapping cost a caller? Run with `npm run bench`.
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

const sides = { control: controlAsync, candidate: candidateAsync };
const yes = (): boolean => true;
const no = (): boolean => false;
const rows = 50_000;
const few = 5_000;

/** What compares two asynchronous look-ups of a tiny object, by hand and by libraries. Made when it is asked for. */
export const comparing: Readonly<Record<string, () => (id: number) => Promise<unknown>>> = {
  "direct call": () => controlAsync,
  "hand-written minimum": () => minimumAsync(controlAsync, candidateAsync, yes),
  sidelane: () => new Laboratory().experiment("compared", sides),
  "sidelane, `trackRuns: false`": () => new Laboratory({ trackRuns: false }).experiment("compared", sides),
  tzientist: () => tzientistAsync({ name: "compared", ...sides, options: { publish, inParallel: true } }),
};

function comparingBut(name: string): Contender[] {
  return Object.entries(comparing)
    .filter(([each]) => each !== name)
    .map(([each, make]) => asynchronous(each, make()));
}

export const switchedOff = {
  sync(count: number): Promise<Timing[]> {
    const off = new Laboratory({ enabled: false });
    return rounds(
      [
        sync("direct call", control),
        sync("hand-written minimum", minimumSync(control, candidate, no)),
        sync("sidelane", off.experiment("off", { control, candidate })),
        sync("sidelane, sampled out", new Laboratory().experiment("sampled-out", { control, candidate, sample: 0 })),
        sync("tzientist", tzientist({ name: "t", control, candidate, options: { enabled: no, publish } })),
      ],
      rows,
      count,
    );
  },

  async async(count: number): Promise<Timing[]> {
    const off = new Laboratory({ enabled: false });
    return rounds(
      [
        asynchronous("direct call", controlAsync),
        asynchronous("hand-written minimum", minimumAsync(controlAsync, candidateAsync, no)),
        asynchronous("sidelane", off.experiment("off", sides)),
        asynchronous("tzientist", tzientistAsync({ name: "t", ...sides, options: { enabled: no, publish } })),
        asynchronous("LaunchDarkly createMigration", await migration(LDMigrationStage.Off)),
      ],
      few,
      count,
    );
  },
};

export const compared = {
  sync(count: number): Promise<Timing[]> {
    return rounds(
      [
        sync("direct call", control),
        sync("hand-written minimum", minimumSync(control, candidate, yes)),
        sync("sidelane", new Laboratory().experiment("on", { control, candidate })),
        sync("tzientist", tzientist({ name: "t", control, candidate, options: { publish } })),
      ],
      rows,
      count,
    );
  },

  async async(count: number): Promise<Timing[]> {
    const peer = asynchronous("LaunchDarkly createMigration", await migration(LDMigrationStage.Shadow));
    return rounds([...comparingBut("sidelane, `trackRuns: false`"), peer], few, count);
  },
};

/** Where nothing in the process is tracked. */
export function comparedUntracked(count: number): Promise<Timing[]> {
  return rounds(comparingBut("sidelane"), few, count);
}

/** The caller's wait for a control of 1 ms beside a candidate of 20 ms, and beside a publisher that never answers. */
export function waiting(count: number): Promise<Timing[]> {
  const after = (ms: number): Promise<number> => new Promise((resolve) => setTimeout(resolve, ms, ms));
  const fast = (): Promise<number> => after(1);
  const slow = async (): Promise<number> => (await after(20), 1);
  const lab = new Laboratory({});
  const hung = new Laboratory({ publishers: [{ name: "hung", publish: () => new Promise(() => {}) }] });
  return rounds(
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
  );
}
