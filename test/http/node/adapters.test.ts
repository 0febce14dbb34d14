import { createServer, request as httpRequest, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import {
  fromNodeListener,
  nodeTransport,
  parallelHandler,
  toFastify,
  toHono,
  toNodeListener,
  toRouteHandlers,
  type HandlerOptions,
} from "../../../src/http/index.ts";
import { eventually, laboratory, says, service } from "../servers.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Echoes what came, so that a change on the way is seen. */
const echo: RequestListener = (request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => (body += text));
  request.on("end", () => {
    response.writeHead(200, { "content-type": "application/json", "x-echo": "1" });
    response.end(
      JSON.stringify({ method: request.method, url: request.url, body, type: request.headers["content-type"] }),
    );
  });
};

async function parallel(options: Partial<HandlerOptions> = {}) {
  const [old, next] = [await service(echo), await service(echo)];
  const { lab, faults } = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: lab, control: old.url, candidate: next.url, transport: nodeTransport() },
    ...{
      routes: [
        { match: "POST /deep/search", readOnly: true as const },
        { match: "POST /search", readOnly: true as const },
      ],
    },
    ...options,
  });
  return { handler, lab, old, next, faults, status: () => lab.status().experiments["shop"]! };
}

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const post = (body: string, type = "application/json"): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});

describe("node:http", () => {
  it("answers by a handler, whole and as it came", async () => {
    const { handler, lab, old, status, faults } = await parallel();
    const url = await listening(toNodeListener(handler));
    const response = await fetch(`${url}/search?q=1`, post('{"a":1}'));
    expect(await response.json()).toEqual({
      method: "POST",
      url: "/search?q=1",
      body: '{"a":1}',
      type: "application/json",
    });
    expect(response.headers.get("x-echo")).toBe("1");
    await lab.settled();
    expect(status()).toMatchObject({ matched: 1 });
    expect(old.requests[0]!.headers["host"]).toBe(new URL(url).host);
    expect(faults).toEqual([]);
  });

  it("has the answer of a control that leaves before it has the body", async () => {
    const control = await service((_request, response) => {
      response.writeHead(413, { connection: "close" }).end("too large");
    });
    const { handler } = await parallel({ control: control.url });
    const url = await listening(toNodeListener(handler));
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(url, { method: "POST", headers: { "content-length": 5_000_000 } }, (message) => {
        message.resume();
        resolve(message.statusCode);
        request.destroy();
      });
      request.on("error", reject);
      const more = (): void => {
        if (!request.destroyed) request.write(Buffer.alloc(100_000), () => setTimeout(more, 1));
      };
      more();
    });
    expect(status).toBe(413);
  });

  it("takes any host and any target that a parser takes", async () => {
    const { handler, old } = await parallel();
    const { port } = new URL(await listening(toNodeListener(handler)));
    const status = (host: string, path: string): Promise<number | undefined> =>
      new Promise((resolve) => {
        httpRequest({ port, path, headers: { host } }, (message) => {
          message.resume();
          resolve(message.statusCode);
        }).end();
      });
    for (const host of ["a:99999", "1.2.3.4.5", "[::1]:80", "[x]", "a b", "ä", ""])
      expect([host, await status(host, "/a")]).toEqual([host, 200]);
    for (const path of ["/a?", "/a??b=?", "/a;b=%2F", "/%E0%A4%A"]) await status("a", path);
    const came = ["/a?", "/a??b=?", "/a;b=%2F", "/%E0%A4%A"];
    expect(old.requests.slice(7).map(({ url }) => url)).toEqual(came);
  });

  it("answers 502 with the code where control is down", async () => {
    const { handler, old } = await parallel();
    old.stop();
    const url = await listening(toNodeListener(handler));
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([502, "The service did not answer: ECONNREFUSED\n"]);
  });

  it("passes on that a client goes away, and that an answer breaks off", async () => {
    const closed: boolean[] = [];
    const { lab } = laboratory();
    const control = await service((request, response) => {
      response.on("close", () => closed.push(true));
      response.writeHead(200, { "content-length": "10" });
      response.write("a");
      if (request.url === "/broken") setTimeout(() => response.destroy(), 10);
    });
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: control.url, transport: nodeTransport() },
    });
    const url = await listening(toNodeListener(handler));
    const asking = httpRequest(`${url}/endless`);
    asking.on("error", () => undefined);
    asking.end();
    await new Promise((resolve) => asking.on("response", resolve));
    asking.destroy();
    await eventually(() => closed.length >= 1);
    await expect(fetch(`${url}/broken`).then((response) => response.text())).rejects.toThrow();
  });

  it("keeps the coding of a body, its length and every cookie", async () => {
    const { lab } = laboratory();
    const control = await service((_request, response) => {
      response.writeHead(200, [
        "set-cookie",
        "a=1",
        "set-cookie",
        "b=2",
        "content-encoding",
        "x-own",
        "content-length",
        "3",
      ]);
      response.end("abc");
    });
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: control.url, transport: nodeTransport() },
    });
    const url = await listening(toNodeListener(handler));
    const raw = await new Promise<readonly string[]>((resolve) => {
      httpRequest(url, (message) => {
        message.resume();
        resolve(message.rawHeaders);
      }).end();
    });
    expect(raw.join(" ").toLowerCase()).toContain("content-encoding x-own");
    expect(raw.join(" ").toLowerCase()).toContain("content-length 3");
    expect(raw.filter((each) => each.toLowerCase() === "set-cookie").length).toBe(2);
  });
});

