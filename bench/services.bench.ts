// What does a service answer later, or less often, behind a parallel handler than behind one that only forwards by the same `fetch`?
// Run with `npm run bench:services`.
import { createServer, get, Agent, type RequestListener } from "node:http";
import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Laboratory } from "../src/index.ts";
import { parallelHandler, toNodeListener, type HandlerOptions } from "../src/http/index.ts";

const body = JSON.stringify({
  rows: Array.from({ length: 40 }, (_, id) => ({ id, name: `row ${id}`, price: id * 1.5 })),
});

/** Two services in a process of their own: one that answers with 2 KB of JSON, and one that never does. */
async function services(): Promise<void> {
  const open = async (listener: RequestListener): Promise<number> => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  const answers = await open((_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
  });
  process.send!([answers, await open(() => undefined)]);
}

interface Way {
  readonly name: string;
  readonly listener: RequestListener;
}

function ways(answers: string, hangs: string): readonly Way[] {
  const parallel = (name: string, candidate: string, options: Partial<HandlerOptions> = {}): Way => {
    const laboratory = new Laboratory();
    const handler = parallelHandler({
      ...{ name, laboratory, control: answers, candidate, silence: false },
      ...options,
    });
    return { name, listener: toNodeListener(handler) };
  };
  const forward = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const each of ["host", "connection"]) headers.delete(each);
    const {
      body: passed,
      status,
      headers: answered,
    } = await fetch(`${answers}${pathname}${search}`, {
      ...{ method: request.method, headers, body: request.body, redirect: "manual", signal: request.signal },
    });
    return new Response(passed, { status, headers: answered });
  };
  return [
    { name: "forwards alone", listener: toNodeListener(forward) },
    parallel("comparison off", answers, { sample: 0 }),
    parallel("shadow, everything compared", answers),
    parallel("a dead candidate", "http://127.0.0.1:1"),
    parallel("a hung candidate", hangs, { limits: { timeoutMs: 300 } }),
  ];
}

const perTurn = 600;
const everyMs = 1000 / 300;

/** An open loop of 300 requests a second: they go out whether answers come or not. */
async function latencies(port: number, agent: Agent): Promise<number[]> {
  const taken: number[] = [];
  let sent = 0;
  const startedAt = performance.now();
  return await new Promise((resolve) => {
    const timer = setInterval(() => {
      while (sent < perTurn && sent * everyMs <= performance.now() - startedAt) {
        sent += 1;
        const sentAt = performance.now();
        get({ agent, port, host: "127.0.0.1" }, (response) => {
          response.resume().on("end", () => {
            if (taken.push(performance.now() - sentAt) === perTurn) resolve(taken.sort((a, b) => a - b));
          });
        });
      }
      if (sent === perTurn) clearInterval(timer);
    }, 1);
  });
}

/** Requests a second, 16 at once. */
async function throughput(port: number, agent: Agent): Promise<number> {
  let done = 0;
  const until = performance.now() + 2_000;
  const work = async (): Promise<void> => {
    while (performance.now() < until) {
      await new Promise<void>((resolve) => {
        get({ agent, port, host: "127.0.0.1" }, (response) => response.resume().on("end", resolve));
      });
      done += 1;
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 16 }, work));
  return done / ((performance.now() - startedAt) / 1_000);
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function measure(turns: number): Promise<void> {
  const child = fork(new URL(import.meta.url), ["services"], { execArgv: process.execArgv });
  const [[answers, hangs]] = (await once(child, "message")) as [[number, number]];
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const all = await Promise.all(
    ways(`http://127.0.0.1:${answers}`, `http://127.0.0.1:${hangs}`).map(async ({ name, listener }) => {
      const server = createServer(listener);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      return { name, port, p50: [] as number[], p99: [] as number[], perSecond: [] as number[] };
    }),
  );
  for (let turn = -1; turn < turns; turn++) {
    for (const way of turn % 2 === 0 ? all : all.toReversed()) {
      const taken = await latencies(way.port, agent);
      const perSecond = await throughput(way.port, agent);
      if (turn < 0) continue;
      way.p50.push(taken[Math.floor(perTurn * 0.5)]!);
      way.p99.push(taken[Math.floor(perTurn * 0.99)]!);
      way.perSecond.push(perSecond);
    }
  }
  const [bare] = all;
  for (const { name, p50, p99, perSecond } of all) {
    const beside = (of: readonly number[], ofBare: readonly number[]): string =>
      (median(of) / median(ofBare)).toFixed(2);
    console.log(
      `${name.padEnd(28)} p50 ${median(p50).toFixed(2)} ms (${beside(p50, bare!.p50)}×)  p99 ${median(p99).toFixed(2)} ms (${beside(p99, bare!.p99)}×)  ${Math.round(median(perSecond))}/s (${beside(perSecond, bare!.perSecond)}×)`,
    );
  }
  child.kill();
  process.exit(0);
}

if (process.argv[2] === "services") await services();
else await measure(Number(process.argv[2] ?? 5));
