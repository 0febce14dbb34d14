import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { failureOf } from "../http/http-error.ts";
import type { ProxySides } from "./proxy-request.ts";
import { exceptFor, passedOn, refusalOf, sentOn, valueOf, type RawHeaders } from "./raw-headers.ts";
import { breakOff } from "./reply.ts";

/**
 * The request as one that does not ask to switch protocols, which a server is free not to do; `undefined` where it is passed on as it is. HTTP/2
 * is not spoken here, and clients that offer it with every request get their answer by HTTP/1.1.
 */
export function unswitched({ method, url, httpVersion, rawHeaders: raw }: IncomingMessage): Buffer | undefined {
  const offers = (valueOf(raw, "upgrade") ?? "").split(",").map((each) => each.trim().toLowerCase());
  const isChunked = valueOf(raw, "transfer-encoding") !== undefined;
  if (!offers.includes("h2c") && !isChunked) return undefined;
  const headers: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const [name, value] = [raw[at]!, raw[at + 1]!];
    if (/^(?:upgrade|http2-settings)$/i.test(name)) continue;
    const isNamed = (each: string): boolean => !/^(?:upgrade|http2-settings)$/i.test(each.trim());
    const kept = /^connection$/i.test(name) ? value.split(",").filter(isNamed).join(",").trim() : value;
    if (kept !== "" || value === "") headers.push(name, kept);
  }
  return Buffer.from(headOf(`${method!} ${url!} HTTP/${httpVersion}`, headers), "latin1");
}

/** Passes a switch of protocols on to a service, and what both ends say from then on. */
export function tunnel(
  { control: { upstream, set, remove }, forwarded }: ProxySides,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const refused = refusalOf(request);
  if (refused !== undefined) {
    endWith(socket, ownHead(400, "Bad Request", `Refused: ${refused}`));
    return;
  }
  const headers = sentOn(request.rawHeaders, [...exceptFor({ set, remove }, forwarded(request)), ...set], remove);
  const upgrade = valueOf(request.rawHeaders, "upgrade")!;
  const asked = upstream.startUpgrade(request.method!, request.url!, [
    ...headers,
    ...["Connection", "Upgrade", "Upgrade", upgrade],
  ]);
  socket.once("close", () => asked.destroy());
  if (head.length > 0) socket.unshift(head);
  const stop = passBody(socket, asked, Number(valueOf(request.rawHeaders, "content-length") ?? 0));
  asked.once("upgrade", (message: IncomingMessage, service: Socket, first: Buffer) => {
    stop();
    socket.write(headOf(startOf(message.statusCode!, message.statusMessage!), message.rawHeaders), "latin1");
    socket.write(first);
    service.on("error", () => socket.destroy());
    socket.on("close", () => service.destroy());
    service.on("close", (hasFailed) => {
      // What it has said last may still be on its way.
      if (hasFailed) socket.destroy();
      else socket.destroySoon();
    });
    service.pipe(socket);
    socket.pipe(service);
  });
  // The service stays with HTTP: its answer, and the end.
  asked.once("response", (message: IncomingMessage) => {
    const kept = passedOn(message.rawHeaders, false);
    // Its end is the connection's.
    const start = startOf(message.statusCode!, message.statusMessage!);
    socket.write(headOf(start, [...kept, "Connection", "close"]), "latin1");
    message.on("error", () => {
      breakOff(socket);
    });
    message.once("end", () => socket.destroySoon());
    message.pipe(socket);
  });
  asked.on("error", (error) => {
    if (socket.writable)
      endWith(socket, ownHead(502, "Bad Gateway", `Control did not answer: ${failureOf(error).code}`));
  });
}

/** Sends as much of what comes as is the request's body, and leaves what follows it. @returns ends that */
function passBody(socket: Socket, asked: ClientRequest, length: number): () => void {
  let left = length;
  const stop = (): void => {
    socket.off("data", take);
    socket.pause();
  };
  const take = (chunk: Buffer): void => {
    const part = chunk.subarray(0, left);
    left -= part.length;
    const isTaken = asked.write(part);
    if (left === 0) {
      stop();
      if (chunk.length > part.length) socket.unshift(chunk.subarray(part.length));
      asked.end();
    } else if (!isTaken) {
      socket.pause();
      asked.once("drain", () => socket.resume());
    }
  };
  if (left === 0) asked.end();
  else socket.on("data", take);
  return stop;
}

function startOf(status: number, reason: string): string {
  return `HTTP/1.1 ${status} ${reason}`;
}

function headOf(start: string, raw: RawHeaders): string {
  const lines = [start];
  for (let at = 0; at < raw.length; at += 2) lines.push(`${raw[at]}: ${raw[at + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Says the last on a connection, whose other end need not close it. */
export function endWith(socket: Socket, text: string): void {
  socket.end(text);
  socket.destroySoon();
}

/** An answer of the proxy's own, on a connection that ends with it. */
export function ownHead(status: number, reason: string, text: string): string {
  const headers = ["Content-Type", "text/plain; charset=utf-8", "Content-Length", String(text.length + 1)];
  return `${headOf(startOf(status, reason), [...headers, "Connection", "close"])}${text}\n`;
}
