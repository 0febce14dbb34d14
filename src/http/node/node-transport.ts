import { later } from "../../model/later.ts";
import { builtinModule } from "../../model/runtime.ts";
import { SidelaneError } from "../../model/errors.ts";
import { anyResponse } from "../any-response.ts";
import { dropHop } from "../sides/outgoing.ts";
import type { Transport, TransportInit } from "../sides/transport.ts";
import { brokeReading, drains, endKept, wasStale } from "./kept-connection.ts";
import { streamOf } from "./request-from.ts";

interface ReceivedMessage extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number | undefined;
  readonly statusMessage?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, unknown>>;
  resume(): void;
  destroy(error?: Error): void;
}

interface ClientRequest {
  maxHeadersCount: number | null;
  readonly reusedSocket: boolean;
  readonly socket?: { readonly bytesRead: number; once(event: "drain", listener: () => void): unknown } | null;
  write(chunk: Uint8Array): boolean;
  end(chunk?: Uint8Array): void;
  destroy(error?: Error): void;
  once(event: "response", listener: (message: ReceivedMessage) => void): void;
  once(event: "upgrade", listener: (message: ReceivedMessage, socket: { destroy(): void }) => void): void;
  once(event: "close", listener: () => void): void;
  once(event: "socket", listener: (socket: { readonly bytesRead: number }) => void): void;
  once(event: "drain", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}

interface NodeHttp {
  readonly Agent: new (options: object) => object;
  request(url: string, options: object): ClientRequest;
}

/** Of an answer: a service may say more than callers may. */
export const mostHeaderBytes: number = 1024 * 1024;

/** What nobody gets is not looked at beyond these. */
export const mostHeaders = 10_000;

/** Options of {@link nodeTransport}. */
export interface NodeTransportOptions {
  /** Connections to one service at once; 50 by default. */
  readonly maxSockets?: number;
  /** Opens a connection in another way, such as one within the process. */
  readonly createConnection?: () => unknown;
}

/**
 * Sends requests by `node:http` and `node:https`: with the `host` that came, TLS options, bodies encoded as they are, and without timeouts of its
 * own. A connection that was used before and is reset before a byte of the answer is tried once more, for requests without a body.
 *
 * @throws {SidelaneError} `invalid-option` in a runtime without `node:http`
 */
export function nodeTransport({ maxSockets = 50, createConnection }: NodeTransportOptions = {}): Transport {
  const modules = {
    "http:": builtinModule("node:http") as NodeHttp | undefined,
    "https:": builtinModule("node:https") as NodeHttp | undefined,
  };
  if (modules["http:"] === undefined) {
    throw new SidelaneError("invalid-option", "nodeTransport: expected a runtime with `node:http`");
  }
  const agents = new Map<string, object>();
  const agentOf = (protocol: "http:" | "https:"): object => {
    const known = agents.get(protocol);
    if (known !== undefined) return known;
    const agent = new modules[protocol]!.Agent({ keepAlive: true, maxSockets });
    agents.set(protocol, agent);
    return agent;
  };
  const send = (url: string, init: TransportInit): Promise<Response> => {
    const protocol = url.startsWith("https:") ? "https:" : "http:";
    const headers = headersOf(init);
    const start = (): ClientRequest =>
      modules[protocol]!.request(url, {
        ...{ method: init.method ?? "GET", headers, setHost: headers["host"] === undefined, path: targetOf(url) },
        maxHeaderSize: mostHeaderBytes,
        ...(createConnection === undefined ? { agent: agentOf(protocol) } : { createConnection }),
        ...init.tls,
      });
    const mayRepeat = init.body === undefined || init.body === null;
    const isIdempotent = /^(?:GET|HEAD|OPTIONS|PUT|DELETE)$/.test(init.method ?? "GET");
    const again = (): Promise<Response> => {
      endKept(agentOf(protocol));
      return exchange(start, init);
    };
    return exchange(start, init, mayRepeat && isIdempotent ? again : undefined);
  };
  return Object.assign(send, { decodes: false, sets: { host: true } });
}

/** An empty query is one all the same. */
function targetOf(url: string): string {
  const [whole = ""] = url.split("#", 1);
  const from = whole.indexOf("/", "https://".length);
  return from < 0 ? "/" : whole.slice(from);
}

function headersOf({ headers, host, body }: TransportInit): Record<string, string | number> {
  const sent: Record<string, string | number> = Object.fromEntries(new Headers(headers));
  if (host !== undefined) sent["host"] = host;
  // Node frames the body of a DELETE by neither of the two by itself.
  if (body instanceof Uint8Array) sent["content-length"] = body.length;
  else if (body instanceof ReadableStream && sent["content-length"] === undefined)
    sent["transfer-encoding"] = "chunked";
  else if (!(body instanceof ReadableStream) && Number(sent["content-length"]) > 0) delete sent["content-length"];
  return sent;
}

/** @param again sends it once more, where it may be and its connection turns out to be closed */
function exchange(start: () => ClientRequest, init: TransportInit, again?: () => Promise<Response>): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { signal } = init;
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const request = start();
    // None is dropped; their size is bounded.
    request.maxHeadersCount = 0;
    let readBefore = 0;
    let answer: ReceivedMessage | undefined;
    const abort = (): void => {
      reject(signal!.reason as Error);
      request.destroy(signal!.reason as Error);
    };
    signal?.addEventListener("abort", abort, { once: true });
    const over = (): void => {
      signal?.removeEventListener("abort", abort);
    };
    request.once("socket", ({ bytesRead }) => {
      readBefore = bytesRead;
    });
    request.on("error", (error) => {
      if (answer !== undefined) {
        if (brokeReading(error)) answer.destroy(error);
        return;
      }
      over();
      if (again !== undefined && wasStale(request, error, readBefore)) again().then(resolve, reject);
      else reject(error);
    });
    request.once("close", over);
    request.once("response", (message) => {
      answer = message;
      try {
        resolve(responseOf(message, init.method === "HEAD"));
      } catch (error) {
        message.destroy();
        reject(error);
      }
    });
    request.once("upgrade", (_message, socket) => {
      socket.destroy();
      reject(new Error("The service switched protocols without being asked to"));
    });
    sendBody(request, init.body).catch((error: unknown) => {
      request.destroy(error as Error);
    });
  });
}

