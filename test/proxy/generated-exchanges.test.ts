import type { Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, says, service } from "../http/servers.ts";
import { proxied } from "./proxies.ts";
import { exchanged, messageOf, rawControl, write, type Message, type RawControl } from "./wire.ts";

type Header = readonly [name: string, value: string];

interface Exchange {
  readonly method: string;
  readonly target: string;
  readonly version: "1.1" | "1.0";
  readonly headers: readonly Header[];
  readonly body:
    | { readonly by: "length" | "chunks"; readonly chunks: readonly string[]; readonly trailers: readonly Header[] }
    | undefined;
  readonly expects: boolean;
  readonly pieces: number;
  readonly before: readonly string[];
  readonly status: number;
  readonly reason: string;
  readonly answer: readonly Header[];
  readonly by: "length" | "chunks" | "end";
  readonly chunks: readonly string[];
  readonly trailers: readonly Header[];
  /** Control ends the connection after so many bytes of its answer. */
  readonly breaksAfter: number | undefined;
}

const value = fc.stringMatching(/^[\w ,;="/é-]{0,20}$/).map((text) => text.trim());
const chunk = fc.oneof(fc.stringMatching(/^[\w\r\n é]{1,30}$/), fc.constant("x".repeat(20_000)));
const trailers = fc.array(fc.tuple(fc.constantFrom("X-Sum", "x-sum", "X-Trailing"), value), { maxLength: 2 });

const exchange: fc.Arbitrary<Exchange> = fc.record({
  method: fc.constantFrom(
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "PURGE",
    "PROPFIND",
    "REPORT",
  ),
  target: fc.constantFrom("", "?b=c&b=d", "/a%20b/c", "/../x/./y//z", ";v=1?x=%00", "/%C3%BC?'\"<>[]{}|^`\\"),
  version: fc.constantFrom("1.1", "1.1", "1.1", "1.1", "1.1", "1.0"),
  headers: fc.array(
    fc.tuple(
      fc.constantFrom(
        "X-One",
        "x-oNe",
        "X-TWO",
        "Accept",
        "cookie",
        "Cookie",
        "If-None-Match",
        "Range",
        "User-Agent",
        "X_Under",
        "Via",
      ),
      value,
    ),
    { maxLength: 7 },
  ),
  body: fc.option(
    fc.record({ by: fc.constantFrom("length", "chunks"), chunks: fc.array(chunk, { maxLength: 4 }), trailers }),
    {
      nil: undefined,
    },
  ),
  expects: fc.boolean(),
  pieces: fc.integer({ min: 1, max: 6 }),
  before: fc.array(
    fc.constantFrom(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.js>\r\n\r\n",
      "HTTP/1.1 102 Processing\r\n\r\n",
    ),
    { maxLength: 2 },
  ),
  status: fc.constantFrom(
    200,
    200,
    200,
    201,
    204,
    206,
    207,
    301,
    304,
    400,
    401,
    404,
    416,
    418,
    429,
    500,
    503,
    599,
    299,
  ),
  reason: fc.constantFrom("OK", "As Planned", "", "Zu viel; später"),
  answer: fc.array(
    fc.tuple(
      fc.constantFrom(
        "Set-Cookie",
        "set-cookie",
        "X-Two",
        "x-tWo",
        "ETag",
        "Vary",
        "Location",
        "Content-Type",
        "Date",
        "Server",
        "Warning",
      ),
      value,
    ),
    { maxLength: 8 },
  ),
  by: fc.constantFrom("length", "length", "chunks", "chunks", "end"),
  chunks: fc.array(chunk, { maxLength: 5 }),
  trailers,
  breaksAfter: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat({ max: 400 }) },
  ),
});

const line = ([name, text]: Header): string => `${name}: ${text}\r\n`;
const chunked = (chunks: readonly string[], end: readonly Header[]): string =>
  `${chunks.map((each) => `${each.length.toString(16)}\r\n${each}\r\n`).join("")}0\r\n${end.map(line).join("")}\r\n`;

/** With the body that its version and method allow. */
function requestOf(plan: Exchange, id: string): { readonly head: string; readonly body: string } {
  const { method, target, version, headers, body, expects } = plan;
  const isOld = version === "1.0";
  const sent = body !== undefined && !(isOld && body.by === "chunks") ? body : undefined;
  const lines = [`${method} /${id}${target} HTTP/${version}\r\n`, "HOST: Shop.example\r\n", ...headers.map(line)];
  const text = sent?.chunks.join("") ?? "";
  if (sent?.by === "length") lines.push(`content-LENGTH: ${text.length}\r\n`);
  if (sent?.by === "chunks") lines.push("transfer-encoding: chunked\r\nTE: trailers\r\n");
  if (sent !== undefined && expects && !isOld && text !== "") lines.push("Expect: 100-continue\r\n");
  return {
    head: `${lines.join("")}\r\n`,
    body: sent?.by === "chunks" ? chunked(sent.chunks, sent.trailers) : text,
  };
}

