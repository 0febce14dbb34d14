import type { ComparisonCall } from "../experiment/reported/comparison-call.ts";
import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { systemClock } from "../model/clock.ts";
import { settle } from "../model/option-table.ts";
import type { Outcome } from "../model/observation.ts";
import type { HandlerCounts } from "./counts.ts";
import { Exchange } from "./exchange/exchange.ts";
import type { Incoming, Lane } from "./exchange/lane.ts";
import type { ReportedResponse } from "./exchange/reported-response.ts";
import {
  askControl,
  controlFailed,
  passControl,
  runCopy,
  type LaneExchange,
  type Surroundings,
} from "./exchange/run-exchange.ts";
import type { ServingLimits } from "./exchange/ask-candidate.ts";
import { defaultStreamOptions, type StreamOptions } from "./exchange/stream-capture.ts";
import { serveAlone } from "./exchange/serve-alone.ts";
import { serveCompared } from "./exchange/serve-candidate.ts";
import { handlerTable, type HandlerOptions, type SettledOptions } from "./handler-options.ts";
import { lanesOf, type NamedLane } from "./lanes.ts";
import { LoopMark, loopHeader } from "./loop-mark.ts";
import { controlAgain } from "./noise.ts";
import { buffered, passedOn, type RequestBody } from "./request-body.ts";
import { compileResponseRules } from "./responses/response-rules.ts";
import { RouteTable, type Route } from "./routes.ts";
import { endToEnd, isConditional } from "./sides/outgoing.ts";
import { compileSide, type CompiledSide } from "./sides/side.ts";
import { fetchTransport } from "./sides/transport.ts";

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
  return makeHandler(settled, settled.control, check, "manual");
}

/**
 * @param control as it was handed in
 * @param redirect what becomes of redirects; as each request says by default
 */
export function makeHandler(
  settled: SettledOptions,
  control: unknown,
  check: OptionCheck,
  redirect?: RequestRedirect,
): ParallelHandler {
  const clock = settled.clock ?? systemClock;
  const transport = settled.transport ?? fetchTransport;
  const routes = new RouteTable(settled.routes, settled.routeOf, check, () => undefined);
  const rules = compileResponseRules(settled.compare, "parallelHandler: compare");
  const around: Surroundings = {
    control: compileSide(control, "control", check, transport),
    clock,
    mark: new LoopMark(settled.loopKey, () => clock.now()),
    bodyLimits: rules.bodyLimits,
    streams: streamsOf(settled, check),
  };
  const secondary =
    settled.secondary === undefined ? around.control : compileSide(settled.secondary, "secondary", check, transport);
  const lanes = lanesOf(settled, around.control, rules, check, transport, clock);
  const limits: ServingLimits = {
    timeoutMs: settled.limits.timeoutMs ?? 10_000,
    graceMs: graceOf(settled.rollout),
  };
  const inner = new Handler(
    around,
    lanes,
    routes,
    limits,
    settled.limits.requestBytes ?? 64 * 1024,
    secondary,
    redirect,
  );
  return Object.assign((request: Request, context?: unknown) => inner.handle(request, context), {
    counts: () => Object.fromEntries(lanes.map(([name, { counts }]) => [name, counts.toJSON()])),
    close: () => {
      for (const [, { watch }] of lanes) watch?.close();
    },
  });
}

function streamsOf({ streams, limits }: SettledOptions, check: OptionCheck): Required<StreamOptions> | undefined {
  if (streams === undefined) return undefined;
  const settled = { ...defaultStreamOptions, ...streams };
  const timeoutMs = limits.timeoutMs ?? 10_000;
  if (settled.maxMs >= timeoutMs) {
    check.fail("streams.maxMs", `less than \`limits.timeoutMs\`, ${timeoutMs}`, settled.maxMs, "A call ends by then");
  }
  return settled;
}

function graceOf(rollout: unknown): number {
  const graceMs =
    typeof rollout === "object" && rollout !== null ? (rollout as { graceMs?: unknown }).graceMs : undefined;
  return typeof graceMs === "number" ? graceMs : 1_000;
}

class Handler {
  readonly #around: Surroundings;
  readonly #lanes: readonly Lane[];
  readonly #routes: RouteTable;
  readonly #limits: ServingLimits;
  readonly #requestBytes: number;
  readonly #secondary: CompiledSide;
  readonly #redirect: RequestRedirect | undefined;

  constructor(
    around: Surroundings,
    lanes: readonly NamedLane[],
    routes: RouteTable,
    limits: ServingLimits,
    requestBytes: number,
    secondary: CompiledSide,
    redirect: RequestRedirect | undefined,
  ) {
    this.#redirect = redirect;
    this.#around = around;
    this.#lanes = lanes.map(([, lane]) => lane);
    this.#routes = routes;
    this.#limits = limits;
    this.#requestBytes = requestBytes;
    this.#secondary = secondary;
  }

