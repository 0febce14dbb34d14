/** Lets so many run at once; the others wait, and begin in the order in which they came. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param most how many, 1 or more */
  constructor(most: number) {
    this.#free = most;
  }

  /** Runs it in its turn. Rejects as it does, and lets the next one begin all the same. */
  async take(run: () => PromiseLike<void> | undefined): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      await run();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