describe("Express", () => {
  it("mounts a handler, also behind parsers and below a path", async () => {
    const { handler, lab, status } = await parallel();
    const app = express();
    app.use(express.json(), express.urlencoded({ extended: true }), express.text());
    app.use("/deep", toNodeListener(handler) as never);
    app.use(toNodeListener(handler) as never);
    const url = await listening(app);
    const json = await (await fetch(`${url}/deep/search?q=1`, post('{ "a": [1] }'))).json();
    expect(json).toMatchObject({ url: "/deep/search?q=1", body: '{"a":[1]}' });
    const form = await (
      await fetch(`${url}/search`, post("a=1&b%5Bc%5D=2&d=3&d=4", "application/x-www-form-urlencoded"))
    ).json();
    expect((form as { body: string }).body).toBe("a=1&b%5Bc%5D=2&d=3&d=4");
    const text = await (await fetch(`${url}/search`, post("words", "text/plain"))).json();
    expect((text as { body: string }).body).toBe("words");
    const bytes = await (await fetch(`${url}/search`, post("raw", "application/octet-stream"))).json();
    expect((bytes as { body: string }).body).toBe("raw");
    await lab.settled();
    expect(status()).toMatchObject({ matched: 4 });
  });

  it("sends nothing else in the place of a multipart body that was read", async () => {
    const { handler, old } = await parallel();
    const app = express();
    const errors: unknown[] = [];
    app.use((request, _response, next) => {
      request.body = { field: "1" };
      request.resume().on("end", () => {
        next();
      });
    });
    app.use(toNodeListener(handler));
    app.use((error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
      errors.push(error);
      response.sendStatus(500);
    });
    const url = await listening(app);
    const form = new FormData();
    form.set("field", "1");
    expect((await fetch(`${url}/search`, { method: "POST", body: form })).status).toBe(500);
    expect(String(errors)).toMatch(/mount before its parser/);
    expect(old.requests).toEqual([]);
  });

  it("receives what control rejects with", async () => {
    const { handler, old } = await parallel();
    old.stop();
    const app = express();
    app.use(toNodeListener(handler) as never);
    app.use(((
      error: Error,
      _request: unknown,
      response: { status(code: number): { send(text: string): void } },
      next: (error: Error) => void,
    ) => {
      if (error.message === "") next(error);
      response.status(503).send(`own page: ${(error as { code?: string }).code ?? ""}`);
    }) as never);
    const response = await fetch(await listening(app));
    expect([response.status, await response.text()]).toEqual([503, "own page: ECONNREFUSED"]);
  });

  it("has two apps run beside each other in one process", async () => {
    const { lab } = laboratory();
    const app = (total: number): RequestListener => {
      const made = express();
      made.use(express.json());
      made.get("/total/:id", (request, response) => {
        response.json({ id: request.params.id, total, from: request.socket.remoteAddress });
      });
      made.post("/echo", (request, response) => {
        response.json(request.body);
      });
      return made;
    };
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, noise: false },
      control: fromNodeListener(app(1)),
      candidate: fromNodeListener(app(2)),
      routes: [{ match: "POST /echo", readOnly: true }],
    });
    const url = await listening(toNodeListener(handler));
    expect(await (await fetch(`${url}/total/7`)).json()).toMatchObject({ id: "7", total: 1, from: "127.0.0.1" });
    const large = JSON.stringify({ text: "x".repeat(50_000) });
    expect(JSON.stringify(await (await fetch(`${url}/echo`, post(large))).json())).toBe(large);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ mismatched: 1, matched: 2 });
  });
});

