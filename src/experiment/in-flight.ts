/** How many candidates of a laboratory run at this moment, and who waits for the last of them. */
export class InFlight {
  count = 0;
  #told: (() => void) | undefined = undefined;

  change(by: 1 | -1): void {
    this.count += by;
    if (this.count === 0) this.#told?.();
  }

  /** Calls back once when none runs: now, if that is so already. */
  whenNone(tell: () => void): void {
    if (this.count === 0) tell();
    else this.#told = tell;
  }
}
