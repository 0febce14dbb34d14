// Some ways to answer a request, each in a process of its own, beside the first of them: saturated, and under an even load.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { openLoop, saturate } from "./proxy-load.ts";

/** Opens a port. @param targets the ports of the services, by their names */
export type Role = (targets: Readonly<Record<string, string>>) => Promise<number>;

export interface Ways {
  /** What is asked behind each way; all are there before the first way begins. */
  readonly services: Readonly<Record<string, Role>>;
  /** The first is what the others stand beside. */
  readonly ways: Readonly<Record<string, Role>>;
}

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
}

/** 2.8 KB of JSON. */
export const body: string = JSON.stringify({
  rows: Array.from({ length: 40 }, (_, id) => ({ id, name: `row ${id}`, price: id * 1.5 })),
});

export async function listening(listener: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Answers at once. */
export const answering: Role = () =>
  listening((_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
  });

/** Never answers. */
export const hanging: Role = () => listening(() => undefined);

/** Begins to answer, and goes on for ever. */
export const endless: Role = () =>
  listening((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write('{"and so on":'), 20);
    response.on("close", () => clearInterval(timer));
  });

async function start(role: string, targets: Readonly<Record<string, string>>): Promise<Started> {
  const child = fork(process.argv[1]!, [role, JSON.stringify(targets)], { execArgv: process.execArgv });
  const [port] = (await once(child, "message")) as [number];
  return { child, port, url: `http://127.0.0.1:${port}` };
}

/** Processor time of a process so far, in microseconds. */
async function cpuOf({ child }: Started): Promise<number> {
  child.send("cpu");
  const [spent] = (await once(child, "message")) as [number];
  return spent;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const at = (rising: readonly number[], share: number): number => rising[Math.floor(rising.length * share)]!;

/** Measures, or is one of the processes that are measured. @param wanted a part of the names of the ways that are wanted, beside the first */
export async function measureWays({ services, ways }: Ways): Promise<void> {
  const [asked = "", targets = "{}"] = process.argv.slice(2);
  const role = services[asked] ?? ways[asked];
  if (process.send === undefined || role === undefined) return measure({ services, ways }, asked);
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send!(user + system);
  });
  process.send(await role(JSON.parse(targets) as Record<string, string>));
}

async function measure({ services, ways }: Ways, wanted: string): Promise<void> {
  const turns = Number(process.env["TURNS"] ?? 7);
  const behind = await Promise.all(Object.keys(services).map(async (name) => [name, await start(name, {})] as const));
  const targets = Object.fromEntries(behind.map(([name, { url }]) => [name, url]));
  const [first] = Object.keys(ways);
  const names = Object.keys(ways).filter((name) => name === first || name.includes(wanted));
  const rows = await Promise.all(
    names.map(async (name) => ({
      ...{ name, started: await start(name, targets) },
      ...{ perSecond: [] as number[], cpu: [] as number[], p50: [] as number[], p99: [] as number[] },
    })),
  );
  for (let turn = -1; turn < turns; turn++) {
    for (const { started, perSecond, cpu, p50, p99 } of turn % 2 === 0 ? rows : rows.toReversed()) {
      const before = await cpuOf(started);
      const full = await saturate(started.port, 50, turn < 0 ? 3_000 : 2_000);
      const spent = (await cpuOf(started)) - before;
      const { latencies } = await openLoop(started.port, 300, 900);
      // The first turn warms up.
      if (turn < 0) continue;
      perSecond.push(full.perSecond);
      cpu.push(spent / full.latencies.length);
      p50.push(at(latencies, 0.5));
      p99.push(at(latencies, 0.99));
    }
  }
  // Turn by turn: a machine that slows down slows all of them.
  const beside = (of: readonly number[], ofFirst: readonly number[]): string =>
    `${median(of.map((value, turn) => value / ofFirst[turn]!)).toFixed(2)}×`;
  const heads = ["", "a second, saturated", "", "processor time each", "", "at 300/s: p50", "", "p99", ""];
  console.log(`| ${heads.join(" | ")} |\n| --- ${"| --: ".repeat(heads.length - 1)}|`);
  const [base] = rows as [(typeof rows)[number]];
  for (const { name, perSecond, cpu, p50, p99 } of rows) {
    const cells = [
      ...[Math.round(median(perSecond)), beside(perSecond, base.perSecond)],
      ...[`${Math.round(median(cpu))} µs`, beside(cpu, base.cpu)],
      ...[`${median(p50).toFixed(2)} ms`, beside(p50, base.p50)],
      ...[`${median(p99).toFixed(2)} ms`, beside(p99, base.p99)],
    ];
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  for (const { child } of [...behind.map(([, each]) => each), ...rows.map(({ started }) => started)]) child.kill();
}
