import type { RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { HttpError, nodeTransport, parallelHandler, type HandlerOptions } from "../../src/http/index.ts";
import { fixedClock } from "../../src/testing/index.ts";
import { eventually, laboratory, says, service } from "./servers.ts";

const address = "http://front.example/things/1?page=2";

function get(path = "/", init: RequestInit = {}): Request {
  return new Request(new URL(path, "http://front.example"), init);
}

/** A handler between two services, in a laboratory of its own. */
async function between(
  control: Parameters<typeof service>[0],
  candidate: Parameters<typeof service>[0],
  options: Partial<HandlerOptions> = {},
) {
  const [old, next] = [await service(control), await service(candidate)];
  const world = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: world.lab, control: old.url, candidate: next.url, noise: false },
    ...options,
  });
  return { old, next, handler, ...world, status: () => world.lab.status().experiments["shop"]! };
}

describe("a request that only reads", () => {
  it("is answered by control, and the copy's answer is compared", async () => {
    const { handler, old, next, lab, status, faults } = await between(says("a"), says("a"));
    const response = await handler(new Request(address, { headers: { "x-a": "1" } }));
    expect(await response.text()).toBe("a");
    await lab.settled();
    expect(status()).toMatchObject({ calls: 1, matched: 1 });
    expect(next.requests[0]).toMatchObject({ method: "GET", url: "/things/1?page=2" });
    expect(next.requests[0]!.headers["x-a"]).toBe("1");
    expect(next.requests[0]!.headers["x-sidelane"]).toMatch(/^1\.[a-z\d]+\.[\da-f]{64}$/);
    expect(old.requests[0]!.headers["x-sidelane"]).toBeUndefined();
    expect(handler.counts()["candidate"]).toMatchObject({ eligible: 1, sampled: 1, sent: 1, answered: 1, compared: 1 });
    expect(faults).toEqual([]);
  });

  it("tells where the answers differ", async () => {
    const { handler, lab, results } = await between(
      says('{"id":1,"total":10}', "application/json"),
      says('{"total":11,"id":1}', "application/json"),
      { routes: ["GET /things/{id}"] },
    );
    await (await handler(new Request(address))).text();
    await lab.settled();
    const [result] = results;
    expect(result!.context).toEqual({ method: "GET", route: "GET /things/{id}" });
    expect(result!.candidates[0].comparison).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.body.total", control: 10, candidate: 11 }],
    });
  });

  it("is copied once control has answered, and at most 5 ms later than to control", async () => {
    const [clock, asked] = [fixedClock(), [] as string[]];
    const answers: ((response: Response) => void)[] = [];
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: laboratory().lab, clock, noise: false, silence: false },
      control: async ({ url }) => {
        asked.push(`control ${new URL(url).pathname}`);
        return await new Promise((resolve) => answers.push(resolve));
      },
      candidate: ({ url }) => {
        asked.push(`candidate ${new URL(url).pathname}`);
        return Promise.resolve(new Response("a"));
      },
    });
    // The first copy's mark takes a while; later ones have it.
    const first = handler(get("/first"));
    await eventually(() => answers.length === 1);
    answers.pop()!(new Response("a"));
    await (await first).text();
    await eventually(() => asked.length === 2);

    const fast = handler(get("/fast"));
    await eventually(() => answers.length === 1);
    await clock.advanceAsync(4);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(asked.slice(2)).toEqual(["control /fast"]);
    answers.pop()!(new Response("a"));
    await (await fast).text();
    await eventually(() => asked.length === 4);
    expect(asked.slice(2)).toEqual(["control /fast", "candidate /fast"]);

    const slow = handler(get("/slow"));
    await eventually(() => answers.length === 1);
    await clock.advanceAsync(5);
    await eventually(() => asked.length === 6);
    expect(asked.slice(4)).toEqual(["control /slow", "candidate /slow"]);
    answers.pop()!(new Response("a"));
    await (await slow).text();
    expect(asked).toHaveLength(6);
  });

  it("gets its answer before its body has ended, and control's pace is its caller's", async () => {
    let finish = (): void => undefined;
    const { handler } = await between((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("first");
      finish = () => response.end("last");
    }, says("firstlast"));
    const response = await handler(get());
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("first");
    finish();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("last");
    expect((await reader.read()).done).toBe(true);
  });

  it("keeps status, headers and every cookie of control's answer, and follows no redirect", async () => {
    const { handler } = await between((_request, response) => {
      response.writeHead(
        302,
        "Over There",
        [
          ["location", "/b"],
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ].flat(),
      );
      response.end();
    }, says("x"));
    const response = await handler(get());
    expect(response.status).toBe(302);
    expect(response.statusText).toBe("Over There");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("location")).toBe("/b");
  });

  it("passes on a body that `fetch` has decoded with headers that are true of it", async () => {
    const { handler } = await between((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/plain" });
      response.end(gzipSync("hello"));
    }, says("hello"));
    const response = await handler(get("/", { headers: { "accept-encoding": "gzip, zstd;q=0.5" } }));
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await response.text()).toBe("hello");
  });

  it("has no conditions in its copy, and is not compared where control answers them", async () => {
    const { handler, next, lab, status, faults } = await between((_request, response) => {
      // Not before the copy is on its way.
      setTimeout(() => response.writeHead(304, { etag: '"1"' }).end(), 300);
    }, says("all of it"));
    const response = await handler(get("/", { headers: { "if-none-match": '"1"', range: "bytes=0-1" } }));
    expect(response.status).toBe(304);
    await lab.settled();
    await eventually(() => next.requests.length === 1);
    expect(next.requests[0]!.headers["if-none-match"]).toBeUndefined();
    expect(next.requests[0]!.headers["range"]).toBeUndefined();
    expect(status()).toMatchObject({ inconclusive: 1, mismatched: 0 });
    expect(handler.counts()["candidate"]!.skips).toEqual({ conditional: 1 });
    expect(faults).toEqual([]);
  });

  it("is copied to several candidates, each with a comparison of its own", async () => {
    const [old, one, two] = [await service(says("a")), await service(says("a")), await service(says("b"))];
    const { lab } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: old.url, candidates: { one: one.url, two: two.url }, noise: false },
    });
    expect(await (await handler(get())).text()).toBe("a");
    await lab.settled();
    expect(old.requests.length).toBe(1);
    expect(lab.status().experiments["shop/one"]).toMatchObject({ matched: 1 });
    expect(lab.status().experiments["shop/two"]).toMatchObject({ mismatched: 1 });
  });

  it("takes handlers for sides, which get the request itself and what is handed on", async () => {
    const { lab } = laboratory();
    const seen: unknown[] = [];
    const handler = parallelHandler({
      name: "shop",
      laboratory: lab,
      control: (request, context) => {
        seen.push(request, context);
        return new Response("a");
      },
      candidate: () => new Response("a"),
    });
    const request = get();
    expect(await (await handler(request, "context")).text()).toBe("a");
    expect(seen[0]).toBe(request);
    expect(seen[1]).toBe("context");
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ matched: 1 });
  });
});

