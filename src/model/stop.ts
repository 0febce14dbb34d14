/** What work is given up by: as much of an `AbortSignal` as it takes, at a tenth of the price. */
export interface Stop {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** Called once, when it is given up; not where it has been already. */
  add(listener: () => void): void;
  delete(listener: () => void): void;
}

/** A signal as what work is given up by. */
export function stopOf(signal: AbortSignal): Stop {
  return {
    get aborted() {
      return signal.aborted;
    },
    get reason(): unknown {
      return signal.reason as unknown;
    },
    add: (listener) => {
      signal.addEventListener("abort", listener, { once: true });
    },
    delete: (listener) => {
      signal.removeEventListener("abort", listener);
    },
  };
}

/** Who is to be told that work is given up. */
export class StopListeners {
  #listeners = new Set<() => void>();

  add(listener: () => void): void {
    this.#listeners.add(listener);
  }

  delete(listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Tells each of them, once. */
  tell(): void {
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) listener();
  }
}
