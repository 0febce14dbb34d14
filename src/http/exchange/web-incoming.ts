import { forceHeader } from "../force-key.ts";
import { loopHeader } from "../loop-mark.ts";
import { buffered, passedOn, type RequestBody } from "../request-body.ts";
import {
  endToEnd,
  headersOfCopy,
  isConditional,
  marked,
  withoutCredentials,
  type Outgoing,
} from "../sides/outgoing.ts";
import type { Arrival, Incoming, Lane, SendCopy } from "./lane.ts";
import type { Surroundings } from "./run-exchange.ts";
import { asked, orAborted, type SideAnswer } from "./side-call.ts";

/** A `Request` that has come. */
export class WebArrival implements Arrival<Response> {
  readonly seen: Request;
  readonly pathname: string;
  readonly #around: Surroundings;
  readonly #url: URL;
  readonly #context: unknown;
  readonly #redirect: RequestRedirect | undefined;

  /** @param redirect what becomes of redirects; as the request says by default */
  constructor(request: Request, context: unknown, around: Surroundings, redirect: RequestRedirect | undefined) {
    this.seen = request;
    this.#around = around;
    this.#url = new URL(request.url);
    this.pathname = this.#url.pathname;
    this.#context = context;
    this.#redirect = redirect;
  }

  async received(keepBytes: number | undefined, mark: string | undefined): Promise<Incoming<Response>> {
    const request = this.seen;
    const body = keepBytes === undefined ? passedOn(request) : await buffered(request, keepBytes);
    const headers = endToEnd(request.headers);
    if (mark !== undefined) headers.set(loopHeader, mark);
    const isOurs = request.headers.has(loopHeader) || request.headers.has(forceHeader);
    const isUntouched = !isOurs && body.kind !== "bytes";
    const isStreamOfOurs = body.kind === "stream" && body.stream !== request.body;
    return new WebIncoming(this.#around, request, this.#context, {
      method: request.method,
      url: this.#url,
      headers,
      body,
      redirect: this.#redirect ?? request.redirect,
      original: isUntouched && !isStreamOfOurs ? request : undefined,
    });
  }
}

class WebIncoming implements Incoming<Response> {
  readonly seen: Request;
  readonly outgoing: Outgoing;
  readonly context: unknown;
  readonly #around: Surroundings;

  constructor(around: Surroundings, request: Request, context: unknown, outgoing: Outgoing) {
    this.#around = around;
    this.seen = request;
    this.context = context;
    this.outgoing = outgoing;
  }

  get signal(): AbortSignal {
    return this.seen.signal;
  }

  get bodyKind(): RequestBody["kind"] {
    return this.outgoing.body.kind;
  }

  get isHead(): boolean {
    return this.seen.method === "HEAD";
  }

  get isConditional(): boolean {
    return isConditional(this.outgoing.headers);
  }

  askControl(signal: AbortSignal = this.signal): Promise<SideAnswer<Response>> {
    const { control, clock } = this.#around;
    const send = (): Promise<Response> => control.send(this.outgoing, signal, this.context);
    return asked(send, control.decodes, this.isHead, clock);
  }

  async copyFor(lane: Lane, mark: string): Promise<SendCopy> {
    const { outgoing, isHead, context } = this;
    const { side, sessions, isTrusted } = lane;
    const headers = headersOfCopy(outgoing.headers, mark, isTrusted);
    await sessions?.applyTo(headers, outgoing.headers, outgoing.url.pathname);
    const copy: Outgoing = { ...outgoing, headers, original: undefined };
    return ({ signal, stop }) =>
      orAborted(
        asked(() => side.send(copy, signal, context), side.decodes, isHead, this.#around.clock),
        stop,
      );
  }

  askCandidate({ side, isTrusted }: Lane, signal: AbortSignal): Promise<SideAnswer<Response>> {
    const { outgoing } = this;
    const sent =
      isTrusted ? outgoing : { ...outgoing, headers: withoutCredentials(outgoing.headers), original: undefined };
    return asked(() => side.send(sent, signal, this.context), side.decodes, this.isHead, this.#around.clock);
  }

  marked(mark: string): Incoming<Response> {
    const headers = marked(this.outgoing.headers, mark);
    return new WebIncoming(this.#around, this.seen, this.context, { ...this.outgoing, headers, original: undefined });
  }
}
