import { joined, startDecoder, type Decoder } from "./decode.ts";
import { RunningDigest, startDigest, type BodyDigest } from "./digest.ts";

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
  | { readonly kind: "digest"; readonly digest: BodyDigest }
  | { readonly kind: "unseen"; readonly reason: string };

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

const freeBytes = 1024 * 1024;
const mostBacklogBytes = 8 * 1024 * 1024;

/** Keeps a small body, and the running digest of a large one. Adding to it is synchronous, and never throws. */
export class BodyCapture {
  readonly #limits: Required<BodyLimits>;
  readonly #codings: readonly string[];
  #kept: Uint8Array[] = [];
  #bytes = 0;
  #digest: RunningDigest | undefined;
  #decoder: Decoder | undefined;
  #decoded: Promise<void> | undefined;
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
    if (this.#digest !== undefined) this.#pass(chunk);
    // Who gets the chunk after us may write to it, or hand it on for good.
    else this.#kept.push(chunk.slice());
    if (this.#digest === undefined && this.#bytes > this.#limits.bytes) this.#startDigest();
  }

  /** Nothing more of it is wanted: what was kept is let go. */
  giveUp(reason: string): void {
    this.#unseen ??= reason;
    this.#kept = [];
    this.#decoder?.destroy();
  }

  /** @returns a promise only where a decoder is at work */
  end(): CapturedBody | Promise<CapturedBody> {
    if (this.#unseen !== undefined || this.#decoder === undefined) return this.#whole();
    this.#decoder.end();
    return this.#decoded!.then(() => this.#whole());
  }

  #whole(): CapturedBody {
    if (this.#unseen !== undefined) return { kind: "unseen", reason: this.#unseen };
    if (this.#digest !== undefined) return { kind: "digest", digest: this.#digest.end() };
    return { kind: "bytes", bytes: joined(this.#kept, this.#bytes), codings: this.#codings };
  }

  #startDigest(): void {
    const kept = this.#kept;
    this.#kept = [];
    this.#digest = startDigest();
    if (this.#digest === undefined) {
      this.giveUp("too-large");
      return;
    }
    // One that a client has decoded already does not begin as the coding does.
    const [coding, ...more] = startsAs(kept[0]!, this.#codings) ? this.#codings : [];
    if (coding !== undefined) this.#startDecoder(coding, more.length > 0);
    for (const chunk of kept) this.#pass(chunk);
  }

  #startDecoder(coding: string, hasMore: boolean): void {
    const decoder = hasMore ? undefined : startDecoder(coding);
    if (decoder === undefined) {
      this.giveUp("too-large");
      return;
    }
    this.#decoder = decoder;
    const digest = this.#digest!;
    this.#decoded = new Promise<void>((resolve) => {
      decoder.on("data", (chunk) => {
        digest.add(chunk);
        if (digest.bytes > freeBytes && digest.bytes > this.#bytes * this.#limits.ratio)
          this.giveUp("decoded-too-large");
      });
      decoder.on("error", () => {
        this.giveUp(`no ${coding}, though its header says so`);
        resolve();
      });
      decoder.on("end", resolve);
      decoder.on("close", resolve);
    });
  }

  #pass(chunk: Uint8Array): void {
    if (this.#unseen !== undefined) return;
    if (this.#decoder === undefined) {
      this.#digest!.add(chunk);
      return;
    }
    this.#decoder.write(chunk.slice());
    // A decoder that does not keep up holds nobody up.
    if (this.#decoder.writableLength > mostBacklogBytes) this.giveUp("decodes too slowly");
  }
}

function startsAs(chunk: Uint8Array, [coding]: readonly string[]): boolean {
  if (coding === "gzip") return chunk[0] === 0x1f && chunk[1] === 0x8b;
  if (coding === "zstd") return chunk[0] === 0x28 && chunk[1] === 0xb5;
  // What a text begins with is no block of theirs.
  return coding !== undefined && !/[\t\n\r {["<A-Za-z]/.test(String.fromCharCode(chunk[0] ?? 0));
}
