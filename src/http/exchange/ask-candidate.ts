import type { Incoming, Lane } from "./lane.ts";
import type { Surroundings } from "./run-exchange.ts";
import { asked, type SideAnswer } from "./side-call.ts";

/** Says when a call that nobody compares ends its wait for the candidate. */
export interface ServingLimits {
  /** The candidate's status line has to be there by then. */
  readonly timeoutMs: number;
  /** So long after control's status line at the latest, where control runs as well. */
  readonly graceMs: number;
}

/** What the candidate gets that serves: the request as it came, but for credentials of others. */
export async function askCandidate(
  { clock }: Surroundings,
  { side, isTrusted }: Lane,
  { outgoing, isHead, context }: Incoming,
  signal: AbortSignal,
): Promise<SideAnswer> {
  const headers = isTrusted ? outgoing.headers : withoutCredentials(outgoing.headers);
  const original = isTrusted ? outgoing.original : undefined;
  return asked(() => side.send({ ...outgoing, headers, original }, signal, context), side.decodes, isHead, clock);
}

function withoutCredentials(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ["authorization", "cookie", "proxy-authorization"]) kept.delete(name);
  return kept;
}
