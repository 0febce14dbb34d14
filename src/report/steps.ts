const mostSteps = 240;
const minuteMs = 60_000;

/** Sums by time: by minute at first, and by twice as long whenever there are more than 240 steps. */
export class Steps<Sum extends object> {
  readonly #none: () => Sum;
  readonly #plus: (into: Sum, from: Sum) => void;
  #of = new Map<number, Sum>();
  #stepMs = minuteMs;

  /** @param plus adds the second to the first */
  constructor(none: () => Sum, plus: (into: Sum, from: Sum) => void) {
    this.#none = none;
    this.#plus = plus;
  }

  get stepMs(): number {
    return this.#stepMs;
  }

  /** The sum of the step of a moment, to be added to. */
  at(moment: number): Sum {
    const begin = Math.floor(moment / this.#stepMs) * this.#stepMs;
    let sum = this.#of.get(begin);
    if (sum !== undefined) return sum;
    this.#of.set(begin, (sum = this.#none()));
    if (this.#of.size <= mostSteps) return sum;
    this.coarsen(2 * this.#stepMs);
    return this.at(moment);
  }

  /** Makes steps at least so long. */
  coarsen(stepMs: number): void {
    if (stepMs <= this.#stepMs) return;
    const finer = this.#of;
    this.#of = new Map();
    this.#stepMs = stepMs;
    for (const [begin, sum] of finer) this.#plus(this.at(begin), sum);
  }

  /** In the order of time. */
  list(): [number, Sum][] {
    return [...this.#of].sort(([one], [other]) => one - other);
  }
}
