import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** A message of HTTP/1 as far as it was received. */
export interface Message {
  readonly start: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** Whether all of it is there. */
  readonly isWhole: boolean;
  /** What came behind it. */
  readonly rest: string;
}

/** @param framing of a message without a length: it has no body, or it ends with its connection */
export function messageOf(text: string, framing: "none" | "until-end", hasNoBody = false): Message | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [start = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map(
    (line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as const,
  );
  const value = (wanted: string): string | undefined => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  const after = text.slice(end + 4);
  const whole = { start, headers, trailers: [] };
  const length = value("content-length");
  if (hasNoBody) return { ...whole, body: "", isWhole: true, rest: after };
  if (value("transfer-encoding") !== undefined) return { ...whole, ...unchunked(after) };
  if (length !== undefined) {
    const body = after.slice(0, Number(length));
    return { ...whole, body, isWhole: body.length === Number(length), rest: after.slice(Number(length)) };
  }
  if (framing === "none") return { ...whole, body: "", isWhole: true, rest: after };
  return { ...whole, body: after, isWhole: false, rest: "" };
}

function unchunked(text: string): Pick<Message, "body" | "trailers" | "isWhole" | "rest"> {
  let body = "";
  let at = 0;
  for (;;) {
    const line = text.indexOf("\r\n", at);
    if (line < 0) return { body, trailers: [], isWhole: false, rest: "" };
    const size = parseInt(text.slice(at, line), 16);
    if (size === 0) {
      const end = text.indexOf("\r\n\r\n", line);
      if (end < 0) return { body, trailers: [], isWhole: false, rest: "" };
      return {
        body,
        trailers: text
          .slice(line + 2, end)
          .split("\r\n")
          .filter(Boolean),
        isWhole: true,
        rest: text.slice(end + 4),
      };
    }
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
    if (at > text.length) return { body, trailers: [], isWhole: false, rest: "" };
  }
}

export interface RawControl {
  readonly url: string;
  readonly port: number;
  /** What came on each connection. */
  readonly connections: { text: string; isOver: boolean }[];
  close(): void;
}

/**
 * A service of bytes.
 *
 * @param take called when more has come of a request; returns how much of it is dealt with
 */
export async function rawControl(take: (socket: Socket, text: string) => number): Promise<RawControl> {
  const connections: RawControl["connections"] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    const connection = { text: "", isOver: false };
    connections.push(connection);
    let from = 0;
    socket.setEncoding("latin1").setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      connection.isOver = true;
      sockets.delete(socket);
    });
    socket.on("data", (text: string) => {
      connection.text += text;
      from += take(socket, connection.text.slice(from));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}`, port, connections },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** What a client receives that writes these pieces: all of it, once `isEnough` or the connection has ended. */
export function exchanged(
  port: number,
  pieces: readonly string[],
  isEnough: (text: string, hasEnded: boolean) => boolean,
): Promise<{ readonly text: string; readonly hasEnded: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const over = (hasEnded: boolean): void => {
      socket.destroy();
      resolve({ text, hasEnded });
    };
    socket.setEncoding("latin1").setNoDelay(true);
    socket.on("data", (more: string) => {
      text += more;
      if (isEnough(text, false)) over(false);
    });
    socket.on("error", () => {
      over(true);
    });
    socket.on("close", () => {
      over(true);
    });
    void write(socket, pieces).then(() => {
      if (isEnough(text, false)) over(false);
    });
  });
}

export async function write(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece, "latin1");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
