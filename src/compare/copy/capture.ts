import { checkOptions } from "../../model/check-options.ts";
import { aWhole, orElse, settle, type OptionTable } from "../../model/option-table.ts";
import { copyBytes, copyError, copyHiddenKeys, copyNamedKeys, copyPairs, sealJson } from "./capture-classes.ts";
import { traitsOf } from "../kinds/class-traits.ts";
import { isKnownLarge, manyKeys } from "../kinds/large-objects.ts";
import { mapOf, setOf, timeOf } from "../kinds/stand-ins.ts";
import { kindOf, unboxed } from "../kinds/value-kind.ts";

/** How much of a value is copied. Over one of them, the value itself is kept and compared as it is by then. */
export interface CaptureLimits {
  /** Values of every kind, keys not counted; 10 000 by default. */
  readonly nodes?: number;
  /** Levels of nesting, at most 1 000; 64 by default. */
  readonly depth?: number;
  /** Characters of all strings and bytes of all buffers together; 65 536 by default. */
  readonly length?: number;
}

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

export const captureTable: OptionTable<CaptureLimits, keyof CaptureLimits> = {
  nodes: orElse(aWhole(), 10_000),
  depth: orElse(aWhole({ max: 1_000 }), 64),
  length: orElse(aWhole(), 65_536),
};

export const defaultCaptureLimits: Required<CaptureLimits> = compileCaptureLimits({}, "capture");

/** Checks limits where something is defined, and fills in the defaults. Throws one `SidelaneError` for what is no limit. */
export function compileCaptureLimits(limits: CaptureLimits | undefined, place: string): Required<CaptureLimits> {
  if (limits === undefined) return defaultCaptureLimits;
  return settle(checkOptions(place, "invalid-definition"), captureTable, limits, "capture");
}

/**
 * Copies a value that is to be compared later. The copy compares as the original would at this moment: same classes,
 * shared parts and cycles; an object with `toJSON()` is asked for it now. What cannot be looked into (promises, streams,
 * functions, iterators) is kept as it is and not touched.
 *
 * Never throws, and reads each getter once. A copy has no private fields: a value that holds an instance with such is
 * kept `live`, one with `toJSON()` only where functions of the user's may call its methods.
 *
 * @param forFunctions whether functions of the user's get the copy
 */
export function capture(value: unknown, limits: CaptureLimits = defaultCaptureLimits, forFunctions = false): Capture {
  if (typeof value !== "object" || value === null) return { kind: "captured", value, bytes: 0, symbols: false };
  const copying = (spare ?? new Copying()).begin(limits, forFunctions);
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

// A slot, its share of an object's header, and what a number outside of the small ones takes.
const bytesOfNode = 24;

/** Goes up through the copying, and no further. Not an `Error`, whose stack would cost more than the copying. */
class OverLimit {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** What one capture knows while it goes on. */
class Copying {
  limits: CaptureLimits = defaultCaptureLimits;
  /** Functions of the user's get the copy, and may call its methods. */
  forFunctions = false;
  /** What is left. */
  nodes = 0;
  length = 0;
  depth = 0;
  /** The copies made so far, newest first; shared parts and cycles are found here. */
  latest: Known | undefined = undefined;
  chain = 0;
  /** By original, once the chain is long. */
  index: Map<object, Known> | undefined = undefined;
  /** Some object has a key that is a symbol, or is not copied key by key. */
  symbols = false;

  begin(limits: CaptureLimits, forFunctions: boolean): this {
    this.limits = limits;
    this.forFunctions = forFunctions;
    this.nodes = limits.nodes ?? defaultCaptureLimits.nodes;
    this.length = limits.length ?? defaultCaptureLimits.length;
    this.depth = limits.depth ?? defaultCaptureLimits.depth;
    this.symbols = false;
    return this;
  }

  /** Lets go of every value. */
  end(): void {
    this.latest = this.index = undefined;
    this.chain = 0;
  }
}

// Most captures are small, and one after another. A getter or `toJSON()` may start one within another.
let spare: Copying | undefined;

interface Known {
  readonly original: object;
  readonly copy: unknown;
  readonly before: Known | undefined;
}

function copyPart(part: unknown, depth: number, copying: Copying): unknown {
  if (typeof part === "object" && part !== null) return copyObject(part, depth, copying);
  if (typeof part === "string") spend(part.length, copying);
  return part;
}

/** Takes characters or bytes from what is left. */
function spend(length: number, copying: Copying): void {
  if ((copying.length -= length) < 0)
    throw new OverLimit(`more than ${copying.limits.length ?? defaultCaptureLimits.length} characters and bytes`);
}

function spendNodes(count: number, copying: Copying): void {
  if ((copying.nodes -= count) < 0)
    throw new OverLimit(`more than ${copying.limits.nodes ?? defaultCaptureLimits.nodes} values`);
}

function copyObject(value: object, depth: number, copying: Copying): unknown {
  const known = knownCopy(value, copying);
  if (known !== undefined) return known.copy;
  if (depth > copying.depth) throw new OverLimit(`deeper than ${copying.depth} levels`);
  spendNodes(1, copying);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (copying.nodes < manyKeys && isKnownLarge(value)) spendNodes(manyKeys, copying);
  if (prototype === Object.prototype) return copyKeys(value, { ...value }, depth, copying);
  if (Array.isArray(value)) return copyArray(value, prototype, depth, copying);
  return copyKind(value, prototype as object | null, depth, copying);
}

// Few enough for going along the chain to be faster than hashing.
const longestChain = 16;

function knownCopy(value: object, copying: Copying): Known | undefined {
  if (copying.index !== undefined) return copying.index.get(value);
  let known = copying.latest;
  while (known !== undefined && known.original !== value) known = known.before;
  return known;
}

function remember<Copy>(original: object, copy: Copy, copying: Copying): Copy {
  const known: Known = { original, copy, before: copying.latest };
  if (copying.index !== undefined) copying.index.set(original, known);
  else if (++copying.chain > longestChain) {
    copying.index = new Map();
    for (let each: Known | undefined = known; each !== undefined; each = each.before) {
      copying.index.set(each.original, each);
    }
  }
  copying.latest = known;
  return copy;
}

/** `copy` has the very values of `value` still: here its parts become copies too. Spreading has read each getter once. */
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
      return copyKeys(value, Object.setPrototypeOf({ ...value }, prototype) as object, depth, copying);
    case "instance": {
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
