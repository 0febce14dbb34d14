import { createSecureContext } from "node:tls";
import { Laboratory } from "../experiment/laboratory.ts";
import type { Lane } from "../http/exchange/lane.ts";
import { compileHandler, type CompiledHandler } from "../http/handle.ts";
import { mostHeaders } from "../http/node/node-transport.ts";
import { toNodeListener, type NodeListener } from "../http/node/listener.ts";
import { headersToSet, type ServiceSide } from "../http/sides/side.ts";
import type { OptionCheck } from "../model/check-options.ts";
import { SidelaneError } from "../model/errors.ts";
import { systemClock } from "../model/clock.ts";
import { dashboard } from "../report/dashboard.ts";
import type { Ramp } from "../rollout/ramp/ramp.ts";
import type { OpenStore } from "../rollout/stores/by-url.ts";
import { ConfigError, told, type ProxyConfig } from "./config/config.ts";
import type { Surroundings } from "./config/files.ts";
import { publishersOf, type Published } from "./config/publishers.ts";
import { handlerSettings } from "./config/settings.ts";
import { storeOf, storeToTry } from "./config/store.ts";
import { forwardedBy } from "./forwarded.ts";
import type { Reply } from "./node-answer.ts";
import type { ProxySide, ProxySides } from "./proxy-request.ts";
import { Upstream, type UpstreamOptions } from "./upstream.ts";

type OpenStoreOf = (
  config: ProxyConfig,
  around: Surroundings,
) => Promise<OpenStore | undefined> | OpenStore | undefined;

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
 * @param openStore by default the one that is said is opened
 * @throws {ConfigError} for what is wrong in it
 */
export async function deploy(
  config: ProxyConfig,
  around: Surroundings,
  log: (line: string) => void,
  openStore: OpenStoreOf = storeOf,
): Promise<Deployment> {
  let open: OpenStore | undefined;
  let laboratory: Laboratory | undefined;
  try {
    const published = publishersOf(config, around);
    laboratory = new Laboratory({
      publishers: published.publishers,
      // Nothing here calls experiments of its own.
      trackRuns: false,
      onFault: eachOnce(({ operation, error }) => log(`sidelane: ${operation}: ${String(error)}`)),
      ...(config.labels !== undefined && { labels: config.labels }),
    });
    open = await openStore(config, around);
    return await deployed(config, around, log, { laboratory, open, metrics: published.metrics });
  } catch (error) {
    await laboratory?.close({ timeoutMs: 100 });
    await open?.close();
    throw error instanceof SidelaneError ? inFile(error, around) : error;
  }
}

async function deployed(
  config: ProxyConfig,
  around: Surroundings,
  log: (line: string) => void,
  {
    laboratory,
    open,
    metrics,
  }: { readonly laboratory: Laboratory; readonly open: OpenStore | undefined; readonly metrics: Published["metrics"] },
): Promise<Deployment> {
  const settings = handlerSettings(config, around, laboratory, open?.store, log);
  const { settled, control, candidates, check } = settings;
  const compiled = compileHandler<Reply>(settled, control, check, around.place);
  const sides = sidesOf(config, control, candidates, compiled, check);
  if (settings.ramp !== undefined) await loadedInTime(settings.ramp, around);
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
}

/** What the library refuses stands in a file here. */
function inFile({ message }: SidelaneError, { place }: Surroundings): ConfigError {
  return new ConfigError(message.startsWith(`${place}: `) ? message : `${place}: ${message}`);
}

/**
 * Compiles a configuration, as far as that touches nothing outside.
 *
 * @throws {ConfigError} for what is wrong in it
 */
export async function tryOut(config: ProxyConfig, around: Surroundings): Promise<void> {
  const publishers = (config.publishers ?? []).filter(({ type }) => type !== "ndjson");
  const tried: { -readonly [Name in keyof ProxyConfig]: ProxyConfig[Name] } = { ...config, publishers };
  delete tried.results;
  tlsOf(config, around);
  tokenOf(config, around);
  const deployment = await deploy(tried, around, () => undefined, storeToTry);
  await deployment.close(200);
}

/** @throws {ConfigError} where a file cannot be read, or the two are no certificate and its key */
export function tlsOf({ listen }: ProxyConfig, around: Surroundings): { cert: string; key: string } | undefined {
  if (listen?.tls === undefined) return undefined;
  const [cert, key] = [
    around.certificate("listen.tls.cert", listen.tls.cert),
    around.text("listen.tls.key", listen.tls.key),
  ];
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new ConfigError(told(around.place, "listen.tls.key", "the key of `cert`, in PEM", listen.tls.key));
  }
  return { cert, key };
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
  const upstream = (service: ServiceSide, bounds: Pick<UpstreamOptions, "maxSockets" | "maxHeaders">): Upstream =>
    new Upstream({
      ...{ base: new URL(service.url), ...bounds },
      ...(service.path !== undefined && { path: service.path }),
      ...(service.tls !== undefined && { tls: service.tls }),
    });
  const side = (service: ServiceSide, option: string): ProxySide => ({
    upstream: upstream(service, { maxSockets: Infinity }),
    copies: upstream(service, { maxSockets: mostForCopies, maxHeaders: mostHeaders }),
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

const loadMs = 5_000;

/** @throws {ConfigError} where its store does not say how the rollout stands */
async function loadedInTime({ loaded }: Ramp, around: Surroundings): Promise<void> {
  let isLoaded = false;
  await Promise.race([loaded.then(() => (isLoaded = true)), later(loadMs)]);
  if (!isLoaded) throw new ConfigError(told(around.place, "store", "one that can be read", undefined));
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
