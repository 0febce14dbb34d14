import { builtinModule } from "../../model/runtime.ts";
import { SidelaneError } from "../../model/errors.ts";
import type { FetchHandler } from "../sides/side.ts";
import { bodyInit } from "../sides/transport.ts";
import { mostHeaderBytes, nodeTransport } from "./node-transport.ts";

interface Connection {
  other: Connection | undefined;
  ready: (() => void) | undefined;
  remoteAddress: unknown;
  push(chunk: Uint8Array | null): boolean;
  destroy(error?: Error): void;
  readonly destroyed: boolean;
}

interface NodeStream {
  readonly Duplex: new (options: object) => Connection;
}

interface NodeServer {
  maxHeadersCount: number | null;
  emit(event: "connection", socket: unknown): boolean;
}

/**
 * Makes a side of a listener of `node:http`, such as an Express app or router: its requests come over a connection within the process, so that
 * two versions of an app run beside each other without a port. A router gets 404 for what it passes on, and 500 for what it throws.
 *
 * @throws {SidelaneError} `invalid-option` in a runtime without `node:http`
 */
export function fromNodeListener(listener: (request: never, response: never, next: never) => unknown): FetchHandler {
  const http = builtinModule("node:http") as
    { createServer(options: object, listener: unknown): NodeServer } | undefined;
  const stream = builtinModule("node:stream") as NodeStream | undefined;
  if (http === undefined || stream === undefined) {
    throw new SidelaneError("invalid-option", "fromNodeListener: expected a runtime with `node:http`");
  }
  const server = http.createServer({ maxHeaderSize: mostHeaderBytes }, (request: unknown, response: Answer) => {
    const over = (status: number): void => {
      if (response.headersSent) response.destroy();
      else response.writeHead(status).end();
    };
    const next = (error?: unknown): void => {
      over(error === undefined ? 404 : 500);
    };
    // What it throws is its own failure, and not this process's.
    const failed = (): void => {
      over(500);
    };
    try {
      Promise.resolve(Reflect.apply(listener, undefined, [request, response, next])).catch(failed);
    } catch {
      failed();
    }
  });
  server.maxHeadersCount = 0;
  return async (request, context) => {
    const transport = nodeTransport({
      createConnection: () => {
        const [ours, theirs] = connected(stream);
        theirs.remoteAddress = remoteAddressOf(context);
        server.emit("connection", theirs);
        return ours;
      },
    });
    const { method, headers, signal, body } = request;
    const init = bodyInit(body === null ? { kind: "none" } : { kind: "stream", stream: body });
    const sent = new Headers(headers);
    if (!sent.has("host")) sent.set("host", new URL(request.url).host);
    return await transport(request.url.replace(/^https:/, "http:"), { method, headers: sent, signal, ...init });
  };
}

interface Answer {
  readonly headersSent: boolean;
  destroy(): void;
  writeHead(status: number): { end(): void };
}

/** Who asks, where `toNodeListener` has handed that on. */
function remoteAddressOf(context: unknown): unknown {
  const { request } = (context ?? {}) as { request?: { socket?: { remoteAddress?: unknown } } };
  return request?.socket?.remoteAddress ?? "127.0.0.1";
}

/** Two ends of one connection. */
function connected({ Duplex }: NodeStream): readonly [Connection, Connection] {
  const make = (): Connection => {
    const end = new Duplex({
      read() {
        const { ready } = end;
        end.ready = undefined;
        ready?.();
      },
      write(chunk: Uint8Array, _encoding: string, done: () => void) {
        const { other } = end;
        if (other === undefined || other.destroyed) done();
        // The next chunk comes when this one is wanted.
        else if (other.push(chunk)) done();
        else other.ready = done;
      },
      final(done: () => void) {
        if (end.other?.destroyed === false) end.other.push(null);
        done();
      },
      destroy(error: Error | null, done: (error: Error | null) => void) {
        const { other } = end;
        end.other = undefined;
        if (other !== undefined && !other.destroyed) queueMicrotask(() => other.destroy(resetBy(error)));
        done(error);
      },
    });
    // What `node:http` asks of a socket.
    return Object.assign(end, {
      ready: undefined,
      setTimeout: () => end,
      setNoDelay: () => end,
      setKeepAlive: () => end,
      ref: () => end,
      unref: () => end,
      encrypted: false,
    });
  };
  const [one, two] = [make(), make()];
  one.other = two;
  two.other = one;
  return [one, two];
}

function resetBy(error: Error | null): Error | undefined {
  return error === null ? undefined : Object.assign(new Error("The other end was closed"), { code: "ECONNRESET" });
}
