import type { OptionCheck } from "../model/check-options.ts";
import { visible } from "../model/visible-text.ts";
import type { SeenRequest } from "./exchange/lane.ts";

/** What is known of the requests of one route. */
export interface RouteDefinition {
  /** Such as `GET /users/{id}`, `/users/:id` for every method, or `POST /search/*` for all that follows. */
  readonly match: string;
  /** Its requests change nothing, whatever their method: they are copied and compared as GET is. */
  readonly readOnly?: true;
  /** Its requests change something, and each goes to the side of its key alone, never to both, and falls back to none. */
  readonly unsafe?: "by-key";
}

/** What `routeOf` says of a request: a name, or also how its requests are treated. */
export type RouteAnswer = string | (Omit<RouteDefinition, "match"> & { readonly name: string }) | undefined;

/** The part of an OpenAPI document that is read: its paths, their methods, and `x-sidelane` of an operation. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, unknown>>;
  /** What the paths of their `url`s hold may go before those of requests. */
  readonly servers?: unknown;
  /** The same, of version 2. */
  readonly basePath?: unknown;
}

/** Patterns, from the most important one on, or an OpenAPI document. */
export type Routes = readonly (string | RouteDefinition)[] | OpenApiDocument;

/** What becomes of a request: `read` may be copied, `by-key` goes to one side, `unsafe` is control's. */
export type Treatment = "read" | "by-key" | "unsafe";

/** The route of a request. */
export interface Route {
  /** Absent where no routes are declared. */
  readonly name: string | undefined;
  readonly treatment: Treatment;
}

const other = "(other)";
const mostNames = 200;
const methods: readonly string[] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];

/** What a service may take for a step up: then the path is another one for it than for a pattern, and nothing is known of it. */
const leavesSegments = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|%3b|$)/i;

interface Pattern {
  readonly name: string;
  readonly method: string | undefined;
  readonly path: RegExp;
  readonly treatment: Treatment | undefined;
}

/** Tells which route a request is on, by patterns or by what `routeOf` says. */
export class RouteTable {
  readonly #patterns: readonly Pattern[];
  readonly #routeOf: ((request: never) => unknown) | undefined;
  readonly #onFault: (error: unknown) => void;
  readonly #names = new Set<string>();

  /** @throws {SidelaneError} by `check`, for the first thing that is wrong */
  constructor(
    routes: Routes | undefined,
    routeOf: ((request: Request) => RouteAnswer) | undefined,
    check: OptionCheck,
    onFault: (error: unknown) => void,
  ) {
    this.#patterns = patternsOf(routes, check);
    this.#routeOf = routeOf;
    this.#onFault = onFault;
  }

