import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { nodeTransport, parallelHandler, toNodeListener, type HandlerOptions } from "../../src/http/index.ts";
import { laboratory, service } from "./servers.ts";

/** What one exchange is to be: the client's part and control's. */
interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: readonly string[];
  readonly status: number;
  readonly answer: readonly (readonly [string, string])[];
  readonly chunks: readonly string[];
  readonly coding: "identity" | "gzip" | "br";
  readonly hasLength: boolean;
  /** Control breaks off after so many chunks. */
  readonly breaksAfter: number | undefined;
}

const chunk = fc.oneof(fc.string({ maxLength: 20 }), fc.constant("x".repeat(70_000)), fc.constant(""));
const name = fc.constantFrom("X-One", "x-two", "X-THREE", "Accept", "X-Request-Id");
const value = fc.stringMatching(/^[\w ,;="-]{0,20}$/).map((text) => text.trim());
const exchange: fc.Arbitrary<Exchange> = fc.record({
  method: fc.constantFrom("GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PURGE"),
  path: fc.constantFrom(
    "/",
    "/a?b=c&b=d",
    "/a%20b/c",
    "/a;v=1?x=%00",
    "//double",
    "/ü".normalize("NFC").replace("ü", "%C3%BC"),
  ),
  headers: fc.array(fc.tuple(fc.oneof(name, fc.constantFrom("Range", "If-None-Match", "Cookie")), value), {
    maxLength: 5,
  }),
  body: fc.array(chunk, { maxLength: 4 }),
  status: fc.constantFrom(200, 200, 201, 204, 206, 301, 304, 400, 404, 416, 418, 500, 503, 599),
  answer: fc.array(
    fc.tuple(
      fc.constantFrom("Set-Cookie", "Set-Cookie", "X-Two", "X-two", "ETag", "Vary", "Location", "Cache-Control"),
      value,
    ),
    { maxLength: 6 },
  ),
  chunks: fc.array(chunk, { maxLength: 5 }),
  coding: fc.constantFrom("identity", "identity", "gzip", "br"),
  hasLength: fc.boolean(),
  breaksAfter: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 8 }),
});

const bodyless: ReadonlySet<number> = new Set([204, 304]);
const plans = new Map<string, Exchange>();
const seen = new Map<string, unknown>();

const control: RequestListener = (request, response) => {
  const id = request.headers["x-exchange"] as string;
  const plan = plans.get(id.split(":")[0]!)!;
  let body = "";
  request.setEncoding("latin1").on("data", (text: string) => (body += text));
  request.on("error", () => undefined);
  request.on("end", () => {
    const isCopy = request.headers["x-sidelane"] !== undefined;
    seen.set(isCopy ? `${id}:copy` : id, {
      method: request.method,
      url: request.url,
      headers: shownHeaders(request.rawHeaders, "request"),
      body,
    });
    const whole = Buffer.from(plan.chunks.join(""));
    const encoded =
      plan.coding === "gzip" ? gzipSync(whole)
      : plan.coding === "br" ? brotliCompressSync(whole)
      : undefined;
    const chunks =
      encoded === undefined ?
        plan.chunks.map((each) => Buffer.from(each))
      : [encoded.subarray(0, 5), encoded.subarray(5)];
    const headers = [...plan.answer, ["Content-Type", "text/plain"] as const];
    if (encoded !== undefined) headers.push(["Content-Encoding", plan.coding]);
    // Its last byte may be there before it breaks off: nobody may keep such a connection.
    if (plan.breaksAfter !== undefined) headers.push(["Connection", "close"]);
    const hasBody = !bodyless.has(plan.status);
    const length = chunks.reduce((sum, each) => sum + each.length, 0);
    if (plan.hasLength && hasBody) headers.push(["Content-Length", String(length)]);
    response.writeHead(plan.status, "As Planned", headers.flat());
    if (!hasBody || request.method === "HEAD") {
      response.end();
      return;
    }
    void send(chunks);
    async function send(all: readonly Buffer[]): Promise<void> {
      for (const [index, each] of all.entries()) {
        if (index === plan.breaksAfter) {
          setTimeout(() => response.destroy(), 5);
          return;
        }
        response.write(each);
        if (index % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    }
  });
};

/** What may differ: see the table in docs/http.md. */
const ofOneHop: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "transfer-encoding", "date", "x-exchange", "x-sidelane"],
]);

