import { builtinModule } from "../../model/runtime.ts";
import { silenceSlots } from "../../model/silence.ts";

// Taken while the module loads: what a program does to promises later does not come between control and its caller. The
// prototype is that of async functions, whatever has been put in the place of the global `Promise`.
const ownPrototype: object = Object.getPrototypeOf((async () => Promise.resolve())()) as object;
const OwnPromise = (ownPrototype as { constructor: PromiseConstructor }).constructor;
const nativeThen = Function.prototype.call.bind((ownPrototype as Promise<unknown>).then) as (
  promise: unknown,
  onFulfilled: ((value: unknown) => unknown) | undefined,
  onRejected: (error: unknown) => unknown,
) => Promise<unknown>;
const sourceOf = Function.prototype.call.bind(Function.prototype.toString) as (call: unknown) => string;

interface Types {
  isPromise(value: unknown): boolean;
  isAsyncFunction(value: unknown): boolean;
}

const types = (builtinModule("node:util") as { types?: Types } | undefined)?.types;

/** Whether a value is a promise by its inner slots; without Node's word, whether it says so and can be followed as one. */
export const isPromise: (value: unknown) => boolean = types?.isPromise ?? saysPromise;

function saysPromise(value: unknown): boolean {
  try {
    if (!(value instanceof OwnPromise)) return false;
    if (Object.getPrototypeOf(value) !== ownPrototype || Object.getOwnPropertyNames(value).length > 0) return true;
    const adopted = OwnPromise.resolve(value);
    if (adopted === value) return true;
    // An object that only has the prototype: following it would throw.
    void nativeThen(adopted, undefined, () => undefined);
    return false;
  } catch {
    // A proxy may throw when asked for its prototype.
    return false;
  }
}

const asyncPrototype: unknown = Object.getPrototypeOf(async () => {
  await Promise.resolve();
});

/**
 * Whether a function returns nothing but plain native promises, each a new one that nobody else has seen: an async function
 * of this realm does. `false` says nothing.
 */
export function givesPlainPromises(call: unknown): boolean {
  return types?.isAsyncFunction(call) === true && Object.getPrototypeOf(call) === asyncPrototype;
}

/** Whether a promise, as {@link isPromise} says, has the native prototype of any realm, and nothing of its own. */
export function isPlain(promise: unknown): boolean {
  // Async hooks mark promises with symbols; what a program adds has a name.
  return hasNativePrototype(promise) && Object.getOwnPropertyNames(promise).length === 0;
}

/** Whether a value is a promise whose `then` is the native one of any realm: nothing but that has a say in what it comes to. */
export function isFollowedNatively(given: unknown): boolean {
  return isPromise(given) && hasNativePrototype(given) && !Object.hasOwn(given as object, "then");
}

function hasNativePrototype(promise: unknown): boolean {
  const prototype = Object.getPrototypeOf(promise) as object | null;
  if (prototype === ownPrototype) return true;
  if (prototype === null) return false;
  if (foreignPrototypes.has(prototype)) return true;
  const native = isNativePrototype(prototype);
  if (native) foreignPrototypes.add(prototype);
  return native;
}

const foreignPrototypes = new WeakSet<object>();
const nativeNames = "catch,constructor,finally,then";

/** Whether an object is the untouched `Promise.prototype` of another realm (a jest sandbox, a frame, a `node:vm` context). */
function isNativePrototype(prototype: object): boolean {
  try {
    const above = Object.getPrototypeOf(prototype) as object | null;
    if (above === null || Object.getPrototypeOf(above) !== null) return false;
    if (Object.getOwnPropertyNames(prototype).sort().join() !== nativeNames) return false;
    const own = (name: string): unknown => Object.getOwnPropertyDescriptor(prototype, name)?.value;
    return isNative(own("then"), "then") && isNative(own("constructor"), "Promise");
  } catch {
    return false;
  }
}

function isNative(call: unknown, name: string): boolean {
  // What `bind` makes is native by its text, too, but without a name.
  return typeof call === "function" && sourceOf(call).replace(/\s+/g, " ") === `function ${name}() { [native code] }`;
}

/** One reaction on a native promise, whatever methods it has; returns the promise derived from it. */
export function derive(
  promise: unknown,
  onFulfilled: (value: unknown) => unknown,
  onRejected: (error: unknown) => unknown,
): Promise<unknown> {
  return nativeThen(promise, onFulfilled, onRejected);
}

const resolved = OwnPromise.resolve();

/** Calls back as a microtask, in the present async context. */
export function soon(callback: () => void): void {
  void nativeThen(resolved, callback, callback);
}

/** How something ended, boxed: resolving a promise with the bare value would follow that in turn. */
export interface Ending {
  readonly kind: "returned" | "threw";
  readonly value: unknown;
}

type Tell = (value: unknown) => void;

/** A promise of the first ending that is told, however often that is. */
export function oneEnding(start: (fulfil: Tell, reject: Tell) => void): Promise<Ending> {
  return new OwnPromise((resolve) => {
    start(
      (value) => resolve({ kind: "returned", value }),
      (value) => resolve({ kind: "threw", value }),
    );
  });
}

/** Takes a native promise's rejection from the host, without calling any method of it, nor its class. */
export function silence(promise: unknown): void {
  if (isPromise(promise)) silenceSlots(promise as object);
}
