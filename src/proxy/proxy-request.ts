import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Arrival, Incoming, Lane, SeenRequest, SendCopy } from "../http/exchange/lane.ts";
import type { SideAnswer } from "../http/exchange/side-call.ts";
import { loopHeader } from "../http/loop-mark.ts";
import type { RequestBody } from "../http/request-body.ts";
import type { Sessions } from "../http/sessions.ts";
import { endToEnd, type Outgoing } from "../http/sides/outgoing.ts";
import { stopOf, type Stop } from "../model/stop.ts";
import { keptOf, type Kept } from "./kept-body.ts";
import { drains } from "../http/node/kept-connection.ts";
import { NodeAnswer, type Reply } from "./node-answer.ts";
import { Caller } from "./caller.ts";
import {
  exceptFor,
  hasBody,
  hasConditions,
  sendHead,
  pairsOf,
  sentOn,
  valueOf,
  type HeadersToSet,
  type RawHeaders,
  type Receiver,
} from "./raw-headers.ts";
import type { Sent, Upstream } from "./upstream.ts";

/** One side as a proxy asks it for a caller. */
export interface ProxySide {
  readonly upstream: Upstream;
  /** For copies, whose connections are no caller's. */
  readonly copies: Upstream;
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
  /** To go on with its body. */
  #hasToldOn = false;

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
          return valueOf(request.rawHeaders, name) === undefined ? null : textOf(request.headers[name]);
        },
      },
    };
  }

  get pathname(): string {
    const { url } = this.seen;
    if (!url.startsWith("/")) return this.#url().pathname;
    const end = url.indexOf("?");
    return end < 0 ? url : url.slice(0, end);
  }

  get signal(): AbortSignal {
    return this.#caller.signal;
  }

  get isHead(): boolean {
    return this.seen.method === "HEAD";
  }

  get isConditional(): boolean {
    return hasConditions(this.#request.rawHeaders);
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
      this.#hasToldOn = request.httpVersion !== "1.0" && /^100-continue$/i.test(request.headers.expect ?? "");
      if (this.#hasToldOn) this.#response.writeContinue();
      this.#kept = await keptOf(request, keepBytes);
    }
    return mark === undefined ? this : this.marked(mark);
  }

  askControl(signal?: AbortSignal): Promise<SideAnswer<Reply>> {
    const { control } = this.#sides;
    const stop = signal === undefined ? this.#caller : stopOf(signal);
    return this.#ask(control.upstream, this.#headersTo(control, {}), stop, this.#mark === undefined);
  }

  askCandidate(lane: Lane, signal: AbortSignal): Promise<SideAnswer<Reply>> {
    const side = this.#sides.candidate(lane);
    const headers = this.#headersTo(side, { withoutCredentials: !lane.isTrusted });
    return this.#ask(side.upstream, headers, stopOf(signal), this.#mark === undefined).catch((error: unknown) => {
      if (typeof error === "object" && error !== null) ofCandidates.add(error);
      throw error;
    });
  }

  copyFor(lane: Lane, mark: string): SendCopy | Promise<SendCopy> {
    if (lane.sessions !== undefined) return this.#copyInSession(lane, lane.sessions, mark);
    return this.#copy(lane, mark, { isCopy: true, withoutCredentials: !lane.isTrusted });
  }

  marked(mark: string): Incoming<Reply> {
    return new ProxyRequest(this.#sides, this.#request, this.#response, this.#caller, mark, this.#kept);
  }

  /** With the candidate's own cookies and token in place of the caller's. */
  async #copyInSession(lane: Lane, sessions: Sessions, mark: string): Promise<SendCopy> {
    const caller = this.seen.headers;
    const own = new Map<string, string>();
    for (const name of lane.isTrusted ? inSessions : []) {
      const value = caller.get(name);
      if (value !== null) own.set(name, value);
    }
    const headers = {
      get: (name: string) => own.get(name) ?? null,
      set: own.set.bind(own),
      delete: own.delete.bind(own),
    };
    await sessions.applyTo(headers, caller, this.pathname);
    return this.#copy(lane, mark, { isCopy: true, withoutCredentials: true }, [...own]);
  }

  #copy(lane: Lane, mark: string, receiver: Receiver, own: HeadersToSet = []): SendCopy {
    const side = this.#sides.candidate(lane);
    const headers = this.#headersTo(side, receiver, mark, own);
    return ({ stop }) => this.#ask(side.copies, headers, stop, false);
  }

  #headersTo(side: ProxySide, receiver: Receiver, mark = this.#mark, own: HeadersToSet = []): string[] {
    const request = this.#request;
    const added = exceptFor(side, [...this.#sides.forwarded(request), ...own]);
    const headers = sentOn(request.rawHeaders, [...added, ...side.set], side.remove, receiver);
    if (mark !== undefined) headers.push(loopHeader, mark);
    // Node would send an empty body in chunks.
    const isEmpty = this.#kept!.kind === "none" && !isWithoutBody(this.seen.method);
    if (isEmpty && request.headers["content-length"] === undefined) headers.push("Content-Length", "0");
    return headers;
  }

  async #ask(upstream: Upstream, headers: RawHeaders, stop: Stop, isInformed: boolean): Promise<NodeAnswer> {
    const { method, url: target } = this.seen;
    const kept = this.#kept!;
    const informed: Sent["informed"] = (status, reason, raw) => {
      if (status !== 100 || !this.#hasToldOn) inform(this.#response, status, reason, raw);
    };
    const sent: Sent = {
      method,
      target,
      headers,
      mayRepeat: kept.kind === "none",
      write: (request) => {
        this.#write(request, kept);
      },
      informed: isInformed ? informed : undefined,
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
    // Who has answered and left is heard before more is written: a write that fails would end what it has said.
    from.on("data", (chunk: Buffer) => {
      from.pause();
      setImmediate(() => {
        if (to.destroyed || to.write(chunk)) from.resume();
        else drains(to).once("drain", () => from.resume());
      });
    });
    // A stream that is paused may end all the same.
    from.on("end", () => {
      setImmediate(() => {
        if (from.rawTrailers.length > 0) to.addTrailers(pairsOf(from.rawTrailers));
        to.end();
      });
    });
    // A caller that goes away in its body is heard of at once.
    from.on("error", () => setImmediate(() => to.destroy()));
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

/** What candidates that serve have failed with. */
const ofCandidates = new WeakSet();

/** Whether a caller has no answer since the candidate has not answered. */
export function isOfCandidate(error: unknown): boolean {
  return typeof error === "object" && error !== null && ofCandidates.has(error);
}

const inSessions: readonly string[] = ["cookie", "authorization"];

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
  if (status === 100 && reason === "Continue" && raw.length === 0) {
    // Node keeps the connection then: a body follows.
    response.writeContinue();
    return;
  }
  const lines = [`HTTP/1.1 ${status} ${reason}`];
  for (let at = 0; at < raw.length; at += 2) lines.push(`${raw[at]}: ${raw[at + 1]}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