describe("a side within the process that throws", () => {
  it.each([
    [
      "at once",
      () => {
        throw new Error("its own");
      },
    ],
    ["later", () => Promise.reject(new Error("its own"))],
    [
      "after its head",
      (_request: unknown, response: { writeHead(status: number): { flushHeaders(): void } }) => {
        response.writeHead(200).flushHeaders();
        throw new Error("its own");
      },
    ],
  ] as const)("%s fails alone", async (_when, candidate) => {
    const { lab, results } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, noise: false, silence: false },
      ...{ control: () => new Response("a"), candidate: fromNodeListener(candidate) },
    });
    expect(await (await handler(new Request("http://front.example/"))).text()).toBe("a");
    await lab.settled();
    expect(results[0]!.candidates[0].outcome.kind).toBe("threw");
  });
});

describe("Fastify", () => {
  it("has a handler as a route, and bodies that it has parsed", async () => {
    const { handler, lab, status } = await parallel();
    const app = fastify();
    app.all("/*", toFastify(handler) as never);
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    closing.push(() => app.close());
    expect(await (await fetch(`${url}/search`, post('{ "a":1 }'))).json()).toMatchObject({ body: '{"a":1}' });
    expect(await (await fetch(`${url}/search`, post("words", "text/plain"))).json()).toMatchObject({ body: "words" });
    expect(await (await fetch(`${url}/orders`, post("null"))).json()).toMatchObject({ body: "null" });
    expect(await (await fetch(`${url}/a?b=1`)).json()).toMatchObject({ method: "GET", url: "/a?b=1" });
    await lab.settled();
    expect(status()).toMatchObject({ matched: 3 });
  });

  it("answers by its own error handler where control is down", async () => {
    const { handler, old } = await parallel();
    old.stop();
    const app = fastify();
    app.setErrorHandler((_error, _request, reply) => reply.status(503).send("own page"));
    app.all("/*", toFastify(handler) as never);
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    closing.push(() => app.close());
    expect((await fetch(url)).status).toBe(503);
  });
});

describe("frameworks of web requests", () => {
  it("Hono has a handler as a route, also where a body was read before", async () => {
    const { handler, lab, status } = await parallel();
    const app = new Hono();
    app.use(async (context, next) => {
      if (context.req.method === "POST") await context.req.json();
      await next();
    });
    app.all("*", toHono(handler) as never);
    const response = await app.request("http://front.example/search", post('{ "a":1 }'));
    expect(await response.json()).toMatchObject({ body: '{ "a":1 }' });
    await (await app.request("http://front.example/a")).text();
    await lab.settled();
    expect(status()).toMatchObject({ matched: 2 });
  });

  it("Next has route handlers, which get its context", async () => {
    const { lab } = laboratory();
    const seen: unknown[] = [];
    const { GET, POST } = toRouteHandlers(
      parallelHandler({
        ...{ name: "shop", laboratory: lab },
        control: (_request, context) => {
          seen.push(context);
          return new Response("a");
        },
        candidate: () => new Response("a"),
      }),
    );
    expect(await (await GET(new Request("http://front.example/"), { params: { id: "1" } })).text()).toBe("a");
    expect(await (await POST(new Request("http://front.example/", { method: "POST" }))).text()).toBe("a");
    expect(seen).toEqual([{ params: { id: "1" } }, undefined]);
  });
});

describe("nodeTransport", () => {
  it("sends the host that is asked for, and tries once more where a kept connection was closed", async () => {
    let connections = 0;
    const old = await service((request, response) => {
      connections += 1;
      // Closes each connection after its first answer, in the moment of the second request.
      if (connections === 2) request.socket.destroy();
      else says("a")(request, response);
    });
    const { lab } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, candidate: () => new Response("a"), transport: nodeTransport() },
      control: { url: old.url, host: "shop.example" },
    });
    for (let time = 0; time < 2; time++) {
      expect(await (await handler(new Request("http://front.example/"))).text()).toBe("a");
    }
    expect(old.requests.map(({ headers }) => headers["host"])).toEqual([
      "shop.example",
      "shop.example",
      "shop.example",
    ]);
    await expect(handler(new Request("http://front.example/", { method: "POST", body: "1" }))).resolves.toBeDefined();
  });
});
