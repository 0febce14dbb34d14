import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Arrival, Incoming, Lane, SeenRequest } from "../http/exchange/lane.ts";
import type { SideAnswer } from "../http/exchange/side-call.ts";
import { loopHeader } from "../http/loop-mark.ts";
import type { RequestBody } from "../http/request-body.ts";
import { endToEnd, isConditional, type Outgoing } from "../http/sides/outgoing.ts";
import { NodeAnswer, type Reply } from "./node-answer.ts";
import { Caller, stopOf, type Stop } from "./caller.ts";
import { hasBody, sendHead, pairsOf, sentOn, type RawHeaders } from "./raw-headers.ts";
import type { Sent, Upstream } from "./upstream.ts";

/** One side as a proxy asks it for a caller. */
export interface ProxySide {
  readonly upstream: Upstream;
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly remove: ReadonlySet<string>;
}

/** What all requests of a proxy share. */
export interface ProxySides {
  readonly control: ProxySide;
  /** Of candidates, by their lanes. */
  candidate(lane: Lane): ProxySide;
  /** What is added about the caller; nothing by default. */
  forwarded(request: IncomingMessage): readonly (readonly [name: string, value: string])[];
  readonly now: () => number;
}

type Kept =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Buffer; readonly trailers: RawHeaders }
  | { readonly kind: "stream" };

/** A request of a caller, and all that is known of it. */
export class ProxyRequest implements Arrival<Reply>, Incoming<Reply> {
  readonly seen: SeenRequest;
  readonly context: unknown = undefined;
  readonly #sides: ProxySides;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #caller: Caller;
  readonly #mark: string | undefined;
  #kept: Kept | undefined;
  #outgoing: Outgoing | undefined;

  constructor(
    sides: ProxySides,
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller = new Caller(),
    mark?: string,
    kept?: Kept,
  ) {
    this.#sides = sides;
    this.#request = request;
    this.#response = response;
    this.#caller = caller;
    this.#mark = mark;
    this.#kept = kept;
    this.seen = {
      method: request.method!,
      url: request.url!,
      headers: {
        get(name: string): string | null {
          return textOf(request.headers[name]);
        },
      },
    };
  }

  get pathname(): string {
    const { url } = this.seen;
    return url.startsWith("/") ? url.split("?", 1)[0]! : this.#url().pathname;
  }

  get signal(): AbortSignal {
    return this.#caller.signal;
  }

  get isHead(): boolean {
    return this.seen.method === "HEAD";
  }

  get isConditional(): boolean {
    return isConditional(this.outgoing.headers);
  }

  get bodyKind(): RequestBody["kind"] {
    return this.#kept!.kind;
  }

  /** As copies are made of it: what the web cannot hold is lost in copies alone. */
  get outgoing(): Outgoing {
    if (this.#outgoing !== undefined) return this.#outgoing;
    const headers = new Headers();
    const { rawHeaders } = this.#request;
    for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
    const kept = this.#kept!;
    return (this.#outgoing = {
      method: this.seen.method,
      url: this.#url(),
      headers: endToEnd(headers),
      body: kept.kind === "stream" ? { kind: "used" } : kept,
      redirect: "manual",
      original: undefined,
    });
  }

  /** The caller is gone. */
  abort(): void {
    this.#caller.goAway();
  }

  async received(keepBytes: number | undefined, mark: string | undefined): Promise<Incoming<Reply>> {
    const request = this.#request;
    if (!hasBody(request.rawHeaders)) this.#kept = { kind: "none" };
    else if (keepBytes === undefined || Number(request.headers["content-length"] ?? 0) > keepBytes) {
      this.#kept = { kind: "stream" };
    } else {
      // Both sides get it once it is there, so that nothing is asked of control before.
      if (request.headers.expect !== undefined) this.#response.writeContinue();
      this.#kept = await keptOf(request, keepBytes);
    }
    return mark === undefined ? this : this.marked(mark);
  }

