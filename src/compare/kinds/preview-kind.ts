import { classNameOf } from "./type-name.ts";

/**
 * What an object is, for copying and drawing:
 *
 * - `plain`: object literals, null prototypes, other realms' too
 * - `bytes`: Buffer, typed arrays, ArrayBuffer, SharedArrayBuffer, DataView
 * - `json`: an instance of a class with a `toJSON()`
 * - `opaque`: must not be touched, such as promises, streams, iterators, bodies
 * - `instance`: of any other class
 */
export type Brand =
  | "array"
  | "plain"
  | "map"
  | "set"
  | "date"
  | "regexp"
  | "error"
  | "bytes"
  | "boxed"
  | "url"
  | "entries"
  | "json"
  | "opaque"
  | "instance";

// Internal slots cannot be lied about, so a tag is believed only when the slot is there.
const slotReaders: Readonly<Record<string, readonly [Brand, (value: object) => unknown]>> = {
  Map: ["map", reader(Map.prototype, "size")],
  Set: ["set", reader(Set.prototype, "size")],
  Date: ["date", (value) => Date.prototype.getTime.call(value)],
  RegExp: ["regexp", reader(RegExp.prototype, "source")],
  Number: ["boxed", (value) => Number.prototype.valueOf.call(value)],
  String: ["boxed", (value) => String.prototype.valueOf.call(value)],
  Boolean: ["boxed", (value) => Boolean.prototype.valueOf.call(value)],
  BigInt: ["boxed", (value) => BigInt.prototype.valueOf.call(value)],
  Symbol: ["boxed", (value) => Symbol.prototype.valueOf.call(value)],
  ArrayBuffer: ["bytes", reader(ArrayBuffer.prototype, "byteLength")],
  URL: ["url", reader(typeof URL === "undefined" ? {} : URL.prototype, "href")],
  URLSearchParams: ["entries", (value) => URLSearchParams.prototype.toString.call(value)],
  Headers: ["entries", (value) => Headers.prototype.has.call(value, "a")],
  FormData: ["entries", (value) => FormData.prototype.has.call(value, "a")],
};

const opaqueTags: ReadonlySet<string> = new Set([
  ...["Promise", "WeakMap", "WeakSet", "WeakRef", "Generator", "AsyncGenerator", "AbortController", "AbortSignal"],
  ...["Map Iterator", "Set Iterator", "Array Iterator", "String Iterator", "RegExp String Iterator"],
  ...["ReadableStream", "WritableStream", "TransformStream", "Response", "Request", "Blob", "File", "MessagePort"],
]);

/** Says what an object is. May run a proxy's traps and a class's own getters, and so may throw. */
export function brandOf(value: object): Brand {
  if (Array.isArray(value)) return "array";
  if (ArrayBuffer.isView(value)) return "bytes";
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const slot = Object.hasOwn(slotReaders, tag) ? slotReaders[tag] : undefined;
  if (slot && reads(slot[1], value)) return slot[0];
  if (tag === "Error" || value instanceof Error) return "error";
  if (typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer) return "bytes";
  if (opaqueTags.has(tag)) return "opaque";
  const toJson = typeof (value as { toJSON?: unknown }).toJSON === "function";
  if (classNameOf(value) === undefined) return "plain";
  if (toJson) return "json";
  return looksAlive(value) ? "opaque" : "instance";
}

// Thenables, streams and iterators do work when they are used; looking is all we may do.
function looksAlive(value: object): boolean {
  const it = value as Readonly<Record<string, unknown>>;
  return ["then", "pipe", "next", "getReader"].some((name) => typeof it[name] === "function");
}

function reader(prototype: object, name: string): (value: object) => unknown {
  const slot = Object.getOwnPropertyDescriptor(prototype, name);
  return (value) => {
    if (slot?.get === undefined) throw new TypeError(`No ${name}`);
    return slot.get.call(value) as unknown;
  };
}

function reads(read: (value: object) => unknown, value: object): boolean {
  try {
    read(value);
    return true;
  } catch {
    return false;
  }
}
