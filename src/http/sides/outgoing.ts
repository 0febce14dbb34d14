import { withBody } from "../any-response.ts";
import { forceHeader } from "../force-key.ts";
import { loopHeader } from "../loop-mark.ts";
import type { RequestBody } from "../request-body.ts";

/** A request as it goes out to a side. */
export interface Outgoing {
  readonly method: string;
  /** As it came. */
  readonly url: URL;
  readonly headers: Headers;
  readonly body: RequestBody;
  /** A server passes redirects on; a client follows them as it was told. */
  readonly redirect: RequestRedirect;
  /** The request as it came, where nothing of it had to be changed: a handler gets that object itself. */
  readonly original: Request | undefined;
}

const hopByHop: readonly string[] = [
  ...["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
];

/** Headers that ask each side for something else. */
export const conditional: readonly string[] = [
  ...["if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"],
];

const credentials: readonly string[] = ["authorization", "cookie", "proxy-authorization"];

export function isConditional(headers: Headers): boolean {
  return conditional.some((name) => headers.has(name));
}

/** Statuses that only a request with conditions or a range gets. */
export function answersCondition(status: number): boolean {
  return status === 304 || status === 206 || status === 412 || status === 416;
}

/** A request's headers as a proxy sends them on: without those of one connection, and without our own. */
export function endToEnd(headers: Headers): Headers {
  const kept = new Headers(headers);
  dropHop(kept);
  kept.delete(loopHeader);
  kept.delete(forceHeader);
  return kept;
}

/** Takes away what is of one connection, and what `connection` names. */
export function dropHop(headers: Headers): void {
  const named = headers.get("connection");
  if (named !== null) for (const name of named.split(",")) if (isToken(name.trim())) headers.delete(name.trim());
  for (const name of hopByHop) headers.delete(name);
}

/** An answer as a proxy passes it on: without the headers of one connection. */
export function endToEndAnswer(response: Response): Response {
  if (!hopByHop.some((name) => response.headers.has(name))) return response;
  const headers = new Headers(response.headers);
  dropHop(headers);
  return withBody(response, response.body, headers);
}

const isToken = (name: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(name);

/** The headers of a copy: without conditions and ranges, which would ask each side for something else. */
export function headersOfCopy(headers: Headers, mark: string, withCredentials: boolean): Headers {
  const copy = new Headers(headers);
  for (const name of conditional) copy.delete(name);
  if (!withCredentials) for (const name of credentials) copy.delete(name);
  copy.set(loopHeader, mark);
  return copy;
}

export function marked(headers: Headers, mark: string): Headers {
  const copy = new Headers(headers);
  copy.set(loopHeader, mark);
  return copy;
}

export function withoutCredentials(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of credentials) kept.delete(name);
  return kept;
}
