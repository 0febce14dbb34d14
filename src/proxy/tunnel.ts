import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { failureOf } from "../http/http-error.ts";
import type { ProxySide } from "./proxy-request.ts";
import { passedOn, refusalOf, sentOn, valueOf, type RawHeaders } from "./raw-headers.ts";

/** Passes a switch of protocols on to a service, and what both ends say from then on. */
export function tunnel(
  { upstream, set, remove }: ProxySide,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on("error", () => socket.destroy());
  const refused = refusalOf(request);
  if (refused !== undefined) {
    socket.end(ownHead(400, "Bad Request", refused));
    return;
  }
  const headers = sentOn(request.rawHeaders, set, remove);
  const upgrade = valueOf(request.rawHeaders, "upgrade")!;
  const asked = upstream.startUpgrade(request.method!, request.url!, [
    ...headers,
    ...["Connection", "Upgrade", "Upgrade", upgrade],
  ]);
  socket.once("close", () => asked.destroy());
  asked.once("upgrade", (message: IncomingMessage, service: Duplex, first: Buffer) => {
    socket.write(headOf(message.statusCode!, message.statusMessage!, message.rawHeaders), "latin1");
    socket.write(first);
    service.on("error", () => socket.destroy());
    socket.on("close", () => service.destroy());
    service.on("close", () => socket.destroy());
    service.write(head);
    service.pipe(socket);
    socket.pipe(service);
  });
  // The service stays with HTTP: its answer, and the end.
  asked.once("response", (message: IncomingMessage) => {
    const isChunked = valueOf(message.rawHeaders, "transfer-encoding") !== undefined;
    const kept = passedOn(message.rawHeaders, false);
    // Its end is the connection's.
    socket.write(headOf(message.statusCode!, message.statusMessage!, [...kept, "Connection", "close"]), "latin1");
    message.on("error", () => socket.destroy());
    if (isChunked) message.once("end", () => socket.end());
    message.pipe(socket);
  });
  asked.on("error", (error) => {
    if (socket.writable) socket.end(ownHead(502, "Bad Gateway", `Control did not answer: ${failureOf(error).code}`));
  });
  asked.end();
}

function headOf(status: number, reason: string, raw: RawHeaders): string {
  const lines = [`HTTP/1.1 ${status} ${reason}`];
  for (let at = 0; at < raw.length; at += 2) lines.push(`${raw[at]}: ${raw[at + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** An answer of the proxy's own, on a connection that ends with it. */
export function ownHead(status: number, reason: string, text: string): string {
  const headers = ["Content-Type", "text/plain; charset=utf-8", "Content-Length", String(text.length + 1)];
  return `${headOf(status, reason, [...headers, "Connection", "close"])}${text}\n`;
}