  askControl(signal?: AbortSignal): Promise<SideAnswer<Reply>> {
    return this.#ask(this.#sides.control, false, signal === undefined ? this.#caller : stopOf(signal));
  }

  askCandidate(lane: Lane, signal: AbortSignal): Promise<SideAnswer<Reply>> {
    return this.#ask(this.#sides.candidate(lane), !lane.isTrusted, stopOf(signal));
  }

  marked(mark: string): Incoming<Reply> {
    return new ProxyRequest(this.#sides, this.#request, this.#response, this.#caller, mark, this.#kept);
  }

  async #ask({ upstream, set, remove }: ProxySide, withoutCredentials: boolean, stop: Stop): Promise<NodeAnswer> {
    const { method, url: target } = this.seen;
    const { rawHeaders } = this.#request;
    const kept = this.#kept!;
    const mark = this.#mark;
    const added = [...this.#sides.forwarded(this.#request), ...set];
    if (mark !== undefined) added.push([loopHeader, mark]);
    const headers = sentOn(rawHeaders, { set: added, remove, withoutCredentials });
    // Node would send an empty body in chunks.
    if (kept.kind === "none" && !isWithoutBody(method) && this.#request.headers["content-length"] === undefined) {
      headers.push("Content-Length", "0");
    }
    const informed: Sent["informed"] = (status, reason, raw) => {
      inform(this.#response, status, reason, raw);
    };
    const sent: Sent = {
      method,
      target,
      headers,
      mayRepeat: kept.kind === "none",
      write: (request) => {
        this.#write(request, kept);
      },
      informed: mark === undefined ? informed : undefined,
    };
    const startedAt = this.#sides.now();
    const message = await upstream.ask(sent, stop);
    return new NodeAnswer(message, this.isHead, this.#sides.now() - startedAt);
  }

  #write(to: ClientRequest, kept: Kept): void {
    if (kept.kind === "none") {
      to.end();
      return;
    }
    if (kept.kind === "bytes") {
      if (kept.trailers.length > 0) to.addTrailers(pairsOf(kept.trailers));
      to.end(kept.bytes);
      return;
    }
    const from = this.#request;
    if (from.headers.expect !== undefined) sendHead(to);
    from.on("data", (chunk: Buffer) => {
      if (to.write(chunk)) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
    from.on("end", () => {
      if (from.rawTrailers.length > 0) to.addTrailers(pairsOf(from.rawTrailers));
      to.end();
    });
    // A caller that goes away in its body is heard of at once.
    from.on("error", () => to.destroy());
    // What nobody takes any more is read, so that the answer reaches a caller that is still sending.
    to.once("close", () => from.resume());
    from.resume();
  }

  #url(): URL {
    const { host } = this.#request.headers;
    const { url } = this.seen;
    const base = `http://${host !== undefined && /^[\w.:[\]-]+$/.test(host) ? host : "localhost"}`;
    if (url.startsWith("/") && URL.canParse(base + url)) return new URL(base + url);
    return URL.canParse(url) && /^https?:/i.test(url) ? new URL(url) : new URL(`${base}/`);
  }
}

const withoutBody: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

/** Whether Node sends no body of its own accord. */
function isWithoutBody(method: string): boolean {
  return withoutBody.has(method);
}

function textOf(value: string | readonly string[] | undefined): string | null {
  if (value === undefined) return null;
  return typeof value === "string" ? value : value.join(", ");
}

/** Passes an answer on that comes before the answer. A caller whose turn has not come on its connection goes without. */
function inform(response: ServerResponse, status: number, reason: string, raw: RawHeaders): void {
  const { socket, headersSent, req } = response;
  if (socket === null || headersSent || req.httpVersion === "1.0") return;
  const lines = [`HTTP/1.1 ${status} ${reason}`];
  for (let at = 0; at < raw.length; at += 2) lines.push(`${raw[at]}: ${raw[at + 1]}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** Reads a body up to a limit; what is larger is put back, and is a stream. */
function keptOf(request: IncomingMessage, keepBytes: number): Promise<Kept> {
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