describe("what may change something", () => {
  it("is control's alone, body and all", async () => {
    const { handler, old, next, status } = await between(says("done"), says("done"));
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const response = await handler(get("/", { method, body: method === "OPTIONS" ? null : `of ${method}` }));
      expect(await response.text()).toBe("done");
    }
    expect(old.requests.map(({ body }) => body)).toEqual(["of POST", "of PUT", "of PATCH", "of DELETE", ""]);
    expect(next.requests).toEqual([]);
    expect(status().calls).toBe(0);
    expect(handler.counts()["candidate"]!.skips).toEqual({ "unsafe-method": 5 });
  });

  it("is copied where its route is declared read-only, up to 64 KB", async () => {
    const { handler, old, next, lab, status } = await between(says("found"), says("found"), {
      routes: [{ match: "POST /search", readOnly: true }],
    });
    const large = "x".repeat(100_000);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(large));
        controller.close();
      },
    });
    await (await handler(get("/search", { method: "POST", body: "words" }))).text();
    await (await handler(get("/search", { method: "POST", body: large }))).text();
    await (await handler(get("/search", { method: "POST", body: stream, duplex: "half" } as RequestInit))).text();
    await lab.settled();
    expect(next.requests.map(({ body }) => body)).toEqual(["words"]);
    expect(old.requests.map(({ body }) => body)).toEqual(["words", large, large]);
    expect(status()).toMatchObject({ calls: 1, matched: 1 });
    expect(handler.counts()["candidate"]!.skips).toEqual({ "body-too-large": 2 });
  });

  it("goes to the side of its key alone where its route is unsafe by key, and falls back to none", async () => {
    const { handler, old, next, lab, faults } = await between(says("old"), says("broken", "text/plain", 500), {
      routes: [{ match: "POST /orders", unsafe: "by-key" }],
      rollout: { serve: 0.5, compare: 1 },
      key: (request) => request.headers.get("x-customer"),
    });
    const statuses = new Map<string, number>();
    for (let customer = 0; customer < 20; customer++) {
      for (let time = 0; time < 2; time++) {
        const response = await handler(
          get("/orders", { method: "POST", body: "1", headers: { "x-customer": `c${customer}` } }),
        );
        await response.text();
        expect(statuses.get(`c${customer}`) ?? response.status).toBe(response.status);
        statuses.set(`c${customer}`, response.status);
        // Failures in a row would open the breaker.
        await handler(get("/orders", { method: "POST", body: "1" }));
      }
    }
    await lab.settled();
    expect([...new Set(statuses.values())].sort()).toEqual([200, 500]);
    const toNext = [...statuses.values()].filter((status) => status === 500).length * 2;
    expect(next.requests.length).toBe(toNext);
    expect(old.requests.length).toBe(80 - toNext);
    expect(lab.status().experiments["shop"]).toMatchObject({ started: 0, fellBack: 0, served: toNext });
    expect(faults).toEqual([]);
  });
});

