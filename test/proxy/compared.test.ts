import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventually, says, service } from "../http/servers.ts";
import { proxied, said } from "./proxies.ts";

const get = "GET /a?b=1 HTTP/1.1\r\nHost: a\r\n\r\n";

describe("a copy", () => {
  it("of what only reads goes to the candidate, and what differs is in the file of results", async () => {
    const [control, candidate] = [
      await service(says('{"total":10}', "application/json")),
      await service(says('{"total":11}', "application/json")),
    ];
    const proxy = await proxied({
      ...{ control: control.url, candidate: candidate.url, routes: ["GET /a"], results: undefined },
      publishers: [{ type: "ndjson", path: "results.ndjson", values: "shown" }],
    });
    expect((await said(proxy.port, get)).text).toMatch(/\{"total":10\}/);
    await said(proxy.port, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    await eventually(() => proxy.deployment.compiled.counts()["candidate"]!.compared === 1);
    expect(candidate.requests.map(({ method, url }) => [method, url])).toEqual([["GET", "/a?b=1"]]);
    expect(proxy.deployment.compiled.counts()["candidate"]).toMatchObject({
      compared: 1,
      matched: 0,
      skips: { "unsafe-method": 1 },
    });
    await proxy.close();
    const lines = readFileSync(join(proxy.folder, "results.ndjson"), "utf8").trim().split("\n");
    const results = lines.map((line) => JSON.parse(line) as { type: string; kind?: string; context?: object });
    expect(results.find(({ type }) => type === "result")).toMatchObject({
      kind: "mismatch",
      context: { method: "GET", route: "GET /a" },
    });
  });

  it("of a body that is declared to only read goes to both, as does that of a GET", async () => {
    const [control, candidate] = [await service(says("a")), await service(says("a"))];
    const proxy = await proxied({
      ...{ control: control.url, candidate: candidate.url },
      routes: [{ match: "POST /search", readOnly: true }],
    });
    await said(proxy.port, "POST /search HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
    await said(proxy.port, "GET /search HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n");
    await eventually(() => proxy.deployment.compiled.counts()["candidate"]!.matched === 2);
    expect(control.requests.map(({ body }) => body)).toEqual(["abc", "de"]);
    expect(candidate.requests.map(({ body }) => body)).toEqual(["abc", "de"]);
  });

  it("of a body that is larger than what is kept is not made, and control gets all of it", async () => {
    const [control, candidate] = [await service(says("a")), await service(says("a"))];
    const proxy = await proxied({
      ...{ control: control.url, candidate: candidate.url, limits: { requestBytes: 4 } },
      routes: [{ match: "POST /search", readOnly: true }],
    });
    await said(
      proxy.port,
      "POST /search HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
    );
    expect(control.requests.map(({ body }) => body)).toEqual(["abcdef"]);
    expect(candidate.requests).toEqual([]);
    expect(proxy.deployment.compiled.counts()["candidate"]!.skips).toEqual({ "body-too-large": 1 });
  });

  it("to a candidate that hangs costs neither control's connections nor its callers' time", async () => {
    const [control, candidate] = [await service(says("a")), await service(() => undefined)];
    const { port } = await proxied({ control: control.url, candidate: candidate.url, limits: { maxInFlight: 500 } });
    const startedAt = performance.now();
    const all = await Promise.all(
      Array.from({ length: 150 }, () => said(port, get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), 9_000)),
    );
    expect(all.every(({ text }) => text.includes(" 200 OK"))).toBe(true);
    // A copy is given up after 10 s.
    expect(performance.now() - startedAt).toBeLessThan(9_000);
  });

  it("does not touch a stream of events", async () => {
    let finish = (): void => undefined;
    const control = await service((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
      finish = () => response.end("data: 2\n\n");
    });
    const candidate = await service(says("data: 1\n\n", "text/event-stream"));
    const proxy = await proxied({ control: control.url, candidate: candidate.url });
    const telling = said(proxy.port, get, 500);
    await eventually(() => control.requests.length > 0);
    setTimeout(() => finish(), 100);
    expect((await telling).text).toMatch(/data: 1\n\n\r\n.*data: 2\n\n/s);
    expect(proxy.deployment.compiled.counts()["candidate"]!.skips).toMatchObject({ streaming: 1 });
  });
});

describe("a candidate that serves", () => {
  it("answers with its own bytes, and control takes its place where it fails", async () => {
    let status = 200;
    const [control, candidate] = [
      await service(says("a")),
      await service((_request, response) => void response.writeHead(status, ["X-oNe", "1"]).end("b")),
    ];
    const { port } = await proxied({ control: control.url, candidate: candidate.url, rollout: "live" });
    const served = await said(port, get);
    expect(served.text).toMatch(/^HTTP\/1\.1 200 OK\r\nX-oNe: 1\r\n.*\r\n\r\n1\r\nb\r\n/s);
    status = 500;
    expect((await said(port, get)).text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\na\r\n/s);
  });

  it("gets its share by what a header, a cookie or a claim holds, and the same key always", async () => {
    const [control, candidate] = [await service(says("old")), await service(says("new"))];
    const token = (sub: string): string => `x.${Buffer.from(JSON.stringify({ sub })).toString("base64url")}.y`;
    const ways: readonly (readonly [key: object, header: (id: string) => string])[] = [
      [{ header: "X-Customer" }, (id) => `x-customer: ${id}`],
      [{ cookie: "sid" }, (id) => `Cookie: a=1; sid=${id}`],
      [{ claim: "sub" }, (id) => `Authorization: Bearer ${token(id)}`],
    ];
    const chosen: string[] = [];
    for (const [key, header] of ways) {
      const { port } = await proxied({ control: control.url, candidate: candidate.url, rollout: { serve: 0.5 }, key });
      const ask = async (id: string): Promise<string> =>
        (
          (await said(port, `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${header(id)}\r\n\r\n`)).text.includes(
            "new",
          )
        ) ?
          "new"
        : "old";
      let all = "";
      for (let id = 0; id < 12; id++) {
        const [first, second] = [await ask(`customer-${id}`), await ask(`customer-${id}`)];
        expect(first).toBe(second);
        all += first;
      }
      expect(all).toContain("old");
      expect(all).toContain("new");
      chosen.push(all);
    }
    expect(new Set(chosen).size).toBe(1);
  });
});

it.each([
  [{ header: "X-Customer" }, "X-Customer: "],
  [{ cookie: "sid" }, "Cookie: sid="],
  [{ claim: "sub" }, `Authorization: Bearer x.${Buffer.from('{"sub":""}').toString("base64url")}.y`],
])("takes what is empty for no key: %j", async (key, header) => {
  const proxy = await proxied({
    ...{ control: (await service(says("old"))).url, candidate: (await service(says("new"))).url },
    // All that has a key is the candidate's.
    ...{ key, rollout: { serve: 0.999_999_999 } },
  });
  const ask = (line: string) => said(proxy.port, `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${line}\r\n\r\n`);
  expect((await ask(header)).text).toMatch(/old/);
  expect((await ask(header.replace(/: $|=$/, "$&1"))).text).toMatch("claim" in key ? /old/ : /new/);
});

it("takes an answer to a copy that has too many headers for a failure", async () => {
  const control = await service(says("a"));
  const candidate = await service((_request, response) => {
    const many = Array.from({ length: 10_001 }, (_, at) => [`x-${at}`, "1"]).flat();
    response.writeHead(200, many).end("a");
  });
  const proxy = await proxied({ control: control.url, candidate: candidate.url });
  expect((await said(proxy.port, get)).text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  await eventually(
    () =>
      proxy.deployment.laboratory.status().experiments["proxy"]!.candidates["candidate"]!.tally.candidateErrors === 1,
  );
});

describe("requests that differ by side", () => {
  it("have each side's own path, headers and host, and credentials of its own", async () => {
    const [control, candidate] = [await service(says("a")), await service(says("a"))];
    process.env["PROXY_TEST_TOKEN"] = "secret";
    const proxy = await proxied({
      control: control.url,
      candidate: {
        url: `${candidate.url}/base`,
        path: [["/v1/", "/v2/"]],
        host: "new.example",
        headers: { set: { "X-Token": { env: "PROXY_TEST_TOKEN" } }, remove: ["x-legacy"] },
      },
    });
    await said(
      proxy.port,
      "GET /v1/a HTTP/1.1\r\nHost: shop.example\r\nX-Legacy: 1\r\nAuthorization: Bearer a\r\nCookie: a=1\r\n\r\n",
    );
    await eventually(() => candidate.requests.length === 1);
    expect(control.requests[0]).toMatchObject({
      url: "/v1/a",
      headers: { host: "shop.example", "x-legacy": "1", cookie: "a=1" },
    });
    expect(candidate.requests[0]).toMatchObject({
      url: "/base/v2/a",
      headers: { host: "new.example", "x-token": "secret" },
    });
    for (const name of ["x-legacy", "authorization", "cookie"])
      expect(candidate.requests[0]!.headers[name]).toBeUndefined();
  });

  it("say where they came from only where that is asked for", async () => {
    const control = await service(says("a"));
    const off = await proxied({ control: control.url, candidate: control.url, rollout: "off" });
    const on = await proxied({ control: control.url, candidate: control.url, rollout: "off", forwarded: true });
    await said(off.port, get);
    await said(on.port, get.replace("Host", "X-Forwarded-For: 10.0.0.1\r\nHost"));
    expect(control.requests[0]!.headers["x-forwarded-for"]).toBeUndefined();
    expect(control.requests[1]!.headers).toMatchObject({
      ...{ "x-forwarded-for": "10.0.0.1, 127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-host": "a" },
    });
    await said(on.port, get.replace("Host", "Connection: Upgrade\r\nUpgrade: echo\r\nHost"));
    expect(control.requests[2]!.headers["x-forwarded-for"]).toBe("127.0.0.1");
  });

  it("say what their side sets in place of where they came from", async () => {
    const control = await service(says("a"));
    const headers = { set: { "X-Forwarded-Proto": "https" }, remove: ["X-Forwarded-Host"] };
    const { port } = await proxied({
      ...{ control: { url: control.url, headers }, candidate: control.url, rollout: "off", forwarded: true },
    });
    const came = "X-Forwarded-Proto: wss\r\nX-Forwarded-Host: b\r\nHost";
    await said(port, get.replace("Host", came));
    await said(port, get.replace("Host", `Connection: Upgrade\r\nUpgrade: echo\r\n${came}`));
    for (const { headers: got } of control.requests) {
      expect(got).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https" });
      expect(got["x-forwarded-host"]).toBeUndefined();
    }
    expect(control.requests).toHaveLength(2);
  });
});

describe("a request whose header has the key", () => {
  const key = "0123456789abcdef";
  const got = async (url: string, header?: string): Promise<string> =>
    await (await fetch(url, header === undefined ? {} : { headers: { "x-sidelane-force": header } })).text();

  it("is compared, or answered by the side that it names, and neither side sees the header", async () => {
    const [control, candidate] = [await service(says("old")), await service(says("new"))];
    const proxy = await proxied({ control: control.url, candidate: candidate.url, sample: 0, forceKey: key });
    expect(await got(proxy.url)).toBe("old");
    expect(await got(proxy.url, `candidate ${key}`)).toBe("new");
    expect(await got(proxy.url, "candidate 0123456789abcdeX")).toBe("old");
    expect(await got(proxy.url, `compare ${key}`)).toBe("old");
    await proxy.deployment.laboratory.settled();
    expect(proxy.deployment.compiled.counts()["candidate"]).toMatchObject({
      ...{ sampled: 1, compared: 1, matched: 0, skips: { "sampled-out": 2, forced: 1 } },
    });
    expect([control.requests.length, candidate.requests.length]).toEqual([3, 2]);
    const all = [...control.requests, ...candidate.requests];
    expect(all.filter(({ headers }) => "x-sidelane-force" in headers)).toEqual([]);
  });
});
