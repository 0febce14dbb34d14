import type { AnyFunction } from "../../model/any-function.ts";
import { hasThen } from "../../model/silence.ts";
import { callAs, type CurrentRun } from "./current-run.ts";
import {
  derive,
  isFollowedNatively,
  isPlain,
  isPromise,
  oneEnding,
  type Ending,
  silence,
  soon,
} from "./native-promise.ts";

/**
 * What a behavior returned:
 *
 * - `value`: not a promise of any kind
 * - `promise`: a plain native promise, of any realm
 * - `thenable`: a promise with methods of its own, or a lazy thenable such as a query builder
 */
export type Shape = "value" | "promise" | "thenable";

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

/** Whether a promise can be resolved with a value: not where reading its `then` throws, as a revoked proxy does. */
export function canResolveWith(value: unknown): boolean {
  if (!holdsKeys(value)) return true;
  try {
    Reflect.get(value, "then");
    return true;
  } catch {
    return false;
  }
}

function holdsKeys(given: unknown): given is object {
  return (typeof given === "object" && given !== null) || typeof given === "function";
}

/**
 * Learns how a promise or thenable of any kind ends, at most once.
 *
 * A promise with the native `then` is followed by that; anything else by its own `then`, called once, as a microtask, as
 * `await` does: whatever that starts is run as the behavior `mark` tells of. What it resolves with is followed in turn.
 *
 * @param through whether the mark holds through every `await` of what is started
 */
export function watch(
  given: unknown,
  onFulfilled: (value: unknown) => void,
  onRejected: (error: unknown) => void,
  mark?: CurrentRun,
  through = false,
): void {
  if (isFollowedNatively(given)) watchPromise(given, onFulfilled, onRejected);
  else soon(() => follow(given, onFulfilled, onRejected, mark, through, 0));
}

/** Longer chains of thenables that resolve with thenables are given up on: the event loop is not theirs. */
const longestChain = 100;

function follow(
  given: unknown,
  onFulfilled: (value: unknown) => void,
  onRejected: (error: unknown) => void,
  mark: CurrentRun | undefined,
  through: boolean,
  depth: number,
): void {
  if (isFollowedNatively(given)) {
    watchPromise(given, onFulfilled, onRejected);
    return;
  }
  if (depth === longestChain) {
    onRejected(new TypeError(`A thenable that resolves with another thenable, ${longestChain} times over`));
    return;
  }
  let hasThenOfItsOwn = false;
  // Told through a promise of ours, so that what follows is run in the present context and not in that of the callback.
  const told = oneEnding((fulfil, reject) => {
    const subscribe = (): void => {
      const then: unknown = (given as { then?: unknown }).then;
      hasThenOfItsOwn = typeof then === "function";
      // What `then` itself returns is nobody's.
      if (hasThenOfItsOwn) silence(Reflect.apply(then as AnyFunction, given, [fulfil, reject]));
      else fulfil(given);
    };
    try {
      if (mark === undefined) subscribe();
      else callAs(mark, through, subscribe, undefined, []);
    } catch (error) {
      reject(error);
    }
    // Nothing waits for what a promise holds beside what its `then` tells.
    silence(given);
  });
  void derive(
    told,
    (ending) => {
      const { kind, value } = ending as Ending;
      if (kind === "threw") onRejected(value);
      // Awaiting such a value never ends, and holds the event loop.
      else if (value === given && hasThenOfItsOwn) onRejected(new TypeError("A thenable that resolves with itself"));
      else if (value !== given && mayFollow(value)) {
        follow(value, onFulfilled, onRejected, mark, through, depth + 1);
      } else onFulfilled(value);
    },
    onRejected,
  );
}

/** What a value comes to when it is awaited; unlike `await`, it does not follow a thenable that resolves with itself for ever. */
export async function settledAs(given: unknown): Promise<unknown> {
  if (!mayFollow(given)) return given;
  const { kind, value } = await oneEnding((fulfil, reject) => watch(given, fulfil, reject));
  if (kind === "threw") throw value;
  return value;
}

/** Learns how a promise ends that {@link isFollowedNatively}. */
export function watchPromise(
  promise: unknown,
  onFulfilled: (value: unknown) => void,
  onRejected: (error: unknown) => void,
): void {
  try {
    void derive(promise, onFulfilled, onRejected);
  } catch (error) {
    onRejected(error);
    silence(promise);
  }
}

/** Lets what nobody waits for fail in silence. */
export function ignoreRejection(given: unknown): void {
  if (mayFollow(given))
    watch(
      given,
      () => undefined,
      () => undefined,
    );
}

/** How a call of foreign code ended. */
export type Ended = { readonly kind: "done" } | { readonly kind: "failed"; readonly error: unknown };

/** It returned something to wait for. `watch` tells once how that ended, and never throws. */
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
  if (!holdsKeys(answer)) return done;
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
    // A `then` of foreign making may itself return a promise that rejects; nobody else would handle that.
    silence(Reflect.apply(then, thenable, [() => settle(done), (error: unknown) => settle({ kind: "failed", error })]));
  } catch (error) {
    settle({ kind: "failed", error });
  }
  if (!isFollowedNatively(thenable)) silence(thenable);
}
