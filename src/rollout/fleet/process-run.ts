/**
 * A process that could not reach the store for so long goes on under another id: judges remember for an hour what they folded of one that
 * was silent, and by then it may be forgotten.
 */
const givesUpAfterMs = 50 * 60_000;
const mark = "~";

/** What a process says that goes on under another id. */
export const outOfReach =
  "The store was out of reach for 50 minutes: what was seen here before is left out of the evidence, as far as it is not reported yet";

/** Under which id one run of one process reports: its name, where it has one, and a random addition. No two have the same one. */
export class ProcessRun {
  readonly #prefix: string;
  #id: string;
  #heardAt: number | undefined = undefined;

  constructor(name: string | undefined) {
    this.#prefix = name === undefined ? "" : `${name}${mark}`;
    this.#id = this.#prefix + randomId();
  }

  get id(): string {
    return this.#id;
  }

  /** The store has answered an exchange that began then. @param startedAt monotonic milliseconds */
  arrived(startedAt: number): void {
    this.#heardAt = startedAt;
  }

  /** Whether the store may have forgotten this id. @param now monotonic milliseconds */
  isGivenUp(now: number): boolean {
    return this.#heardAt !== undefined && now - this.#heardAt > givesUpAfterMs;
  }

  /** Goes on under another id: what was reported under the last one stays with that. @param now monotonic milliseconds */
  renew(now: number): void {
    this.#id = this.#prefix + randomId();
    this.#heardAt = now;
  }
}

/** The name in an id; `undefined` where it has none. */
export function nameIn(id: string): string | undefined {
  const end = id.lastIndexOf(mark);
  return end > 0 ? id.slice(0, end) : undefined;
}

function randomId(): string {
  return `${Date.now().toString(36)}-${Math.floor(Math.random() * 2 ** 52).toString(36)}`;
}
