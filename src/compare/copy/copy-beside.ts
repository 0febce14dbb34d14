import { copyKeys, copyObject } from "./copy-object.ts";
import { OverLimit, refuseLarge, remember, spend, spendNodes, type Copying } from "./copying.ts";

const { getOwnPropertySymbols, getPrototypeOf, keys } = Object;

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
  const copy = { ...value } as Record<string, unknown>;
  if (getOwnPropertySymbols(copy).length > 0) return copyKeys(value, copy, depth, copying);
  const theirs = twin as Readonly<Record<string, unknown>>;
  const theirKeys = keys(twin);
  let count = 0;
  let isSame = !copying.symbols || getOwnPropertySymbols(twin).length === 0;
  for (const key in copy) {
    const part = copy[key];
    const other = theirKeys[count] === key ? theirs[key] : undefined;
    if (typeof part === "object" && part !== null) copy[key] = partBeside(part, other, depth + 1, copying);
    else if (typeof part === "string" && part !== other) spend(part.length, copying);
    if (theirKeys[count++] !== key || !Object.is(copy[key], other)) isSame = false;
  }
  spendNodes(count, copying);
  return isSame && count === theirKeys.length ? twin : remember(value, copy, copying);
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
  const copy = new Array<unknown>(length);
  let isSame = length === twin.length;
  for (let index = 0; index < length; index++) {
    let part = value[index];
    if (typeof part === "object" && part !== null) part = partBeside(part, twin[index], depth + 1, copying);
    else if (typeof part === "string" && part !== twin[index]) spend(part.length, copying);
    // A hole stays one.
    else if (part === undefined && !(index in value)) {
      isSame &&= !(index in twin);
      continue;
    }
    copy[index] = part;
    if (!Object.is(part, twin[index]) || !(index in twin)) isSame = false;
  }
  return isSame ? twin : remember(value, copy, copying);
}

function enter(depth: number, copying: Copying): void {
  if (depth > copying.depth) throw new OverLimit(`deeper than ${copying.depth} levels`);
  spendNodes(1, copying);
}
