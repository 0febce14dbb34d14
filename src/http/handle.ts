import type { SkipReason } from "../experiment/record/counters.ts";
import type { ComparisonCall } from "../experiment/reported/comparison-call.ts";
import type { OptionCheck } from "../model/check-options.ts";
import { systemClock, type Clock } from "../model/clock.ts";
import { later } from "../model/later.ts";
import type { Outcome } from "../model/observation.ts";
import type { HandlerCounts } from "./counts.ts";
import { Exchange } from "./exchange/exchange.ts";
import type { Arrival, Incoming, Lane } from "./exchange/lane.ts";
import type { ReportedResponse } from "./exchange/reported-response.ts";
import { controlFailed, passControl, runCopy, type LaneExchange, type Surroundings } from "./exchange/run-exchange.ts";
import { serveAlone } from "./exchange/serve-alone.ts";
import { serveCompared } from "./exchange/serve-candidate.ts";
import type { ServingLimits } from "./exchange/serving-limits.ts";
import { defaultStreamOptions, type StreamOptions } from "./exchange/stream-capture.ts";
import type { SettledOptions } from "./handler-options.ts";
import { lanesOf, type NamedLane } from "./lanes.ts";
import { ForceKey, forceHeader } from "./force-key.ts";
import { LoopMark, loopHeader } from "./loop-mark.ts";
import { controlAgain } from "./noise.ts";
import { compileResponseRules } from "./responses/response-rules.ts";
import { RouteTable, type Route } from "./routes.ts";
import { compileSide, type CompiledSide } from "./sides/side.ts";
import { fetchTransport } from "./sides/transport.ts";

/** A handler and what it stands on. */
export interface CompiledHandler<Answer> {
  readonly handler: Handler<Answer>;
  readonly around: Surroundings;
  readonly lanes: readonly NamedLane[];
  /** What became of requests so far, by candidate. */
  counts(): Readonly<Record<string, HandlerCounts>>;
  /** Ends what watches for silence. */
  close(): void;
}

/**
 * Makes a handler of settled options.
 *
 * @param control as it was handed in
 * @param place before messages about `compare`
 * @throws {SidelaneError} by `check`, for the first thing that is wrong
 */