function shownHeaders(raw: readonly string[], kind: "request" | "response"): Record<string, string> {
  const shown: Record<string, string[]> = {};
  for (let at = 0; at < raw.length; at += 2) {
    const lower = raw[at]!.toLowerCase();
    if (!ofOneHop.has(lower) && !(kind === "request" && lower === "content-length"))
      (shown[lower] ??= []).push(raw[at + 1]!);
  }
  // Several values of one name are joined, but for cookies.
  return Object.fromEntries(
    Object.entries(shown).map(([each, values]) => [
      each,
      values
        .join(
          each === "set-cookie" ? "\n"
          : each === "cookie" ? "; "
          : ", ",
        )
        .trim(),
    ]),
  );
}

function ask(base: string, id: string, plan: Exchange): Promise<unknown> {
  return new Promise((resolve) => {
    const headers = [...plan.headers, ["X-Exchange", id] as const, ["Host", "shop.example"] as const];
    const { port } = new URL(base);
    const hasBody = plan.method !== "GET" && plan.method !== "HEAD" && plan.body.length > 0;
    if (hasBody) headers.push(["Transfer-Encoding", "chunked"]);
    const request = httpRequest({
      host: "127.0.0.1",
      agent: false,
      port,
      path: plan.path,
      method: plan.method,
      headers: headers.flat() as never,
    });
    request.on("error", () => {
      resolve("failed before a head");
    });
    request.on("response", (message: IncomingMessage) => {
      const chunks: Buffer[] = [];
      const tell = (end: string): void => {
        const { statusCode, statusMessage, rawHeaders } = message;
        const body = Buffer.concat(chunks).toString("latin1");
        resolve({
          statusCode,
          statusMessage,
          headers: shownHeaders(rawHeaders, "response"),
          body: end === "whole" ? body : "",
          end,
        });
      };
      message.on("data", (data: Buffer) => chunks.push(data));
      message.on("end", () => {
        tell("whole");
      });
      message.on("error", () => {
        tell("broken");
      });
    });
    if (hasBody) for (const each of plan.body) request.write(each);
    request.end();
  });
}

const shown = (plan: unknown): string => JSON.stringify(plan).replace(/x{100,}/g, "x…");

/** Where control fails before its head, the adapter answers 502. */
function orBadGateway(direct: unknown, through: unknown): unknown {
  const isOurs = (through as { statusCode?: number }).statusCode === 502 && direct === "failed before a head";
  return isOurs ? direct : through;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function front(options: Partial<HandlerOptions> = {}) {
  const [old, next] = [await service(control), await service(control)];
  const world = laboratory();
  const handler = parallelHandler({
    ...{
      name: "shop",
      laboratory: world.lab,
      control: old.url,
      candidate: next.url,
      transport: nodeTransport(),
      noise: false,
    },
    ...{ credentialsTo: [next.url], limits: { timeoutMs: 5_000 } },
    ...options,
  });
  const server = createServer(toNodeListener(handler));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    handler.close();
    server.closeAllConnections();
    server.close();
  });
  return { ...world, old, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, handler };
}

const numRuns = Number(process.env["HTTP_EXCHANGES"] ?? 200);

describe("generated exchanges", () => {
  it("are the same to the client and at control as without a handler", { timeout: 240_000 }, async () => {
    const { url, old, lab, faults, results } = await front();
    const all = fc.sample(exchange, { numRuns, seed: 24 });
    let index = 0;
    const work = async (): Promise<void> => {
      while (index < all.length) {
        const id = String(index);
        const plan = all[index++]!;
        plans.set(id, plan);
        const direct = await ask(old.url, `${id}:direct`, plan);
        const through = await ask(url, `${id}:through`, plan);
        expect(orBadGateway(direct, through), `exchange ${id}: ${shown(plan)}`).toEqual(direct);
        expect(seen.get(`${id}:through`), `at control ${id}: ${shown(plan)}`).toEqual(seen.get(`${id}:direct`));
      }
    };
    await Promise.all(Array.from({ length: 6 }, work));
    await lab.settled();
    const status = lab.status().experiments["shop"]!;
    // A broken answer of both sides is no match; nothing else differs.
    const mismatches = results.filter(({ kind }) => kind === "mismatch");
    expect(mismatches.map(({ candidates }) => candidates[0].comparison)).toEqual([]);
    expect(status.matched).toBeGreaterThan(numRuns / 20);
    expect(faults).toEqual([]);
  });
});
