/** How a call of foreign code ended. */
export type Ended = { readonly kind: "done" } | { readonly kind: "failed"; readonly error: unknown };

/** It gave something to wait for. `watch` tells once how that ended, and never throws. */
export interface Waiting {
  readonly kind: "waiting";
  watch(ended: (how: Ended) => void): void;
}

const done: Ended = { kind: "done" };

/**
 * Calls foreign code and turns whatever it does into data: a throw, a rejection, a thenable that throws or settles twice,
 * a revoked proxy. Only whether it settled matters, so that what a thenable resolves with is never looked at: one that
 * resolves with another thenable for ever cannot hold the event loop.
 */
export function callForeign(call: () => unknown): Ended | Waiting {
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    return { kind: "failed", error };
  }
  if ((typeof answer !== "object" || answer === null) && typeof answer !== "function") return done;
  let then: unknown;
  try {
    then = (answer as { then?: unknown }).then;
  } catch (error) {
    return { kind: "failed", error };
  }
  if (typeof then !== "function") return done;
  const thenable = answer;
  const subscribe = then as (...handlers: unknown[]) => unknown;
  return { kind: "waiting", watch: (ended) => watchThenable(thenable, subscribe, ended) };
}

function watchThenable(thenable: object, then: (...handlers: unknown[]) => unknown, ended: (how: Ended) => void): void {
  let open = true;
  const settle = (how: Ended): void => {
    if (!open) return;
    open = false;
    ended(how);
  };
  try {
    const derived: unknown = Reflect.apply(then, thenable, [
      () => settle(done),
      (error: unknown) => settle({ kind: "failed", error }),
    ]);
    swallow(derived);
  } catch (error) {
    settle({ kind: "failed", error });
  }
}

/** A `then` of foreign making may itself give a promise that rejects; nobody else would handle that. */
function swallow(derived: unknown): void {
  try {
    if (derived instanceof Promise) void Promise.prototype.then.call(derived, undefined, () => undefined);
  } catch {
    // A proxy around a promise, or a promise with a hostile `constructor`: there is nothing left to do for it.
  }
}