  /** @param pathname without a query, which no name ever holds */
  of(request: SeenRequest, pathname: string): Route {
    const { method } = request;
    const usual: Treatment = method === "GET" || method === "HEAD" ? "read" : "unsafe";
    if (this.#routeOf !== undefined) return this.#asked(request, usual);
    if (this.#patterns.length === 0) return { name: undefined, treatment: usual };
    const found =
      leavesSegments.test(pathname) ? undefined : (
        this.#patterns.find((each) => (each.method === undefined || each.method === method) && each.path.test(pathname))
      );
    return { name: this.#known(found?.name ?? other), treatment: found?.treatment ?? usual };
  }

  #asked(request: SeenRequest, usual: Treatment): Route {
    try {
      // Who hands `routeOf` in hands in the requests that it takes as well.
      const answer = this.#routeOf!(request as never);
      if (typeof answer === "string") return { name: this.#known(answer), treatment: usual };
      if (typeof answer === "object" && answer !== null) {
        const { name, ...treated } = answer as { name?: unknown };
        if (typeof name === "string") return { name: this.#known(name), treatment: treatmentOf(treated) ?? usual };
      }
      if (answer !== undefined) throw new TypeError("`routeOf` must return a name, or an object with one");
    } catch (error) {
      this.#onFault(error);
    }
    return { name: other, treatment: usual };
  }

  #known(given: string): string {
    // What a query says is nobody's name.
    const name = visible(given.split("?", 1)[0]!.slice(0, 200));
    if (this.#names.has(name)) return name;
    if (this.#names.size >= mostNames) return other;
    this.#names.add(name);
    return name;
  }
}

function treatmentOf({
  readOnly,
  unsafe,
}: {
  readonly readOnly?: unknown;
  readonly unsafe?: unknown;
}): Treatment | undefined {
  if (unsafe === "by-key") return "by-key";
  return readOnly === true ? "read" : undefined;
}

function patternsOf(routes: Routes | undefined, check: OptionCheck): readonly Pattern[] {
  if (routes === undefined) return [];
  const list = Array.isArray(routes) ? (routes as readonly unknown[]) : documented(routes, check);
  const before = Array.isArray(routes) ? [] : beginningsOf(routes as OpenApiDocument);
  const patterns = list.map((given, index) => patternOf(given, `routes[${index}]`, check, before));
  // Of two that fit, the one that says more: `/users/me` before `/users/{id}`. The sort keeps the order of equals.
  return Array.isArray(routes) ? patterns : patterns.toSorted((a, b) => variables(a.name) - variables(b.name));
}

const variables = (name: string): number => name.split("{").length;

function documented(document: unknown, check: OptionCheck): readonly RouteDefinition[] {
  const takes = "a list of patterns, or an OpenAPI document with `paths`";
  if (typeof document !== "object" || document === null) return check.fail("routes", takes, document);
  const { paths } = document as { paths?: unknown };
  if (typeof paths !== "object" || paths === null) return check.fail("routes", takes, document);
  return Object.entries(paths).flatMap(([path, operations]) => {
    if (typeof operations !== "object" || operations === null) return [];
    return methods
      .filter((method) => method in operations)
      .map((method) => {
        const operation = (operations as Readonly<Record<string, unknown>>)[method];
        const own: unknown =
          typeof operation === "object" && operation !== null && "x-sidelane" in operation ?
            operation["x-sidelane"]
          : undefined;
        return { match: `${method.toUpperCase()} ${path}`, ...(typeof own === "object" && own) };
      });
  });
}

/** What may go before the paths of a document, such as `/v1`. */
function beginningsOf({ servers, basePath }: OpenApiDocument): readonly string[] {
  const listed: readonly unknown[] = Array.isArray(servers) ? servers : [];
  const addresses = [...listed.map((server) => (server as { url?: unknown } | null)?.url), basePath];
  return addresses
    .filter((address) => typeof address === "string")
    .map((address) => address.replace(/^(?:[a-z][\w+.-]*:)?\/\/[^/]*/i, "").replace(/[?#].*$|\/+$/g, ""))
    .filter((path) => path !== "")
    .map((path) => (path.startsWith("/") ? path : `/${path}`));
}

function patternOf(given: unknown, option: string, check: OptionCheck, before: readonly string[]): Pattern {
  const definition = typeof given === "string" ? { match: given } : given;
  check.object(option, definition);
  check.known(definition, ["match", "readOnly", "unsafe"], `${option}.`);
  const { match, readOnly, unsafe } = definition;
  const takes = 'a pattern such as "GET /users/{id}"';
  if (typeof match !== "string") return check.fail(`${option}.match`, takes, match);
  const [, method, path] = /^(?:([A-Z]+)\s+)?(\/[^?#\s]*)$/.exec(match.trim()) ?? [];
  if (path === undefined) return check.fail(`${option}.match`, takes, match);
  if (readOnly !== undefined && readOnly !== true) check.fail(`${option}.readOnly`, "true, or left out", readOnly);
  if (unsafe !== undefined) check.oneOf(`${option}.unsafe`, unsafe, ["by-key"]);
  if (readOnly === true && unsafe !== undefined) {
    check.fail(option, "either `readOnly` or `unsafe`", definition, "What changes nothing is not unsafe");
  }
  return { name: match.trim(), method, path: expressionOf(path, before), treatment: treatmentOf({ readOnly, unsafe }) };
}

function expressionOf(path: string, before: readonly string[]): RegExp {
  const beginning = before.length === 0 ? "" : `(?:${before.map(sourceOf).join("|")})?`;
  return new RegExp(`^${beginning}${sourceOf(path)}/?$`);
}

function sourceOf(path: string): string {
  return path
    .split("/")
    .map((segment) =>
      segment === "*" || segment === "**" ?
        ".*"
      : segment
          .split(/(\{[^}]*\}|:\w+)/)
          .map((part) => (/^(?:\{|:\w)/.test(part) ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")))
          .join(""),
    )
    .join("/");
}
