import type { OptionCheck } from "../../model/check-options.ts";
import { aFunction, anObject, aText, compiled, listOf, settle, type OptionTable } from "../../model/option-table.ts";
import { environmentVariable } from "../../model/runtime.ts";
import { endToEndAnswer, type Outgoing } from "./outgoing.ts";
import { bodyInit, type Transport, type TransportInit } from "./transport.ts";

/** A handler as the web has it: what a framework calls `fetch`. */
export type FetchHandler = (request: Request, context?: unknown) => Response | Promise<Response>;

/** A text, or the variable of the environment that holds it: secrets stand in no file. */
export type Secret = string | { readonly env: string };

/** A service, and how requests to it differ from those that came. */
export interface ServiceSide {
  /** Where it is; what its path holds goes before that of each request. Without a user and a password. */
  readonly url: string | URL;
  /** Headers that are set and taken away, after everything else. */
  readonly headers?: { readonly set?: Readonly<Record<string, Secret>>; readonly remove?: readonly string[] };
  /** Beginnings of paths and what takes their place, `[["/v1/", "/v2/"]]`; the first one that fits counts. */
  readonly path?: readonly (readonly [from: string, to: string])[];
  /** Sent as `host`, in place of what came. Needs `nodeTransport`. */
  readonly host?: string;
  /** For `https`: certificates that are trusted, in PEM, and the name that is asked for. Needs `nodeTransport`. */
  readonly tls?: { readonly ca?: string; readonly servername?: string };
  /** Makes the request that is sent out of the one that would be. */
  readonly request?: (copy: Request) => Request | PromiseLike<Request>;
}

/** What stands on one side: a URL, a handler, or a service to which requests differ. */
export type Side = string | URL | FetchHandler | ServiceSide;

export const serviceTable: OptionTable<ServiceSide> = {
  url: compiled("a URL"),
  headers: compiled("an object `{ set, remove }`"),
  path: listOf("a list of pairs"),
  host: aText,
  tls: anObject,
  request: aFunction,
};

/** A side that can be asked. */
export interface CompiledSide {
  /** Where its service is; absent for a handler. */
  readonly origin: string | undefined;
  /** The whole of its URL, where requests to it differ from those that came in nothing else. */
  readonly plainUrl: string | undefined;
  /** Whether its transport has decoded the bodies that it hands over. */
  readonly decodes: boolean;
  send(outgoing: Outgoing, signal: AbortSignal | undefined, context: unknown): Promise<Response>;
}

/** @throws {SidelaneError} by `check`, for the first thing that is wrong */
export function compileSide(given: unknown, option: string, check: OptionCheck, transport: Transport): CompiledSide {
  if (typeof given === "function") return handlerSide(given as FetchHandler);
  const isAddress = typeof given === "string" || given instanceof URL;
  if (!isAddress && (typeof given !== "object" || given === null)) {
    check.fail(option, "a URL, a function of a request, or an object with `url`", given);
  }
  const service = settle(check, serviceTable, isAddress ? { url: given } : (given as ServiceSide), option);
  const base = baseOf(service.url, isAddress ? option : `${option}.url`, check);
  const { path = [], host, tls } = service;
  for (const [index, pair] of path.entries()) {
    const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((each) => typeof each === "string");
    if (!isPair || !pair[0].startsWith("/")) {
      check.fail(`${option}.path[${index}]`, 'two beginnings of paths, ["/v1/", "/v2/"]', pair);
    }
  }
  if ((host !== undefined || tls !== undefined) && transport.sets?.host !== true) {
    const what = host === undefined ? "tls" : "host";
    check.fail(`${option}.${what}`, "left out", given, "`fetch` cannot set it: hand in `transport: nodeTransport()`");
  }
  if (host !== undefined && !/^[\w.:[\]-]+$/.test(host))
    check.fail(`${option}.host`, "a host, with its port or not", host);
  return new Service(service, base, headersToSet(service, option, check), transport);
}

function handlerSide(handler: FetchHandler): CompiledSide {
  return {
    origin: undefined,
    plainUrl: undefined,
    decodes: false,
    async send(outgoing, signal, context) {
      return await handler(outgoing.original ?? requestOf(outgoing.url, outgoing, signal), context);
    },
  };
}

function requestOf(url: URL, { method, headers, body, redirect }: Outgoing, signal: AbortSignal | undefined): Request {
  return new Request(url, { method, headers, redirect, ...bodyInit(body), ...(signal && { signal }) });
}

function baseOf(url: unknown, option: string, check: OptionCheck): URL {
  const takes = 'a URL such as "http://127.0.0.1:8081"';
  if (!(url instanceof URL) && (typeof url !== "string" || !URL.canParse(url))) return check.fail(option, takes, url);
  const base = new URL(url);
  if (base.protocol !== "http:" && base.protocol !== "https:") check.fail(option, takes, base.protocol);
  if (base.username !== "" || base.password !== "") {
    const hidden = `${base.protocol}//…@${base.host}`;
    check.fail(option, "a URL without a user and a password", hidden, "Set a header from the environment instead");
  }
  if (base.search !== "" || base.hash !== "") check.fail(option, "a URL without a query and a fragment", base.origin);
  return base;
}

