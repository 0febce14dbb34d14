import { dateTime, functionText, unboxers } from "./intrinsics.ts";

/** A built-in class, and whether a value is of it, whatever its prototype says: a prototype can be borrowed, an internal slot cannot. */
export interface BuiltIn {
  readonly kind: "map" | "set" | "date" | "regexp" | "boxed" | "bytes" | "error" | "headers" | "pairs" | "opaque";
  readonly is: (value: object) => boolean;
}

/**
 * The built-in class that a prototype belongs to, of any realm, and web classes of packages. What is only called like
 * one, such as a user's own `class Response`, is none.
 */
export function builtInOf(prototype: object, constructor: unknown, name: string): BuiltIn | undefined {
  const known = Object.hasOwn(builtIns, name) ? builtIns[name] : undefined;
  if (known === undefined) return undefined;
  if (isNative(constructor) || isGlobal(name, constructor)) return known;
  if (name === "Stream") return typeof ownValue(prototype, "pipe") === "function" ? known : undefined;
  return tagOf(prototype) === name ? known : undefined;
}

const nativeText = /\[native code\]\s*\}$/;
const natives = new WeakMap<object, boolean>();

/** Whether something is a function of the platform's, whose text cannot be read. */
export function isNative(constructor: unknown): boolean {
  if (typeof constructor !== "function") return false;
  let native = natives.get(constructor);
  if (native === undefined) {
    natives.set(constructor, (native = nativeText.test(functionText.call(constructor as () => unknown))));
  }
  return native;
}

function isGlobal(name: string, constructor: unknown): boolean {
  return (globalThis as unknown as Record<string, unknown>)[name] === constructor;
}

// `URLSearchParams` and `Headers` of packages say what they are by their tag, as the standard has it.
function tagOf(prototype: object): unknown {
  const tag = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag);
  try {
    return tag?.get === undefined ? tag?.value : (tag.get.call(prototype) as unknown);
  } catch {
    return undefined;
  }
}

function ownValue(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

const always = (): boolean => true;

function slot(kind: BuiltIn["kind"], read: ((this: never) => unknown) | undefined): BuiltIn {
  return { kind, is: (value) => read !== undefined && succeeds(() => read.call(value as never)) };
}

/** As `slot`; also for proxies that pass calls of methods on, and can so be read like what they stand for. */
function readable(
  kind: BuiltIn["kind"],
  read: ((this: never) => unknown) | undefined,
  readOutside: (value: never) => unknown,
): BuiltIn {
  const { is } = slot(kind, read);
  return { kind, is: (value) => is(value) || succeeds(() => readOutside(value as never)) };
}

function succeeds(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function getter(prototype: object, key: PropertyKey): ((this: never) => unknown) | undefined {
  const property = Object.getOwnPropertyDescriptor(prototype, key);
  return property?.get;
}

function hasMethods(...names: readonly string[]): (value: object) => boolean {
  return (value) => names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

const bytes: BuiltIn = { kind: "bytes", is: (value) => ArrayBuffer.isView(value) };
const error: BuiltIn = { kind: "error", is: always };
const pairs: BuiltIn = { kind: "pairs", is: hasMethods("append", "entries") };

const builtIns: Readonly<Record<string, BuiltIn>> = {
  Date: readable("date", dateTime, (value: Date) => value.getTime()),
  Map: readable("map", getter(Map.prototype, "size"), (value: Map<unknown, unknown>) => value.entries()),
  Set: readable("set", getter(Set.prototype, "size"), (value: Set<unknown>) => value.values()),
  RegExp: slot("regexp", getter(RegExp.prototype, "hasIndices")),
  Number: slot("boxed", unboxers.Number),
  String: slot("boxed", unboxers.String),
  Boolean: slot("boxed", unboxers.Boolean),
  BigInt: slot("boxed", unboxers.BigInt),
  Symbol: slot("boxed", unboxers.Symbol),
  ArrayBuffer: slot("bytes", getter(ArrayBuffer.prototype, "byteLength")),
  SharedArrayBuffer:
    typeof SharedArrayBuffer === "undefined" ?
      { kind: "bytes", is: () => false }
    : slot("bytes", getter(SharedArrayBuffer.prototype, "byteLength")),
  DataView: bytes,
  TypedArray: bytes,
  Error: error,
  DOMException: error,
  Headers: { kind: "headers", is: hasMethods("append", "entries", "get") },
  URLSearchParams: pairs,
  FormData: pairs,
  ...Object.fromEntries(
    [
      "Promise",
      "WeakMap",
      "WeakSet",
      "WeakRef",
      "FinalizationRegistry",
      "Request",
      "Response",
      "Blob",
      "ReadableStream",
      "WritableStream",
      "TransformStream",
      "Stream",
      "EventTarget",
      "AbortController",
      "Iterator",
      "AsyncIterator",
    ].map((name) => [name, { kind: "opaque", is: always } as const]),
  ),
};
