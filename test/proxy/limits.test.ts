import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { says, service } from "../http/servers.ts";

// More in `npm run proof:proxy`.
const connections = Number(process.env["PROXY_CONNECTIONS"] ?? 500);
const requests = Number(process.env["PROXY_MANY_REQUESTS"] ?? 2_000);
const megabytes = Number(process.env["PROXY_MEGABYTES"] ?? 64);
const oneMegabyte = 1024 * 1024;

interface Told {
  readonly rss: number;
  readonly heapUsed: number;
  readonly matched: number;
  readonly mismatched: number;
}

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

/** A proxy in a process of its own, between a service and itself. */
async function apart(url: string, config: object = {}): Promise<{ url: string; tell: () => Promise<Told> }> {
  const whole = { control: url, candidate: url, publishers: [], noise: false, ...config };
  const child = fork(join(import.meta.dirname, "limits.child.ts"), [JSON.stringify(whole)], {
    execArgv: ["--expose-gc", "--import", "tsx"],
  });
  children.push(child);
  const [address] = (await once(child, "message")) as [string];
  const tell = async (): Promise<Told> => {
    child.send("tell");
    return ((await once(child, "message")) as [Told])[0];
  };
  return { url: address, tell };
}

describe("a proxy in a process of its own", () => {
  it("keeps as many connections as come, and answers on each", { timeout: 300_000 }, async () => {
    const { url } = await service(says("a"));
    const proxy = await apart(url, { rollout: "off" });
    const before = await proxy.tell();
    const { port } = new URL(proxy.url);
    const sockets: Socket[] = [];
    const asked = async (socket: Socket): Promise<string> => {
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      return String((await once(socket, "data"))[0]).slice(0, 15);
    };
    const answers = new Set<string>();
    try {
      while (sockets.length < connections) {
        const some = Array.from({ length: Math.min(50, connections - sockets.length) }, () =>
          connect(Number(port), "127.0.0.1").on("error", () => undefined),
        );
        sockets.push(...some);
        for (const answer of await Promise.all(some.map(asked))) answers.add(answer);
      }
      for (let at = 0; at < connections; at += 50) {
        for (const answer of await Promise.all(sockets.slice(at, at + 50).map(asked))) answers.add(answer);
      }
      expect([...answers]).toEqual(["HTTP/1.1 200 OK"]);
      const { rss } = await proxy.tell();
      expect((rss - before.rss) / connections).toBeLessThan(60_000 + (60 * oneMegabyte) / connections);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it("takes no more memory for the requests that it has compared", { timeout: 3_600_000 }, async () => {
    const { url, requests: seen } = await service(says(`{"rows":"${"a".repeat(2_000)}"}`, "application/json"));
    const proxy = await apart(url);
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const ask = (): Promise<void> =>
      new Promise((resolve, reject) => {
        get(proxy.url, { agent }, (response) => response.resume().on("end", resolve)).on("error", reject);
      });
    const send = async (many: number): Promise<void> => {
      let left = many;
      const work = async (): Promise<void> => {
        while (left-- > 0) {
          await ask();
          seen.length = 0;
        }
      };
      await Promise.all(Array.from({ length: 16 }, work));
    };
    await send(Math.min(2_000, requests));
    const before = await proxy.tell();
    await send(requests);
    const after = await proxy.tell();
    agent.destroy();
    expect(after.mismatched).toBe(0);
    expect(after.matched - before.matched).toBeGreaterThanOrEqual(requests - 100);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(4 * oneMegabyte);
  });

  it("compares a large body in constant memory", { timeout: 900_000 }, async () => {
    const chunk = Buffer.alloc(oneMegabyte, 97);
    const { url } = await service((_request, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      let sent = 0;
      const more = (): void => {
        while (sent < megabytes) {
          sent += 1;
          if (!response.write(chunk)) return;
        }
        response.end();
      };
      response.on("drain", more);
      more();
    });
    const proxy = await apart(url, { limits: { timeoutMs: 600_000 } });
    const before = await proxy.tell();
    let bytes = 0;
    let most = 0;
    let next = 0;
    for await (const part of (await fetch(proxy.url)).body!) {
      bytes += (part as Uint8Array).length;
      if (bytes < next) continue;
      next += 16 * oneMegabyte;
      most = Math.max(most, (await proxy.tell()).rss);
    }
    expect(bytes).toBe(megabytes * oneMegabyte);
    expect(most - before.rss).toBeLessThan(120 * oneMegabyte);
    for (let tries = 0; tries < 200; tries++) {
      if ((await proxy.tell()).matched === 1) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await proxy.tell()).toMatchObject({ matched: 1, mismatched: 0 });
  });
});
