import { builtinModule } from "../../model/runtime.ts";
import type { CapturedBody, SentBody } from "./body-capture.ts";
import type { HeaderRules } from "./header-rules.ts";
import type { CapturedResponse, LookedAt } from "./looked-at.ts";
import { ReceivedHeaders } from "./response-headers.ts";

/** Whether the bodies of both are the same bytes, in the same codings, from their beginnings to their ends. Looked at once. */
export function haveSameBody(one: LookedAt, other: LookedAt): boolean {
  if (one.sameAs?.side === other) return one.sameAs.isSame;
  const isSame = haveSameBytes(one.captured, other.captured);
  one.sameAs = { side: other, isSame };
  other.sameAs = { side: one, isSame };
  return isSame;
}

/** The same, looked at anew. */
export function haveSameBytes(
  { body: one, stream }: CapturedResponse,
  { body: other, stream: otherStream }: CapturedResponse,
): boolean {
  if (stream !== undefined || otherStream !== undefined) return false;
  if (one.kind === "bytes" && other.kind === "bytes") {
    return String(one.codings) === String(other.codings) && equalBytes(one.bytes, other.bytes);
  }
  const [sent, otherSent] = [sentOf(one), sentOf(other)];
  if (sent !== undefined && otherSent !== undefined) {
    return String(sent.codings) === String(otherSent.codings) && sent.digest.sha256 === otherSent.digest.sha256;
  }
  return one.kind === "none" && other.kind === "none";
}

function sentOf(body: CapturedBody): SentBody | undefined {
  return body.kind === "digest" || body.kind === "unseen" ? body.asSent : undefined;
}
const { Buffer: nodeBuffer } = (builtinModule("node:buffer") ?? {}) as {
  Buffer?: { compare(one: Uint8Array, other: Uint8Array): number };
};

export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  // Written in the runtime's own language it takes a tenth of the time.
  if (nodeBuffer !== undefined) return nodeBuffer.compare(one, other) === 0;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/**
 * Whether two heads say the same by every rule: of answers that came with their headers in the same order, at the price of a look. Where
 * they may, and that has to be looked into, `false`.
 */
export function haveSameHead(one: CapturedResponse, other: CapturedResponse, ruleOf: HeaderRules): boolean {
  const [left, right] = [one.headers, other.headers];
  if (one.status !== other.status) return false;
  if (!(left instanceof ReceivedHeaders && right instanceof ReceivedHeaders)) return false;
  if (left.names.length !== right.names.length) return false;
  return left.names.every((name, at) => {
    if (right.names[at] !== name) return false;
    const rule = ruleOf(name);
    // The same address may be of one side's own origin alone.
    if (rule === "location") return false;
    if (left.values[at] === right.values[at]) return true;
    return (rule === "present" || rule === "dropped") && name !== "content-type" && name !== "connection";
  });
}
