import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { says, service } from "../http/servers.ts";
import { proxied, said } from "./proxies.ts";

const refused: readonly (readonly [what: string, request: string])[] = [
  [
    "a length and chunks",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
  ],
  [
    "chunks and a length",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG",
  ],
  ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
  ["two equal lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"],
  ["a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na"],
  ["a length with a sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na"],
  ["a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n Content-Length: 5\r\n\r\n"],
  ["a header folded by a tab", "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\tTransfer-Encoding: chunked\r\n\r\n"],
  ["a bare line feed after a header", "GET / HTTP/1.1\r\nHost: a\nX-A: 1\r\n\r\n"],
  ["bare line feeds alone", "GET / HTTP/1.1\nHost: a\n\n"],
  [
    "a bare line feed in a chunk's size",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
  ],
  ["a space before a colon", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"],
  ["another coding than chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"],
  ["chunks within another coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
  [
    "two codings",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["no host", "GET / HTTP/1.1\r\n\r\n"],
  ["two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
  [
    "a length that Connection names",
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 1\r\n\r\na",
  ],
  ["a header that Connection names", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-User\r\nX-User: 1\r\n\r\n"],
  [
    "a cookie that Connection names",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, cookie\r\nCookie: a=1\r\n\r\n",
  ],
  ["bytes above 0x7F in a target", "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a target that is an authority", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["another version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"],
  ["a null in a header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: a\0b\r\n\r\n"],
  [
    "a size of a chunk that is none",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\na\r\n0\r\n\r\n",
  ],
];

describe("a request that two servers may read differently", () => {
  it.each(refused)("is refused with 400 and the end of its connection: %s", async (_what, request) => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: control.url });
    const { text, ended } = await said(port, `${request}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(text).not.toContain(" 200 OK");
    expect(ended).toBe(true);
    expect(control.requests.filter(({ url }) => url === "/smuggled")).toEqual([]);
  });

  it.each([
    ["a switch of protocols", "GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"],
    ["an offer of HTTP/2", "GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"],
    ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"],
  ])("has nothing read behind it, %s neither", async (_what, behind) => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: control.url, rollout: "off" });
    const { text, ended } = await said(port, `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${behind}`);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 400"]);
    expect(ended).toBe(true);
    await said(port, "GET /after HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(control.requests.map(({ url }) => url)).toEqual(["/after"]);
  });

  it("is passed on where Connection names nothing that is there", async () => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: control.url });
    const { text } = await said(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-User\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

describe("a caller that takes too much", () => {
  it("of headers, by their size, is told 431", async () => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: control.url });
    const flood = Array.from({ length: 4_000 }, (_, at) => `X-${at}: a\r\n`).join("");
    expect((await said(port, `GET / HTTP/1.1\r\nHost: a\r\n${flood}\r\n`)).text).toMatch(/^HTTP\/1\.1 431 /);
    expect(control.requests).toEqual([]);
  });

  it("of headers, by their number, loses none", async () => {
    let last: string | undefined;
    const control = createServer((request, response) => {
      last = request.rawHeaders.at(-4);
      response.end("a");
    });
    control.maxHeadersCount = 0;
    await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(control.address() as AddressInfo).port}`;
    const { port } = await proxied({
      control: url,
      candidate: url,
      rollout: "off",
      listen: { maxHeaderBytes: 65_536 },
    });
    const many = Array.from({ length: 1_500 }, (_, at) => `X-${at}: a\r\n`).join("");
    await said(port, `GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n`);
    control.closeAllConnections();
    control.close();
    expect(last).toBe("X-1499");
  });

  it("of time for its headers is told 408, and holds nobody else up", async () => {
    const control = await service(says("a"));
    const { port } = await proxied({ control: control.url, candidate: control.url, listen: { headersTimeoutMs: 300 } });
    const slow = said(port, ["GET / HTTP/1.1\r\n", "Host: a\r\n", "X-A: "], 3_000);
    expect((await said(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).text).toContain(" 200 OK");
    const { text, ended } = await slow;
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(ended).toBe(true);
  });
});
