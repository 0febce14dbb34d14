/** What is used of a request of `node:http` to know what became of its connection. */
interface SentRequest {
  readonly reusedSocket: boolean;
  readonly socket?: { readonly bytesRead: number } | null;
}

/**
 * Whether a request failed since its connection, which had been kept, was closed by then: it was reset before a byte of an answer came.
 *
 * @param readBefore how many bytes had come on the connection when the request got it
 */
export function wasStale({ reusedSocket, socket }: SentRequest, error: unknown, readBefore: number): boolean {
  const { code } = error as { readonly code?: unknown };
  return reusedSocket && (code === "ECONNRESET" || code === "EPIPE") && (socket?.bytesRead ?? 0) === readBefore;
}

/** Ends the connections that an agent keeps: where one has gone stale others have, and what is sent again gets a new one. */
export function endKept(agent: object): void {
  const { freeSockets = {} } = agent as {
    readonly freeSockets?: Readonly<Record<string, readonly { destroy(): void }[]>>;
  };
  for (const sockets of Object.values(freeSockets)) for (const socket of [...sockets]) socket.destroy();
}

interface Drains {
  once(event: "drain", listener: () => void): unknown;
}

/** What tells that there is room again for a request's body: once all of its answer is there, Node tells its connection alone. */
export function drains(request: Drains & { readonly socket?: Drains | null }): Drains {
  return request.socket ?? request;
}

/**
 * Whether a connection broke while an answer came. Node takes a body that ends with its connection for whole all the same, where the
 * connection was reset; a write that fails says nothing of what is read.
 */
export function brokeReading(error: unknown): boolean {
  return (error as { readonly syscall?: unknown }).syscall === "read";
}
