// Taken once: what a program does to `Promise.prototype.then` later does not come between control and its caller.
const nativeThen = Function.prototype.call.bind(Promise.prototype.then) as (
  promise: unknown,
  onFulfilled: (value: unknown) => unknown,
  onRejected: (error: unknown) => unknown,
) => Promise<unknown>;

const builtin = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process?.getBuiltinModule;
interface Types {
  isPromise(value: unknown): boolean;
  isAsyncFunction(value: unknown): boolean;
}
const types = (builtin?.("node:util") as { types?: Types } | undefined)?.types;

/** Whether a value is a promise by its inner slots; without Node's word, whether it says so. */
export const isPromise: (value: unknown) => boolean = types?.isPromise ?? saysPromise;

function saysPromise(value: unknown): boolean {
  try {
    return value instanceof Promise;
  } catch {
    // A proxy may throw when asked for its prototype.
    return false;
  }
}

/**
 * What a behaviour gave back:
 *
 * - `value`: not a promise of any kind
 * - `promise`: a plain native promise
 * - `thenable`: a promise with methods of its own, or a lazy thenable such as a query builder
 */
export type Shape = "value" | "promise" | "thenable";

const asyncPrototype: unknown = Object.getPrototypeOf(async () => {
  await Promise.resolve();
});

/**
 * Whether a function gives nothing but plain native promises, each a new one that nobody else has seen: an async function
 * of this realm does. `false` says nothing.
 */
export function givesPlainPromises(call: unknown): boolean {
  return types?.isAsyncFunction(call) === true && Object.getPrototypeOf(call) === asyncPrototype;
}

/** Tells without running anything, but for one reading of `then` on what is no promise. */
export function shapeOf(given: unknown): Shape {
  if (!holdsKeys(given)) return "value";
  if (isPromise(given)) return isPlain(given) ? "promise" : "thenable";
  return hasThen(given) ? "thenable" : "value";
}

/** Whether something follows that can be awaited: a promise or thenable of any kind. */
export function mayFollow(given: unknown): boolean {
  return holdsKeys(given) && (isPromise(given) || hasThen(given));
}

function holdsKeys(given: unknown): given is object {
  return (typeof given === "object" && given !== null) || typeof given === "function";
}

function hasThen(given: object): boolean {
  try {
    return typeof (given as { then?: unknown }).then === "function";
  } catch {
    // A revoked proxy, or a getter that throws: whatever it is, nobody can await it.
    return false;
  }
}

function isPlain(promise: unknown): boolean {
  if (Object.getPrototypeOf(promise) !== Promise.prototype) return false;
  // Async hooks mark promises with symbols; what a program adds has a name.
  return Object.getOwnPropertyNames(promise).length === 0;
}

/** One reaction on a plain native promise; gives the promise derived from it. */
export function derive(
  promise: unknown,
  onFulfilled: (value: unknown) => unknown,
  onRejected: (error: unknown) => unknown,
): Promise<unknown> {
  return nativeThen(promise, onFulfilled, onRejected);
}

/** Learns how a thenable of any kind ends, at most once; a lazy one is thereby run. */
export function watch(
  given: unknown,
  onFulfilled: (value: unknown) => void,
  onRejected: (error: unknown) => void,
): void {
  // Adopting it calls its `then` once, and lets it settle once.
  watchPromise(isPromise(given) ? given : new Promise((resolve) => resolve(given)), onFulfilled, onRejected);
}

/** Learns how a native promise ends, where {@link isPromise} has been asked. */
export function watchPromise(
  promise: unknown,
  onFulfilled: (value: unknown) => void,
  onRejected: (error: unknown) => void,
): void {
  try {
    void nativeThen(promise, onFulfilled, onRejected);
  } catch (error) {
    onRejected(error);
  }
}

/** Lets a promise that nobody waits for fail in silence. */
export function ignoreRejection(given: unknown): void {
  if (shapeOf(given) !== "value")
    watch(
      given,
      () => undefined,
      () => undefined,
    );
}

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
