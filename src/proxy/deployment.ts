import { Laboratory } from "../experiment/laboratory.ts";
import type { Lane } from "../http/exchange/lane.ts";
import { compileHandler, type CompiledHandler } from "../http/handle.ts";
import { toNodeListener, type NodeListener } from "../http/node/listener.ts";
import { headersToSet, type ServiceSide } from "../http/sides/side.ts";
import type { OptionCheck } from "../model/check-options.ts";
import { systemClock } from "../model/clock.ts";
import { dashboard } from "../report/dashboard.ts";
import type { Ramp } from "../rollout/ramp/ramp.ts";
import type { ProxyConfig } from "./config/config.ts";
import type { Surroundings } from "./config/files.ts";
import { publishersOf, type Published } from "./config/publishers.ts";
import { handlerSettings } from "./config/settings.ts";
import { storeOf } from "./config/store.ts";
import { forwardedBy } from "./forwarded.ts";
import type { Reply } from "./node-answer.ts";
import type { ProxySide, ProxySides } from "./proxy-request.ts";
import { Upstream } from "./upstream.ts";

/** A configuration at work: all that a reload replaces. */
export interface Deployment {
  readonly config: ProxyConfig;
  readonly laboratory: Laboratory;
  readonly compiled: CompiledHandler<Reply>;
  readonly sides: ProxySides;
  readonly ramp: Ramp | undefined;
  readonly metrics: Published["metrics"];
  /** The report of what was compared, live, for people. */
  readonly page: NodeListener;
  /** How many requests to control were sent once more, on a new connection. */
  retried(): number;
  /** Waits for comparisons that run, and for what is to be written. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * @param log receives lines for people
 * @throws {ConfigError} {@link SidelaneError} for what is wrong in it
 */
export async function deploy(
  config: ProxyConfig,
  around: Surroundings,
  log: (line: string) => void,
): Promise<Deployment> {
  const open = await storeOf(config, around);
  const { publishers, metrics } = publishersOf(config, around);
  const laboratory = new Laboratory({
    publishers,
    // Nothing here calls experiments of its own.
    trackRuns: false,
    onFault: eachOnce(({ operation, error }) => log(`sidelane: ${operation}: ${String(error)}`)),
    ...(config.labels !== undefined && { labels: config.labels }),
  });
  try {
    const settings = handlerSettings(config, around, laboratory, open?.store, log);
    const { settled, control, candidates, check } = settings;
    const compiled = compileHandler<Reply>(settled, control, check);
    const sides = sidesOf(config, control, candidates, compiled, check);
    await settings.ramp?.loaded;
    return {
      ...{ config, laboratory, compiled, sides, metrics, ramp: settings.ramp },
      page: toNodeListener(dashboard({ laboratory })),
      retried: () => sides.control.upstream.retried,
      async close(timeoutMs) {
        const until = Date.now() + timeoutMs;
        await Promise.race([laboratory.settled(), later(timeoutMs / 2)]);
        compiled.close();
        await laboratory.close({ timeoutMs: Math.max(100, until - Date.now()) });
        sides.control.upstream.close();
        for (const [, lane] of compiled.lanes) {
          sides.candidate(lane).upstream.close();
          sides.candidate(lane).copies.close();
        }
        await open?.close();
      },
    };
  } catch (error) {
    await laboratory.close({ timeoutMs: 100 });
    await open?.close();
    throw error;
  }
}

/**
 * Compiles a configuration, as far as that touches nothing outside.
 *
 * @throws {ConfigError} {@link SidelaneError} for what is wrong in it
 */
export async function tryOut(config: ProxyConfig, around: Surroundings): Promise<void> {
  const publishers = (config.publishers ?? []).filter(({ type }) => type !== "ndjson");
  const tried: { -readonly [Name in keyof ProxyConfig]: ProxyConfig[Name] } = { ...config, publishers };
  delete tried.results;
  delete tried.store;
  tlsOf(config, around);
  tokenOf(config, around);
  const deployment = await deploy(tried, around, () => undefined);
  await deployment.close(200);
}

/** @throws {ConfigError} where a file cannot be read */
export function tlsOf({ listen }: ProxyConfig, around: Surroundings): { cert: string; key: string } | undefined {
  const tls = listen?.tls;
  return tls && { cert: around.text("listen.tls.cert", tls.cert), key: around.text("listen.tls.key", tls.key) };
}

/** @throws {ConfigError} where the environment does not have it */
export function tokenOf({ admin }: ProxyConfig, around: Surroundings): string | undefined {
  return admin?.token === undefined ? undefined : around.secret("admin.token", admin.token);
}

/** Connections to a candidate for copies at once. */
const mostForCopies = 50;

function sidesOf(
  { forwarded = false }: ProxyConfig,
  control: ServiceSide,
  candidates: Readonly<Record<string, ServiceSide>>,
  { lanes }: CompiledHandler<Reply>,
  check: OptionCheck,
): ProxySides {
  const upstream = (service: ServiceSide, maxSockets: number): Upstream =>
    new Upstream({
      ...{ base: new URL(service.url), maxSockets },
      ...(service.path !== undefined && { path: service.path }),
      ...(service.tls !== undefined && { tls: service.tls }),
    });
  const side = (service: ServiceSide, option: string): ProxySide => ({
    upstream: upstream(service, Infinity),
    copies: upstream(service, mostForCopies),
    set: [
      ...(service.host === undefined ? [] : [["Host", service.host] as const]),
      ...headersToSet(service, option, check),
    ],
    remove: new Set((service.headers?.remove ?? []).map((name) => name.toLowerCase())),
  });
  const byLane = new Map<Lane, ProxySide>(
    lanes.map(([name, lane]) => [lane, side(candidates[name]!, `candidates.${name}`)]),
  );
  return {
    control: side(control, "control"),
    candidate: (lane) => byLane.get(lane)!,
    forwarded: forwarded ? forwardedBy : () => [],
    now: () => systemClock.monotonic(),
  };
}

const mostTold = 100;

/** The same message is told once: what goes wrong with every request would fill a disk. */
function eachOnce<Told extends { readonly operation: string; readonly error: unknown }>(
  tell: (told: Told) => void,
): (told: Told) => void {
  const told = new Set<string>();
  return (fault) => {
    const message = `${fault.operation}: ${String(fault.error)}`;
    if (told.has(message) || told.size >= mostTold) return;
    told.add(message);
    tell(fault);
  };
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    systemClock.after(ms, resolve);
  });
}