describe("loops", () => {
  it("are cut by a mark that nothing else can make", async () => {
    const { lab } = laboratory();
    const old = await service(says("a"));
    let marks = 0;
    const inner = parallelHandler({
      ...{ name: "inner", laboratory: lab, control: old.url, candidate: old.url, loopKey: "the key of the fleet" },
    });
    const outer = parallelHandler({
      name: "outer",
      laboratory: lab,
      loopKey: "the key of the fleet",
      control: (request) => inner(request),
      candidate: (request) => {
        marks += request.headers.has("x-sidelane") ? 1 : 0;
        return inner(request);
      },
    });
    await (await outer(get())).text();
    await lab.settled();
    expect(marks).toBe(1);
    expect(inner.counts()["candidate"]).toMatchObject({ eligible: 1, skips: { loop: 1 } });
    expect(old.requests.length).toBe(3);
  });

  it.each(["1", "1.abc.0000", `1.${Math.floor(Date.now() / 60_000).toString(36)}.${"0".repeat(64)}`])(
    "are not claimed by %s from outside, which is taken off",
    async (mark) => {
      const { handler, old, next, lab } = await between(says("a"), says("a"));
      await (await handler(get("/", { headers: { "x-sidelane": mark } }))).text();
      await lab.settled();
      expect(handler.counts()["candidate"]).toMatchObject({ compared: 1, skips: {} });
      expect(old.requests[0]!.headers["x-sidelane"]).toBeUndefined();
      expect(next.requests[0]!.headers["x-sidelane"]).not.toBe(mark);
    },
  );
});

