import {
  Agent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as SecureAgent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { brokeReading, endKept, wasStale } from "../http/node/kept-connection.ts";
import { mostHeaderBytes } from "../http/node/node-transport.ts";
import type { ServiceSide } from "../http/sides/side.ts";
import type { Stop } from "../model/stop.ts";
import type { RawHeaders } from "./raw-headers.ts";

/** Where a service is, and how requests to it differ from those that came. */
export interface UpstreamOptions {
  readonly base: URL;
  readonly path?: ServiceSide["path"];
  readonly tls?: { readonly ca?: string; readonly servername?: string };
  /** Connections at once. */
  readonly maxSockets: number;
  /** Of an answer; more are none. As many as there are by default. */
  readonly maxHeaders?: number;
}

/** A request as it is sent. */
export interface Sent {
  readonly method: string;
  /** What followed the method, as it came. */
  readonly target: string;
  readonly headers: RawHeaders;
  /** Whether it may be sent once more where a connection that was kept turns out to be closed. */
  readonly mayRepeat: boolean;
  /** Writes its body, and ends it. */
  readonly write: (request: ClientRequest) => void;
  /** Receives answers that come before the answer: 100, 102, 103. */
  readonly informed: ((status: number, reason: string, headers: RawHeaders) => void) | undefined;
}

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

export function isIdempotent(method: string): boolean {
  return idempotent.has(method);
}

/** A service, its connections, which are nobody else's, and no timeout of ours. */
export class Upstream {
  /** How many requests were sent once more. */
  retried = 0;
  readonly #options: UpstreamOptions;
  readonly #agent: Agent;
  readonly #prefix: string;
  readonly #hostname: string;
  readonly #secure: RequestOptions & { servername?: string };

  constructor(options: UpstreamOptions) {
    this.#options = options;
    const { base, tls, maxSockets } = options;
    const isSecure = base.protocol === "https:";
    this.#agent = new (isSecure ? SecureAgent : Agent)({ keepAlive: true, noDelay: true, maxSockets });
    this.#prefix = base.pathname.replace(/\/$/, "");
    this.#hostname = base.hostname.replace(/^\[|\]$/g, "");
    this.#secure = { ...(isIP(this.#hostname) === 0 && { servername: this.#hostname }), ...tls };
  }

  /** Resolves with the head of the answer; rejects where none comes. */
  ask(sent: Sent, stop: Stop): Promise<IncomingMessage> {
    return this.#ask(sent, stop, sent.mayRepeat && isIdempotent(sent.method));
  }

  /** Begins a request that switches protocols. */
  startUpgrade(method: string, target: string, headers: RawHeaders): ClientRequest {
    return this.#start(method, target, headers);
  }

  /** Ends connections that nobody uses. */
  close(): void {
    this.#agent.destroy();
  }

  #start(method: string, target: string, headers: RawHeaders): ClientRequest {
    // Written out: Node copies it twice, which costs several times as much of an object that was put together.
    const options: RequestOptions = {
      agent: this.#agent,
      hostname: this.#hostname,
      port: this.#options.base.port || undefined,
      method,
      path: this.#pathOf(target),
      headers: this.#withHost(headers),
      setHost: false,
      maxHeaderSize: mostHeaderBytes,
      // Another environment must not make it lenient.
      insecureHTTPParser: false,
    };
    const isSecure = this.#options.base.protocol === "https:";
    const request = isSecure ? httpsRequest({ ...options, ...this.#secure }) : httpRequest(options);
    // No header is dropped; the size is bounded.
    request.maxHeadersCount = 0;
    return request;
  }

  #ask(sent: Sent, stop: Stop, mayRepeat: boolean): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (stop.aborted) {
        reject(stop.reason);
        return;
      }
      const request = this.#start(sent.method, sent.target, sent.headers);
      let readBefore = 0;
      let answer: IncomingMessage | undefined;
      const abort = (): void => {
        request.destroy();
        if (answer === undefined) reject(stop.reason);
        else answer.destroy(stop.reason as Error);
      };
      stop.add(abort);
      // Each of these comes once; `once` would take its listener away again, which costs as much as the rest.
      request.on("socket", (socket) => {
        readBefore = socket.bytesRead;
        // Node sends a head with `Expect` in the default encoding of its socket, and all others in this one.
        socket.setDefaultEncoding("latin1");
      });
      request.on("close", () => {
        stop.delete(abort);
      });
      request.on("error", (error) => {
        if (stop.aborted) return;
        if (answer !== undefined) {
          if (brokeReading(error)) answer.destroy(error);
        } else if (mayRepeat && wasStale(request, error, readBefore)) {
          this.retried += 1;
          endKept(this.#agent);
          this.#ask(sent, stop, false).then(resolve, reject);
        } else reject(error);
      });
      request.on("response", (message: IncomingMessage) => {
        answer = message;
        const { maxHeaders = Infinity } = this.#options;
        if (message.rawHeaders.length > 2 * maxHeaders) {
          message.destroy();
          reject(new RangeError(`Expected no more than ${maxHeaders} headers`));
        } else resolve(message);
      });
      request.on("upgrade", (_message: IncomingMessage, socket) => {
        socket.destroy();
        reject(new Error("The service switched protocols without being asked to"));
      });
      if (sent.informed !== undefined) {
        const { informed } = sent;
        request.on("information", ({ statusCode, statusMessage, rawHeaders }) => {
          informed(statusCode, statusMessage, rawHeaders);
        });
      }
      sent.write(request);
    });
  }

  #pathOf(target: string): string {
    const { path } = this.#options;
    if (!target.startsWith("/")) {
      const isAbsolute = /^https?:\/\//i.test(target) && URL.canParse(target);
      if (!isAbsolute || (this.#prefix === "" && path === undefined)) return target;
      const [, rest = ""] = /^https?:\/\/[^/?#]*(.*)$/is.exec(target) ?? [];
      return this.#pathOf(rest.startsWith("/") ? rest : `/${rest}`);
    }
    const pair = path?.find(([from]) => target.startsWith(from));
    return this.#prefix + (pair === undefined ? target : pair[1] + target.slice(pair[0].length));
  }

  #withHost(headers: RawHeaders): RawHeaders {
    for (let at = 0; at < headers.length; at += 2) if (headers[at]!.toLowerCase() === "host") return headers;
    return ["Host", this.#options.base.host, ...headers];
  }
}