function answerOf(
  { status, reason, answer, by, chunks, trailers: end, version, breaksAfter }: Exchange,
  method: string,
): string {
  const hasBody = status !== 204 && status !== 304;
  const text = chunks.join("");
  // Control speaks to whom it speaks: no chunks to HTTP/1.0.
  const framing = by === "chunks" && version === "1.0" ? "end" : by;
  const lines = [`HTTP/1.1 ${status} ${reason}\r\n`, ...answer.map(line)];
  if (hasBody && framing === "length") lines.push(`Content-length: ${text.length}\r\n`);
  if (hasBody && framing === "chunks") lines.push("Transfer-Encoding: chunked\r\n");
  // It ends the connection then: nobody may keep it.
  if (framing === "end" || version === "1.0" || breaksAfter !== undefined) lines.push("Connection: close\r\n");
  const head = `${lines.join("")}\r\n`;
  if (!hasBody || method === "HEAD") return head;
  return head + (framing === "chunks" ? chunked(chunks, end) : text);
}

function inPieces(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
}

const plans = new Map<string, Exchange>();
const seen = new Map<string, Message>();
const endings = new Set<string>();

/** Reads a request to its end, and answers as it was planned. */
function control(socket: Socket, text: string): number {
  const request = messageOf(text, "none");
  if (request === undefined) return 0;
  const [method = "", target = ""] = request.start.split(" ");
  const id = /^\/([\w:]+)/.exec(target)![1]!;
  const plan = plans.get(id.split(":")[0]!)!;
  if (/\r\nExpect: 100-continue\r\n/.test(text) && request.body === "" && !request.isWhole && !endings.has(id)) {
    endings.add(id);
    socket.write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (!request.isWhole) return 0;
  seen.set(id, request);
  const before = plan.version === "1.0" ? "" : plan.before.join("");
  const whole = before + answerOf(plan, method);
  const cut = plan.breaksAfter === undefined ? whole : whole.slice(0, plan.breaksAfter);
  void write(socket, inPieces(cut, plan.pieces)).then(() => {
    if (/\r\nConnection: close\r\n/.test(whole)) socket.end();
  });
  return text.length - request.rest.length;
}

// The allowed differences: the table of docs/proxy.md.
const ofOneHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);

function shown(message: Message | undefined): unknown {
  if (message === undefined) return undefined;
  const { start, headers, body, trailers: end } = message;
  const isAnswer = start.startsWith("HTTP/");
  return {
    start: isAnswer ? start.trim() : start.replace(/\/(\w+):\w+/, "/$1").replace(/ HTTP\/1\.[01]$/, ""),
    headers: headers.filter(([name]) => !ofOneHop.has(name.toLowerCase())),
    body,
    trailers: end.map((each) => each.replace(/:\s*/, ": ")),
  };
}

/** The same request without a body may say so. */
function atControl(message: Message | undefined, isAsSent: boolean): unknown {
  const told = shown(message) as { headers: Header[]; body: string } | undefined;
  if (told === undefined || isAsSent) return told;
  const wasSaid = message!.headers.some(([name]) => name === "content-LENGTH");
  return {
    ...told,
    headers: told.headers.filter(([name, text]) => wasSaid || !(name === "Content-Length" && text === "0")),
  };
}

interface Received {
  /** What came before the answer. */
  readonly before: readonly string[];
  readonly answer: Message | undefined;
  readonly isWhole: boolean;
}

function received(text: string, method: string, hasEnded: boolean): Received {
  const before: string[] = [];
  let rest = text;
  for (;;) {
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(rest)?.[1] ?? 0);
    const hasNoBody = method === "HEAD" || status === 204 || status === 304 || (status >= 100 && status < 200);
    const message = messageOf(rest, "until-end", hasNoBody);
    if (message === undefined) return { before, answer: undefined, isWhole: false };
    if (status >= 200) {
      const isFramed = message.headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name));
      return { before, answer: message, isWhole: message.isWhole || (!isFramed && hasEnded) };
    }
    before.push(rest.slice(0, rest.length - message.rest.length));
    ({ rest } = message);
  }
}

async function ask(port: number, plan: Exchange, id: string): Promise<Received> {
  const { head, body } = requestOf(plan, id);
  const { text, hasEnded } = await exchanged(
    port,
    inPieces(head + body, plan.pieces),
    (came) => received(came, plan.method, false).isWhole,
  );
  return received(text, plan.method, hasEnded);
}

