import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { createServer, request as httpRequest } from "node:http";
import { describe, expect, it } from "vitest";
import { eventually, says, service } from "../http/servers.ts";
import { proxied, said } from "./proxies.ts";

/** A service of raw bytes: `answer` is written for each connection once something has come. */
async function raw(answer: (socket: Socket, text: string) => void): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  const server = createTcpServer((socket) => {
    const at = received.push("") - 1;
    socket.setEncoding("latin1").on("error", () => undefined);
    socket.on("data", (text: string) => {
      received[at] = `${received[at]!}${text}`;
      answer(socket, received[at]);
    });
  });
  const { url } = await listened(server);
  return { url, received };
}

async function listened(server: ReturnType<typeof createTcpServer>): Promise<{ url: string }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

const nowhere = "http://127.0.0.1:1";

describe("what control gets", () => {
  it("is the request as it came: case, order and duplicates of headers, and its target", async () => {
    const control = await raw((socket) => socket.end("HTTP/1.1 204 No Content\r\n\r\n"));
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    await said(
      port,
      "GET /a/../b//c?x=%00&y=%FC HTTP/1.1\r\nX-oNe: 1\r\nHOST: shop.example\r\nCookie: a=1\r\nX-One:  two \r\ncookie: b=2\r\nAccept:\r\nX-Sidelane: forged\r\n\r\n",
    );
    expect(control.received[0]).toBe(
      "GET /a/../b//c?x=%00&y=%FC HTTP/1.1\r\nX-oNe: 1\r\nHOST: shop.example\r\nCookie: a=1\r\nX-One: two\r\ncookie: b=2\r\nAccept: \r\nConnection: keep-alive\r\n\r\n",
    );
  });

  it.each([
    ["/a/../b%7e?c=%zz|{}", "/base/a/../b%7e?c=%zz|{}"],
    ["http://other.example/a/../b%7e?", "/base/a/../b%7e?"],
    ["http://other.example?c", "/base/?c"],
    ["//double", "/base//double"],
    ["/a?", "/base/a?"],
  ])("is a target whose bytes are those of the caller's behind its own path: %s", async (target, expected) => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: `${control.url}/base`, candidate: nowhere });
    await said(port, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, 100);
    expect(control.requests.map(({ url }) => url)).toEqual([expected]);
  });

  it("is the body as it comes, in chunks with trailers or with its length, without waiting for its end", async () => {
    const control = await raw((socket, text) => {
      if (text.endsWith("0\r\nX-Sum: 7\r\n\r\n")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const telling = said(port, [
      "POST /p HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\nTrailer: X-Sum\r\nTE: trailers\r\n\r\n3\r\nabc\r\n",
      "2\r\nde\r\n",
      "0\r\nX-Sum: 7\r\n\r\n",
    ]);
    await eventually(() => control.received[0]?.includes("3\r\nabc\r\n") === true);
    expect((await telling).text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(control.received[0]).toBe(
      "POST /p HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\nTrailer: X-Sum\r\nTE: trailers\r\nConnection: keep-alive\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 7\r\n\r\n",
    );
  });

  it("holds no empty chunks where the caller sent no body", async () => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    await said(port, "POST /p HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(control.requests[0]!.headers["transfer-encoding"]).toBeUndefined();
    expect(control.requests[0]!.headers["content-length"]).toBe("0");
  });

  it("is asked before the caller is told to go on with its body", async () => {
    const control = await raw((socket, text) => {
      if (text.endsWith("\r\n\r\n")) socket.write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    });
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const { text } = await said(
      port,
      "PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
    );
    expect(text).toMatch(/^HTTP\/1\.1 417 /);
    expect(control.received[0]).toContain("Expect: 100-continue\r\n");
  });

  it("is not waited for by a caller whose body is copied, which is told to go on once", async () => {
    const [control, candidate] = [await service(says("a")), await service(says("a"))];
    const routes = [{ match: "POST /search", readOnly: true }];
    const { port } = await proxied({ control: control.url, candidate: candidate.url, routes });
    const head = (expected: string): string =>
      `POST /search HTTP/1.1\r\nHost: a\r\nExpect: ${expected}\r\nContent-Length: 3\r\n\r\n`;
    const { text } = await said(port, [head("100-continue"), "abc"]);
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(control.requests.map(({ body }) => body)).toEqual(["abc"]);
    // Whatever else it expects is control's to answer.
    expect((await said(port, [head("miracles"), "abc"])).text).toMatch(/^HTTP\/1\.1 417 /);
  });

  it("is the whole body, also where it answers before it has it", async () => {
    let hasAnswered = false;
    const { url, received } = await raw((socket) => {
      if (!hasAnswered) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
      hasAnswered = true;
    });
    const { port } = await proxied({ control: url, candidate: nowhere, rollout: "off" });
    const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
    const { text, ended } = await said(port, [head, "one", "two", "six"], 500);
    expect(text).toMatch(/\r\n\r\na$/);
    expect(ended).toBe(false);
    expect(received[0]).toMatch(/\r\n\r\nonetwosix$/);
  });

  it("is a large body as well that it answers before it has it", async () => {
    let hasAnswered = false;
    const { url, received } = await raw((socket) => {
      if (!hasAnswered) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
      hasAnswered = true;
    });
    const { port } = await proxied({ control: url, candidate: nowhere, rollout: "off" });
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve).write("x"));
    socket.write("x".repeat(4_999_999));
    await eventually(() => received[0]!.endsWith("x".repeat(5_000_000)));
    socket.destroy();
  });

  it("leaves the caller's connection open once it has said that a body may come", async () => {
    let hasTold = false;
    const { url } = await raw((socket, text) => {
      if (!hasTold) socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      hasTold = true;
      if (text.endsWith("abc")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    });
    const { port } = await proxied({ control: url, candidate: nowhere, rollout: "off" });
    const head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    const { text, ended } = await said(port, [head, "abc"]);
    expect(text).toBe("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    expect(ended).toBe(false);
  });

  it("is not asked to follow a redirect", async () => {
    const control = await service((_request, response) => void response.writeHead(302, { location: "/b" }).end());
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    expect((await said(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).text).toMatch(
      /^HTTP\/1\.1 302 Found\r\nlocation: \/b\r\n/,
    );
    expect(control.requests).toHaveLength(1);
  });

  it("hears of a caller that goes away, before its answer and in its middle", async () => {
    const gone: string[] = [];
    const control = await service((request, response) => {
      response.once("close", () => gone.push(request.url!));
      if (request.url === "/middle") response.writeHead(200).write("first");
    });
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    for (const path of ["/before", "/middle"]) {
      const asked = httpRequest({ port, host: "127.0.0.1", path });
      asked.on("error", () => undefined).end();
      await eventually(() => control.requests.some(({ url }) => url === path));
      await new Promise((resolve) => setTimeout(resolve, 30));
      asked.destroy();
      await eventually(() => gone.includes(path), path);
    }
  });
});

describe("what a caller gets", () => {
  it("is control's answer as it came: reason, case, order and duplicates of headers, chunks and trailers", async () => {
    const control = await raw((socket) =>
      socket.write(
        "HTTP/1.1 299 As It Is\r\nx-OnE: 1\r\nSet-Cookie: a\r\nX-One: 2\r\nset-cookie: b\r\ntransfer-ENCODING: chunked\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\n\r\n3\r\nabc\r\n0\r\nX-sum: 1\r\n\r\n",
      ),
    );
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const { text } = await said(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(text).toBe(
      "HTTP/1.1 299 As It Is\r\nx-OnE: 1\r\nSet-Cookie: a\r\nX-One: 2\r\nset-cookie: b\r\ntransfer-ENCODING: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-sum: 1\r\n\r\n",
    );
  });

  it("has what comes before the answer: 103 and 100", async () => {
    let isHeadSeen = false;
    const control = await raw((socket, text) => {
      // The body may come with the head.
      if (text.includes("\r\n\r\n") && !isHeadSeen) {
        isHeadSeen = true;
        socket.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
      }
      if (text.endsWith("abc")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    });
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const { text } = await said(port, [
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
      "abc",
    ]);
    expect(text).toBe(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
    );
  });

  it("breaks off where control's does", async () => {
    const control = await service((_request, response) => {
      response.writeHead(200, { "content-length": 10 }).write("half");
      setTimeout(() => response.destroy(), 30);
    });
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const { text, ended } = await said(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(text.endsWith("half")).toBe(true);
    expect(ended).toBe(true);
  });

  it.each([
    ["a body that ends with its connection", "1.1", "Connection: close\r\n\r\nhalf"],
    ["chunks, for HTTP/1.0", "1.0", "Transfer-Encoding: chunked\r\n\r\n6\r\nhalf"],
    ["a body that ends with its connection, for HTTP/1.0", "1.0", "\r\nhalf"],
  ])("is no whole answer where control's connection is reset within %s", async (_about, version, answer) => {
    const { url } = await raw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${answer}`);
      setTimeout(() => socket.resetAndDestroy(), 30);
    });
    const { port } = await proxied({ control: url, candidate: nowhere, rollout: "off" });
    const { text, ended, error } = await said(port, `GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
    expect(text).toContain("half");
    expect(ended).toBe(true);
    if (version === "1.0") expect(error).toBe("ECONNRESET");
    else expect(text).not.toMatch(/0\r\n\r\n$/);
  });

  it.each(["099 Odd", "200 \u0001"])("is 502 where control's answer is none: %j", async (status) => {
    const { url } = await raw((socket) => {
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 1\r\n\r\na`, "latin1");
    });
    const { port, lines } = await proxied({ control: url, candidate: (await service(says("a"))).url, noise: true });
    const { text } = await said(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n.*The answer cannot be passed on: /s);
    expect(lines).toEqual([]);
  });

  it("is of any status that there is", async () => {
    const { url } = await raw((socket) => {
      socket.end("HTTP/1.1 999 Odd\r\nContent-Length: 1\r\n\r\na");
    });
    const proxy = await proxied({ control: url, candidate: (await service(says("a"))).url, noise: true });
    const { text } = await said(proxy.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(text).toBe("HTTP/1.1 999 Odd\r\nContent-Length: 1\r\n\r\na");
    await eventually(() => proxy.deployment.compiled.counts()["candidate"]!.compared === 1);
    await proxy.deployment.laboratory.settled();
    expect(proxy.lines).toEqual([]);
  });

  it("is there where control answers and leaves before it has the body", async () => {
    const control = await service((_request, response) => {
      response.writeHead(413, { connection: "close" }).end("too large");
    });
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n";
    const { text } = await said(port, [head, ...Array.from({ length: 10 }, () => "x".repeat(100_000))]);
    expect(text).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n.*too large/s);
  });

  it("is its head at once, however long the body takes", async () => {
    const control = await service((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    });
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const { text, ended } = await said(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(text).toContain("text/event-stream\r\n");
    expect(ended).toBe(false);
  });

  it("is 502 with the reason where control is down, on each way that a request goes", async () => {
    const candidate = await service(says("a"));
    const { port } = await proxied({ control: nowhere, candidate: candidate.url });
    for (const method of ["GET", "POST"]) {
      const { text } = await said(port, `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
      expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n.*\r\n\r\nControl did not answer: ECONNREFUSED\n$/s);
    }
  });

  it("is 502 with the reason for a caller that reads it only once it has sent a large body", async () => {
    const { port } = await proxied({ control: nowhere, candidate: nowhere, rollout: "off" });
    const length = 20_000_000;
    const socket = connect(port, "127.0.0.1").pause();
    let failure: unknown;
    socket.on("error", (error) => (failure = error));
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`);
    await new Promise<void>((resolve) => socket.write(Buffer.alloc(length), () => resolve()));
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(failure).toBeUndefined();
    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n.*Control did not answer: ECONNREFUSED\n$/s);
  });

  it("is 502 with the reason where control leaves within a body that is on its way to it", async () => {
    const { url } = await raw((socket, text) => {
      if (text.length > 100_000) socket.resetAndDestroy();
    });
    const { port } = await proxied({ control: url, candidate: nowhere, rollout: "off" });
    const { text } = await said(port, [
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n",
      "x".repeat(200_000),
    ]);
    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n.*Control did not answer: [A-Z]+\n$/s);
  });

  it("says where it was the candidate that did not answer", async () => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: nowhere, rollout: "complete" });
    const { text } = await said(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n.*The candidate did not answer: ECONNREFUSED\n$/s);
  });

  it("comes in the order of the requests that it sent at once", async () => {
    const control = await service((request, response) => {
      setTimeout(() => response.end(request.url), request.url === "/1" ? 60 : 5);
    });
    const { port } = await proxied({ control: control.url, candidate: control.url });
    const { text } = await said(
      port,
      ["/1", "/2", "/3"].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""),
    );
    expect([...text.matchAll(/\r\n(\/\d)/g)].map(([, path]) => path)).toEqual(["/1", "/2", "/3"]);
  });

  it("suits HTTP/1.0: no chunks, and the end of the connection", async () => {
    const control = await service((_request, response) => {
      response.write("a");
      response.end("b");
    });
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const { text, ended } = await said(port, "GET / HTTP/1.0\r\n\r\n");
    expect(text).toMatch(/\r\n\r\nab$/);
    expect(text).not.toMatch(/transfer-encoding/i);
    expect(ended).toBe(true);
  });

  it("ends the connection of HTTP/1.0, which nobody has told that it is kept", async () => {
    const control = await service((_request, response) => response.writeHead(200, { "Content-Length": 1 }).end("a"));
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const { text, ended } = await said(port, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(text).toMatch(/\r\n\r\na$/);
    expect(ended).toBe(true);
  });
});

describe("a connection to control that was kept", () => {
  it("and is reset before a byte is tried again once, where that changes nothing, and counted", async () => {
    let connections = 0;
    const control = await raw((socket, text) => {
      const requests = text.split("\r\n\r\n").length - 1;
      if (requests === 1) connections += 1;
      if (connections === 1 && requests === 2) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    });
    const proxy = await proxied({ control: control.url, candidate: nowhere, rollout: "off" });
    const ask = (method: string): Promise<{ text: string }> =>
      said(proxy.port, `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
    expect((await ask("GET")).text).toContain(" 200 ");
    expect((await ask("GET")).text).toContain(" 200 ");
    expect(proxy.deployment.retried()).toBe(1);
  });

  it("is tried again on a new one, however many that were kept are reset", async () => {
    let together = 0;
    const held: Socket[] = [];
    const control = await raw((socket, text) => {
      const isFirst = text.split("\r\n\r\n").length === 2;
      if (!isFirst) socket.resetAndDestroy();
      else if (together >= 3) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
      else {
        together = held.push(socket);
        if (together === 3) for (const each of held) each.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
      }
    });
    const proxy = await proxied({ control: control.url, candidate: nowhere, rollout: "off" });
    const ask = (): Promise<{ text: string }> => said(proxy.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (const { text } of await Promise.all([ask(), ask(), ask()])) expect(text).toContain(" 200 ");
    expect((await ask()).text).toContain(" 200 ");
    expect(proxy.deployment.retried()).toBe(1);
  });

  it("is not tried again for a method that may change something", async () => {
    let connections = 0;
    const control = await raw((socket, text) => {
      const requests = text.split("\r\n\r\n").length - 1;
      if (requests === 1) connections += 1;
      if (requests === 2) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    });
    const proxy = await proxied({ control: control.url, candidate: nowhere });
    const ask = (): Promise<{ text: string }> =>
      said(proxy.port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    expect((await ask()).text).toContain(" 200 ");
    expect((await ask()).text).toMatch(/ 502 .*ECONNRESET/s);
    expect(connections).toBe(1);
  });
});

describe("a switch of protocols", () => {
  it("is passed on to control alone, and both ends talk on", async () => {
    const upgrading = createServer().on("upgrade", (request, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nX-Was: ${request.url}\r\n\r\n`,
      );
      socket.on("data", (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
      socket.on("error", () => undefined);
    });
    const control = await listened(upgrading);
    const candidate = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: candidate.url });
    const { text } = await said(port, [
      "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
      "hello",
    ]);
    expect(text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n.*X-Was: \/chat\r\n\r\nHELLO$/s);
    expect(candidate.requests).toEqual([]);
  });

  it("that control does not make has control's answer", async () => {
    const control = await service(says("no", "text/plain", 426));
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const { text } = await said(port, "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n.*\r\n\r\nno$/s);
  });

  it("has its body passed on, and what follows that once both ends have switched", async () => {
    const upgrading = createServer().on("upgrade", (request, socket, head: Buffer) => {
      let got = head.toString();
      const take = (): void => {
        if (got.length < 5) return;
        socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n");
        socket.write(`${request.method} ${got};`);
        got = "";
      };
      socket.on("data", (chunk: Buffer) => {
        got += chunk.toString();
        take();
      });
      socket.on("error", () => undefined);
      take();
    });
    const { port } = await proxied({ control: (await listened(upgrading)).url, candidate: nowhere });
    const asks = "POST /exec HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 5\r\n\r\n";
    for (const parts of [
      [`${asks}hello`, "later"],
      [asks, "he", "llolater"],
    ]) {
      const { text } = await said(port, parts);
      expect(text).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\nPOST hello;.*POST later;$/s);
    }
  });

  it.each([
    ["GET", "", ""],
    ["POST", "Content-Length: 3\r\n", "abc"],
    ["POST", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"],
  ])("to HTTP/2 is not made: %s with %j is answered and compared as any other", async (method, more, body) => {
    const [control, candidate] = [await service(says("a")), await service(says("a"))];
    const routes = [{ match: "POST /a", readOnly: true }];
    const proxy = await proxied({ control: control.url, candidate: candidate.url, routes });
    const offers = "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    const head = `${method} /a HTTP/1.1\r\nHost: a\r\nX-oNe: 1\r\nConnection: Upgrade, HTTP2-Settings\r\n${offers}${more}\r\n`;
    const { text, ended } = await said(proxy.port, [head + body, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"]);
    expect(text.match(/HTTP\/1\.1 200 OK\r\n/g)).toHaveLength(2);
    expect(ended).toBe(false);
    expect(control.requests.map(({ url, body: got }) => [url, got])).toEqual([
      ["/a", body === "" ? "" : "abc"],
      ["/b", ""],
    ]);
    expect(Object.keys(control.requests[0]!.headers)).not.toContain("upgrade");
    await eventually(() => proxy.deployment.compiled.counts()["candidate"]!.matched === 2);
  });

  it("that is chunked has its body read as that of any other", async () => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const head =
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect((await said(port, `${head}3\r\nabc\r\n0\r\n\r\n`)).text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(control.requests.map(({ body }) => body)).toEqual(["abc"]);
  });

  it.each([
    ["Upgrade: echo", 101],
    ["Upgrade: h2c", 200],
  ])("waits for the answers to what came before it: %s", async (offer, status) => {
    const control = await listened(
      createServer((request, response) => {
        // More than goes out at once, and what Node itself tells nobody any more.
        if (request.url === "/first") setTimeout(() => response.end("f".repeat(5_000_000)), 50);
        else response.end("second");
      }).on("upgrade", (_request, socket) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nsecond");
        socket.on("error", () => undefined);
      }),
    );
    const { port } = await proxied({ control: control.url, candidate: nowhere, rollout: "off" });
    const first = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
    const { text } = await said(port, `${first}GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n${offer}\r\n\r\n`);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", `HTTP/1.1 ${status}`]);
    expect(text.match(/f{5000000}/g)).toHaveLength(1);
    expect(text).toMatch(/\r\n\r\nsecond$/);
  });

  it("is over when a service ends it, and not before the caller has all that was said", async () => {
    const large = Buffer.alloc(6_000_000, "a");
    const control = await listened(
      createServer().on("upgrade", (_request, socket) => {
        socket.on("error", () => undefined);
        socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
        socket.end(large);
      }),
    );
    const { port } = await proxied({ control: control.url, candidate: nowhere });
    const got = await new Promise<number>((resolve) => {
      let bytes = 0;
      const socket = connect(port, "127.0.0.1");
      socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      socket.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        socket.pause();
        setImmediate(() => socket.resume());
      });
      socket.on("close", () => {
        resolve(bytes);
      });
    });
    expect(got).toBeGreaterThan(large.length);
  });

  it("ends with the proxy, also where a caller keeps its end open", async () => {
    const proxy = await proxied({ control: nowhere, candidate: nowhere });
    const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => undefined).resume();
    socket.write("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    await proxy.close();
    socket.destroy();
  });

  it("and CONNECT, which is not passed on, is told so", async () => {
    const { port } = await proxied({ control: nowhere, candidate: nowhere });
    expect((await said(port, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")).text).toMatch(/^HTTP\/1\.1 501 /);
  });
});
