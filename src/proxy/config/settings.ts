import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { settle } from "../../model/option-table.ts";
import type { SeenRequest } from "../../http/exchange/lane.ts";
import { sharedTable, type SettledOptions, type SharedOptions } from "../../http/handler-options.ts";
import { nodeTransport } from "../../http/node/node-transport.ts";
import type { OpenApiDocument } from "../../http/routes.ts";
import type { ServiceSide } from "../../http/sides/side.ts";
import type { Laboratory } from "../../experiment/laboratory.ts";
import { ramp, type Ramp } from "../../rollout/ramp/ramp.ts";
import type { RolloutStore } from "../../rollout/stores/store.ts";
import { gates, type Gate } from "../../stats/gates.ts";
import { ConfigError, parseConfig, told, type ProxyConfig, type RampConfig, type ServiceConfig } from "./config.ts";
import type { Surroundings } from "./files.ts";

/** What a handler is made of. */
export interface HandlerSettings {
  readonly settled: SettledOptions;
  readonly control: ServiceSide;
  readonly candidates: Readonly<Record<string, ServiceSide>>;
  readonly ramp: Ramp | undefined;
  readonly check: OptionCheck;
}

/**
 * @param log receives a line for each finding of silence
 * @throws {ConfigError} {@link SidelaneError}
 */
export function handlerSettings(
  config: ProxyConfig,
  around: Surroundings,
  laboratory: Laboratory,
  store: RolloutStore | undefined,
  log: (line: string) => void,
): HandlerSettings {
  const check = checkOptions(around.place, "invalid-definition");
  const { name = "proxy", key, ramp: ramped, silence, loopKey, forceKey, openapi, routes, secondary } = config;
  const { sample, credentialsTo, session, streams, noise, cpuShare, limits, compare, knownMismatches } = config;
  const control = serviceOf(config.control, "control", around);
  const candidates = Object.fromEntries(
    Object.entries(config.candidates ?? { candidate: config.candidate! }).map(([each, given]) => [
      each,
      serviceOf(given, config.candidates === undefined ? "candidate" : `candidates.${each}`, around),
    ]),
  );
  const driven = ramped === undefined ? undefined : rampOf(ramped, store);
  const shared: SharedOptions = {
    ...{ name, laboratory },
    ...(config.candidates === undefined ? { candidate: candidates["candidate"]! } : { candidates }),
    ...(driven !== undefined ? { rollout: driven } : config.rollout !== undefined && { rollout: config.rollout }),
    ...(key !== undefined && { key: keyOf(key) }),
    ...(openapi !== undefined && { routes: parseConfig(around.text("openapi", openapi), openapi) as OpenApiDocument }),
    ...(secondary !== undefined && { secondary: serviceOf(secondary, "secondary", around) }),
    ...(loopKey !== undefined && { loopKey: around.secret("loopKey", loopKey) }),
    ...(forceKey !== undefined && { forceKey: around.secret("forceKey", forceKey) }),
    silence: silence === false ? false : { ...silence, log },
    transport: nodeTransport(),
    ...present({ sample, routes, credentialsTo, session, streams, noise, cpuShare, limits, compare, knownMismatches }),
  };
  return { settled: settle(check, sharedTable, shared), control, candidates, ramp: driven, check };
}

type Present<Options> = { [Name in keyof Options]?: Exclude<Options[Name], undefined> };

function present<Options extends object>(options: Options): Present<Options> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Present<Options>;
}

function serviceOf(given: ServiceConfig, key: string, around: Surroundings): ServiceSide {
  const service: ServiceSide = typeof given === "string" ? { url: given } : given;
  if (!URL.canParse(String(service.url)))
    throw new ConfigError(told(around.place, key, 'a URL such as "http://127.0.0.1:8081"', service.url));
  const { ca, servername } = service.tls ?? {};
  if (service.tls === undefined) return service;
  return {
    ...service,
    tls: {
      ...(ca !== undefined && { ca: around.certificate(`${key}.tls.ca`, ca) }),
      ...(servername !== undefined && { servername }),
    },
  };
}

function rampOf({ gates: given, ...options }: RampConfig, store: RolloutStore | undefined): Ramp {
  const { mismatches, errors, slower } = given ?? {};
  const chosen: Gate[] = [
    gates.mismatches(mismatches),
    gates.errors(errors),
    ...(slower === false ? [] : [gates.slower()]),
  ];
  return ramp({ ...options, ...(given !== undefined && { gates: chosen }), ...(store !== undefined && { store }) });
}

/** What a request's key is, by its headers. */
export function keyOf(key: NonNullable<ProxyConfig["key"]>): (request: SeenRequest) => string | undefined {
  if ("header" in key) {
    const name = key.header.toLowerCase();
    return ({ headers }) => keyIn(headers.get(name));
  }
  if ("cookie" in key) {
    const wanted = key.cookie;
    return ({ headers }) => {
      for (const pair of (headers.get("cookie") ?? "").split(";")) {
        const at = pair.indexOf("=");
        if (at > 0 && pair.slice(0, at).trim() === wanted) return keyIn(pair.slice(at + 1).trim());
      }
      return undefined;
    };
  }
  return ({ headers }) => claimOf(headers.get("authorization"), key.claim);
}

/** What is empty names nobody: all who send it would be one key. */
function keyIn(value: string | null): string | undefined {
  return value === null || value === "" ? undefined : value;
}

/** A claim of a token that nobody has verified: it decides about a share, and about nothing else. */
function claimOf(authorization: string | null, claim: string): string | undefined {
  const [, payload] = /^Bearer\s+[\w-]+\.([\w-]+)\.[\w-]*$/i.exec(authorization ?? "") ?? [];
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Readonly<Record<string, unknown>>;
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    return typeof value === "string" || typeof value === "number" ? keyIn(String(value)) : undefined;
  } catch {
    return undefined;
  }
}
