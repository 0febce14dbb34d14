import { dateTime, functionText, unboxers } from "./intrinsics.ts";

/**
 * How a value is compared:
 *
 * - `primitive`: anything that is no object and no function
 * - `plain`: an object without a class, of any realm or without a prototype: its own enumerable keys, symbols included
 * - `array`: its elements and holes (and its own named keys, where it is of a subclass)
 * - `map`, `set`: their entries, without order
 * - `date`: its time; `regexp`: source and flags; `boxed`: the primitive inside; `bytes`: its bytes or numbers
 * - `error`: name, message, cause, errors and own keys, never the stack
 * - `headers`: names and values; `pairs`: names and values in their order (URLSearchParams, FormData)
 * - `json`: a class with `toJSON()`: by what that gives
 * - `instance`: any other class: its own enumerable keys; opaque when it has none
 * - `opaque`: cannot be looked into (functions, promises, streams, bodies, iterators, weak collections): only identical ones are equal
 */
export type Kind =
  | "primitive"
  | "plain"
  | "array"
  | "map"
  | "set"
  | "date"
  | "regexp"
  | "boxed"
  | "bytes"
  | "error"
  | "headers"
  | "pairs"
  | "json"
  | "instance"
  | "opaque";

/**
 * Says how a value is compared, running none of its code save the traps of a proxy.
 *
 * @throws whatever such a trap throws; a revoked proxy's `TypeError`
 */
export function kindOf(value: unknown): Kind {
  if (typeof value === "function") return "opaque";
  if (typeof value !== "object" || value === null) return "primitive";
  if (Array.isArray(value)) return "array";
  const prototype = getPrototypeOf(value);
  if (isPlainPrototype(prototype)) return "plain";
  return classKind(value, prototype!);
}

/** Whether a prototype says that its object has no class: none, `Object.prototype` of any realm, or an empty root. */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  if (getPrototypeOf(prototype) !== null) return false;
  const constructor = ownValue(prototype, "constructor");
  if (constructor === undefined) return Reflect.ownKeys(prototype).length === 0;
  return nameOf(constructor) === "Object" && Object.hasOwn(prototype, "hasOwnProperty");
}

/** The built-in class, of this realm or another, whose direct instance has this prototype; by its name. */
export function builtInName(prototype: object | null): string | undefined {
  const constructor = prototype && ownValue(prototype, "constructor");
  if (
    typeof constructor !== "function" ||
    !/\[native code\]\s*\}$/.test(functionText.call(constructor as () => unknown))
  )
    return undefined;
  return nameOf(constructor);
}

function classKind(value: object, first: object): Kind {
  let hasJson = false;
  let hasThen = false;
  let level: object | null = first;
  // No real chain is as long; a proxy can answer for ever.
  for (let depth = 0; level !== null && depth < 100; depth++) {
    if (opaquePrototypes.has(level)) return "opaque";
    const name = nameOf(ownValue(level, "constructor"));
    const known = name !== undefined && Object.hasOwn(classes, name) ? classes[name] : undefined;
    if (known?.is(value)) return known.kind;
    hasJson ||= typeof ownValue(level, "toJSON") === "function";
    hasThen ||= typeof ownValue(level, "then") === "function";
    level = getPrototypeOf(level);
  }
  if (hasThen) return "opaque";
  return hasJson ? "json" : "instance";
}

const getPrototypeOf = Object.getPrototypeOf as (value: object) => object | null;

function ownValue(object: object, key: string): unknown {
  const property = Object.getOwnPropertyDescriptor(object, key);
  if (property?.get === undefined) return property?.value;
  // Where intrinsics are frozen (Node's `--frozen-intrinsics`), what was a value is kept beside an accessor.
  return Object.getOwnPropertyDescriptor(property.get, "value")?.value;
}

function nameOf(constructor: unknown): string | undefined {
  if (typeof constructor !== "function") return undefined;
  const name = ownValue(constructor, "name");
  return typeof name === "string" ? name : undefined;
}

/** A built-in class, and whether a value really is of it: a prototype can be borrowed, an internal slot cannot. */
interface KnownClass {
  readonly kind: Kind;
  readonly is: (value: object) => boolean;
}

const always = (): boolean => true;

function slot(kind: Kind, read: ((this: never) => unknown) | undefined): KnownClass {
  return {
    kind,
    is: (value) => {
      try {
        read?.call(value as never);
        return read !== undefined;
      } catch {
        return false;
      }
    },
  };
}

function getter(prototype: object, key: PropertyKey): ((this: never) => unknown) | undefined {
  const property = Object.getOwnPropertyDescriptor(prototype, key) as { get?: (this: never) => unknown } | undefined;
  return property?.get;
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayTag = getter(typedArray, Symbol.toStringTag)!;
const bytes: KnownClass = { kind: "bytes", is: (value) => ArrayBuffer.isView(value) };
const opaque: KnownClass = { kind: "opaque", is: always };
const error: KnownClass = { kind: "error", is: always };

const classes: Readonly<Record<string, KnownClass>> = {
  Date: slot("date", dateTime),
  Map: slot("map", getter(Map.prototype, "size")),
  Set: slot("set", getter(Set.prototype, "size")),
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
  Headers: { kind: "headers", is: always },
  URLSearchParams: { kind: "pairs", is: always },
  FormData: { kind: "pairs", is: always },
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
      "Iterator",
      "AsyncIterator",
    ].map((name) => [name, opaque]),
  ),
};

/** The numbers in a typed array, in order; anything else that has bytes, as its bytes. */
export function bytesOf(value: object): ArrayLike<number | bigint> {
  if (ArrayBuffer.isView(value)) {
    if (typedArrayTag.call(value as never) !== undefined) return value as unknown as ArrayLike<number | bigint>;
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return new Uint8Array(value as ArrayBuffer);
}

/** The primitive in a boxed one. */
export function unboxed(value: object): unknown {
  for (const unbox of Object.values(unboxers)) {
    try {
      return unbox.call(value as never);
    } catch {
      // Not this one.
    }
  }
  return value;
}

// Before `Iterator` had a name, its prototype had no constructor to tell it by.
const opaquePrototypes: ReadonlySet<object> = new Set([
  prototypeOf([][Symbol.iterator](), 2),
  prototypeOf((async function* () {})(), 3),
]);

function prototypeOf(value: object, levels: number): object {
  for (let level = 0; level < levels; level++) value = getPrototypeOf(value)!;
  return value;
}
