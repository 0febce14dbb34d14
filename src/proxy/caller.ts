/** What a request to a service is given up by. */
export interface Stop {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** Called once, when it is given up; not where it has been already. */
  add(listener: () => void): void;
  delete(listener: () => void): void;
}

/** A caller, who may go away. Most are asked for no signal, which would be a tenth of what a request costs here. */
export class Caller implements Stop {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners = new Set<() => void>();
  #controller: AbortController | undefined = undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  /** The caller is gone. */
  goAway(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = new DOMException("The caller went away", "AbortError");
    this.#controller?.abort(this.reason);
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }

  add(listener: () => void): void {
    this.#listeners.add(listener);
  }

  delete(listener: () => void): void {
    this.#listeners.delete(listener);
  }
}

/** A signal as what a request is given up by. */
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
