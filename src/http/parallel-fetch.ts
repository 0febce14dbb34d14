import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { aFunction, settle, type OptionTable } from "../model/option-table.ts";
import type { HandlerCounts } from "./counts.ts";
import { sharedTable, type SharedOptions } from "./handler-options.ts";
import { makeHandler } from "./parallel-handler.ts";

/** Options of `parallelFetch`. */
export interface FetchOptions extends SharedOptions {
  /** What answers; the global `fetch`, looked up at each call, by default. */
  readonly control?: typeof fetch;
}

/** What {@link parallelFetch} returns: as `fetch`, and what it counted. */
export interface ParallelFetch {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** What became of requests so far, by candidate. */
  counts(): Readonly<Record<string, HandlerCounts>>;
  /** Ends what watches for silence. */
  close(): void;
}

export const fetchTable: OptionTable<FetchOptions, "cpuShare" | "limits"> = { ...sharedTable, control: aFunction };

/** How it was called. */
interface Call {
  readonly input: string | URL | Request;
  readonly init: RequestInit | undefined;
  readonly request: Request;
}

/**
 * A `fetch` for clients that move from one service to another: control answers as `fetch` does, and a copy of each request that only reads
 * goes to the candidate, whose URL takes the place of the request's origin. Redirects are followed on both sides as the caller says.
 *
 * @throws {SidelaneError} `invalid-definition` or `name-taken`
 * @example const fetchBooks = parallelFetch({ name: "books", candidate: "https://new.example" });
 */
export function parallelFetch(options: FetchOptions): ParallelFetch {
  const check: OptionCheck = checkOptions("parallelFetch", "invalid-definition");
  const { control, ...shared } = settle(check, fetchTable, options);
  const ask = control ?? ((...given: Parameters<typeof fetch>) => globalThis.fetch(...given));
  const handler = makeHandler(
    shared,
    (request: Request, call: unknown) => askAsCalled(ask, request, call as Call),
    check,
    "parallelFetch",
  );
  return Object.assign(
    async (input: string | URL | Request, init?: RequestInit) => {
      let request: Request;
      try {
        request = new Request(input, init);
      } catch {
        // What is no request is refused by control, in its own words.
        return await ask(input, init);
      }
      // Of what is no service, such as `data:`, there are no two.
      if (!/^https?:/.test(request.url)) return await ask(input, init);
      return await handler(request, { input, init, request } satisfies Call);
    },
    { counts: handler.counts, close: handler.close },
  );
}

const ofRequest: ReadonlySet<string> = new Set(["method", "headers", "body", "signal", "duplex"]);

/** With the caller's own arguments, where no body had to be read for the request that was made of them. */
function askAsCalled(ask: typeof fetch, request: Request, { input, init, request: made }: Call): Promise<Response> {
  if (request === made && made.body === null) return ask(input, init);
  // What `init` says beyond a request, such as a dispatcher of undici's.
  const more = Object.entries(init ?? {}).filter(([name]) => !ofRequest.has(name));
  return ask(request, Object.fromEntries(more));
}
