import { isKnownLarge, manyKeys } from "../kinds/large-objects.ts";
import { mapOf, setOf, timeOf } from "../kinds/stand-ins.ts";
import { kindOf, unboxed, type Kind } from "../kinds/value-kind.ts";
import { traitsOf } from "../kinds/class-traits.ts";
import { copyBytes, copyError, copyHiddenKeys, copyNamedKeys, copyPairs, sealJson } from "./capture-classes.ts";
import { knownCopy, OverLimit, refuseLarge, remember, spend, spendNodes, type Copying } from "./copying.ts";

function copyPart(part: unknown, depth: number, copying: Copying): unknown {
  if (typeof part === "object" && part !== null) return copyObject(part, depth, copying);
  if (typeof part === "string") spend(part.length, copying);
  return part;
}

const none: readonly symbol[] = [];

/** A copy of an object and of all its parts; of what cannot be looked into, the object itself. */
export function copyObject(value: object, depth: number, copying: Copying): unknown {
  const known = knownCopy(value, depth, copying);
  if (known !== undefined) return known;
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
export function copyKeys(value: object, copy: object, depth: number, copying: Copying): object {
  // Nothing leads back to a root that has no parts.
  let remembered = depth > 0;
  if (remembered) remember(value, copy, depth, copying);
  const parts = copy as Record<string | symbol, unknown>;
  let count = 0;
  for (const key in parts) {
    count++;
    const part = parts[key];
    if (typeof part === "object" && part !== null) {
      if (!remembered) remember(value, copy, depth, copying);
      remembered = true;
      parts[key] = copyObject(part, depth + 1, copying);
    } else if (typeof part === "string") spend(part.length, copying);
    // An object whose keys alone are too many is given up at once; parts that are objects have been counted.
    if (count > copying.nodes) spendNodes(count, copying);
  }
  const symbols = copying.named ? none : Object.getOwnPropertySymbols(copy);
  if (symbols.length > 0) {
    copying.symbols = true;
    if (!remembered) remember(value, copy, depth, copying);
    for (const symbol of symbols) parts[symbol] = copyPart(parts[symbol], depth + 1, copying);
  }
  spendNodes(count, copying);
  return copy;
}

function copyArray(value: readonly unknown[], prototype: unknown, depth: number, copying: Copying): unknown[] {
  const { length } = value;
  spendNodes(length, copying);
  const copy = remember(value, new Array<unknown>(length), depth, copying);
  const alike = copying.alike?.control === value ? copying.alike : undefined;
  if (alike !== undefined) alike.copy = copy;
  for (let index = 0; index < length; index++) {
    if (alike !== undefined) copying.named = index < alike.count;
    const part = value[index];
    if (typeof part === "object" && part !== null) copy[index] = copyObject(part, depth + 1, copying);
    else if (typeof part === "string") {
      spend(part.length, copying);
      copy[index] = part;
    } else if (part !== undefined || index in value) copy[index] = part;
  }
  if (alike !== undefined) copying.named = false;
  // A subclass may have keys of its own; a plain array's are no data.
  if (prototype !== Array.prototype) {
    refusePrivateFields(prototype as object | null);
    copyAdditions(value, prototype as object | null, copy, (inner) => copyPart(inner, depth + 1, copying));
    copying.symbols = true;
    Object.setPrototypeOf(copy, prototype as object | null);
  }
  return copy;
}

function refusePrivateFields(prototype: object | null): void {
  if (!traitsOf(prototype).hasPrivateFields) return;
  throw new OverLimit("holds an instance with private fields, which no copy has");
}

/** What was put on a value of a built-in class, by its owner or a subclass. */
function copyAdditions<Copy extends object>(
  value: object,
  prototype: object | null,
  copy: Copy,
  part: (inner: unknown) => unknown,
): Copy {
  copyNamedKeys(value, copy, part);
  if (!traitsOf(prototype).isBuiltIn && !ArrayBuffer.isView(value)) copyHiddenKeys(value, copy, part);
  return copy;
}

const isBuiltIn: ReadonlySet<Kind> = new Set<Kind>([
  ...(["map", "set", "date", "regexp", "boxed", "bytes", "error", "headers", "pairs"] as const),
]);

function copyKind(value: object, prototype: object | null, depth: number, copying: Copying): unknown {
  copying.symbols = true;
  const part = (inner: unknown): unknown => copyPart(inner, depth + 1, copying);
  const alike = <Copy extends object>(copy: Copy): Copy => {
    if (Object.getPrototypeOf(copy) !== prototype) Object.setPrototypeOf(copy, prototype);
    return remember(value, copy, depth, copying);
  };
  const named = <Copy extends object>(copy: Copy): Copy => copyAdditions(value, prototype, copy, part);
  const kind = kindOf(value);
  if (isBuiltIn.has(kind)) refusePrivateFields(prototype);
  switch (kind) {
    case "plain":
      refuseLarge(value, copying);
      return copyKeys(value, Object.setPrototypeOf({ ...value }, prototype) as object, depth, copying);
    case "instance": {
      refuseLarge(value, copying);
      const data = { ...value };
      // Nothing of its own: whatever it holds is private, and a copy would not hold it.
      if (Reflect.ownKeys(data).length === 0) return remember(value, value, depth, copying);
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
