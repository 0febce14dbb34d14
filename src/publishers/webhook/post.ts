import { builtinModule } from "../../model/runtime.ts";
import type { Clock } from "../../model/clock.ts";
import { isPrivateHost } from "./address.ts";

/** The part of the global `fetch` that is used. */
export type WebhookFetch = (
  url: string,
  init: {
    method: "POST";
    headers: Record<string, string>;
    body: string;
    redirect: "error";
    signal: AbortSignal;
  },
) => PromiseLike<WebhookResponse>;

/** The part of a response that is used. */
export interface WebhookResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers?: { get(name: string): string | null };
  readonly body?: { cancel(): PromiseLike<void> } | null;
}

/** Resolves to the addresses behind a host name. */
export type Lookup = (hostname: string) => PromiseLike<readonly string[]>;

/**
 * How one request ended:
 *
 * - `sent`: a 2xx answer
 * - `refused`: asking again would return the same (a 4xx answer other than 408 and 429)
 * - `failed`: no answer in time, no connection, a redirect, a 5xx
 */
export type Posted =
  | { readonly kind: "sent" }
  | { readonly kind: "refused"; readonly error: Error }
  | {
      readonly kind: "failed";
      readonly error: unknown;
      /** How long the receiver wants to be left alone. */ readonly retryAfterMs?: number;
    };

export interface PostOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly fetch: WebhookFetch;
  readonly clock: Clock;
  /** Asked before each request; an answer with a private address stops it. Absent where private addresses are allowed. */
  readonly lookup: Lookup | undefined;
}

/**
 * Makes one request and always answers within its time. Follows no redirect and reads nothing of the answer's body.
 */
export function post(body: string, { url, headers, timeoutMs, fetch, clock, lookup }: PostOptions): Promise<Posted> {
  const aborter = new AbortController();
  return new Promise((resolve) => {
    const cancel = clock.after(timeoutMs, () => {
      resolve({ kind: "failed", error: new Error(`webhook: no answer within ${timeoutMs} ms`) });
      aborter.abort();
    });
    void request().then(
      (posted) => {
        cancel();
        resolve(posted);
      },
      (error: unknown) => {
        cancel();
        resolve({ kind: "failed", error });
      },
    );
  });

  async function request(): Promise<Posted> {
    if (lookup !== undefined) await refusePrivate(new URL(url).hostname, lookup);
    if (aborter.signal.aborted) throw new Error("webhook: the time was up before the request began");
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body,
      redirect: "error",
      signal: aborter.signal,
    });
    // The answer's body may be endless: let go of it unread.
    void Promise.resolve(response.body?.cancel()).catch(() => undefined);
    if (response.ok) return { kind: "sent" };
    const error = new Error(`webhook: answered ${response.status}`);
    const isFinal = response.status >= 400 && response.status < 500 && ![408, 429].includes(response.status);
    if (isFinal) return { kind: "refused", error };
    const retryAfterMs = retryAfter(response, clock);
    return { kind: "failed", error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
}

const longestRetryAfterMs = 86_400_000;

/** Seconds, or a date (RFC 9110, 10.2.3); a day at most, lest a mistake silences it for good. */
function retryAfter({ headers }: WebhookResponse, clock: Clock): number | undefined {
  const text = headers?.get("retry-after")?.trim();
  if (text === undefined || text === "") return undefined;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.now();
  return waitMs > 0 ? Math.min(waitMs, longestRetryAfterMs) : undefined;
}

async function refusePrivate(hostname: string, lookup: Lookup): Promise<void> {
  let addresses: readonly string[];
  try {
    addresses = await lookup(hostname);
  } catch {
    return; // Behind a proxy names need not resolve here; without one the request fails by itself.
  }
  if (addresses.some(isPrivateHost)) {
    throw new Error(`webhook: ${hostname} resolves to a private address; \`allowPrivate: true\` permits that`);
  }
}

/** Asks the system's resolver, where the runtime has `node:dns`. */
export function systemLookup(): Lookup | undefined {
  const dns = builtinModule("node:dns") as Dns | undefined;
  if (dns === undefined) return undefined;
  return async (hostname) => {
    const found = await dns.promises.lookup(hostname, { all: true });
    return found.map(({ address }) => address);
  };
}

interface Dns {
  readonly promises: { lookup(hostname: string, options: { all: true }): Promise<{ address: string }[]> };
}