export function compileHandler<Answer>(
  settled: SettledOptions,
  control: unknown,
  check: OptionCheck,
  place: string,
): CompiledHandler<Answer> {
  const clock = settled.clock ?? systemClock;
  const transport = settled.transport ?? fetchTransport;
  const routes = new RouteTable(settled.routes, settled.routeOf, check, () => undefined);
  const rules = compileResponseRules(settled.compare, `${place}: compare`);
  const around: Surroundings = {
    control: compileSide(control, "control", check, transport),
    clock,
    mark: new LoopMark(settled.loopKey, () => clock.now()),
    forceKey: settled.forceKey === undefined ? undefined : new ForceKey(settled.forceKey),
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
  const requestBytes = settled.limits.requestBytes ?? 64 * 1024;
  return {
    handler: new Handler<Answer>(around, lanes, routes, limits, requestBytes, secondary),
    around,
    lanes,
    counts: () => Object.fromEntries(lanes.map(([name, { counts }]) => [name, counts.toJSON()])),
    close: () => {
      for (const [, { watch }] of lanes) watch?.close();
    },
  };
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

/** How long a copy waits for control's answer at most: what a copy costs holds nobody up who is answered by then. */
const copyWaitsMs = 5;

// Where one of them is off no candidate runs, not even for those who have the key.
const switches: ReadonlySet<SkipReason | undefined> = new Set([
  "disabled",
  "closed",
  "off",
  "not-enabled",
  "gate-failed",
]);

/** Decides for each request who is asked and who answers. An `Answer` is what a caller gets: a `Response`, or what a proxy writes. */
export class Handler<Answer> {
  readonly #around: Surroundings;
  readonly #lanes: readonly Lane[];
  readonly #byName: ReadonlyMap<string, Lane>;
  readonly #routes: RouteTable;
  readonly #limits: ServingLimits;
  readonly #requestBytes: number;
  readonly #secondary: CompiledSide;

  constructor(
    around: Surroundings,
    lanes: readonly NamedLane[],
    routes: RouteTable,
    limits: ServingLimits,
    requestBytes: number,
    secondary: CompiledSide,
  ) {
    this.#around = around;
    this.#lanes = lanes.map(([, lane]) => lane);
    this.#byName = new Map(lanes);
    this.#routes = routes;
    this.#limits = limits;
    this.#requestBytes = requestBytes;
    this.#secondary = secondary;
  }

  /** Resolves with what its caller gets; rejects as the side rejects that serves. */
  async handle(arrival: Arrival<Answer>): Promise<Answer> {
    const { seen } = arrival;
    const route = this.#routes.of(seen, arrival.pathname);
    const given = seen.headers.get(loopHeader);
    const isCopy = given !== null && (await this.#around.mark.isGenuine(given));
    const isRead = route.treatment === "read";
    const keepBytes = isRead && !isCopy ? this.#requestBytes : undefined;
    // What a copy asks for is a copy as well.
    const incoming = await arrival.received(keepBytes, isCopy ? await this.#around.mark.current() : undefined);
    if (isCopy) this.#skipped("loop");
    else if (route.treatment === "unsafe") this.#skipped("unsafe-method");
    else if (incoming.bodyKind === "used") this.#skipped("body-used");
    else if (route.treatment === "by-key") return await this.#byKey(incoming, route);
    else if (incoming.bodyKind === "stream") this.#skipped("body-too-large");
    else return await this.#read(incoming, route);
    return (await incoming.askControl()).response;
  }

  /** What may be copied: one side alone, where who sends it has the key and says so. */
  async #read(incoming: Incoming<Answer>, route: Route): Promise<Answer> {
    const word = this.#around.forceKey?.wordOf(incoming.seen.headers.get(forceHeader));
    const lane = word === undefined ? undefined : this.#byName.get(word);
    if (lane === undefined && word !== "control") return await this.#compared(incoming, route, word === "compare");
    this.#skipped("forced");
    if (lane === undefined) return (await incoming.askControl()).response;
    const call = lane.calls.begin({ input: incoming.seen, context: contextOf(incoming, route), alone: true });
    if (call.serve === "candidate") return await serveAlone(this.#around, lane, call, incoming, this.#limits);
    if (switches.has(call.skipped)) return await this.#control(incoming, call);
    return (await incoming.askCandidate(lane, incoming.signal)).response;
  }

  #skipped(reason: "forced" | "loop" | "unsafe-method" | "body-used" | "body-too-large" | "by-key"): void {
    for (const { counts } of this.#lanes) counts.skip(reason);
  }

  /** One side alone, by the key of the request. Several candidates serve nobody. */
  async #byKey(incoming: Incoming<Answer>, route: Route): Promise<Answer> {
    const [lane] = this.#lanes;
    this.#skipped("by-key");
    if (lane === undefined || this.#lanes.length > 1) return (await incoming.askControl()).response;
    const call = lane.calls.begin({ input: incoming.seen, context: contextOf(incoming, route), alone: true });
    if (call.serve === "candidate") return await serveAlone(this.#around, lane, call, incoming, this.#limits);
    return await this.#control(incoming, call);
  }

  async #compared(incoming: Incoming<Answer>, route: Route, isForced: boolean): Promise<Answer> {
    const about = contextOf(incoming, route);
    const parts: LaneExchange[] = [];
    for (const lane of this.#lanes) {
      lane.counts.add("eligible");
      lane.watch?.start();
      let exchange: Exchange | undefined = undefined;
      const again = (): Promise<Outcome<ReportedResponse>> =>
        controlAgain(this.#around, this.#secondary, incoming, exchange, this.#limits.timeoutMs);
      const call = lane.calls.begin({ input: incoming.seen, context: about, again, drawn: isForced });
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
            lane.watch?.answered(route.name ?? incoming.seen.method, control.status, candidate.status);
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
  async #control(incoming: Incoming<Answer>, call: ComparisonCall<ReportedResponse>): Promise<Answer> {
    return (await call.as("control", () => incoming.askControl())).response;
  }

  async #shadowed(incoming: Incoming<Answer>, parts: readonly LaneExchange[]): Promise<Answer> {
    const { clock } = this.#around;
    const startedAt = clock.monotonic();
    const ask = (): ReturnType<typeof incoming.askControl> => incoming.askControl();
    const [first] = parts;
    const asking = first === undefined ? ask() : first.exchange.call.as("control", ask);
    afterControl(asking, clock, () => {
      for (const part of parts) {
        void part.exchange.call.as("candidate", () => runCopy(this.#around, part, incoming));
      }
    });
    try {
      return passControl(this.#around, parts, incoming, await asking);
    } catch (error) {
      controlFailed(parts, incoming, error, clock.monotonic() - startedAt);
      throw error;
    }
  }
}

/** Calls back once control has answered and its caller has been served what is there, or control takes its time. */
function afterControl(asking: Promise<unknown>, clock: Clock, callback: () => void): void {
  let hasBegun = false;
  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    later(callback);
  };
  const cancel = clock.after(copyWaitsMs, begin);
  const answered = (): void => {
    cancel();
    begin();
  };
  asking.then(answered, answered);
}

function contextOf({ seen: { method } }: Incoming, { name }: Route): Readonly<Record<string, unknown>> {
  return name === undefined ? { method } : { method, route: name };
}
