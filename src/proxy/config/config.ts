import type { KnownMismatch } from "../../compare/rules/known-mismatches.ts";
import type { HandlerLimits } from "../../http/handler-options.ts";
import type { ComparableResponse, ResponseRules } from "../../http/responses/response-rules.ts";
import type { RouteDefinition } from "../../http/routes.ts";
import type { Secret, ServiceSide } from "../../http/sides/side.ts";
import { describe } from "../../model/check-options.ts";
import type { RolloutSetting } from "../../rollout/snapshot.ts";
import type { RampOptions } from "../../rollout/ramp/ramp-options.ts";
import { proxyOptions } from "./options.ts";
import { problemsOf } from "./schema.ts";

/** A service as a file says it: certificates are in a file of their own. */
export type ServiceConfig = string | (Omit<ServiceSide, "url" | "request"> & { readonly url: string });

/** Who receives results. */
export type PublisherConfig =
  | {
      readonly type: "ndjson";
      readonly path?: string;
      readonly perMinute?: number;
      readonly rotate?: { readonly bytes: number; readonly files?: number };
      readonly values?: "shown" | "hidden";
    }
  | {
      readonly type: "webhook";
      readonly url: Secret;
      readonly format?: "slack" | "json";
      readonly alertOn?: "new-signature" | "every-mismatch";
      readonly allowHosts?: readonly string[];
      readonly allowPrivate?: boolean;
      readonly allowHttp?: boolean;
      readonly headers?: Readonly<Record<string, Secret>>;
      readonly perMinute?: number;
      readonly values?: "shown" | "hidden";
    }
  | { readonly type: "prometheus"; readonly prefix?: string };

/** What a ramp goes by, in a file. */
export interface RampConfig extends Omit<RampOptions, "gates" | "store" | "source" | "steps" | "process"> {
  readonly steps?: readonly (
    number | { readonly share: number; readonly minimumTimeMs?: number; readonly pause?: boolean }
  )[];
  readonly gates?: { readonly mismatches?: number; readonly errors?: number; readonly slower?: boolean };
}

/** A configuration of `sidelane proxy` that has been checked; all of it is said in {@link proxyOptions}. */
export interface ProxyConfig {
  readonly name?: string;
  readonly listen?: {
    readonly host?: string;
    readonly port?: number;
    readonly tls?: { readonly cert: string; readonly key: string };
    readonly headersTimeoutMs?: number;
    readonly requestTimeoutMs?: number;
    readonly keepAliveTimeoutMs?: number;
    readonly maxHeaderBytes?: number;
    readonly maxConnections?: number;
  };
  readonly control: ServiceConfig;
  readonly candidate?: ServiceConfig;
  readonly candidates?: Readonly<Record<string, ServiceConfig>>;
  readonly results?: string;
  readonly publishers?: readonly PublisherConfig[];
  readonly rollout?: RolloutSetting;
  readonly ramp?: RampConfig;
  readonly store?: { readonly file: string } | { readonly url: Secret };
  readonly key?: { readonly header: string } | { readonly cookie: string } | { readonly claim: string };
  readonly sample?: number;
  readonly routes?: readonly (string | RouteDefinition)[];
  readonly openapi?: string;
  readonly credentialsTo?: readonly string[];
  readonly session?: { readonly cookie: string };
  readonly streams?: { readonly maxMs?: number; readonly maxBytes?: number };
  readonly noise?: boolean;
  readonly secondary?: ServiceConfig;
  readonly silence?: false | { readonly windowMs?: number };
  readonly cpuShare?: number;
  readonly limits?: HandlerLimits;
  readonly compare?: ResponseRules;
  readonly knownMismatches?: readonly KnownMismatch<ComparableResponse, ComparableResponse>[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly forceKey?: Secret;
  readonly loopKey?: Secret;
  readonly forwarded?: boolean;
  readonly closeMs?: number;
  readonly admin?: { readonly host?: string; readonly port: number; readonly token?: Secret };
}

/** A configuration that cannot be followed; its message has a line for each thing that is wrong: where, and what was expected. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** What two of which cannot go together. */
const rivals: readonly (readonly [one: keyof ProxyConfig, other: keyof ProxyConfig])[] = [
  ["candidate", "candidates"],
  ["rollout", "ramp"],
  ["routes", "openapi"],
];

/**
 * Checks a configuration.
 *
 * @param place before each message: the file, or what stands in its place
 * @throws {ConfigError}
 */
export function checkConfig(given: unknown, place: string): ProxyConfig {
  const problems = problemsOf(given, proxyOptions).map(({ key, expected, got, hint }) =>
    told(place, key, expected, got, hint),
  );
  if (problems.length > 0) throw new ConfigError(problems.join("\n"));
  const config = given as ProxyConfig;
  for (const [one, other] of rivals) {
    if (config[one] !== undefined && config[other] !== undefined)
      throw new ConfigError(told(place, other, `left out beside \`${one}\``, config[other]));
  }
  if (config.candidate === undefined && config.candidates === undefined)
    throw new ConfigError(told(place, "candidate", "given, or `candidates`", undefined));
  return config;
}

/** A line of a {@link ConfigError}. */
export function told(place: string, key: string, expected: string, got: unknown, hint?: string): string {
  const where = key === "" ? place : `${place}: ${key}`;
  return `${where}: expected ${expected}, got ${hidden(key, got)}${hint === undefined ? "" : `; ${hint}`}`;
}

/** A secret that stands where it should not is not repeated. */
function hidden(key: string, got: unknown): string {
  if (typeof got === "string" && /:\/\/[^/]*@/.test(got)) return "one with a user and a password";
  if (typeof got !== "string" || !/token|headers|loopKey|forceKey/i.test(key)) return describe(got);
  return got === "" ? "an empty text" : "a text";
}

/**
 * Reads a configuration.
 *
 * @throws {ConfigError} where it is no JSON, by line and column, or not what it should be
 */
export function parseConfig(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const { message } = error as Error;
    const at = Number(/position (\d+)/.exec(message)?.[1] ?? NaN);
    const before = Number.isNaN(at) ? undefined : text.slice(0, at).split("\n");
    const where = before === undefined ? "" : `:${before.length}:${before.at(-1)!.length + 1}`;
    throw new ConfigError(`${file}${where}: expected JSON: ${message}`);
  }
}
