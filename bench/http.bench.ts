// Does a server answer later when everything it looks up is compared? Run with `npm run bench`.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";

/** Latencies of one way to answer, over all its turns. */
export interface Latency {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The median of what each turn's 99th percentile is beside that of the same turn without an experiment. */
  readonly besideWithout: number;
  readonly requests: number;
}

const everyMs = 2;
const perTurn = 1_000;
// The same server twice: what its second row is away from its first, any other row may be by chance.
const ways = {
  without: "no experiment",
  again: "no experiment, again",
  with: "sidelane, everything compared",
  published: "sidelane, everything compared and published",
} as const;
type Way = keyof typeof ways;
const names = Object.keys(ways) as Way[];

/**
 * A server in a process of its own, a request every 2 ms over kept connections whether answers come or not, and the ways
 * to answer in turn, beginning with another one each time. Of each way, medians of the turns.
 */
export async function measureHttp(turns: number): Promise<Latency[]> {
  const server = fork(new URL("./http-server.js", import.meta.url));
  const port = await told(server);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const taken: Record<Way, number[][]> = { without: [], again: [], with: [], published: [] };
  for (let turn = -2; turn < turns; turn++) {
    const first = (turn + 2) % names.length;
    for (const way of [...names.slice(first), ...names.slice(0, first)]) {
      const latencies = await load(agent, port, way);
      if (turn >= 0) taken[way].push(latencies.sort((a, b) => a - b));
    }
  }
  server.send("matched?");
  const matched = await told(server);
  server.kill();
  agent.destroy();
  const expected = 2 * (turns + 2) * perTurn;
  if (matched !== expected) throw new Error(`Of ${expected} requests ${matched} were compared and matched`);
  return names.map((way) => ({
    name: ways[way],
    p50Ms: median(taken[way].map((turn) => turn[Math.floor(0.5 * perTurn)]!)),
    p99Ms: median(taken[way].map(p99)),
    besideWithout: median(taken[way].map((turn, index) => p99(turn) / p99(taken.without[index]!))),
    requests: turns * perTurn,
  }));
}

async function told(server: ChildProcess): Promise<number> {
  const [message] = (await once(server, "message")) as [number];
  return message;
}

function load(agent: Agent, port: number, way: string): Promise<number[]> {
  const latencies: number[] = [];
  return new Promise((resolve, reject) => {
    let sent = 0;
    const startedAt = performance.now();
    const timer = setInterval(() => {
      // As many as are due: a late timer must not lower the load.
      while (sent < perTurn && sent * everyMs <= performance.now() - startedAt) send(sent++);
      if (sent === perTurn) clearInterval(timer);
    }, 1);
    const send = (id: number): void => {
      const sentAt = performance.now();
      get({ agent, port, host: "127.0.0.1", path: `/${way}/${id}` }, (response) => {
        response.resume().on("end", () => {
          latencies.push(performance.now() - sentAt);
          if (latencies.length === perTurn) resolve(latencies);
        });
      }).on("error", reject);
    };
  });
}

function p99(turn: readonly number[]): number {
  return turn[Math.floor(0.99 * perTurn)]!;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
