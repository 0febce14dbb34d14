import { compareValues } from "../../compare/compare.ts";
import { match, type Comparison } from "../../model/comparison.ts";
import { bodyDataOf, bodyRuleOf, comparableData, mediaTypeOf } from "./body-data.ts";
import { BodyCapture } from "./body-capture.ts";
import { eventsOf, type StreamEvent } from "./events.ts";
import { codingsOf, decode } from "./decode.ts";
import { alikeUpTo, digestOf, hexOf, type BodyDigest } from "./digest.ts";
import { lookAt, type CapturedResponse, type LookedAt, type StreamTimes } from "./looked-at.ts";
import { equalBytes, haveSameBody, haveSameHead } from "./same-answer.ts";
import { Reading, TooMuch } from "./reading.ts";
import { compileResponseRules, type CompiledResponseRules, type ResponseRules } from "./response-rules.ts";

/**
 * Compares two responses: status, media type, headers, body. Headers and bodies are compared by the defaults of docs/http.md, each of
 * which a rule may replace; bodies of the same bytes are not looked into. Reads both bodies to their ends: hand in clones of what is
 * still needed.
 *
 * - `match`, `mismatch`: as of `compare`, for {@link ComparableResponse}s
 * - `inconclusive`: a body broke off, is too large for this runtime, grows too much when it is decoded, or is in a coding that the
 *   runtime does not know
 *
 * @throws {SidelaneError} it rejects, `invalid-definition`, when `rules` has a mistake
 */
export async function compareResponses(
  control: Response,
  candidate: Response,
  rules?: ResponseRules,
): Promise<Comparison> {
  const compiled = compileResponseRules(rules, "compareResponses");
  const [one, other] = await Promise.all([captured(control, compiled), captured(candidate, compiled)]);
  const sides = [lookAt(one, compiled, "control"), lookAt(other, compiled, "candidate")] as const;
  await makeReady(...sides, compiled);
  return compareLookedAt(...sides, compiled);
}

async function captured(response: Response, { bodyLimits }: CompiledResponseRules): Promise<CapturedResponse> {
  const { status, headers } = response;
  if (response.body === null) return { status, headers, body: { kind: "none" } };
  const capture = new BodyCapture(bodyLimits, codingsOf(headers));
  try {
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) capture.add(next.value);
  } catch {
    capture.giveUp("broke off");
  }
  return { status, headers, body: await capture.end() };
}

/** Decodes and hashes what has to be, so that the two can be compared at once. @returns a promise only where something has to be */
export function makeReady(one: LookedAt, other: LookedAt, rules: CompiledResponseRules): Promise<void> | undefined {
  return haveSameBody(one, other) ? undefined : readyToRead(one, other, rules);
}

async function readyToRead(one: LookedAt, other: LookedAt, rules: CompiledResponseRules): Promise<void> {
  await Promise.all([decodeBody(one, rules), decodeBody(other, rules)]);
  const isDigest = (side: LookedAt): boolean => side.captured.body.kind === "digest";
  if (isDigest(one)) await hashBody(other);
  if (isDigest(other)) await hashBody(one);
}

async function decodeBody(
  side: LookedAt,
  { bodyLimits: { decodedBytes, ratio } }: CompiledResponseRules,
): Promise<void> {
  const { body } = side.captured;
  if (body.kind === "unseen") side.unseen = body.reason;
  if (body.kind === "digest") side.digest = body.digest;
  if (body.kind !== "bytes" || side.decoded !== undefined) return;
  const most = Math.min(decodedBytes, Math.max(freeBytes, body.bytes.length * ratio));
  const decoded = await decode(body.bytes, body.codings, most);
  if ("bytes" in decoded) side.decoded = decoded.bytes;
  else
    side.unseen = decoded.kind === "too-large" ? "decoded-too-large" : `in ${decoded.coding}, which is not known here`;
}

const freeBytes = 1024 * 1024;

async function hashBody(side: LookedAt): Promise<void> {
  if (side.decoded !== undefined) side.digest ??= await digestOf(side.decoded);
}

/**
 * After {@link makeReady}: compares the two.
 *
 * @param readBodies whether bodies that differ in their bytes may be parsed and looked into
 */
export function compareLookedAt(
  control: LookedAt,
  candidate: LookedAt,
  rules: CompiledResponseRules,
  readBodies = true,
): Comparison {
  if (haveSameBody(control, candidate) && haveSameHead(control.captured, candidate.captured, rules.headers))
    return match;
  const bodies = compareRead(control, candidate, rules, readBodies);
  const found = compareValues(
    { ...control.shown, body: bodies.control },
    { ...candidate.shown, body: bodies.candidate },
    rules.data,
  );
  if (bodies.unseen === undefined || found.kind === "mismatch") return found;
  return { kind: "inconclusive", reason: bodies.unseen };
}

/** What is compared by the rules: nothing where the bodies are the same. */
interface Bodies {
  readonly control?: unknown;
  readonly candidate?: unknown;
  /** Why nothing can be told of them. */
  readonly unseen?: string;
}

