/** Bytes in few characters. */
export interface ByteDigest {
  /** In bytes. */
  readonly length: number;
  /** 32 bits of MurmurHash3's kind over the first 1 MB, in hexadecimal. Tells contents apart; proves nothing. */
  readonly digest: string;
  /** The first 16 bytes, in hexadecimal. */
  readonly start: string;
}

const digested = 1_048_576;

/** Sums up a Buffer, a typed array, a DataView or an ArrayBuffer. */
export function digestBytes(value: ArrayBufferView | ArrayBufferLike): ByteDigest {
  const bytes = bytesOf(value);
  let hash = 0x811c9dc5;
  const end = Math.min(bytes.length, digested);
  for (let index = 0; index < end; index++) hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  // FNV-1a leaves the last bytes in few bits; MurmurHash3's finalizer mends that.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return { length: bytes.length, digest: hex((hash ^ (hash >>> 16)) >>> 0, 8), start: hexOf(bytes.subarray(0, 16)) };
}

function bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(value) ?
      new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hex(byte, 2);
  return text;
}

const hex = (value: number, width: number): string => value.toString(16).padStart(width, "0");
