import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { nodeTransport, parallelHandler, type HandlerOptions } from "../../src/http/index.ts";
import { laboratory, says, service } from "./servers.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server of bytes, right or wrong. */
async function raw(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => {
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const head = (more: string): string => `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n${more}\r\n\r\n`;

type Kind = "timed-out" | "failed" | "mismatch" | "inconclusive";

const misdeeds: readonly (readonly [
  about: string,
  candidate: string | ((socket: Socket) => void) | RequestListener,
  Kind,
])[] = [
  ["a name that no server has", "http://nowhere.invalid", "failed"],
  ["a port on which nothing listens", "http://127.0.0.1:1", "failed"],
  ["no HTTP", raw_((socket) => socket.end("SSH-2.0-OpenSSH\r\n")), "failed"],
  ["half a head", raw_((socket) => socket.end("HTTP/1.1 200 O")), "failed"],
  ["a head that never ends", raw_((socket) => void socket.write("HTTP/1.1 200 OK\r\nx-a: 1\r\n")), "timed-out"],
  ["a head byte by byte", raw_(byteByByte), "timed-out"],
  ["a body that is shorter than it says", raw_((socket) => socket.end(`${head("content-length: 10")}short`)), "failed"],
  ["a chunk that is none", raw_((socket) => socket.end(`${head("transfer-encoding: chunked")}zz\r\nabc`)), "failed"],
  ["chunks that break off", raw_((socket) => socket.end(`${head("transfer-encoding: chunked")}5\r\nab`)), "failed"],
  ["two lengths", raw_((socket) => socket.end(`${head("content-length: 1\r\ncontent-length: 2")}ab`)), "failed"],
  ["a body byte by byte", raw_((socket) => void socket.write(`${head("content-length: 10")}a`)), "timed-out"],
  [
    "a reset in its body",
    raw_((socket) => void socket.write(`${head("content-length: 10")}a`, () => socket.resetAndDestroy())),
    "failed",
  ],
  [
    "headers without end",
    raw_((socket) => socket.end(`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(200_000)}\r\n`)),
    "failed",
  ],
  ["JSON that is none", says('{"a":', "application/json"), "mismatch"],
  ["an endless body", endless, "mismatch"],
  [
    "gzip that is none",
    (_request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("no gzip"),
    "mismatch",
  ],
  ["a redirect to itself", (_request, response) => void response.writeHead(302, { location: "/" }).end(), "mismatch"],
  [
    "a switch of protocols",
    raw_(
      (socket) => void socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    ),
    "failed",
  ],
  ["a status that the web does not know", raw_((socket) => socket.end(odd("999 Odd"))), "failed"],
  ["a status that is none", raw_((socket) => socket.end(odd("099 Odd"))), "failed"],
  ["a reason that is no text", raw_((socket) => socket.end(odd("200 \u00e9\u0001"), "latin1")), "mismatch"],
];

const odd = (status: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 1\r\n\r\nb`;

/** Marks it as one that is given a socket. */
function raw_(answer: (socket: Socket) => void): (socket: Socket) => void {
  return Object.assign(answer, { isRaw: true });
}

function byteByByte(socket: Socket): void {
  const text = head("content-length: 1");
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text[at++]!);
  }, 20);
}

function endless(_request: unknown, response: Parameters<RequestListener>[1]): void {
  response.writeHead(200, { "content-type": "text/plain" });
  const more = (): void => {
    while (!response.destroyed && response.write("x".repeat(65_536)));
  };
  response.on("drain", more);
  more();
}

async function opened(candidate: (typeof misdeeds)[number][1]): Promise<string> {
  if (typeof candidate === "string") return candidate;
  return "isRaw" in candidate ?
      await raw(candidate as (socket: Socket) => void)
    : (await service(candidate as RequestListener)).url;
}

async function handling(url: string, options: Partial<HandlerOptions>) {
  const old = await service(says("a"));
  const world = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: world.lab, control: old.url, candidate: url, noise: false, silence: false },
    ...{ limits: { timeoutMs: 400 } },
    ...options,
  });
  return { ...world, handler };
}

const transports = [
  ["fetch", undefined],
  ["node:http", nodeTransport()],
] as const;

describe.each(transports)("a candidate that sends, over %s,", (name, transport) => {
  it.each(misdeeds)("%s reaches no caller in shadow, and counts as what it is", async (about, candidate, kind) => {
    const { handler, lab, results, faults } = await handling(
      await opened(candidate),
      // What fails at once may take its time on a slow machine.
      { ...(transport && { transport }), limits: { timeoutMs: kind === "timed-out" ? 400 : 4_000 } },
    );
    const response = await handler(new Request("http://front.example/"));
    expect([response.status, await response.text()]).toEqual([200, "a"]);
    await lab.settled();
    const [{ outcome, comparison }] = results[0]!.candidates;
    // `fetch` has the gzip's own error, and refuses a switch of protocols by one.
    const isDecoded = name === "fetch" && about === "gzip that is none";
    const got =
      outcome.kind === "threw" ? "failed"
      : outcome.kind === "timed-out" ? "timed-out"
      : comparison.kind;
    if (about === "a switch of protocols") expect(["failed", "timed-out"]).toContain(got);
    else expect(got).toBe(isDecoded ? "failed" : kind);
    expect(faults).toEqual([]);
  });
});

describe.each(transports)("control, over %s,", (_name, transport) => {
  const answered = async (status: string): Promise<{ response: Response; faults: readonly string[] }> => {
    const control = await raw((socket) => socket.end(odd(status), "latin1"));
    const { handler, faults, lab } = await handling((await service(says("a"))).url, {
      ...{ control, noise: true, ...(transport && { transport }) },
    });
    const response = await handler(new Request("http://front.example/"));
    const passed = response.clone();
    expect(await response.text()).toBe("b");
    // Control is asked once more for noise, and that reaches nobody either.
    await lab.settled();
    return { response: passed, faults };
  };

  it("has its status passed on where the web makes none such", async () => {
    const { response, faults } = await answered("999 Odd");
    expect([response.status, response.ok, await response.text()]).toEqual([999, false, "b"]);
    expect(faults).toEqual([]);
  });

  it("has its answer passed on where its reason is no text", async () => {
    const { response } = await answered("404 \u00e9\u0001");
    expect([response.status, await response.text()]).toEqual([404, "b"]);
  });

  it.each(["099 Odd", "101 Switching Protocols\r\nupgrade: x"])("fails where it answers %j", async (status) => {
    const control = await raw((socket) => socket.end(odd(status)));
    const { handler } = await handling((await service(says("a"))).url, { control, ...(transport && { transport }) });
    await expect(handler(new Request("http://front.example/"))).rejects.toThrow();
  });

  it("keeps to itself what is of its connection", async () => {
    const control = await service((_request, response) => {
      response.setHeader("connection", "close, x-hop");
      response.setHeader("x-hop", "1").setHeader("trailer", "x-end").setHeader("upgrade", "h2c");
      response.write("a");
      response.end("b");
    });
    const { handler } = await handling(control.url, { control: control.url, ...(transport && { transport }) });
    const response = await handler(new Request("http://front.example/"));
    expect([...response.headers].map(([name]) => name)).toEqual(["date"]);
    expect(await response.text()).toBe("ab");
  });
});

describe("a bomb", () => {
  it("is not unpacked for a comparison", async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const { handler, lab, results } = await handling(
      (
        await service((_request, response) => {
          response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" }).end(bomb);
        })
      ).url,
      { transport: nodeTransport() },
    );
    expect(await (await handler(new Request("http://front.example/"))).text()).toBe("a");
    await lab.settled();
    expect(results[0]!.candidates[0].comparison).toMatchObject({
      reason: expect.stringContaining("decoded-too-large"),
    });
  });
});

describe("a request whose body has been read", () => {
  it("is control's where that does not need it, and else says what to do", async () => {
    const { lab } = laboratory();
    const old = await service(says("a"));
    const request = async (): Promise<Request> => {
      const made = new Request("http://front.example/", { method: "POST", body: "1" });
      await made.text();
      return made;
    };
    const routes = [{ match: "POST /", readOnly: true as const }];
    const inner = parallelHandler({
      ...{ name: "inner", laboratory: lab, control: () => new Response("a"), candidate: old.url, routes },
    });
    expect(await (await inner(await request())).text()).toBe("a");
    expect(inner.counts()["candidate"]!.skips).toEqual({ "body-used": 1 });
    const outer = parallelHandler({
      ...{ name: "outer", laboratory: lab, control: old.url, candidate: old.url, routes },
    });
    await expect(outer(await request())).rejects.toThrow(/has been read already: mount before parsers/);
    const beingRead = new Request("http://front.example/", { method: "POST", body: "1" });
    beingRead.body!.getReader();
    expect(await (await inner(beingRead)).text()).toBe("a");
    expect(inner.counts()["candidate"]!.skips).toEqual({ "body-used": 2 });
  });
});
