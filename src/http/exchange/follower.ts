/** A signal that other signals abort. */
export interface Follower {
  readonly signal: AbortSignal;
  follow(signal: AbortSignal): void;
  detach(signal: AbortSignal): void;
  abort(reason: unknown): void;
}

/** A signal that follows others, for as long as it does. */
export function follower(...signals: readonly AbortSignal[]): Follower {
  const controller = new AbortController();
  const listeners = new Map<AbortSignal, () => void>();
  const follow = (signal: AbortSignal): void => {
    const abort = (): void => {
      controller.abort(signal.reason);
    };
    listeners.set(signal, abort);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  };
  for (const signal of signals) follow(signal);
  return {
    signal: controller.signal,
    follow,
    detach(signal) {
      const listener = listeners.get(signal);
      if (listener !== undefined) signal.removeEventListener("abort", listener);
    },
    abort: (reason) => {
      controller.abort(reason);
    },
  };
}
