import type { Clock } from "../model/clock.ts";

const mostTokens = 1_000;
const hourMs = 3_600_000;

/** What pages hold to prove that they were asked for by who sends their form: once, within an hour. */
export class Tokens {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly by: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  make(by: string): string {
    const token = crypto.randomUUID() + crypto.randomUUID();
    this.#known.set(token, { by, until: this.#clock.monotonic() + hourMs });
    if (this.#known.size > mostTokens) this.#known.delete(this.#known.keys().next().value!);
    return token;
  }

  /** Whether it was made for them; it is good for one form. */
  take(token: string, by: string): boolean {
    const known = this.#known.get(token);
    if (known?.by !== by) return false;
    this.#known.delete(token);
    return known.until > this.#clock.monotonic();
  }
}
