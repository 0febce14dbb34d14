import { defaultCaptureLimits, type CaptureLimits } from "./capture-limits.ts";
import { Copying, knownCopy, OverLimit, remember, spend, spendNodes, refuseLarge } from "./copying.ts";
import { copyBytes, copyError, copyHiddenKeys, copyNamedKeys, copyPairs, sealJson } from "./capture-classes.ts";
import { traitsOf } from "../kinds/class-traits.ts";
import { isKnownLarge, manyKeys } from "../kinds/large-objects.ts";
import { mapOf, setOf, timeOf } from "../kinds/stand-ins.ts";
import { kindOf, unboxed } from "../kinds/value-kind.ts";

/**
 * A value as it was:
 *
 * - `captured`: detached, so nothing that its owner does from now on can change it; `bytes` says about how much it holds,
 *   `symbols` whether any object in it may have keys that are symbols
 * - `live`: the value itself, and why it could not be copied
 */
export type Capture =
  | { readonly kind: "captured"; readonly value: unknown; readonly bytes: number; readonly symbols: boolean }
  | { readonly kind: "live"; readonly value: unknown; readonly reason: string };

/**
 * Copies a value that is to be compared later. The copy compares as the original would at this moment: same classes,
 * shared parts and cycles; an object with `toJSON()` is asked for it now. What cannot be looked into (promises, streams,
 * functions, iterators) is kept as it is and not touched.
 *
 * Never throws, and reads each getter once. A copy has no private fields: a value that holds an instance with such is
 * kept `live`, one with `toJSON()` only where functions of the user's may call its methods.
 *
 * @param forFunctions whether functions of the user's get the copy
 * @param mostMs how long it may take, in milliseconds; listing the keys of one object is not cut short
 */
export function capture(
  value: unknown,
  limits: CaptureLimits = defaultCaptureLimits,
  forFunctions = false,
  mostMs: number = Infinity,
): Capture {
  if (typeof value !== "object" || value === null) return { kind: "captured", value, bytes: 0, symbols: false };
  const copying = (spare ?? new Copying()).begin(limits, forFunctions, mostMs);
  spare = undefined;
  try {
    const { nodes, length } = copying;
    const copy = copyObject(value, 0, copying);
    return {
      kind: "captured",
      value: copy,
      bytes: (nodes - copying.nodes) * bytesOfNode + (length - copying.length),
      symbols: copying.symbols,
    };
  } catch (error) {
    return { kind: "live", value, reason: error instanceof OverLimit ? error.reason : "threw while being read" };
  } finally {
    copying.end();
    spare = copying;
  }
}

// A slot, its share of an object's header, and what a number outside the small ones takes.
const bytesOfNode = 24;

// Most captures are small, and one after another. A getter or `toJSON()` may start one within another.
let spare: Copying | undefined;

function copyPart(part: unknown, depth: number, copying: Copying): unknown {
  if (typeof part === "object" && part !== null) return copyObject(part, depth, copying);
  if (typeof part === "string") spend(part.length, copying);
  return part;
}

function copyObject(value: object, depth: number, copying: Copying): unknown {
  const known = knownCopy(value, copying);
  if (known !== undefined) return known.copy;
  if (depth > copying.depth) throw new OverLimit(`deeper than ${copying.depth} levels`);
  spendNodes(1, copying);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (copying.nodes < manyKeys && isKnownLarge(value)) spendNodes(manyKeys, copying);
  if (prototype === Object.prototype) {
    refuseLarge(value, copying);
    return copyKeys(value, { ...value }, depth, copying);
  }
  if (Array.isArray(value)) return copyArray(value, prototype, depth, copying);
  return copyKind(value, prototype as object | null, depth, copying);
}

