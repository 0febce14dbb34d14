// Which parts should a proxy stand on, and what does comparing cost its callers?
// Run with `npm run bench:proxy`, or with the rows that are wanted: `npm run bench:proxy -- forwards`.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, request as httpRequest, Agent, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import { checkConfig } from "../src/proxy/config/config.ts";
import { Surroundings } from "../src/proxy/config/files.ts";
import { startProxy } from "../src/proxy/start-proxy.ts";
import { openLoop, saturate } from "./proxy-load.ts";

const body = JSON.stringify({
  rows: Array.from({ length: 40 }, (_, id) => ({ id, name: `row ${id}`, price: id * 1.5 })),
});

async function listening(listener: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** What a process of the bench does. Each opens a port, and is told where the service is. */
const roles: Readonly<Record<string, (service: string) => Promise<number>>> = {
  service: () =>
    listening((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
    }),
  "forwards by node:http": (service) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 256, noDelay: true });
    const { hostname, port } = new URL(service);
    return listening((request, response) => {
      const { method, url, rawHeaders } = request;
      const asked = httpRequest({
        agent,
        hostname,
        port,
        method,
        path: url!,
        headers: rawHeaders as never,
        setHost: false,
      });
      asked.on("response", (answer) => {
        response.sendDate = false;
        response.writeHead(answer.statusCode!, answer.statusMessage, ownHeaders(answer.rawHeaders));
        answer.on("data", (chunk) => {
          if (!response.write(chunk)) {
            answer.pause();
            response.once("drain", () => answer.resume());
          }
        });
        answer.on("end", () => response.end());
      });
      asked.on("error", () => response.destroy());
      if (method === "GET") asked.end();
      else request.pipe(asked);
    });
  },
  "forwards by undici": (service) => {
    const pool = new Pool(service, { connections: 256, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    return listening((request, response) => {
      const { method, url, rawHeaders } = request;
      pool.dispatch(
        { method: method as "GET", path: url!, headers: rawHeaders, body: method === "GET" ? null : request },
        {
          onRequestStart: () => undefined,
          onResponseStart: (controller, status, _headers, reason) => {
            const names: string[] = [];
            for (const each of controller.rawHeaders as Buffer[]) names.push(each.toString("latin1"));
            response.sendDate = false;
            response.writeHead(status, reason, ownHeaders(names));
            response.on("drain", () => controller.resume());
          },
          onResponseData: (controller, chunk) => {
            if (!response.write(chunk)) controller.pause();
          },
          onResponseEnd: () => void response.end(),
          onResponseError: () => void response.destroy(),
        },
      );
    });
  },
  "sidelane proxy, comparison off": proxying({ rollout: "off" }),
  "sidelane proxy, everything compared": proxying({}),
};

/** `sidelane proxy`, with the service on both sides. */
function proxying(more: object): (service: string) => Promise<number> {
  return async (service) => {
    const config = {
      ...{ control: service, candidate: service, listen: { port: 0 }, publishers: [], silence: false },
      ...more,
    };
    const { url } = await startProxy(
      checkConfig(config, "bench"),
      new Surroundings("bench", process.cwd()),
      console.error,
    );
    return Number(new URL(url).port);
  };
}

/** Without those of one connection. */
function ownHeaders(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (!/^(?:connection|keep-alive)$/i.test(raw[at]!)) kept.push(raw[at]!, raw[at + 1]!);
  }
  return kept;
}

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(role: string, service: string): Promise<Started> {
  const child = fork(new URL(import.meta.url), [role, service], { execArgv: process.execArgv });
  const [port] = (await once(child, "message")) as [number];
  return { child, port };
}

/** Processor time of a process so far, in microseconds. */
async function cpuOf({ child }: Started): Promise<number> {
  child.send("cpu");
  const [spent] = (await once(child, "message")) as [number];
  return spent;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const at = (rising: readonly number[], share: number): number => rising[Math.floor(rising.length * share)]!;

async function measure(turns: number, wanted: string): Promise<void> {
  const service = await start("service", "");
  const url = `http://127.0.0.1:${service.port}`;
  const names = Object.keys(roles).filter((name) => name !== "service" && name.includes(wanted));
  const rows = await Promise.all(
    names.map(async (name) => ({
      ...{ name, started: await start(name, url) },
      ...{ perSecond: [] as number[], cpu: [] as number[], p50: [] as number[], p99: [] as number[] },
    })),
  );
  for (let turn = -1; turn < turns; turn++) {
    for (const { started, perSecond, cpu, p50, p99 } of turn % 2 === 0 ? rows : rows.toReversed()) {
      const before = await cpuOf(started);
      const full = await saturate(started.port, 50, turn < 0 ? 3_000 : 2_000);
      const spent = (await cpuOf(started)) - before;
      const { latencies } = await openLoop(started.port, 300, 600);
      // The first turn warms up.
      if (turn < 0) continue;
      perSecond.push(full.perSecond);
      cpu.push(spent / full.latencies.length);
      p50.push(at(latencies, 0.5));
      p99.push(at(latencies, 0.99));
    }
  }
  console.log(
    "| | requests a second, saturated | processor time a request | at 300/s: p50 | p99 |\n| --- | --: | --: | --: | --: |",
  );
  for (const { name, perSecond, cpu, p50, p99 } of rows) {
    const cells = [
      Math.round(median(perSecond)),
      `${Math.round(median(cpu))} µs`,
      `${median(p50).toFixed(2)} ms`,
      `${median(p99).toFixed(2)} ms`,
    ];
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  for (const { child } of [service, ...rows.map(({ started }) => started)]) child.kill();
}

const [role = "", service = ""] = process.argv.slice(2);
if (process.send !== undefined && roles[role] !== undefined) {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send!(user + system);
  });
  process.send(await roles[role](service));
} else await measure(Number(process.env["TURNS"] ?? 7), role);