const closing: RawControl[] = [];
afterEach(() => {
  for (const each of closing.splice(0)) each.close();
});

const numRuns = Number(process.env["PROXY_EXCHANGES"] ?? 300);

describe("generated exchanges", () => {
  it("are the same bytes at control and at the client, through a proxy and direct", { timeout: 600_000 }, async () => {
    const old = await rawControl(control);
    closing.push(old);
    const candidate = await service(says("other"));
    const proxy = await proxied({ control: old.url, candidate: candidate.url, limits: { maxInFlight: 50 } });
    const all = fc.sample(exchange, { numRuns, seed: 25 });
    let index = 0;
    let same = 0;
    const work = async (): Promise<void> => {
      while (index < all.length) {
        const id = String(index);
        const plan = all[index++]!;
        plans.set(id, plan);
        const [direct, through] = [await ask(old.port, plan, `${id}:d`), await ask(proxy.port, plan, `${id}:p`)];
        const about = `exchange ${id}: ${JSON.stringify(plan).replace(/x{100,}/g, "x…")}`;
        expect(atControl(seen.get(`${id}:p`), false), `at control, ${about}`).toEqual(
          atControl(seen.get(`${id}:d`), true),
        );
        if (direct.answer === undefined) {
          // Control broke off before its head.
          expect(through.answer?.start, about).toBe("HTTP/1.1 502 Bad Gateway");
          continue;
        }
        // What told to go on may come from here, where both sides get the body.
        const hints = (each: Received): readonly string[] =>
          each.before.filter((text) => !text.startsWith("HTTP/1.1 100"));
        expect(hints(through), about).toEqual(hints(direct));
        if (direct.isWhole) {
          expect(shown(through.answer), about).toEqual(shown(direct.answer));
          expect(through.isWhole, about).toBe(true);
          same += 1;
        } else {
          const [one, other] = [shown(through.answer), shown(direct.answer)] as { headers: unknown; body: string }[];
          expect(one!.headers, about).toEqual(other!.headers);
          expect(other!.body.startsWith(one!.body), about).toBe(true);
          expect(through.isWhole, about).toBe(false);
        }
      }
    };
    await Promise.all(Array.from({ length: 6 }, work));
    expect(same).toBeGreaterThan(numRuns / 2);
    // Where control leaves a connection that was kept before a byte, what only reads is sent once more.
    expect(proxy.deployment.retried()).toBeLessThan(numRuns / 20);
  });

  it("that a caller leaves, after each byte of its request, end at control as well", { timeout: 60_000 }, async () => {
    const old = await rawControl((_socket, text) => (text.endsWith("0\r\n\r\n") ? text.length : 0));
    closing.push(old);
    const proxy = await proxied({ control: old.url, candidate: "http://127.0.0.1:1", rollout: "off" });
    const whole = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (let upTo = 1; upTo <= whole.length; upTo++) {
      await new Promise<void>((resolve) => {
        void exchanged(proxy.port, [whole.slice(0, upTo)], () => true).then(() => {
          resolve();
        });
      });
    }
    await eventually(() => old.connections.every(({ isOver }) => isOver), "all connections to control ended", 10_000);
    // Of a caller that leaves at once a connection may be there that nothing was sent on.
    for (const { text } of old.connections.filter((each) => each.text !== "")) {
      expect(text).toMatch(
        /^POST \/a HTTP\/1\.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n(?:3\r\nabc\r\n(?:0\r\n\r\n)?|[1-3]\r\n[abc]*\r\n)*$/,
      );
    }
  });

  it("that control leaves, after each byte of its answer, end at the caller as well", { timeout: 60_000 }, async () => {
    const whole = "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let upTo = 0;
    const old = await rawControl((socket, text) => {
      socket.end(whole.slice(0, upTo));
      return text.length;
    });
    closing.push(old);
    const proxy = await proxied({ control: old.url, candidate: "http://127.0.0.1:1", rollout: "off" });
    const ask = (port: number): Promise<{ text: string }> =>
      exchanged(port, ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"], (text) => received(text, "GET", false).isWhole);
    for (upTo = 0; upTo <= whole.length; upTo++) {
      const [direct, through] = [
        received((await ask(old.port)).text, "GET", true),
        received((await ask(proxy.port)).text, "GET", true),
      ];
      if (direct.answer === undefined) expect(through.answer?.start, `after ${upTo}`).toBe("HTTP/1.1 502 Bad Gateway");
      else {
        expect(through.answer?.headers, `after ${upTo}`).toEqual(direct.answer.headers);
        expect(direct.answer.body.startsWith(through.answer!.body), `after ${upTo}`).toBe(true);
        expect(through.answer!.isWhole, `after ${upTo}`).toBe(upTo === whole.length);
      }
    }
  });
});