/** `copy` still has the values of `value` themselves: here its parts become copies too. Spreading has read each getter once. */
function copyKeys(value: object, copy: object, depth: number, copying: Copying): object {
  // Nothing leads back to a root that has no parts.
  let remembered = depth > 0;
  if (remembered) remember(value, copy, copying);
  const parts = copy as Record<string | symbol, unknown>;
  let count = 0;
  for (const key in parts) {
    count++;
    const part = parts[key];
    if (typeof part === "object" && part !== null) {
      if (!remembered) remember(value, copy, copying);
      remembered = true;
      parts[key] = copyObject(part, depth + 1, copying);
    } else if (typeof part === "string") spend(part.length, copying);
    // An object whose keys alone are too many is given up at once; parts that are objects have been counted.
    if (count > copying.nodes) spendNodes(count, copying);
  }
  const symbols = Object.getOwnPropertySymbols(copy);
  if (symbols.length > 0) {
    copying.symbols = true;
    if (!remembered) remember(value, copy, copying);
    for (const symbol of symbols) parts[symbol] = copyPart(parts[symbol], depth + 1, copying);
  }
  spendNodes(count, copying);
  return copy;
}

function copyArray(value: readonly unknown[], prototype: unknown, depth: number, copying: Copying): unknown[] {
  const { length } = value;
  spendNodes(length, copying);
  const copy = remember(value, new Array<unknown>(length), copying);
  for (let index = 0; index < length; index++) {
    const part = value[index];
    if (typeof part === "object" && part !== null) copy[index] = copyObject(part, depth + 1, copying);
    else if (typeof part === "string") {
      spend(part.length, copying);
      copy[index] = part;
    } else if (part !== undefined || index in value) copy[index] = part;
  }
  // A subclass may have keys of its own; a plain array's are no data.
  if (prototype !== Array.prototype) {
    copyNamedKeys(value, copy, (inner) => copyPart(inner, depth + 1, copying));
    copying.symbols = true;
    Object.setPrototypeOf(copy, prototype as object | null);
  }
  return copy;
}

function refusePrivateFields(prototype: object | null): void {
  if (!traitsOf(prototype).hasPrivateFields) return;
  throw new OverLimit("holds an instance with private fields, which no copy has");
}

function copyKind(value: object, prototype: object | null, depth: number, copying: Copying): unknown {
  copying.symbols = true;
  const part = (inner: unknown): unknown => copyPart(inner, depth + 1, copying);
  const alike = <Copy extends object>(copy: Copy): Copy => {
    if (Object.getPrototypeOf(copy) !== prototype) Object.setPrototypeOf(copy, prototype);
    return remember(value, copy, copying);
  };
  const named = <Copy extends object>(copy: Copy): Copy => copyNamedKeys(value, copy, part);
  switch (kindOf(value)) {
    case "plain":
      refuseLarge(value, copying);
      return copyKeys(value, Object.setPrototypeOf({ ...value }, prototype) as object, depth, copying);
    case "instance": {
      refuseLarge(value, copying);
      const data = { ...value };
      // Nothing of its own: whatever it holds is private, and a copy would not hold it.
      if (Reflect.ownKeys(data).length === 0) return remember(value, value, copying);
      refusePrivateFields(prototype);
      copyHiddenKeys(value, data, part);
      return copyKeys(value, Object.setPrototypeOf(data, prototype) as object, depth, copying);
    }
    case "map": {
      const copy = alike(new Map<unknown, unknown>());
      for (const [key, inner] of mapOf(value as Map<unknown, unknown>).entries()) {
        spendNodes(1, copying);
        Map.prototype.set.call(copy, part(key), part(inner));
      }
      return named(copy);
    }
    case "set": {
      const copy = alike(new Set<unknown>());
      for (const inner of setOf(value as Set<unknown>).values()) {
        spendNodes(1, copying);
        Set.prototype.add.call(copy, part(inner));
      }
      return named(copy);
    }
    case "date":
      return named(alike(new Date(timeOf(value as Date))));
    case "regexp": {
      const { source, flags, lastIndex } = value as RegExp;
      return named(Object.assign(alike(new RegExp(source, flags)), { lastIndex }));
    }
    case "boxed":
      return named(alike(Object(unboxed(value)) as object));
    case "bytes":
      return named(alike(copyBytes(value, (length) => spend(length, copying))));
    case "error":
      return copyError(value as Error, alike, part);
    case "headers":
    case "pairs":
      return named(copyPairs(value, alike, (length) => spend(length, copying)));
    case "json":
      if (typeof URL !== "undefined" && prototype === URL.prototype) return alike(new URL((value as URL).href));
      if (copying.forFunctions) refusePrivateFields(prototype);
      return sealJson(value as { toJSON(): unknown }, alike, part);
    default:
      return value;
  }
}
