import { eventsOf } from "./events.ts";
import { parseJson } from "./json.ts";
import { partsOf } from "./multipart.ts";
import type { Reading } from "./reading.ts";
import type { ResponseHeaders } from "./response-headers.ts";

/**
 * How a body is compared: as JSON, by lines, as form fields, by parts, by the events or lines of a stream, as bytes, or not at all.
 */
export type BodyRule = "json" | "lines" | "form" | "multipart" | "events" | "ndjson" | "bytes" | "ignored";

export const bodyRuleNames: readonly BodyRule[] = [
  ...(["json", "lines", "form", "multipart", "events", "ndjson", "bytes", "ignored"] as const),
];

/** Which bodies are compared how, by media type. The first line that fits counts; all others are compared as bytes. */
export const bodyDefaults: readonly (readonly [type: RegExp, rule: BodyRule])[] = [
  [/^(?:application|text)\/(?:[^;]+\+)?json$/, "json"],
  [/^application\/(?:x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines)$/, "ndjson"],
  [/^text\/event-stream$/, "events"],
  [/^application\/x-www-form-urlencoded$/, "form"],
  [/^multipart\//, "multipart"],
  [/^text\//, "lines"],
  [/^application\/(?:[^;]+\+)?(?:xml|javascript|ecmascript|graphql|yaml|x-yaml|toml|sql)$/, "lines"],
  [/^image\/svg\+xml$/, "lines"],
];

/** What `content-type` says. */
export interface MediaType {
  /** In lower case, without parameters; empty where there is none. */
  readonly name: string;
  readonly charset: string | undefined;
  readonly boundary: string | undefined;
}

export function mediaTypeOf(headers: Pick<ResponseHeaders, "get">): MediaType {
  const header = headers.get("content-type") ?? "";
  const parameter = (name: string): string | undefined =>
    new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, "i").exec(header)?.slice(1).find(Boolean);
  const end = header.indexOf(";");
  if (end < 0) return { name: header.trim().toLowerCase(), charset: undefined, boundary: undefined };
  return {
    name: header.slice(0, end).trim().toLowerCase(),
    charset: parameter("charset")?.toLowerCase(),
    boundary: parameter("boundary"),
  };
}

/** As `$.type` has it: without what every server says in a way of its own. */
export function shownType({ name, charset }: MediaType): string | undefined {
  if (name === "") return undefined;
  const isUsual = charset === undefined || charset === "utf-8" || charset === "utf8" || charset === "us-ascii";
  return isUsual ? name : `${name}; charset=${charset}`;
}

export function bodyRuleOf(type: MediaType, own: readonly (readonly [start: string, rule: BodyRule])[]): BodyRule {
  const found = own.find(([pattern]) =>
    pattern.endsWith("*") ? type.name.startsWith(pattern.slice(0, -1)) : type.name === pattern,
  );
  return found?.[1] ?? bodyDefaults.find(([pattern]) => pattern.test(type.name))?.[1] ?? "bytes";
}

/** A body that says it is JSON, and is not: it is compared by its lines. */
class NoJson {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    this.lines = lines;
  }

  /** As data, beside which the other side's is no such text. */
  beside(other: unknown): unknown {
    return Array.isArray(other) ? { "(no JSON)": this.lines } : this.lines;
  }
}

/** The data of two bodies as they are compared: what is no JSON never passes for a list of its lines. */
export function comparableData(one: unknown, other: unknown): readonly [unknown, unknown] {
  if (one instanceof NoJson) return other instanceof NoJson ? [one.lines, other.lines] : [one.beside(other), other];
  return other instanceof NoJson ? [one, other.beside(one)] : [one, other];
}

/**
 * A decoded body as data. `undefined` where it is not what its type says: then it is compared as bytes.
 *
 * @throws {TooMuch}
 */
export function bodyDataOf(bytes: Uint8Array, type: MediaType, rule: BodyRule, reading: Reading): unknown {
  if (rule === "bytes" || rule === "ignored") return undefined;
  if (rule === "multipart") return type.boundary === undefined ? undefined : partsData(bytes, type.boundary, reading);
  const text = textOf(bytes, type.charset);
  if (text === undefined) return undefined;
  switch (rule) {
    case "json": {
      const json = parseJson(text, reading);
      return json === undefined ? new NoJson(linesOf(text, reading)) : json.value;
    }
    case "lines":
      return linesOf(text, reading);
    case "form":
      return fieldsOf(text, reading);
    case "events":
      return eventsOf(text, "events", reading);
    case "ndjson":
      return eventsOf(text.endsWith("\n") ? text : `${text}\n`, "lines", reading).map(({ data }) => data);
  }
}

/** The values of each field, by its name. */
function fieldsOf(text: string, reading: Reading): Readonly<Record<string, readonly string[]>> {
  reading.split(text, "&");
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return Object.fromEntries(fields);
}

function linesOf(text: string, reading: Reading): readonly string[] {
  return reading.split(text, /\r\n|\n|\r/);
}

function textOf(bytes: Uint8Array, charset = "utf-8"): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not in this charset, or in one that the runtime does not know.
    return undefined;
  }
}

function partsData(bytes: Uint8Array, boundary: string, reading: Reading): unknown {
  return partsOf(bytes, boundary, reading)?.map((part) => {
    const type = mediaTypeOf({ get: () => part.headers["content-type"] ?? "text/plain" });
    const rule = bodyRuleOf(type, []);
    const data = rule === "multipart" ? undefined : bodyDataOf(part.bytes, type, rule, reading);
    return {
      disposition: part.headers["content-disposition"],
      type: shownType(type),
      body: (data instanceof NoJson ? data.beside([]) : data) ?? { bytes: part.bytes.length, content: part.bytes },
    };
  });
}
