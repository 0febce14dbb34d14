import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { settle } from "../model/option-table.ts";
import type { HandlerCounts } from "./counts.ts";
import { WebArrival } from "./exchange/web-incoming.ts";
import { compileHandler } from "./handle.ts";
import { handlerTable, type HandlerOptions, type SettledOptions } from "./handler-options.ts";

/** What {@link parallelHandler} returns: a handler as the web has it, and what it counted. */
export interface ParallelHandler {
  /**
   * Answers a request: as control does, or as the rollout says. Rejects as control rejects.
   *
   * @param context handed on to sides that are handlers
   */
  (request: Request, context?: unknown): Promise<Response>;
  /** What became of requests so far, by candidate. */
  counts(): Readonly<Record<string, HandlerCounts>>;
  /** Ends what watches for silence. Closing its laboratory ends it as well, after the next request. */
  close(): void;
}

/**
 * Runs two services in parallel: control answers, the candidate gets a copy of every request that only reads, and the two answers are
 * compared. Control's answer goes to its caller as it comes; what the candidate does reaches nobody, unless a rollout says so.
 *
 * @throws {SidelaneError} `invalid-definition` or `name-taken`
 */
export function parallelHandler(options: HandlerOptions): ParallelHandler {
  const check: OptionCheck = checkOptions("parallelHandler", "invalid-definition");
  const settled = settle(check, handlerTable, options);
  return makeHandler(settled, settled.control, check, "parallelHandler", "manual");
}

/**
 * @param control as it was handed in
 * @param redirect what becomes of redirects; as each request says by default
 */
export function makeHandler(
  settled: SettledOptions,
  control: unknown,
  check: OptionCheck,
  place: string,
  redirect?: RequestRedirect,
): ParallelHandler {
  const { handler, around, counts, close } = compileHandler<Response>(settled, control, check, place);
  return Object.assign(
    async (request: Request, context?: unknown) =>
      await handler.handle(new WebArrival(request, context, around, redirect)),
    { counts, close },
  );
}
