import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { RequestListener } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fromNodeListener, nodeTransport, parallelHandler } from "../../../src/http/index.ts";
import { eventually, laboratory, says, service } from "../servers.ts";

/** A service of raw bytes. @param answer gets how many requests have come on the connection */
async function raw(answer: (socket: Socket, count: number) => void): Promise<{ url: string; requests: () => number }> {
  let requests = 0;
  const server = createTcpServer((socket) => {
    let count = 0;
    socket.on("error", () => undefined);
    socket.on("data", () => {
      requests += 1;
      count += 1;
      answer(socket, count);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests: () => requests };
}

const whole = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";

describe("a connection that was kept", () => {
  it("and is reset has its request sent again on a new one, however many have gone stale", async () => {
    const held: Socket[] = [];
    let hasAll = false;
    const { url, requests } = await raw((socket, count) => {
      if (count > 1) socket.resetAndDestroy();
      else if (hasAll) socket.write(whole);
      else if (held.push(socket) === 3) {
        hasAll = true;
        for (const each of held) each.write(whole);
      }
    });
    const send = nodeTransport();
    const ask = async (): Promise<string> => await (await send(url, {})).text();
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["a", "a", "a"]);
    expect(await ask()).toBe("a");
    expect(requests()).toBe(5);
  });

  it("and is reset within an answer has it sent once", async () => {
    const { url, requests } = await raw((socket, count) => {
      if (count === 1) socket.write(whole);
      else {
        socket.write("HTTP/1.1 20");
        setTimeout(() => socket.resetAndDestroy(), 20);
      }
    });
    const send = nodeTransport();
    expect(await (await send(url, {})).text()).toBe("a");
    await expect(send(url, {})).rejects.toThrow();
    expect(requests()).toBe(2);
  });
});

it("takes no body for whole that ends with its connection, where that is reset", async () => {
  const { url } = await raw((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf");
    setTimeout(() => socket.resetAndDestroy(), 20);
  });
  await expect((await nodeTransport()(url, {})).text()).rejects.toThrow();
});

it("keeps no connection of an answer that nobody reads", async () => {
  const [control, candidate] = [await service(says("a")), await service(says("b".repeat(100_000), "text/plain", 500))];
  const { lab } = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, noise: false, silence: false },
    ...{ transport: nodeTransport({ maxSockets: 2 }), limits: { breakAfter: 100 } },
  });
  for (let asked = 1; asked <= 8; asked++) {
    await (await handler(new Request("http://front.example/"))).text();
    await eventually(() => candidate.requests.length === asked, `copy ${asked}`);
  }
  await lab.settled();
  handler.close();
  expect(handler.counts()["candidate"]!.answered).toBe(8);
});

it.each(["a service", "an app within the process"])("takes all headers of %s, however many and long", async (where) => {
  const long = "x".repeat(100_000);
  const many = Array.from({ length: 3_000 }, (_, index) => [`x-${index}`, "1"]).flat();
  const answer: RequestListener = (_request, response) =>
    void response.writeHead(200, ["x-long", long, ...many]).end("a");
  const control = where === "a service" ? (await service(answer)).url : fromNodeListener(answer);
  const { lab } = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: lab, control, candidate: () => new Response("a"), noise: false, silence: false },
    transport: nodeTransport(),
  });
  const { headers } = await handler(new Request("http://front.example/"));
  expect([headers.get("x-long"), headers.get("x-2999")]).toEqual([long, "1"]);
});

it("does not take a body for a longer one because its coding makes it longer", async () => {
  const noise = randomBytes(400_000);
  const control = await service((_request, response) => void response.end(noise));
  const candidate = await service((_request, response) => {
    response.setHeader("content-encoding", "gzip");
    const encoded = gzipSync(noise, { level: 0 });
    expect(encoded.length).toBeGreaterThan(noise.length);
    // Control's body is there before.
    setTimeout(() => response.end(encoded), 50);
  });
  const { lab } = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, noise: false, silence: false },
    transport: nodeTransport(),
  });
  await (await handler(new Request("http://front.example/"))).arrayBuffer();
  await lab.settled();
  expect(handler.counts()["candidate"]).toMatchObject({ compared: 1, matched: 1 });
});

describe.skipIf(spawnSync("openssl", ["version"]).status !== 0)("a service by TLS (skipped without openssl)", () => {
  it("is trusted by its own certificate, under the name that is asked for, and no other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sidelane-tls-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const given = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const named = ["-subj", "/CN=new.internal", "-addext", "subjectAltName=DNS:new.internal"];
    expect(spawnSync("openssl", ["req", ...given, ...named, "-keyout", key, "-out", cert]).status).toBe(0);
    const ca = readFileSync(cert, "utf8");
    const hosts: (string | undefined)[] = [];
    const server = createServer({ key: readFileSync(key), cert: ca }, (request, response) => {
      hosts.push(request.headers.host);
      response.end("secure");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { lab } = laboratory();
    const answered = async (name: string, tls?: { ca?: string; servername?: string }): Promise<string> => {
      const handler = parallelHandler({
        ...{ name, laboratory: lab, candidate: () => new Response("secure"), noise: false, silence: false },
        control: { url, host: "shop.example", ...(tls && { tls }) },
        transport: nodeTransport(),
      });
      return await handler(new Request("http://front.example/")).then(
        (response) => response.text(),
        (error: unknown) => (error as { code?: string }).code ?? "failed",
      );
    };
    try {
      expect(await answered("trusted", { ca, servername: "new.internal" })).toBe("secure");
      expect(await answered("another name", { ca, servername: "other.internal" })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
      expect(await answered("nobody trusts it")).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
      expect(hosts).toEqual(["shop.example"]);
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
