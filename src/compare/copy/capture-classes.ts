import { contentsOf, sealContents } from "../kinds/package-collections.ts";
import { namedKeysOf } from "../kinds/stand-ins.ts";

/** Gives a copy the class of its original, and remembers it for cycles. */
type Alike = <Copy extends object>(copy: Copy) => Copy;
type CopyPart = (part: unknown) => unknown;

/**
 * A stand-in for an object of a class with `toJSON()`: it returns what the original returns now, whatever its owner does
 * later. Its own fields are there for functions that compare, one level deep.
 */
export function sealJson(value: { toJSON(): unknown }, alike: Alike, part: CopyPart): object {
  const copy = alike({});
  for (const key of Reflect.ownKeys(value)) {
    const slot = Object.getOwnPropertyDescriptor(value, key);
    if (slot === undefined || !("value" in slot)) continue;
    const field: unknown = slot.value;
    const copied: unknown = field instanceof Date || ArrayBuffer.isView(field) ? part(field) : field;
    Object.defineProperty(copy, key, { ...slot, value: copied, configurable: true });
  }
  const contents = contentsOf(value);
  if (contents !== undefined) sealContents(copy, contents.map(part));
  const json = part(value.toJSON());
  Object.defineProperty(copy, "toJSON", { value: () => json, configurable: true, enumerable: false });
  return copy;
}

/**
 * A real error, so that loggers and structured cloning take it for one, made without a stack of its own: noting one takes
 * microseconds. The original's stack is asked for when it is read: formatting it can cost milliseconds.
 */
export function copyError(error: Error, alike: Alike, part: CopyPart): Error {
  const copy = alike(errorWithoutStack());
  for (const key of ["name", "message", "code"] as const) {
    if (Object.hasOwn(error, key)) continue;
    const inherited: unknown = (error as unknown as Record<string, unknown>)[key];
    if (inherited !== undefined) define(copy, key, part(inherited), false);
  }
  for (const key of Reflect.ownKeys(error)) {
    const slot = key === "stack" ? undefined : Object.getOwnPropertyDescriptor(error, key);
    if (slot)
      define(copy, key, part((error as unknown as Record<string | symbol, unknown>)[key]), slot.enumerable === true);
  }
  Object.defineProperty(copy, "stack", { get: () => stackOf(error), configurable: true, enumerable: false });
  return copy;
}

function errorWithoutStack(): Error {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 0;
  } catch {
    // Frozen: it notes its stack, which takes longer.
    return new Error();
  }
  const error = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

/** Own enumerable keys that the copy does not have yet, symbols included. */
export function copyNamedKeys<Copy extends object>(value: object, copy: Copy, part: CopyPart): Copy {
  for (const key of namedKeysOf(value)) {
    if (!Object.hasOwn(copy, key)) define(copy, key, part((value as Record<PropertyKey, unknown>)[key]), true);
  }
  return copy;
}

/** What decorators and libraries keep where it is not listed. */
export function copyHiddenKeys(value: object, copy: object, part: CopyPart): void {
  for (const key of Reflect.ownKeys(value)) {
    if (Object.hasOwn(copy, key)) continue;
    const property = Object.getOwnPropertyDescriptor(value, key)!;
    if ("value" in property) define(copy, key, part(property.value), false);
    else if (property.get !== undefined) define(copy, key, part((value as Record<PropertyKey, unknown>)[key]), false);
  }
}

function stackOf(error: Error): unknown {
  try {
    return error.stack;
  } catch {
    return undefined;
  }
}

function define(copy: object, key: PropertyKey, value: unknown, enumerable: boolean): void {
  Object.defineProperty(copy, key, { value, enumerable, configurable: true, writable: true });
}

/**
 * Headers, URLSearchParams or FormData. Those of packages, and subclasses that need it, are made by their own class, so
 * that their methods work.
 */
export function copyPairs(value: object, alike: Alike, spend: (length: number) => void): object {
  const entries: [string, string][] = [];
  for (const [name, entry] of (value as FormData).entries()) {
    spend(name.length + (typeof entry === "string" ? entry.length : 0));
    entries.push([name, entry as string]);
  }
  const copy = emptyLike(value, alike);
  for (const [name, entry] of entries) copy.append(name, entry);
  return copy;
}

interface Appendable {
  append(name: string, value: string): void;
}

function emptyLike(value: object, alike: Alike): Appendable {
  for (const Class of [globalThis.Headers, globalThis.FormData, globalThis.URLSearchParams]) {
    if (typeof Class === "function" && value instanceof Class) return alike(new Class());
  }
  return alike(new (value.constructor as new () => Appendable)());
}

const tagOfTypedArray = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)!;

type ArrayMaker = new (source: object) => object;

/** A Buffer, a typed array, a DataView or an ArrayBuffer, of its own memory. */
export function copyBytes(value: object, spend: (length: number) => void): object {
  spend((value as ArrayBufferView).byteLength);
  if (!ArrayBuffer.isView(value)) return copyBuffer(value as ArrayBuffer);
  const name = tagOfTypedArray.get!.call(value) as string | undefined;
  if (name !== undefined) return new (globalThis as unknown as Record<string, ArrayMaker>)[name]!(value);
  const { buffer, byteOffset, byteLength } = value as DataView;
  return new DataView(new Uint8Array(buffer, byteOffset, byteLength).slice().buffer);
}

function copyBuffer(value: ArrayBuffer | SharedArrayBuffer): object {
  const bytes = new Uint8Array(value);
  const shared = typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer;
  const copy = shared ? new SharedArrayBuffer(bytes.length) : new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
