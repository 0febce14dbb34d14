import { builtinModule } from "../../model/runtime.ts";

interface NodeHash {
  update(bytes: Uint8Array): NodeHash;
  copy(): NodeHash;
  digest(encoding: "hex"): string;
}

interface NodeCrypto {
  createHash(algorithm: "sha256"): NodeHash;
}

/** Of how many bytes a body was, and what they hash to. */
export interface BodyDigest {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** The digests of its beginnings, by their lengths: 256 KB, 512 KB, 1 MB … */
  readonly beginnings: readonly (readonly [bytes: number, sha256: string])[];
}

const firstBeginning = 256 * 1024;

/** SHA-256 of a body as it passes, in constant memory. */
export class RunningDigest {
  readonly #hash: NodeHash;
  readonly #beginnings: (readonly [number, string])[] = [];
  #bytes = 0;
  #next = firstBeginning;

  constructor(hash: NodeHash) {
    this.#hash = hash;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    let rest = chunk;
    while (this.#bytes + rest.length >= this.#next) {
      const upTo = rest.subarray(0, this.#next - this.#bytes);
      this.#hash.update(upTo);
      this.#bytes = this.#next;
      this.#beginnings.push([this.#next, this.#hash.copy().digest("hex")]);
      this.#next *= 2;
      rest = rest.subarray(upTo.length);
    }
    this.#hash.update(rest);
    this.#bytes += rest.length;
  }

  end(): BodyDigest {
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex"), beginnings: this.#beginnings };
  }
}

/** `undefined` where the runtime has no digest that runs. */
export function startDigest(): RunningDigest | undefined {
  const crypto = builtinModule("node:crypto") as NodeCrypto | undefined;
  return crypto === undefined ? undefined : new RunningDigest(crypto.createHash("sha256"));
}

/** The digest of bytes that are all there. */
export async function digestOf(bytes: Uint8Array): Promise<BodyDigest> {
  const digest = startDigest();
  if (digest !== undefined) {
    digest.add(bytes);
    return digest.end();
  }
  const hashed = await globalThis.crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return { bytes: bytes.length, sha256: hexOf(new Uint8Array(hashed)), beginnings: [] };
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Up to where two bodies are surely alike: the longest beginning that both hash to the same, 0 for none that is known. */
export function alikeUpTo(one: BodyDigest, other: BodyDigest): number {
  let alike = 0;
  for (const [index, [bytes, sha256]] of one.beginnings.entries()) {
    if (other.beginnings[index]?.[1] !== sha256) break;
    alike = bytes;
  }
  return alike;
}
