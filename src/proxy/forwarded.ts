import type { IncomingMessage } from "node:http";

/**
 * What proxies say about a caller: its address, after those that came, and the scheme and the host that it used here, in place of what came.
 * Of the latter two there is one of each, since few programs read a list there.
 */
export function forwardedBy({ socket, headers }: IncomingMessage): readonly (readonly [name: string, value: string])[] {
  const before = headers["x-forwarded-for"];
  const address = socket.remoteAddress ?? "unknown";
  const isSecure = "encrypted" in socket && socket.encrypted === true;
  return [
    ["X-Forwarded-For", before === undefined ? address : `${String(before)}, ${address}`],
    ["X-Forwarded-Proto", isSecure ? "https" : "http"],
    ...(headers.host === undefined ? [] : [["X-Forwarded-Host", headers.host] as const]),
  ];
}
