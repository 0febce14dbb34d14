import { builtInOf, isNative, type BuiltIn } from "./built-ins.ts";
import { unboxers } from "./intrinsics.ts";

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
 * - `json`: a class with `toJSON()`: by what that returns
 * - `instance`: any other class: its own keys, and its accessors where it has private fields
 * - `opaque`: cannot be looked into (functions, promises, streams, bodies, iterators, weak
 *   collections, classes of the platform that are not named here): only identical ones are equal
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
 * Says how a value is compared, running none of its code save the traps of a proxy, and the methods of what seems to be
 * a proxy of a built-in.
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
  return isNative(constructor) ? nameOf(constructor) : undefined;
}

function classKind(value: object, first: object): Kind {
  let hasJson = false;
  let hasThen = false;
  let isUnknown = false;
  let isHollow = false;
  let level: object | null = first;
  // No real chain is as long; a proxy can answer for ever.
  for (let depth = 0; level !== null && depth < 100; depth++) {
    if (opaquePrototypes.has(level)) return "opaque";
    const known = builtInAt(level);
    if (known?.is(value)) return known.kind;
    isHollow ||= known !== undefined && (!isReadByMethods.has(known.kind) || Reflect.ownKeys(value).length === 0);
    isUnknown ||= known === undefined && isNative(ownValue(level, "constructor")) && !isPlainPrototype(level);
    hasJson ||= typeof ownValue(level, "toJSON") === "function";
    hasThen ||= typeof ownValue(level, "then") === "function";
    level = getPrototypeOf(level);
  }
  if (hasThen) return "opaque";
  if (hasJson) return "json";
  // A class of the platform that is not read here keeps its state where no key shows it; and a proxy that does not pass
  // calls on shows nothing of what it stands for, whatever keys it has besides.
  return isUnknown || isHollow ? "opaque" : "instance";
}

// A class of a user's may have the name and the tag of one of these, and other methods.
const isReadByMethods: ReadonlySet<Kind> = new Set<Kind>(["headers", "pairs"]);

/** The built-in class that a prototype belongs to, if it is one that is read here. */
export function builtInAt(prototype: object): BuiltIn | undefined {
  const constructor = ownValue(prototype, "constructor");
  const name = nameOf(constructor);
  return name === undefined ? undefined : builtInOf(prototype, constructor, name);
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

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayTag = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)!.get as (
  this: never,
) => string | undefined;

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
