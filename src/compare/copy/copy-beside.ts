import { copyKeys, copyObject } from "./copy-object.ts";
import { OverLimit, refuseLarge, spend, spendNodes, type Copying } from "./copying.ts";

const { getOwnPropertySymbols, getPrototypeOf, hasOwn, keys } = Object;

/**
 * A copy that shares with another one, made of something alike, what is plain and the same in both: that one itself, where all of it
 * is. What is shared is not copied, and a comparison of the two need not look into it.
 *
 * Throws `OverLimit` also where parts lead back to themselves, since what is the same is not remembered.
 */
export function copyBeside(value: object, twin: object, depth: number, copying: Copying): unknown {
  const prototype: unknown = getPrototypeOf(value);
  if (prototype !== getPrototypeOf(twin)) return copyObject(value, depth, copying);
  if (prototype === Object.prototype) return keysBeside(value, twin, depth, copying);
  const areArrays = prototype === Array.prototype && Array.isArray(value) && Array.isArray(twin);
  return areArrays ? arrayBeside(value, twin, depth, copying) : copyObject(value, depth, copying);
}

function partBeside(part: object, twin: unknown, depth: number, copying: Copying): unknown {
  return typeof twin === "object" && twin !== null ?
      copyBeside(part, twin, depth, copying)
    : copyObject(part, depth, copying);
}

function keysBeside(value: object, twin: object, depth: number, copying: Copying): object {
  enter(depth, copying);
  refuseLarge(value, copying);
  const names = keys(value);
  if (getOwnPropertySymbols(value).length > 0 || (copying.symbols && getOwnPropertySymbols(twin).length > 0)) {
    return copyKeys(value, { ...value }, depth, copying);
  }
  const theirs = twin as Readonly<Record<string, unknown>>;
  const alike = sameNames(names, keys(twin));
  let copy = alike ? undefined : ({ ...value } as Record<string, unknown>);
  const parts = copy ?? (value as Readonly<Record<string, unknown>>);
  for (const name of names) {
    let part = parts[name];
    const other = alike || hasOwn(twin, name) ? theirs[name] : undefined;
    if (typeof part === "object" && part !== null) part = partBeside(part, other, depth + 1, copying);
    else if (typeof part === "string" && part !== other) spend(part.length, copying);
    // The twin is a copy with the same keys: to spread it runs no getter.
    if (copy !== undefined || !Object.is(part, other)) (copy ??= { ...theirs })[name] = part;
  }
  spendNodes(names.length, copying);
  return copy ?? twin;
}

function sameNames(names: readonly string[], theirs: readonly string[]): boolean {
  const { length } = names;
  if (length !== theirs.length) return false;
  for (let index = 0; index < length; index++) if (names[index] !== theirs[index]) return false;
  return true;
}

function arrayBeside(
  value: readonly unknown[],
  twin: readonly unknown[],
  depth: number,
  copying: Copying,
): readonly unknown[] {
  const { length } = value;
  enter(depth, copying);
  spendNodes(length, copying);
  let copy: unknown[] | undefined;
  const alike = copying.alike?.candidate === value && copying.alike.copy === twin ? copying.alike.count : 0;
  for (let index = alike; index < length; index++) {
    let part = value[index];
    const other = twin[index];
    if (typeof part === "object" && part !== null) part = partBeside(part, other, depth + 1, copying);
    else if (typeof part === "string" && part !== other) spend(part.length, copying);
    const isHole = part === undefined && !(index in value);
    if (copy === undefined) {
      if (Object.is(part, other) && isHole !== index in twin) continue;
      copy = beginning(twin, index, length);
    }
    // A hole stays one.
    if (!isHole) copy[index] = part;
  }
  return copy ?? (length === twin.length ? twin : beginning(twin, length, length));
}

/** The first elements of a list, and room for the rest. */
function beginning(list: readonly unknown[], count: number, length: number): unknown[] {
  const copy = new Array<unknown>(length);
  for (let index = 0; index < count; index++) if (index in list) copy[index] = list[index];
  return copy;
}

function enter(depth: number, copying: Copying): void {
  if (depth > copying.depth) throw new OverLimit(`deeper than ${copying.depth} levels`);
  spendNodes(1, copying);
}
