/** What is used of `node:http`, so that nothing has to be installed for its types. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** What Express keeps where it is mounted. */
  readonly originalUrl?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly readableEnded?: boolean;
  readonly complete?: boolean;
  readonly socket?: unknown;
  /** What a parser of bodies left. */
  readonly body?: unknown;
  readonly rawBody?: unknown;
  destroy(error?: Error): unknown;
}

export interface NodeResponse {
  sendDate: boolean;
  readonly writableFinished: boolean;
  readonly writableEnded: boolean;
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  writeHead(status: number, reason: string, headers: string[]): unknown;
  flushHeaders(): void;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  destroy(error?: Error): unknown;
  once(event: "close" | "drain", listener: () => void): unknown;
  off(event: "close" | "drain", listener: () => void): unknown;
}

/** An Express `next`. */
export type Next = (error?: unknown) => void;
