import { builtinModule } from "../../model/runtime.ts";
import type { ResponseHeaders } from "./response-headers.ts";

type Done = (error: Error | null, decoded: Uint8Array) => void;
type OneShot = (bytes: Uint8Array, options: { readonly maxOutputLength: number }, done: Done) => void;

/** A stream of the runtime's that decodes. */
export interface Decoder {
  readonly writableLength: number;
  write(chunk: Uint8Array): boolean;
  end(): void;
  destroy(): void;
  on(event: "data", listener: (chunk: Uint8Array) => void): void;
  on(event: "end" | "close", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}

interface Zlib {
  gunzip: OneShot;
  inflate: OneShot;
  inflateRaw: OneShot;
  brotliDecompress: OneShot;
  zstdDecompress?: OneShot;
  createGunzip(): Decoder;
  createInflate(): Decoder;
  createInflateRaw(): Decoder;
  createBrotliDecompress(): Decoder;
  createZstdDecompress?(): Decoder;
}

/** What decoding bytes came to: `as-is` where they were no such thing, and are taken as they came. */
export type Decoded =
  | { readonly kind: "decoded" | "as-is"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large" | "unknown-coding"; readonly coding: string };

/** What `content-encoding` names, in the order in which it was applied; without `identity`. */
export function codingsOf(headers: Pick<ResponseHeaders, "get">): readonly string[] {
  const named = headers.get("content-encoding");
  if (named === null) return [];
  return named
    .split(",")
    .map((coding) => coding.trim().toLowerCase().replace(/^x-/, ""))
    .filter((coding) => coding !== "" && coding !== "identity");
}

/**
 * Decodes a body. A client such as `fetch` decodes bodies and leaves their headers: bytes that are no such coding are what they are.
 *
 * @param maxBytes what it may grow to
 */
export async function decode(bytes: Uint8Array, codings: readonly string[], maxBytes: number): Promise<Decoded> {
  let decoded = bytes;
  for (const coding of codings.toReversed()) {
    if (decoded.length === 0) break;
    const step = await decodeOne(decoded, coding, maxBytes);
    if (step.kind !== "decoded") return step;
    decoded = step.bytes;
  }
  return { kind: "decoded", bytes: decoded };
}

async function decodeOne(bytes: Uint8Array, coding: string, maxBytes: number): Promise<Decoded> {
  const zlib = builtinModule("node:zlib") as Zlib | undefined;
  const ways = zlib === undefined ? [] : waysOf(zlib, coding);
  if (ways.length === 0) return isStandard(coding) ? await decodeByStream(bytes, coding, maxBytes) : unknown(coding);
  for (const way of ways) {
    const step = await new Promise<Decoded | undefined>((resolve) => {
      way(bytes, { maxOutputLength: maxBytes }, (error, decoded) => {
        if (error === null) resolve({ kind: "decoded", bytes: decoded });
        else if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") resolve({ kind: "too-large", coding });
        else resolve(undefined);
      });
    });
    if (step !== undefined) return step;
  }
  return { kind: "as-is", bytes };
}

function unknown(coding: string): Decoded {
  return { kind: "unknown-coding", coding };
}

function waysOf(zlib: Zlib, coding: string): OneShot[] {
  switch (coding) {
    case "gzip":
      return [zlib.gunzip];
    case "deflate":
      // Some servers send it without its wrapper.
      return [zlib.inflate, zlib.inflateRaw];
    case "br":
      return [zlib.brotliDecompress];
    case "zstd":
      return zlib.zstdDecompress === undefined ? [] : [zlib.zstdDecompress];
    default:
      return [];
  }
}

function isStandard(coding: string): coding is "gzip" | "deflate" {
  return (coding === "gzip" || coding === "deflate") && typeof DecompressionStream === "function";
}

async function decodeByStream(bytes: Uint8Array, coding: "gzip" | "deflate", maxBytes: number): Promise<Decoded> {
  const decoder = new DecompressionStream(coding);
  const writer = decoder.writable.getWriter();
  const written = writer.write(bytes as Uint8Array<ArrayBuffer>).then(() => writer.close());
  written.catch(() => undefined);
  const reader = decoder.readable.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length;
      if (length > maxBytes) {
        await reader.cancel();
        return { kind: "too-large", coding };
      }
      chunks.push(next.value);
    }
  } catch {
    return { kind: "as-is", bytes };
  }
  return { kind: "decoded", bytes: joined(chunks, length) };
}

export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Whether bodies of this coding can be decoded as they pass. */
export function canDecode(coding: string): boolean {
  const zlib = builtinModule("node:zlib") as Zlib | undefined;
  return zlib !== undefined && waysOf(zlib, coding).length > 0;
}

/**
 * A decoder of a body that passes, of one coding; `undefined` where the runtime has none.
 *
 * @param first the first byte that it gets
 */
export function startDecoder(coding: string, first: number): Decoder | undefined {
  const zlib = builtinModule("node:zlib") as Zlib | undefined;
  switch (coding) {
    case "gzip":
      return zlib?.createGunzip();
    case "deflate":
      // Some servers send it without its wrapper, which begins so.
      return (first & 0x0f) === 8 ? zlib?.createInflate() : zlib?.createInflateRaw();
    case "br":
      return zlib?.createBrotliDecompress();
    case "zstd":
      return zlib?.createZstdDecompress?.();
    default:
      return undefined;
  }
}
