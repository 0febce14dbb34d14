/** How many candidates of a laboratory run at this moment, and who waits for the last of them. */
export class InFlight {
  count = 0;
  #told: (() => void) | undefined = undefined;

  change(by: 1 | -1): void {
    this.count += by;
    if (this.count === 0) this.#told?.();
  }

  /** Calls back when the last of those that run has ended. */
  whenNone(tell: () => void): void {
    this.#told = tell;
  }
}
