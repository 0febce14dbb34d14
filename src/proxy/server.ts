import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { failureOf } from "../http/http-error.ts";
import type { Handler } from "../http/handle.ts";
import type { Reply } from "./node-answer.ts";
import { isOfCandidate, ProxyRequest, type ProxySides } from "./proxy-request.ts";
import { refusalOf } from "./raw-headers.ts";
import { writeFailure, writeOwn, writeReply } from "./reply.ts";
import { endWith, ownHead, tunnel, unswitched } from "./tunnel.ts";

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
  const owed = new WeakMap<Duplex, Set<ServerResponse>>();
  const owe = (socket: Duplex, response: ServerResponse): void => {
    let answers = owed.get(socket);
    if (answers === undefined) owed.set(socket, (answers = new Set()));
    answers.add(response);
    response.on("close", () => answers.delete(response));
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    // Heard of by `close`.
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    // What came behind a request that was refused is no request.
    if (refusing.has(request.socket)) return;
    owe(request.socket, response);
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
  /** A connection that asks for more than an answer is its own, once all answers before that are out. @param go gets what ends this */
  const switching = (socket: Socket, go: (goBack: () => void) => void): void => {
    const failed = (): void => void socket.destroy();
    const gone = (): void => void tunnels.delete(socket);
    tunnels.add(socket);
    socket.on("error", failed).once("close", gone);
    if (refusing.has(socket)) return;
    afterAnswers(socket, owed.get(socket), () => {
      go(() => {
        socket.off("error", failed).off("close", gone);
        gone();
      });
    });
  };
  server.on("upgrade", (request, socket, head) => {
    switching(socket as Socket, (goBack) => {
      const again = unswitched(request);
      if (again === undefined) {
        tunnel(behind().sides, request, socket as Socket, head);
        return;
      }
      goBack();
      socket.unshift(Buffer.concat([again, head]));
      server.emit(tls === undefined ? "connection" : "secureConnection", socket);
    });
  });
  server.on("connect", (_request, socket) => {
    switching(socket as Socket, () => {
      endWith(socket as Socket, ownHead(501, "Not Implemented", "CONNECT is not passed on"));
    });
  });
  return {
    server,
    closeTunnels: () => {
      for (const socket of tunnels) socket.destroy();
    },
  };
}

/** Waits until all answers are out that a connection still gets: whatever comes behind them would come before them else. */
function afterAnswers(socket: Socket, answers: Set<ServerResponse> | undefined, go: () => void): void {
  if (answers === undefined || answers.size === 0) {
    go();
    return;
  }
  // Node tells them no more that there is room again.
  const drained = (): void => {
    const [first] = answers;
    first?.emit("drain");
  };
  socket.on("drain", drained);
  for (const answer of answers) {
    answer.once("close", () => {
      if (answers.size > 0 || socket.destroyed) return;
      socket.off("drain", drained);
      // That of a connection without a request.
      socket.setTimeout(0);
      go();
    });
  }
}

async function answer({ handler, sides }: Behind, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrival = new ProxyRequest(sides, request, response);
  response.on("close", () => {
    if (!response.writableFinished) arrival.abort();
  });
  try {
    writeReply(await handler.handle(arrival), request, response);
  } catch (error) {
    const who = isOfCandidate(error) ? "The candidate" : "Control";
    writeFailure(response, `${who} did not answer: ${failureOf(error).code}`);
  }
}
