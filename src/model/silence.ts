// Taken while the module loads: what a program does to promises later changes nothing here. The prototype is that of async
// functions, whatever has been put in the place of the global `Promise`.
const ownPrototype: object = Object.getPrototypeOf((async () => Promise.resolve())()) as object;
const OwnPromise = (ownPrototype as { constructor: PromiseConstructor }).constructor;
const nativeThen = Function.prototype.call.bind((ownPrototype as Promise<unknown>).then) as (
  promise: unknown,
  onFulfilled: undefined,
  onRejected: (error: unknown) => unknown,
) => Promise<unknown>;
const nothing = (): undefined => undefined;

/** Takes the rejection that a native promise's slots hold from the host, without calling any method of it, nor its class. */
export function silenceSlots(promise: object): void {
  try {
    // What is no promise by its slots throws here, before anything is called.
    if (isOrdinary(promise)) void nativeThen(promise, undefined, nothing);
    else withOwnConstructor(promise);
  } catch {
    // Frozen, hostile, or no native promise: there is nothing left to do for it.
  }
}

function isOrdinary(promise: object): boolean {
  return Object.getPrototypeOf(promise) === ownPrototype && !Object.hasOwn(promise, "constructor");
}

/** `then` asks a promise for its class to make the derived one; that would run the class's constructor. */
function withOwnConstructor(promise: object): void {
  const before = Object.getOwnPropertyDescriptor(promise, "constructor");
  Object.defineProperty(promise, "constructor", { value: OwnPromise, configurable: true });
  try {
    void nativeThen(promise, undefined, nothing);
  } finally {
    if (before === undefined) Reflect.deleteProperty(promise, "constructor");
    else Object.defineProperty(promise, "constructor", before);
  }
}

/** Whether something can be awaited, by one reading of its `then`. */
export function hasThen(given: object): boolean {
  try {
    return typeof (given as { then?: unknown }).then === "function";
  } catch {
    // A revoked proxy, or a getter that throws: whatever it is, nobody can await it.
    return false;
  }
}

/**
 * Has the failure of something told that nobody waits for: a promise of any class or realm, or a thenable. Anything else is
 * left alone. Never throws.
 *
 * @param onFailure by default nobody is told
 */
export function tellFailure(given: unknown, onFailure: (error: unknown) => void = nothing): void {
  if (typeof given !== "object" || given === null) return;
  try {
    const then: unknown = (given as { then?: unknown }).then;
    if (typeof then !== "function") return;
    const derived: unknown = Reflect.apply(then, given, [nothing, onFailure]);
    if (typeof derived === "object" && derived !== null) silenceSlots(derived);
  } catch (error) {
    onFailure(error);
  }
  silenceSlots(given);
}
