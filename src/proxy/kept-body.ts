import type { IncomingMessage } from "node:http";
import type { RawHeaders } from "./raw-headers.ts";

/** The body of a request: there for as many readers as there are sides, or for one. */
export type Kept =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Buffer; readonly trailers: RawHeaders }
  | { readonly kind: "stream" };

/** Reads a body up to a limit; what is larger is put back, and is a stream. */
export function keptOf(request: IncomingMessage, keepBytes: number): Promise<Kept> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const over = (): void => {
      request.off("data", take).off("end", ended).off("error", failed);
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= keepBytes) return;
      over();
      request.pause();
      request.unshift(Buffer.concat(chunks, length));
      resolve({ kind: "stream" });
    };
    const ended = (): void => {
      over();
      resolve({ kind: "bytes", bytes: Buffer.concat(chunks, length), trailers: request.rawTrailers });
    };
    const failed = (error: Error): void => {
      over();
      reject(error);
    };
    request.on("data", take).on("end", ended).on("error", failed);
  });
}
