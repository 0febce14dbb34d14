import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { failureOf } from "../http/http-error.ts";
import type { Handler } from "../http/handle.ts";
import type { Reply } from "./node-answer.ts";
import { ProxyRequest, type ProxySides } from "./proxy-request.ts";
import { refusalOf } from "./raw-headers.ts";
import { writeOwn, writeReply } from "./reply.ts";
import { ownHead, tunnel, unswitched } from "./tunnel.ts";

/** What a front door answers by; another one may take its place while it is open. */
export interface Behind {
  readonly handler: Handler<Reply>;
  readonly sides: ProxySides;
}

/** Bounds of what callers may do. */
export interface FrontLimits {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
}

/** The port that callers come to. */
export interface Front {
  readonly server: Server;
  /** Ends connections that have switched protocols. */
  closeTunnels(): void;
}

export function frontServer(
  behind: () => Behind,
  limits: FrontLimits,
  tls: { readonly cert: string; readonly key: string } | undefined,
): Front {
  const options = {
    // Another environment must not make it lenient.
    insecureHTTPParser: false,
    // Refused by us, so that nothing behind such a request is read.
    requireHostHeader: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
    noDelay: true,
  };
  const server = tls === undefined ? createServer(options) : createSecureServer({ ...options, ...tls });
  // No header is dropped; their size is bounded.
  server.maxHeadersCount = 0;
  if (Number.isFinite(limits.maxConnections)) server.maxConnections = limits.maxConnections;
  const refusing = new WeakSet<Duplex>();
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    // Heard of by `close`.
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    // What came behind a request that was refused is no request.
    if (refusing.has(request.socket)) return;
    const refused = refusalOf(request);
    if (refused === undefined) {
      void answer(behind(), request, response);
      return;
    }
    refusing.add(request.socket);
    writeOwn(response, 400, `Refused: ${refused}`);
  };
  server.on("request", take);
  // Control is asked whether the caller may go on; and whatever else a caller expects is control's to answer.
  server.on("checkContinue", take);
  server.on("checkExpectation", take);
  const tunnels = new Set<Duplex>();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const again = unswitched(request);
    if (again !== undefined) {
      socket.unshift(Buffer.concat([again, head]));
      server.emit(tls === undefined ? "connection" : "secureConnection", socket);
      return;
    }
    tunnels.add(socket);
    socket.once("close", () => tunnels.delete(socket));
    tunnel(behind().sides.control, request, socket, head);
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    socket.end(ownHead(501, "Not Implemented", "CONNECT is not passed on"));
  });
  return {
    server,
    closeTunnels: () => {
      for (const socket of tunnels) socket.destroy();
    },
  };
}

async function answer({ handler, sides }: Behind, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrival = new ProxyRequest(sides, request, response);
  response.on("close", () => {
    if (!response.writableFinished) arrival.abort();
  });
  try {
    writeReply(await handler.handle(arrival), request, response);
  } catch (error) {
    writeOwn(response, 502, `Control did not answer: ${failureOf(error).code}`);
  }
}
