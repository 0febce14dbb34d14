import type { IncomingMessage, ServerResponse } from "node:http";
import { failureOf } from "../http/http-error.ts";
import type { Reply } from "./node-answer.ts";
import { pairsOf, passedOn, sendHead } from "./raw-headers.ts";

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
    response.destroy();
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
    writeOwn(response, 502, `The answer cannot be passed on: ${failureOf(error).code}`);
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
    closeIfUnread(request, response);
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

/** A caller that is still sending when it has its answer cannot begin another request here. */
function closeIfUnread(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  response.once("finish", () => {
    if (!request.complete) request.socket.destroySoon();
  });
}

/** An answer of the proxy's own. */
export function writeOwn(response: ServerResponse, status: number, text: string): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${text}\n`);
  response.sendDate = false;
  response.writeHead(status, {
    ...{ "Content-Type": "text/plain; charset=utf-8", "Content-Length": body.length, Connection: "close" },
  });
  response.end(body);
}
