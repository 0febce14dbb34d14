import type { Clock } from "../../model/clock.ts";
import type { DropReason } from "../../model/publisher.ts";

const tellEveryMs = 60_000;

/** Results that were given up, by reason; told at once, and then once a minute at most. */
export class DropCount {
  readonly #clock: Clock;
  readonly #onFault: (error: Error) => void;
  readonly #dropped: Record<DropReason, number> = { "queue-full": 0, "too-large": 0, "breaker-open": 0, closed: 0 };
  #untold = 0;
  #toldAt = -Infinity;

  constructor(clock: Clock, onFault: (error: Error) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  counts(): Record<DropReason, number> {
    return { ...this.#dropped };
  }

  add(reason: DropReason, count: number): void {
    this.#dropped[reason] += count;
    this.#untold += count;
    if (this.#clock.monotonic() - this.#toldAt >= tellEveryMs) this.tell();
  }

  /** Counts one that came after the end, when nobody is told any more. */
  closed(): void {
    this.#dropped.closed += 1;
  }

  /** One fault for all since the last one. */
  tell(): void {
    const count = this.#untold;
    if (count === 0) return;
    this.#untold = 0;
    this.#toldAt = this.#clock.monotonic();
    this.#onFault(new Error(`${count} ${count === 1 ? "result was" : "results were"} dropped`));
  }
}
