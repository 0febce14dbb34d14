// What do 20 people who look at a live page cost the process that shows it? Run with `npm run bench:dashboard`.
import { once, setMaxListeners } from "node:events";
import { fork } from "node:child_process";

import { Agent, get, type IncomingMessage } from "node:http";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { machine } from "./rounds.ts";

const [viewers, turns, turnMs] = [20, Number(process.argv[2] ?? 6), 20_000];

const server = fork(join(import.meta.dirname, "dashboard-server.js"));
const [port] = (await once(server, "message")) as [number];
const origin = `http://127.0.0.1:${port}/`;
let [pages, bytes, news] = [0, 0, 0];

async function cpuMs(): Promise<number> {
  server.send("cpu");
  const [ms] = (await once(server, "message")) as [number];
  return ms;
}

async function asked(path: string, agent: Agent): Promise<IncomingMessage> {
  const request = get(`${origin}${path}`, { agent });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

/** Does what the page's script does until it is told to leave. */
async function look(leave: AbortSignal): Promise<void> {
  const agent = new Agent();
  while (!leave.aborted) {
    let text = "";
    for await (const piece of (await asked("", agent)).setEncoding("utf8")) text += piece as string;
    pages += 1;
    bytes += text.length;
    await follow(/data-live="(\w+)"/.exec(text)![1]!, (await asked("?show=live", agent)).setEncoding("utf8"), leave);
  }
  agent.destroy();
}

/** Until the page has to be loaded anew, or one leaves. */
async function follow(epoch: string, stream: IncomingMessage, leave: AbortSignal): Promise<void> {
  let [shown, text] = [epoch, ""];
  const stop = (): unknown => stream.destroy();
  leave.addEventListener("abort", stop, { once: true });
  try {
    for await (const piece of stream) {
      bytes += (piece as string).length;
      const events = (text + String(piece)).split("\n\n");
      text = events.pop()!;
      for (const event of events) {
        const [, kind, data] = /event: (\w+)\ndata: (.*)/.exec(event) ?? [];
        if (kind === "model" && data !== shown) return;
        if (kind !== "changes") continue;
        const { from, to } = JSON.parse(data!) as { from: string; to: string };
        if (from !== shown) return;
        shown = to;
        news += 1;
      }
    }
  } catch {
    // One left.
  } finally {
    leave.removeEventListener("abort", stop);
    stream.destroy();
  }
}

const costs: Record<"without" | "with", number[]> = { without: [], with: [] };
for (let turn = -1; turn < turns; turn++) {
  for (const way of ["without", "with"] as const) {
    const leave = new AbortController();
    setMaxListeners(viewers, leave.signal);
    const looking = way === "with" ? Array.from({ length: viewers }, () => look(leave.signal)) : [];
    await sleep(1_500);
    const [before, startedAt] = [await cpuMs(), performance.now()];
    await sleep(turnMs);
    const share = ((await cpuMs()) - before) / (performance.now() - startedAt);
    leave.abort();
    await Promise.all(looking);
    await sleep(200);
    if (turn >= 0) costs[way].push(share);
  }
}
server.kill();
const middle = (all: readonly number[]): number => [...all].sort((one, other) => one - other)[all.length >> 1]!;
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
const apart = costs.with.map((share, turn) => share - costs.without[turn]!);
console.log(machine(), `load ${loadavg()[0]!.toFixed(1)}`);
console.log(
  `without viewers ${percent(middle(costs.without))} of a core, with ${viewers} ${percent(middle(costs.with))}`,
);
console.log(
  `viewers ${percent(middle(apart))} (${apart.map(percent).join(", ")}); ${pages} pages, ${news} news, ${Math.round(bytes / 1_000)} KB`,
);