describe("credentials", () => {
  const secret = { headers: { authorization: "Bearer 1", cookie: "sid=1", traceparent: "00-1-2-01" } };

  it("go to candidates that are named alone; traces go to all", async () => {
    const { handler, old, next, lab } = await between(says("a"), says("a"));
    await (await handler(get("/", secret))).text();
    await lab.settled();
    expect(old.requests[0]!.headers).toMatchObject(secret.headers);
    expect(next.requests[0]!.headers["traceparent"]).toBe("00-1-2-01");
    expect(next.requests[0]!.headers["authorization"]).toBeUndefined();
    expect(next.requests[0]!.headers["cookie"]).toBeUndefined();

    const named = parallelHandler({
      ...{ name: "named", laboratory: lab, control: old.url, candidate: next.url },
      // As addresses are copied, with the slash at their end.
      credentialsTo: [`${next.url}/`],
    });
    await (await named(get("/", secret))).text();
    await lab.settled();
    expect(next.requests[1]!.headers).toMatchObject(secret.headers);
  });
});

describe("requests that differ by side", () => {
  it("have other paths and headers, and secrets of the environment", async () => {
    // As a file has it.
    process.env["SIDELANE_TEST_TOKEN"] = "secret\n";
    const [old, next] = [await service(says("a")), await service(says("a"))];
    const { lab } = laboratory();
    const handler = parallelHandler({
      name: "shop",
      laboratory: lab,
      control: old.url,
      candidate: {
        url: `${next.url}/base/`,
        headers: { set: { authorization: { env: "SIDELANE_TEST_TOKEN" }, "x-side": "new" }, remove: ["x-old"] },
        path: [
          ["/v1/", "/v2/"],
          ["/v", "/never/"],
        ],
      },
    });
    await (await handler(get("/v1/things?a=1", { headers: { "x-old": "1" } }))).text();
    await lab.settled();
    expect(old.requests[0]!.url).toBe("/v1/things?a=1");
    expect(next.requests[0]!.url).toBe("/base/v2/things?a=1");
    expect(next.requests[0]!.headers).toMatchObject({ authorization: "secret", "x-side": "new" });
    expect(next.requests[0]!.headers["x-old"]).toBeUndefined();
    delete process.env["SIDELANE_TEST_TOKEN"];
  });

  it("are made by a function", async () => {
    const { lab } = laboratory();
    const [old, next] = [await service(says("a")), await service(says("a"))];
    const handler = parallelHandler({
      name: "shop",
      laboratory: lab,
      control: old.url,
      routes: [{ match: "POST /q", readOnly: true }],
      candidate: { url: next.url, request: (copy) => new Request(`${copy.url}?by=function`, copy) },
    });
    await (await handler(get("/q", { method: "POST", body: "1" }))).text();
    await lab.settled();
    expect(next.requests[0]).toMatchObject({ url: "/q?by=function", body: "1" });
  });
});

