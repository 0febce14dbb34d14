import { environmentVariable } from "../model/runtime.ts";
import { hexOf } from "./responses/digest.ts";

/** The header that marks copies, so that whatever a candidate asks for is not copied again. */
export const loopHeader = "x-sidelane";

const minuteMs = 60_000;
const validMinutes = 15;

/**
 * Signs copies and knows them again: HMAC-SHA-256 of the present minute, under a key that only handlers of one fleet share. What is signed
 * otherwise, or was signed more than 15 minutes ago, is no mark.
 */
export class LoopMark {
  readonly #secret: Uint8Array;
  readonly #now: () => number;
  #key: Promise<CryptoKey> | undefined;
  #minute = -1;
  #mark: Promise<string> | undefined;
  readonly #drawn = new Map<number, string>();

  /** @param secret by default `SIDELANE_LOOP_KEY` of the environment, and without that a random one of this handler's own */
  constructor(secret: string | undefined, now: () => number) {
    const given = secret ?? environmentVariable("SIDELANE_LOOP_KEY");
    this.#secret =
      given === undefined || given === "" ?
        globalThis.crypto.getRandomValues(new Uint8Array(32))
      : new TextEncoder().encode(given);
    this.#now = now;
  }

  /** What copies carry; the same for a minute. */
  current(): Promise<string> {
    const minute = Math.floor(this.#now() / minuteMs);
    if (minute !== this.#minute || this.#mark === undefined) {
      this.#minute = minute;
      this.#mark = this.#sign(minute);
    }
    return this.#mark;
  }

  async isGenuine(mark: string): Promise<boolean> {
    const [, minute = ""] = /^1\.([a-z\d]{1,12})\.[\da-f]{64}$/.exec(mark) ?? [];
    const signed = parseInt(minute, 36);
    const age = Math.floor(this.#now() / minuteMs) - signed;
    // Clocks of a fleet are not all alike.
    if (!(age >= -2 && age <= validMinutes)) return false;
    return isSame(mark, await this.#sign(signed));
  }

  async #sign(minute: number): Promise<string> {
    const { subtle } = globalThis.crypto as { readonly subtle?: SubtleCrypto };
    if (subtle === undefined) return this.#draw(minute);
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key ??= subtle.importKey("raw", this.#secret as Uint8Array<ArrayBuffer>, algorithm, false, ["sign"]);
    const text = new TextEncoder().encode(`sidelane loop 1 ${minute}`);
    const signature = await subtle.sign("HMAC", await this.#key, text);
    return markOf(minute, new Uint8Array(signature));
  }

  /** Browsers sign nothing on pages that came by `http`: there only this handler knows its marks again. */
  #draw(minute: number): string {
    const drawn = this.#drawn.get(minute) ?? randomMark(minute);
    this.#drawn.set(minute, drawn);
    for (const each of this.#drawn.keys()) if (each < minute - 2 * validMinutes) this.#drawn.delete(each);
    return drawn;
  }
}

function randomMark(minute: number): string {
  return markOf(minute, globalThis.crypto.getRandomValues(new Uint8Array(32)));
}

function markOf(minute: number, signature: Uint8Array): string {
  return `1.${minute.toString(36)}.${hexOf(signature)}`;
}

/** Takes the same time wherever they differ. */
export function isSame(one: string, other: string): boolean {
  let differs = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) differs |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return differs === 0;
}
