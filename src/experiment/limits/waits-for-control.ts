import { Deadline, type Deadlines } from "./deadlines.ts";

/**
 * Candidates of a call that failed while control has not settled. Whether control fails as well is known only when it has;
 * one that takes longer than a candidate may take is no longer waited for, and the failure counts: beside a control that
 * hangs, a candidate that fails would otherwise look well for ever.
 */
export class WaitsForControl<Failed extends { readonly endedAt: number }> {
  readonly #deadlines: Deadlines;
  readonly #timeoutMs: number;
  readonly #tell: (failed: Failed) => void;
  readonly #waiting = new Map<Failed, Deadline>();

  /** @param tell told of each that is not waited for any longer */
  constructor(deadlines: Deadlines, timeoutMs: number, tell: (failed: Failed) => void) {
    this.#deadlines = deadlines;
    this.#timeoutMs = timeoutMs;
    this.#tell = tell;
  }

  /** @param failed has failed just now */
  add(failed: Failed): void {
    const deadline = new Deadline(() => {
      this.#waiting.delete(failed);
      this.#tell(failed);
    });
    this.#waiting.set(failed, deadline);
    this.#deadlines.add(deadline, this.#timeoutMs, failed.endedAt);
  }

  controlSettled(): void {
    for (const deadline of this.#waiting.values()) this.#deadlines.remove(deadline);
    this.#waiting.clear();
  }
}
