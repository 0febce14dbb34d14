import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { failureOf } from "../http/http-error.ts";
import type { Reply } from "./node-answer.ts";
import { pairsOf, passedOn, sendHead, valueOf } from "./raw-headers.ts";

/**
 * Writes an answer as it came: its head, its body at the caller's pace, its trailers. Where it breaks off, or its caller goes away, the other
 * end hears of it.
 */
export function writeReply({ message, tap }: Reply, request: IncomingMessage, response: ServerResponse): void {
  let isOver = false;
  const end = tap?.end;
  const gone = (): void => {
    if (isOver) return;
    isOver = true;
    message.destroy();
    end?.cancelled();
  };
  const broke = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    end?.broke(error);
    // Who reads until the connection ends would take a beginning for the whole.
    const hasEnd = request.httpVersion !== "1.0" || valueOf(message.rawHeaders, "content-length") !== undefined;
    if (hasEnd) response.destroy();
    else breakOff(request.socket);
  };
  message.on("error", broke);
  if (response.destroyed) {
    gone();
    return;
  }
  response.on("close", gone);
  try {
    writeHead(message, request, response);
  } catch (error) {
    // What Node does not write is no answer.
    isOver = true;
    message.destroy();
    end?.broke(error);
    response.statusMessage = "";
    writeFailure(response, `The answer cannot be passed on: ${failureOf(error).code}`);
    return;
  }
  let hasWritten = false;
  message.on("data", (chunk: Buffer) => {
    hasWritten = true;
    tap?.sees?.add(chunk);
    if (response.write(chunk)) return;
    message.pause();
    response.once("drain", () => message.resume());
  });
  message.on("end", () => {
    if (isOver) return;
    isOver = true;
    hasWritten = true;
    if (message.rawTrailers.length > 0) response.addTrailers(pairsOf(message.rawTrailers));
    response.end();
    closeIfUnread(request, response, message.socket);
    // The caller has all of it.
    end?.ended();
  });
  message.on("close", () => {
    if (!message.complete) broke(new Error("The service broke off"));
  });
  // A head whose body is not there yet does not wait for it; one that goes out with it saves a packet.
  setImmediate(() => {
    if (!hasWritten && !response.destroyed) sendHead(response);
  });
}

function writeHead(message: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
  const mayChunk = request.httpVersion !== "1.0";
  const headers = passedOn(message.rawHeaders, mayChunk);
  ownNothing(response);
  // It would have to be told that its connection is kept.
  if (!mayChunk) response.shouldKeepAlive = false;
  response.writeHead(message.statusCode!, message.statusMessage ?? "", headers);
}

/** No `Date`, `Connection` and `Keep-Alive` of ours: Node keeps a connection or closes it without saying so. */
export function ownNothing(response: ServerResponse): void {
  response.sendDate = false;
  response.removeHeader("connection");
}

/** Ends a connection so that its other end knows that this was not all. */
export function breakOff(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * A caller may still be sending when it has its answer. A service that takes the rest gets it; where it has left, the caller cannot begin
 * another request here.
 */
function closeIfUnread(request: IncomingMessage, response: ServerResponse, service: Socket): void {
  if (request.complete) return;
  const close = (): void => {
    readRest(request, () => {
      if (!request.complete) request.socket.destroySoon();
    });
  };
  response.once("finish", () => {
    if (service.destroyed) close();
    else service.once("close", close);
  });
}

const quietMs = 1_000;

/**
 * Reads what a caller still sends, until nothing comes any more: a connection that ends before is reset, and the answer may be lost with it.
 *
 * @param over called once all of it is there, or none came for a while
 */
function readRest(request: IncomingMessage, over: () => void): void {
  const timer = setTimeout(over, quietMs);
  request.on("data", () => timer.refresh());
  request.once("end", () => {
    clearTimeout(timer);
    over();
  });
  request.socket.once("close", () => {
    clearTimeout(timer);
  });
  request.resume();
}

/** An answer of the proxy's own, on a connection that ends with it. */
export function writeOwn(response: ServerResponse, status: number, text: string): void {
  if (!startOwn(response, status, text)) return;
  response.end();
}

/** The same, for a caller that may still be sending. */
export function writeFailure(response: ServerResponse, text: string): void {
  if (!startOwn(response, 502, text)) return;
  const { req } = response;
  if (req.complete) response.end();
  else readRest(req, () => response.end());
}

function startOwn(response: ServerResponse, status: number, text: string): boolean {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return false;
  }
  const body = Buffer.from(`${text}\n`);
  response.sendDate = false;
  response.writeHead(status, {
    ...{ "Content-Type": "text/plain; charset=utf-8", "Content-Length": body.length, Connection: "close" },
  });
  response.write(body);
  return true;
}