describe("a candidate that fails", () => {
  it("by a 5xx of its own is a failure, which opens the breaker; control's own is no failure of the candidate's", async () => {
    let status = 200;
    const { handler, lab, results, ...world } = await between(
      (request, response) => says("a", "text/plain", status)(request, response),
      says("a", "text/plain", 503),
      { limits: { breakAfter: 3 } },
    );
    for (let time = 0; time < 5; time++) {
      await (await handler(get())).text();
      await lab.settled();
    }
    expect(world.status().candidates["candidate"]!.breaker).toBe("open");
    expect(world.status().skips["breaker-open"]).toBe(2);
    const { outcome } = results[0]!.candidates[0];
    expect(outcome.kind === "threw" && outcome.error).toMatchObject({
      name: "HttpError",
      status: 503,
      code: "server-error",
    });
    expect(outcome.kind === "threw" && outcome.error instanceof HttpError).toBe(true);
    status = 503;
    const other = await between(says("a", "text/plain", 503), says("a", "text/plain", 503));
    const response = await other.handler(get());
    expect([response.status, await response.text()]).toEqual([503, "a"]);
    await other.lab.settled();
    expect(other.status()).toMatchObject({ matched: 1 });
  });

  it.each([
    ["nobody listens", undefined, "ECONNREFUSED"],
    [
      "it resets before its head",
      (_request: unknown, response: { destroy(): void }) => response.destroy(),
      "UND_ERR_SOCKET",
    ],
  ] as const)("since %s, is a failure with the runtime's code", async (_, answer, code) => {
    const { handler, next, lab, results } = await between(says("a"), answer ?? says(""));
    if (answer === undefined) next.stop();
    expect(await (await handler(get())).text()).toBe("a");
    await lab.settled();
    const { outcome } = results[0]!.candidates[0];
    expect(outcome.kind === "threw" && outcome.error).toMatchObject({ code });
  });

  it("in the middle of its body, or by its length, is a failure", async () => {
    const { handler, lab, results } = await between(says("a"), (_request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("a");
      setTimeout(() => response.destroy(), 20);
    });
    expect(await (await handler(get())).text()).toBe("a");
    await lab.settled();
    const { outcome } = results[0]!.candidates[0];
    expect(outcome.kind === "threw" && outcome.error).toMatchObject({ status: 200, code: "broken-mid-body" });
  });

  it("in the middle of its body is not its own alone where control's breaks as well, however much later", async () => {
    const breaks =
      (headAfterMs: number): RequestListener =>
      (_request, response) => {
        setTimeout(() => {
          response.writeHead(200, { "content-length": "10" });
          response.write("a");
          setTimeout(() => response.destroy(), 20);
        }, headAfterMs);
      };
    const { handler, lab, results, status } = await between(breaks(80), breaks(0));
    const answer = await handler(get());
    await expect(answer.text()).rejects.toThrow();
    await lab.settled();
    expect(results[0]!.control.outcome.kind).toBe("threw");
    expect(status()).toMatchObject({ started: 1, mismatched: 0, inconclusive: 0 });
  });

  it("in the middle of its body is a failure as well where control has not ended in time", async () => {
    const { handler, lab, results } = await between(
      (_request, response) => {
        response.write("a");
        setTimeout(() => response.end(), 300);
      },
      (_request, response) => {
        response.writeHead(200, { "content-length": "10" });
        response.write("a");
        setTimeout(() => response.destroy(), 10);
      },
      { limits: { timeoutMs: 100 } },
    );
    expect(await (await handler(get())).text()).toBe("a");
    await lab.settled();
    expect(results[0]!.candidates[0].outcome.kind).toBe("threw");
    expect(results[0]!.kind).toBe("mismatch");
  });

  it("by hanging is timed out, and holds nobody up", async () => {
    const { handler, lab, status, faults } = await between(says("a"), () => undefined, { limits: { timeoutMs: 50 } });
    expect(await (await handler(get())).text()).toBe("a");
    await lab.settled();
    expect(status()).toMatchObject({ timedOut: 1 });
    expect(faults).toEqual([]);
  });

  it("by an endless body is timed out, or longer than control's", async () => {
    const { handler, lab, status } = await between(says("a"), (_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    });
    expect(await (await handler(get())).text()).toBe("a");
    await lab.settled();
    expect(status()).toMatchObject({ mismatched: 1 });
  });
});

describe("control that takes long", () => {
  it("is not compared once the call's time is up, and reaches its caller whole", async () => {
    const { handler, lab, status, faults } = await between(
      (_request, response) => {
        response.writeHead(200, { "content-type": "text/plain" });
        response.write("a");
        setTimeout(() => response.end("b"), 1_500);
      },
      says("ab"),
      { limits: { timeoutMs: 100 } },
    );
    expect(await (await handler(get())).text()).toBe("ab");
    await lab.settled();
    expect(status()).toMatchObject({ inconclusive: 1, timedOut: 0 });
    expect(handler.counts()["candidate"]!.skips).toEqual({ "too-slow": 1 });
    expect(faults).toEqual([]);
  });

  it("is not compared once its laboratory is closed", async () => {
    const { handler, lab, next, faults } = await between(
      (_request, response) => {
        response.writeHead(200, { "content-type": "text/plain" });
        response.write("a");
        setTimeout(() => response.end("b"), 200);
      },
      () => undefined,
    );
    const response = await handler(get());
    await eventually(() => next.requests.length === 1);
    await lab.close({ timeoutMs: 20 });
    expect(await response.text()).toBe("ab");
    expect(await (await handler(get())).text()).toBe("ab");
    expect(faults).toEqual([]);
  });
});

