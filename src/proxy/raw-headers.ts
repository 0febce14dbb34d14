import type { OutgoingMessage } from "node:http";
import { forceHeader } from "../http/force-key.ts";
import { loopHeader } from "../http/loop-mark.ts";
import { conditional } from "../http/sides/outgoing.ts";

/** Headers as `node:http` has them: name, value, name, value, in their case and order. */
export type RawHeaders = readonly string[];

const ofOneHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "upgrade"]);

/** What `Connection` may name without ending an end-to-end header's way here. */
const mayBeNamed: ReadonlySet<string> = new Set([
  ...["close", "keep-alive", "te", "upgrade", "http2-settings", "proxy-connection", "trailer", "trailers"],
]);

const credentials: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);

/** The first value of a header, by its name in lower case. */
export function valueOf(raw: RawHeaders, name: string): string | undefined {
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]!.length === name.length && raw[at]!.toLowerCase() === name) return raw[at + 1];
  }
  return undefined;
}

/**
 * Why a request may mean one thing here and another behind here; `undefined` where it may not. What Node's parser refuses never comes
 * this far: two lengths, a length beside chunks, folded lines, bare line feeds.
 */
export function refusalOf({
  rawHeaders: raw,
  httpVersion,
}: {
  readonly rawHeaders: RawHeaders;
  readonly httpVersion: string;
}): string | undefined {
  let lengths = 0;
  let codings = 0;
  let hosts = 0;
  let named: string[] | undefined = undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase();
    const value = raw[at + 1]!;
    if (name === "content-length") {
      lengths += 1;
      if (!/^\d+$/.test(value)) return "Content-Length is no number";
    } else if (name === "transfer-encoding") {
      codings += 1;
      if (value.toLowerCase() !== "chunked") return "Transfer-Encoding is not chunked";
    } else if (name === "host") hosts += 1;
    else if (name === "connection" && !/^(?:keep-alive|close)$/i.test(value)) {
      (named ??= []).push(...value.split(",").map((each) => each.trim().toLowerCase()));
    }
  }
  if (lengths + codings > 1) return "more than one of Content-Length and Transfer-Encoding";
  if (hosts > 1) return "more than one Host";
  if (hosts === 0 && httpVersion !== "1.0") return "no Host";
  return named !== undefined && namesHeader(named, raw) ? "Connection names a header that is sent on" : undefined;
}

function namesHeader(named: readonly string[], raw: RawHeaders): boolean {
  const taken = new Set(named.filter((each) => !mayBeNamed.has(each)));
  return taken.size > 0 && raw.some((name, at) => at % 2 === 0 && taken.has(name.toLowerCase()));
}

/** Whether it asks for its own part or state of an answer. */
export function hasConditions(raw: RawHeaders): boolean {
  return conditional.some((name) => valueOf(raw, name) !== undefined);
}

/** Whether a body follows, by what its headers say. */
export function hasBody(raw: RawHeaders): boolean {
  if (valueOf(raw, "transfer-encoding") !== undefined) return true;
  const length = valueOf(raw, "content-length");
  return length !== undefined && Number(length) > 0;
}

const nothing: ReadonlySet<string> = new Set();

/** Names and values that are set. */
export type HeadersToSet = readonly (readonly [name: string, value: string])[];

/** Those that a side neither sets nor takes away: it does so after everything else. */
export function exceptFor(
  { set, remove }: { readonly set: HeadersToSet; readonly remove: ReadonlySet<string> },
  headers: HeadersToSet,
): HeadersToSet {
  const isOurs = (name: string): boolean => remove.has(name) || set.some(([each]) => each.toLowerCase() === name);
  return headers.filter(([name]) => !isOurs(name.toLowerCase()));
}

/** Who gets a request: a copy is without conditions and ranges, and without what only one side is asked for. */
export interface Receiver {
  readonly isCopy?: boolean;
  readonly withoutCredentials?: boolean;
}

const forAll: readonly string[] = [...ofOneHop, loopHeader, forceHeader];
const ofCopies: readonly string[] = [...forAll, ...conditional, "expect"];
const dropped = {
  asked: new Set(forAll),
  askedWithout: new Set([...forAll, ...credentials]),
  copied: new Set(ofCopies),
  copiedWithout: new Set([...ofCopies, ...credentials]),
};

function droppedFor({ isCopy, withoutCredentials }: Receiver): ReadonlySet<string> {
  if (isCopy === true) return withoutCredentials === true ? dropped.copiedWithout : dropped.copied;
  return withoutCredentials === true ? dropped.askedWithout : dropped.asked;
}

/**
 * A request's headers as they are sent on: without those of one connection and without our own, all others as they came.
 *
 * @param remove names in lower case
 */
export function sentOn(
  raw: RawHeaders,
  set: HeadersToSet,
  remove: ReadonlySet<string>,
  receiver: Receiver = {},
): string[] {
  const replaced = set.length === 0 ? nothing : new Set(set.map(([name]) => name.toLowerCase()));
  const isDropped = droppedFor(receiver);
  const headers: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase();
    if (isDropped.has(name) || replaced.has(name) || remove.has(name)) continue;
    // A caller that takes trailers gets them: they are passed on.
    if (name === "te" && raw[at + 1]!.trim().toLowerCase() !== "trailers") continue;
    headers.push(raw[at]!, raw[at + 1]!);
  }
  for (const [name, value] of set) headers.push(name, value);
  return headers;
}

/** An answer's headers as they are passed on: without those of control's connection. */
export function passedOn(raw: RawHeaders, mayChunk: boolean): string[] {
  const connection = valueOf(raw, "connection");
  const named =
    connection === undefined ? nothing : new Set(connection.split(",").map((each) => each.trim().toLowerCase()));
  const headers: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase();
    if (ofOneHop.has(name) || (!mayChunk && name === "transfer-encoding")) continue;
    if (named.has(name) && !mayBeNamed.has(name) && name !== "content-length") continue;
    headers.push(raw[at]!, raw[at + 1]!);
  }
  return headers;
}

/** Sends a head whose body is not there yet. Node's `flushHeaders` would write its bytes above 0x7f in another encoding than they came in. */
export function sendHead(message: OutgoingMessage): void {
  message.write("", "latin1");
}

/** Trailers as `addTrailers` takes them, in their case and order. */
export function pairsOf(raw: RawHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) pairs.push([raw[at]!, raw[at + 1]!]);
  return pairs;
}