  async handle(request: Request, context: unknown): Promise<Response> {
    const url = new URL(request.url);
    const route = this.#routes.of(request, url.pathname);
    const given = request.headers.get(loopHeader);
    const isCopy = given !== null && (await this.#around.mark.isGenuine(given));
    const isRead = route.treatment === "read";
    const body = isRead && !isCopy ? await buffered(request, this.#requestBytes) : passedOn(request);
    const incoming = await this.#incoming(request, url, body, isCopy, context);
    if (isCopy) this.#skipped("loop");
    else if (route.treatment === "unsafe") this.#skipped("unsafe-method");
    else if (body.kind === "used") this.#skipped("body-used");
    else if (route.treatment === "by-key") return await this.#byKey(incoming, route);
    else if (body.kind === "stream") this.#skipped("body-too-large");
    else return await this.#compared(incoming, route);
    return (await askControl(this.#around, incoming)).response;
  }

  async #incoming(request: Request, url: URL, body: RequestBody, isCopy: boolean, context: unknown): Promise<Incoming> {
    const headers = endToEnd(request.headers);
    // What a copy asks for is a copy as well.
    if (isCopy) headers.set(loopHeader, await this.#around.mark.current());
    const isUntouched = !request.headers.has(loopHeader) && body.kind !== "bytes";
    const isStreamOfOurs = body.kind === "stream" && body.stream !== request.body;
    return {
      request,
      outgoing: {
        method: request.method,
        url,
        headers,
        body,
        redirect: this.#redirect ?? request.redirect,
        original: isUntouched && !isStreamOfOurs ? request : undefined,
      },
      isHead: request.method === "HEAD",
      isConditional: isConditional(headers),
      context,
    };
  }

  #skipped(reason: "loop" | "unsafe-method" | "body-used" | "body-too-large" | "by-key"): void {
    for (const { counts } of this.#lanes) counts.skip(reason);
  }

  /** One side alone, by the key of the request. Several candidates serve nobody. */
  async #byKey(incoming: Incoming, route: Route): Promise<Response> {
    const [lane] = this.#lanes;
    this.#skipped("by-key");
    if (lane === undefined || this.#lanes.length > 1) return (await askControl(this.#around, incoming)).response;
    const call = lane.calls.begin({ input: incoming.request, context: contextOf(incoming, route), alone: true });
    if (call.serve === "candidate") return await serveAlone(this.#around, lane, call, incoming, this.#limits);
    return await this.#control(incoming, call);
  }

  async #compared(incoming: Incoming, route: Route): Promise<Response> {
    const about = contextOf(incoming, route);
    const parts: LaneExchange[] = [];
    for (const lane of this.#lanes) {
      lane.counts.add("eligible");
      lane.watch?.start();
      let exchange: Exchange | undefined = undefined;
      const again = (): Promise<Outcome<ReportedResponse>> =>
        controlAgain(this.#around, this.#secondary, incoming, exchange, this.#limits.timeoutMs);
      const call = lane.calls.begin({ input: incoming.request, context: about, again });
      if (call.compare) {
        lane.counts.add("sampled");
        exchange = new Exchange(call, lane.comparer, {
          answered: () => {
            lane.counts.add("answered");
          },
          skipped: (reason) => {
            lane.counts.skip(reason);
          },
          bothAnswered: (control, candidate) => {
            lane.watch?.answered(route.name ?? incoming.request.method, control.status, candidate.status);
            lane.sessions?.learn(incoming.outgoing.headers, control.headers, candidate.headers);
          },
        });
        parts.push({ lane, exchange });
        if (call.serve === "candidate") {
          return await serveCompared(this.#around, { lane, exchange }, incoming, this.#limits);
        }
        continue;
      }
      if (call.skipped !== undefined) lane.counts.skip(call.skipped);
      if (call.serve === "candidate") return await serveAlone(this.#around, lane, call, incoming, this.#limits);
      if (this.#lanes.length === 1) return await this.#control(incoming, call);
    }
    return await this.#shadowed(incoming, parts);
  }

  /** Control alone. */
  async #control(incoming: Incoming, call: ComparisonCall<ReportedResponse>): Promise<Response> {
    return (await call.as("control", () => askControl(this.#around, incoming))).response;
  }

  async #shadowed(incoming: Incoming, parts: readonly LaneExchange[]): Promise<Response> {
    const { clock } = this.#around;
    const startedAt = clock.monotonic();
    const ask = (): ReturnType<typeof askControl> => askControl(this.#around, incoming);
    const [first] = parts;
    const asking = first === undefined ? ask() : first.exchange.call.as("control", ask);
    for (const part of parts) {
      void part.exchange.call.as("candidate", () => runCopy(this.#around, part, incoming));
    }
    try {
      return passControl(this.#around, parts, incoming, await asking);
    } catch (error) {
      controlFailed(parts, incoming, error, clock.monotonic() - startedAt);
      throw error;
    }
  }
}

function contextOf({ request: { method } }: Incoming, { name }: Route): Readonly<Record<string, unknown>> {
  return name === undefined ? { method } : { method, route: name };
}