/** The headers that a side sets, with what the environment holds. */
export function headersToSet(
  { headers }: ServiceSide,
  option: string,
  check: OptionCheck,
): readonly (readonly [string, string])[] {
  if (headers === undefined) return [];
  check.object(`${option}.headers`, headers);
  check.known(headers, ["set", "remove"], `${option}.headers.`);
  const { set = {}, remove = [] } = headers;
  const aName = "a name of a header";
  if (!Array.isArray(remove)) check.fail(`${option}.headers.remove`, "a list of names", remove);
  for (const [index, name] of remove.entries())
    if (!isHeaderName(name)) check.fail(`${option}.headers.remove[${index}]`, aName, name);
  return Object.entries(set).map(([name, secret]) => {
    const place = `${option}.headers.set[${JSON.stringify(name)}]`;
    if (!isHeaderName(name)) check.fail(place, aName, name);
    const value = valueOf(secret, place, check);
    // Of what is no value nothing is repeated: it may be a secret.
    if (!/^[\t\x20-\x7E\x80-\xFF]*$/.test(value)) check.fail(place, "one line of text", "(other characters)");
    return [name, value];
  });
}

const isHeaderName = (name: unknown): boolean => typeof name === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(name);

/** Without the spaces and line ends around it, which files of secrets have. */
function valueOf(secret: unknown, place: string, check: OptionCheck): string {
  if (typeof secret === "string") return secret.trim();
  const variable = typeof secret === "object" && secret !== null ? (secret as { env?: unknown }).env : undefined;
  if (typeof variable !== "string") return check.fail(place, 'a text, or { env: "NAME" }', secret);
  const value = environmentVariable(variable);
  if (value === undefined)
    return check.fail(place, `that of the variable ${variable}`, value, "It is not in the environment");
  return value.trim();
}

class Service implements CompiledSide {
  readonly origin: string;
  readonly plainUrl: string | undefined;
  readonly decodes: boolean;
  readonly #service: ServiceSide;
  readonly #base: URL;
  readonly #prefix: string;
  readonly #set: readonly (readonly [string, string])[];
  readonly #transport: Transport;

  constructor(service: ServiceSide, base: URL, set: readonly (readonly [string, string])[], transport: Transport) {
    this.origin = base.origin;
    this.plainUrl = Object.keys(service).length === 1 ? base.href : undefined;
    this.decodes = transport.decodes === true;
    this.#service = service;
    this.#base = base;
    this.#prefix = base.pathname.replace(/\/$/, "");
    this.#set = set;
    this.#transport = transport;
  }

  async send(outgoing: Outgoing, signal: AbortSignal | undefined): Promise<Response> {
    return endToEndAnswer(await this.#answerTo(outgoing, signal));
  }

  async #answerTo(outgoing: Outgoing, signal: AbortSignal | undefined): Promise<Response> {
    const { body, method, redirect } = outgoing;
    if (body.kind === "used") {
      throw new TypeError(
        "The body of this request has been read already: mount before parsers of bodies, or hand in one that was not read",
      );
    }
    const { host, tls, request } = this.#service;
    const headers = this.#headersOf(outgoing.headers);
    const init: TransportInit = {
      ...{ method, headers, redirect },
      ...bodyInit(body),
      ...(signal && { signal }),
      ...(host !== undefined && { host }),
      ...(tls && { tls }),
    };
    const url = this.#urlOf(outgoing.url);
    if (request === undefined) return await this.#transport(url, init);
    const made = await request(new Request(url, init));
    const madeHeaders = new Headers(made.headers);
    // Its body may be another one.
    madeHeaders.delete("content-length");
    return await this.#transport(made.url, {
      ...init,
      method: made.method,
      headers: madeHeaders,
      ...(made.body === null ? { body: null } : { body: made.body, duplex: "half" }),
    });
  }

  #urlOf({ href, origin }: URL): string {
    // A query may be empty, and is one all the same.
    const target = href.split("#", 1)[0]!.slice(origin.length);
    const pair = this.#service.path?.find(([from]) => target.startsWith(from));
    const path = pair === undefined ? target : `${pair[1]}${target.slice(pair[0].length)}`;
    return `${this.#base.origin}${this.#prefix}${path}`;
  }

  #headersOf(given: Headers): Headers {
    const headers = new Headers(given);
    if (this.#transport.sets?.host !== true) headers.delete("host");
    // `fetch` counts for itself.
    if (this.decodes) headers.delete("content-length");
    headers.delete("expect");
    // A client that decodes may not know it.
    const accepted = this.decodes ? headers.get("accept-encoding") : null;
    if (accepted?.includes("zstd")) {
      const others = accepted.split(",").filter((coding) => !/^\s*zstd\s*(?:;|$)/.test(coding));
      headers.set("accept-encoding", others.join(",").trim() || "identity");
    }
    for (const name of this.#service.headers?.remove ?? []) headers.delete(name);
    for (const [name, value] of this.#set) headers.set(name, value);
    return headers;
  }
}
