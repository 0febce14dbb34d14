import type { CapturedBody } from "./body-capture.ts";
import { mediaTypeOf, shownType } from "./body-data.ts";
import { comparableHeaders } from "./comparable-headers.ts";
import type { BodyDigest } from "./digest.ts";
import type { ResponseHeaders } from "./response-headers.ts";
import type { ComparableResponse, CompiledResponseRules } from "./response-rules.ts";

/** A response that has passed, and what is known of its body. */
export interface CapturedResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: CapturedBody;
  /** Of a stream of events that is compared. */
  readonly stream?: StreamTimes;
}

/** When the events of a stream came. */
export interface StreamTimes {
  /** There may be more of it than was seen. */
  readonly isCut: boolean;
  /** From the request to the first byte of its first event; `NaN` where there was none. */
  readonly firstMs: number;
  /** How long it was seen, from its head on. */
  readonly forMs: number;
}

/** A response while it is compared: its body is decoded and read only where it has to be. */
export interface LookedAt {
  readonly captured: CapturedResponse;
  readonly role: "control" | "candidate";
  readonly origins: readonly string[];
  /** What publishers receive; its body is filled in where it is read. */
  readonly shown: { -readonly [Key in keyof ComparableResponse]: ComparableResponse[Key] };
  /** Once it was made ready. */
  decoded?: Uint8Array;
  /** Why the body cannot be compared. */
  unseen?: string;
  digest?: BodyDigest;
  /** Whether its body is that of the side it was looked at with last. */
  sameAs?: { readonly side: LookedAt; readonly isSame: boolean };
}

/** @param side whose own origins are taken for the same */
export function lookAt(
  response: CapturedResponse,
  rules: CompiledResponseRules,
  side: "control" | "candidate",
): LookedAt {
  const { status, headers, body } = response;
  const origins = rules.origins[side];
  return {
    captured: response,
    role: side,
    origins,
    shown: {
      status,
      type: shownType(mediaTypeOf(headers)),
      headers: comparableHeaders(headers, rules.headers, origins),
      body: sizeOf(body),
    },
  };
}

function sizeOf(body: CapturedBody): unknown {
  switch (body.kind) {
    case "none":
      return undefined;
    case "bytes":
      return { bytes: body.bytes.length };
    case "digest":
      return { bytes: body.digest.bytes, sha256: body.digest.sha256 };
    case "unseen":
      return { unseen: body.reason };
  }
}
