import { isNative } from "./built-ins.ts";
import { dateTime, isEnumerable, mapEntries, setValues } from "./intrinsics.ts";

// What is read of a built-in: by its own slots, or through the methods of a proxy that stands for it.

/** A Map's entries as a Map that answers for itself. */
export function mapOf(value: Map<unknown, unknown>): Map<unknown, unknown> {
  try {
    mapEntries.call(value);
    return value;
  } catch {
    return new Map(value.entries());
  }
}

/** The same for a Set. */
export function setOf(value: Set<unknown>): Set<unknown> {
  try {
    setValues.call(value);
    return value;
  } catch {
    return new Set(value.values());
  }
}

/** A date's time in milliseconds since 1970. */
export function timeOf(value: Date): number {
  try {
    return dateTime.call(value);
  } catch {
    return value.getTime();
  }
}

/** Headers by name; what comes more than once, as `set-cookie` does, is a list. @param pulse called every so many; may throw */
export function headersOf(value: Headers, pulse?: () => void): Record<string, unknown> {
  return groupedPairs(
    entriesOf(value, pulse).map(([name, text]) => [name.toLowerCase(), text]),
    pulse,
  );
}

const pairsBetweenPulses = 1_024;

/** Pairs as an object without a prototype; what comes more than once is a list. */
export function groupedPairs(
  pairs: readonly (readonly [string, unknown])[],
  pulse?: () => void,
): Record<string, unknown> {
  const byName = Object.create(null) as Record<string, unknown>;
  const lists = new Map<string, unknown[]>();
  for (const [index, [name, value]] of pairs.entries()) {
    if (index % pairsBetweenPulses === pairsBetweenPulses - 1) pulse?.();
    const list = lists.get(name);
    if (list !== undefined) list.push(value);
    else if (name in byName) lists.set(name, (byName[name] = [byName[name], value]));
    else byName[name] = value;
  }
  return byName;
}

// A name and its value are in an array, and no rule about the order of arrays is about them.
const entries = new WeakSet<object>();

/** Names and values in their order. @param pulse called every so many; may throw */
export function entriesOf(value: object, pulse?: () => void): [string, unknown][] {
  const all: [string, unknown][] = [];
  for (const entry of (value as FormData).entries()) {
    if (all.length % pairsBetweenPulses === pairsBetweenPulses - 1) pulse?.();
    entries.add(entry);
    all.push(entry);
  }
  return all;
}

/** Whether an array is a name and its value, as {@link entriesOf} returns them. */
export function isEntry(value: object): boolean {
  return entries.has(value);
}

const webClasses = ["Headers", "FormData", "URLSearchParams"] as const;
type WebClass = new () => object;
let internals: ReadonlySet<PropertyKey> | undefined;

/**
 * Whether a key is one that the platform keeps its own state under, on web classes (Node 20's `Symbol(state)`): what
 * that holds is read by their methods.
 */
export function isInternal(key: PropertyKey): boolean {
  if (typeof key !== "symbol") return false;
  if (internals === undefined) {
    const made = webClasses.map((name) => (globalThis as unknown as Record<string, WebClass | undefined>)[name]);
    internals = new Set(made.flatMap((Made) => (Made === undefined ? [] : Reflect.ownKeys(new Made()))));
  }
  return internals.has(key);
}

// Their indices are keys, and listing them takes far longer than comparing or copying what they hold.
const mostListedIndices = 4_096;

/**
 * Own enumerable keys that were put on a value of a built-in class, symbols last. On a large buffer that is of no
 * subclass names are not looked for, symbols are.
 */
export function namedKeysOf(value: object): PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(value).filter((symbol) => isEnumerable.call(value, symbol));
  if (!ArrayBuffer.isView(value)) return [...Object.keys(value), ...symbols];
  const { length } = value as unknown as { length?: number };
  if (length === undefined || length <= mostListedIndices || !isOfPlatform(value)) {
    return [...Object.keys(value).slice(length ?? 0), ...symbols];
  }
  return symbols;
}

function isOfPlatform(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object;
  const { constructor } = prototype;
  return isNative(constructor) || (globalThis as unknown as Record<string, unknown>)["Buffer"] === constructor;
}
