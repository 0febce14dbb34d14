import { joined } from "./decode.ts";
import { DecodingDigest, type DecodedDigest } from "./decoded-digest.ts";
import { startDigest, type BodyDigest, type RunningDigest } from "./digest.ts";

/**
 * What is known of a body that has passed:
 *
 * - `none`: the response has none
 * - `bytes`: all of it, as it came, and the codings it is in
 * - `digest`: it was larger than what is kept; of the decoded body
 * - `unseen`: too large, or not whole, and why
 */
export type CapturedBody =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly codings: readonly string[] }
  | { readonly kind: "digest"; readonly digest: BodyDigest; readonly asSent?: SentBody }
  | { readonly kind: "unseen"; readonly reason: string; readonly asSent?: SentBody };

/** An encoded body as it came: where two are alike in this, nothing has to be decoded. */
export interface SentBody {
  readonly codings: readonly string[];
  readonly digest: BodyDigest;
}

/** How much of a body is kept and decoded. */
export interface BodyLimits {
  /** So many bytes are kept for a difference to be shown in them; of larger bodies a running digest is. 262 144 by default. */
  readonly bytes?: number;
  /** So many bytes a body may decode to; 8 388 608 by default. */
  readonly decodedBytes?: number;
  /** So many times its size a body may decode to, beyond 1 MB; 100 by default. */
  readonly ratio?: number;
}

export const defaultBodyLimits: Required<BodyLimits> = { bytes: 256 * 1024, decodedBytes: 8 * 1024 * 1024, ratio: 100 };

/** Keeps a small body, and the running digest of a large one. Adding to it is synchronous, and never throws. */
export class BodyCapture {
  readonly #limits: Required<BodyLimits>;
  readonly #codings: readonly string[];
  #kept: Uint8Array[] = [];
  #bytes = 0;
  #digest: RunningDigest | undefined;
  #decoding: DecodingDigest | undefined;
  #unseen: string | undefined;

  constructor(limits: Required<BodyLimits>, codings: readonly string[]) {
    this.#limits = limits;
    this.#codings = codings;
  }

  /** Bytes so far, as they came. */
  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#unseen !== undefined) return;
    if (this.#digest !== undefined) this.#pass(this.#digest, chunk);
    // Who gets the chunk after us may write to it, or hand it on for good.
    else this.#kept.push(chunk.slice());
    if (this.#digest === undefined && this.#bytes > this.#limits.bytes) this.#startDigest();
  }

  /** Nothing more of it is wanted: what was kept is let go. */
  giveUp(reason: string): void {
    this.#unseen ??= reason;
    this.#kept = [];
    this.#decoding?.giveUp();
  }

  /** @returns a promise only where a decoder is at work */
  end(): CapturedBody | Promise<CapturedBody> {
    if (this.#unseen !== undefined) return { kind: "unseen", reason: this.#unseen };
    if (this.#digest === undefined) {
      return { kind: "bytes", bytes: joined(this.#kept, this.#bytes), codings: this.#codings };
    }
    const digest = this.#digest.end();
    if (this.#decoding === undefined) return { kind: "digest", digest };
    this.#decoding.end();
    const asSent = { codings: this.#codings, digest };
    return this.#decoding.outcome.then((decoded) => withSent(decoded, asSent));
  }

  #startDigest(): void {
    const kept = this.#kept;
    this.#kept = [];
    const digest = startDigest();
    if (digest === undefined) {
      this.giveUp("too-large");
      return;
    }
    this.#digest = digest;
    if (this.#codings.length > 0) {
      this.#decoding = new DecodingDigest(this.#codings, this.#limits.ratio, startDigest()!);
    }
    for (const chunk of kept) this.#pass(digest, chunk);
  }

  #pass(digest: RunningDigest, chunk: Uint8Array): void {
    digest.add(chunk);
    this.#decoding?.add(chunk);
  }
}

function withSent(decoded: DecodedDigest, asSent: SentBody): CapturedBody {
  if (decoded.kind === "unseen") return { kind: "unseen", reason: decoded.reason, asSent };
  return { kind: "digest", digest: decoded.kind === "decoded" ? decoded.digest : asSent.digest, asSent };
}