async function sendBody(request: ClientRequest, body: unknown): Promise<void> {
  if (!(body instanceof ReadableStream)) {
    if (body instanceof Uint8Array) request.end(body);
    else request.end();
    return;
  }
  let isOver = false;
  let go = (): void => undefined;
  const over = (): void => {
    isOver = true;
    go();
  };
  request.once("close", over);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    // Who has answered and left is heard before more is written: a write that fails would end what it has said.
    await new Promise<void>(later);
    // What nobody takes any more is read, so that the answer reaches a caller that is still sending.
    if (isOver || request.write(value)) continue;
    await new Promise<void>((resolve) => {
      go = resolve;
      drains(request).once("drain", resolve);
    });
  }
  request.end();
}

/**
 * An answer of `node:http` as the web has it.
 *
 * @throws {RangeError} where its status is none, or it has too many headers
 */
function responseOf(message: ReceivedMessage, isHead: boolean): Response {
  const { statusCode: status = 0, statusMessage: statusText = "", rawHeaders } = message;
  if (rawHeaders.length > 2 * mostHeaders) throw new RangeError(`Expected no more than ${mostHeaders} headers`);
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  dropHop(headers);
  const hasNone = isHead || status === 204 || status === 205 || status === 304;
  if (hasNone) message.resume();
  return anyResponse(hasNone ? null : streamOf(message, () => message.destroy()), { status, statusText, headers });
}