describe("control that fails", () => {
  it("fails for its caller as without a handler, and is told", async () => {
    const { handler, old, lab, results } = await between(says("a"), says("a"));
    old.stop();
    await expect(handler(get())).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    await lab.settled();
    expect(results[0]!.control.outcome.kind).toBe("threw");
    expect(results[0]!.candidates[0].outcome.kind).toBe("returned");
  });

  it("in the middle of its body breaks off for its caller", async () => {
    const { handler, lab } = await between((_request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("a");
      setTimeout(() => response.destroy(), 20);
    }, says("a"));
    await expect((await handler(get())).text()).rejects.toThrow();
    await lab.settled();
  });

  it("whose caller goes away is not compared, and its request ends", async () => {
    const closed: boolean[] = [];
    const { handler, old, lab, status, faults } = await between((_request, response) => {
      response.on("close", () => closed.push(true));
    }, says("a"));
    const controller = new AbortController();
    const asking = handler(get("/", { signal: controller.signal }));
    await eventually(() => old.requests.length === 1);
    controller.abort();
    await expect(asking).rejects.toThrow();
    await lab.settled();
    await eventually(() => closed.length === 1);
    expect(status()).toMatchObject({ inconclusive: 1 });
    expect(faults).toEqual([]);
  });
});

describe("definitions", () => {
  const control = "http://127.0.0.1:1";
  it.each<readonly [string, object, RegExp]>([
    ["no candidate", { control }, /expected `candidate` to be given, or `candidates`/],
    ["a URL that is none", { control, candidate: "new" }, /`candidate` to be a URL such as/],
    [
      "a URL with a password",
      { control, candidate: "http://u:secret@new" },
      /without a user and a password, got "http:\/\/…@new"/,
    ],
    ["a host that fetch cannot set", { control, candidate: { url: control, host: "a" } }, /nodeTransport/],
    [
      "a secret that is not there",
      { control, candidate: { url: control, headers: { set: { a: { env: "NOT_THERE" } } } } },
      /the variable NOT_THERE/,
    ],
    [
      "a header to set whose name is none",
      { control, candidate: { url: control, headers: { set: { "a b": "c" } } } },
      /set\["a b"\]` to be a name/,
    ],
    [
      "a header to take away whose name is none",
      { control, candidate: { url: control, headers: { remove: ["a:"] } } },
      /remove\[0\]` to be a name/,
    ],
    [
      "a header of two lines",
      { control: { url: control, headers: { set: { a: "secret\nb: c" } } }, candidate: control },
      /^(?!.*secret).*set\["a"\]` to be one line/s,
    ],
    [
      "a host that is none",
      { control: { url: control, host: "a\r\nb: c" }, candidate: control, transport: nodeTransport() },
      /control\.host` to be a host/,
    ],
    ["a route that is no pattern", { control, candidate: control, routes: ["orders"] }, /routes\[0\].match/],
    [
      "a rollout of several candidates",
      { control, candidates: { a: control }, rollout: "live" },
      /`rollout` to be left out/,
    ],
    ...["control", "compare", ""].map(
      (name) =>
        [
          `a candidate that is called ${JSON.stringify(name)}`,
          { control, candidates: { [name]: control } },
          /none of them/,
        ] as const,
    ),
    ["a key that is too short", { control, candidate: control, forceKey: "hunter2" }, /^(?!.*hunter2).*at least 16/],
    [
      "a key that no header holds",
      { control, candidate: control, forceKey: "a secret of words" },
      /^(?!.*words).*without spaces/,
    ],
    ["an unknown option", { control, candidat: control }, /did you mean `candidate`/],
  ])("with %s are refused", (_, options, message) => {
    expect(() => parallelHandler({ name: "a", laboratory: laboratory().lab, ...options } as HandlerOptions)).toThrow(
      message,
    );
  });
});
