import { isSame } from "./loop-mark.ts";

/** The header by which who has the key decides about one request: `compare`, `control` or a candidate's name, and the key. */
export const forceHeader = "x-sidelane-force";

/** Reads what a request is forced to. Who does not have the key changes nothing. */
export class ForceKey {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  /** What it asks for; `undefined` where the key is not this one. */
  wordOf(header: string | null): string | undefined {
    const [, word, key] = /^([\w.-]{1,100}) +(\S+)$/.exec(header?.trim() ?? "") ?? [];
    return word !== undefined && isSame(key!, this.#key) ? word : undefined;
  }
}
