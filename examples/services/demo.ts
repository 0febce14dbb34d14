/**
 * A shop moves from Express to Fastify, behind `sidelane proxy`: a fault of each kind is planted in the new service, and found; then it is mended, a
 * ramp moves callers over, prices break again, and the ramp takes callers back.
 *
 *     npm run demo               results into results/services
 *     npm run demo -- folder     into `folder`
 *
 * Exits with 1 where a planted fault was not found, something else was, or the ramp did not roll back.
 */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { faults, traffic } from "./faults.ts";
import { findingsOf } from "./findings.ts";

const folder = resolve(process.argv[2] ?? "results/services");
const files = {
  config: join(folder, "sidelane.json"),
  results: join(folder, "results.ndjson"),
  report: join(folder, "report.html"),
};
const command = [join(import.meta.dirname, "../../src/cli/main.ts")];
const started = performance.now();
mkdirSync(folder, { recursive: true });
for (const file of Object.values(files)) rmSync(file, { force: true });

const children: ChildProcess[] = [];
process.once("exit", () => {
  for (const child of children) child.kill();
});

const [oldShop, newShop] = await Promise.all([service("old-shop.ts"), service("new-shop.ts")]);
say(`old: Express on ${oldShop.url}   new: Fastify on ${newShop.url}   both over SQLite`);

const shared = {
  ...{ control: oldShop.url, candidate: newShop.url, key: { header: "x-customer" }, noise: false, silence: false },
  routes: [...new Set(faults.map(({ route }) => route)), "GET /health"],
  // What is known to differ: the time of day.
  compare: { ignore: ["$.body.at"] },
  limits: { timeoutMs: 1_000 },
  publishers: [{ type: "ndjson", path: "results.ndjson", values: "shown", perMinute: 1_000 }],
  ...{ listen: { port: 0 }, admin: { port: 0 } },
};
writeFileSync(files.config, JSON.stringify({ ...shared, name: "shop" }, null, 2));
const proxy = spawn(process.execPath, [...process.execArgv, ...command, "proxy", "--config", files.config], {
  stdio: ["ignore", "pipe", "pipe"],
});
children.push(proxy);
let [listening, said] = ["", ""];
proxy.stdout.setEncoding("utf8").on("data", (text: string) => (listening += text));
proxy.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
await until(() => listening.includes("\n") && said.includes("status on "), "the proxy");
const url = listening.trim().replace("listening on ", "");
const admin = /status on (\S+)/.exec(said)![1]!;
say(`proxy: ${listening.trim()}`);

// 1. Everything is compared, and nobody notices.
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const total = 1_200;
const wrong = await ask(total, (n) =>
  n % 200 === 7 ? "/recommendations" : traffic[n % traffic.length]!(Math.floor(n / traffic.length)),
);
await sleep(1_200);
say(`${total} requests through the proxy, ${wrong} of them not as the old shop answers`);

// 2. The new shop is mended, and a ramp moves callers over.
newShop.child.send("mended");
const ramp = {
  ...{
    steps: [0.2, 0.5],
    onReady: "advance",
    minimumTimeMs: 300,
    minimumUnits: 100,
    minimumKeys: 20,
    minimumServed: 102,
  },
  ...{ unitWindowMs: 0, checkEveryMs: 100, gates: { mismatches: 0.05, errors: 0.05, slower: false } },
};
writeFileSync(files.config, JSON.stringify({ ...shared, name: "shop-mended", ramp }, null, 2));
proxy.kill("SIGHUP");
await until(() => said.includes("was read anew"), "the new configuration");
const stages: string[] = [];
await rampUntil(({ stage }) => stage === "ramp" || stage === "live", 12_000);
newShop.child.send("broken");
say("prices of the new shop break");
await rampUntil(({ mode }) => mode === "rolled-back", 12_000);
agent.destroy();

const exited = once(proxy, "exit");
proxy.kill("SIGTERM");
await exited;

// 3. What was found, and which fault it is.
const { found, missing, invented } = findingsOf(readFileSync(files.results, "utf8"));
console.log("\nWhat was found, and which planted fault it is:\n");
for (const { fault, times, example } of found)
  console.log(`  ${fault.name}\n    ${fault.route}  ${example}  ${times} times`);
for (const { name } of missing) console.log(`  NOT FOUND: ${name}`);
for (const each of invented) console.log(`  NOT PLANTED: ${each}`);
const isBack =
  stages.some((each) => each.startsWith("ramp") || each.startsWith("live")) && stages.at(-1)!.endsWith("rolled-back");
console.log(`\nThe ramp: ${stages.join(" → ")}`);
const reporting = spawn(
  process.execPath,
  [...process.execArgv, ...command, "report", files.results, "--html", files.report],
  {
    stdio: ["ignore", "ignore", "inherit"],
  },
);
await once(reporting, "exit");

const isRight = missing.length === 0 && invented.length === 0 && wrong === 0 && isBack;
console.log(
  `\n${found.length} of ${faults.length} planted faults found, ${invented.length} invented; the ramp ${isBack ? "rolled itself back" : "did NOT roll back"}; ${((performance.now() - started) / 1_000).toFixed(1)} s`,
);
process.exit(isRight ? 0 : 1);

async function service(file: string): Promise<{ url: string; child: ChildProcess }> {
  const child = fork(join(import.meta.dirname, file), [], { execArgv: process.execArgv });
  children.push(child);
  const [port] = (await once(child, "message")) as [number];
  return { url: `http://127.0.0.1:${port}`, child };
}

/** @returns how many answers were not the old shop's */
async function ask(count: number, pathOf: (n: number) => string): Promise<number> {
  let [next, notOld] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      const { status, poweredBy } = await answer(pathOf(n), n);
      if (poweredBy !== "Express" || status >= 500) notOld += 1;
      if (n % 300 === 0 && n > 0) say(`${n} of ${count} requests`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return notOld;
}

function answer(path: string, n: number): Promise<{ status: number; poweredBy: unknown }> {
  return new Promise((done, failed) => {
    get(`${url}${path}`, { agent, headers: { "x-customer": `customer-${n % 400}` } }, (response) => {
      const { statusCode: status = 0, headers } = response;
      response.resume().on("end", () => {
        done({ status, poweredBy: headers["x-powered-by"] });
      });
    }).on("error", failed);
  });
}

interface Stage {
  readonly stage: string;
  readonly share: number;
  readonly mode: string;
}

/** Asks on, and tells each step of the ramp, until it is where it should be or the time is up. */
async function rampUntil(isThere: (stage: Stage) => boolean, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  for (let n = 0; performance.now() < end; n += 40) {
    await Promise.all(Array.from({ length: 40 }, (_, at) => answer(`/products/${1 + ((n + at) % 240)}`, n + at)));
    const status = (await (await fetch(`${admin}/status`)).json()) as { rollout?: { state: Stage } };
    const state = status.rollout?.state;
    if (state === undefined) continue;
    const shown = `${state.stage}${state.stage === "ramp" ? ` ${Math.round(state.share * 100)} %` : ""}${state.mode === "running" ? "" : `, ${state.mode}`}`;
    if (stages.at(-1) !== shown) {
      stages.push(shown);
      say(`the ramp is at ${shown}`);
    }
    if (isThere(state)) return;
  }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    await sleep(20);
    if (performance.now() > end) throw new Error(`${what} is not there: ${said}`);
  }
}

function say(line: string): void {
  console.log(`${((performance.now() - started) / 1_000).toFixed(1).padStart(5)} s  ${line}`);
}