const alike: Bodies = {};

function compareRead(one: LookedAt, other: LookedAt, rules: CompiledResponseRules, readBodies: boolean): Bodies {
  try {
    return compareBodies(one, other, rules, readBodies);
  } catch (error) {
    if (error instanceof TooMuch) return { unseen: error.message };
    throw error;
  }
}

function compareBodies(one: LookedAt, other: LookedAt, rules: CompiledResponseRules, readBodies: boolean): Bodies {
  if (one.captured.stream !== undefined && other.captured.stream !== undefined) {
    return compareStreams(one, one.captured.stream, other, other.captured.stream, readBodies);
  }
  if (haveSameBody(one, other)) return alike;
  const type = mediaTypeOf(one.captured.headers);
  const otherType = mediaTypeOf(other.captured.headers);
  const rule = bodyRuleOf(type, rules.bodies);
  const otherRule = bodyRuleOf(otherType, rules.bodies);
  if (rule === "ignored" && otherRule === "ignored") return alike;
  // One without a body is one with an empty one.
  const isEmpty = (side: LookedAt): boolean => side.captured.body.kind === "none" || side.decoded?.length === 0;
  if (isEmpty(one) && isEmpty(other)) return alike;
  const unseen = one.unseen ?? other.unseen;
  if (unseen !== undefined) return { unseen: `a body was not seen whole: ${unseen}` };
  if (one.digest !== undefined && other.digest !== undefined) return byDigest(one.digest, other.digest);
  const [bytes, otherBytes] = [one.decoded, other.decoded];
  if (bytes !== undefined && otherBytes !== undefined && equalBytes(bytes, otherBytes)) return alike;
  if (!readBodies) return { unseen: "loop-busy" };
  const [data, otherData] = comparableData(
    bytes === undefined || bytes.length === 0 ? undefined : bodyDataOf(bytes, type, rule, new Reading()),
    otherBytes === undefined || otherBytes.length === 0 ?
      undefined
    : bodyDataOf(otherBytes, otherType, otherRule, new Reading()),
  );
  if (data !== undefined) one.shown.body = data;
  if (otherData !== undefined) other.shown.body = otherData;
  if (data !== undefined && otherData !== undefined) return { control: data, candidate: otherData };
  return bytesDiffer(one, other);
}

/** As far as both were seen. Where a stream was cut, its beginning says only where it differs. */
function compareStreams(
  one: LookedAt,
  times: StreamTimes,
  other: LookedAt,
  otherTimes: StreamTimes,
  readBodies: boolean,
): Bodies {
  if (!readBodies) return { unseen: "loop-busy" };
  const [events, others] = [streamOf(one, times), streamOf(other, otherTimes)];
  if (events === undefined || others === undefined)
    return { unseen: "a stream that is cut and encoded cannot be read" };
  one.shown.body = events;
  other.shown.body = others;
  const most = Math.min(times.isCut ? events.length : Infinity, otherTimes.isCut ? others.length : Infinity);
  // One that has ended before the other's cut is shorter, and that is seen.
  const upTo = Math.min(most, Math.max(events.length, others.length));
  const isPartial = times.isCut || otherTimes.isCut;
  const bodies = { control: events.slice(0, upTo), candidate: others.slice(0, upTo) };
  return isPartial ? { ...bodies, unseen: `partial: the first ${upTo} events are the same` } : bodies;
}

function streamOf({ decoded, captured }: LookedAt, { isCut }: StreamTimes): readonly StreamEvent[] | undefined {
  const isEncoded = captured.body.kind === "bytes" && captured.body.codings.length > 0;
  if (decoded === undefined || (isCut && isEncoded)) return undefined;
  const text = new TextDecoder().decode(decoded);
  const isEvents = mediaTypeOf(captured.headers).name === "text/event-stream";
  if (isEvents) return eventsOf(text, "events", new Reading());
  return eventsOf(isCut || text.endsWith("\n") ? text : `${text}\n`, "lines", new Reading());
}

function byDigest(one: BodyDigest, other: BodyDigest): Bodies {
  if (one.sha256 === other.sha256 && one.bytes === other.bytes) return alike;
  const from = alikeUpTo(one, other);
  const tell = ({ bytes, sha256 }: BodyDigest): string =>
    `${bytes} bytes, differs after ${from} or later, sha256 ${sha256}`;
  return { control: tell(one), candidate: tell(other) };
}

function bytesDiffer(one: LookedAt, other: LookedAt): Bodies {
  const [bytes, otherBytes] = [one.decoded ?? nothing, other.decoded ?? nothing];
  let from = 0;
  while (from < bytes.length && bytes[from] === otherBytes[from]) from += 1;
  const tell = (all: Uint8Array): string =>
    all.length === 0 ?
      "no body"
    : `${all.length} bytes, differs after ${from}: ${hexOf(all.subarray(from, from + shownBytes)) || "the end"}`;
  return { control: tell(bytes), candidate: tell(otherBytes) };
}

const shownBytes = 16;
const nothing = new Uint8Array();
