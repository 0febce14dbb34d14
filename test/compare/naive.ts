/** Rules in the plainest form, for an oracle to apply by brute force. Paths are lists of keys, `*` any one of them. */
export interface NaiveRules {
  readonly ignore: readonly (readonly string[])[];
  readonly unordered: readonly (readonly string[])[];
  readonly tolerance: number;
}

export const nothing: NaiveRules = { ignore: [], unordered: [], tolerance: 0 };

/** Equality written down without a thought for speed, cycles or hostile values: what `compare` is held against. */
export function naivelySame(
  a: unknown,
  b: unknown,
  rules: NaiveRules = nothing,
  path: readonly string[] = [],
): boolean {
  if (rules.ignore.some((pattern) => covers(pattern, path))) return true;
  if (typeof a === "number" && typeof b === "number")
    return a === b || (a !== a && b !== b) || Math.abs(a - b) <= rules.tolerance;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return String(a.getTime()) === String((b as Date).getTime());
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array) === 0;
  if (Array.isArray(a)) {
    const list = b as unknown[];
    if (a.length !== list.length) return false;
    const unordered = rules.unordered.some((pattern) => covers(pattern, path));
    if (unordered) return permutable(a, list, (x, y) => naivelySame(x, y, rules, [...path, "0"]));
    for (let i = 0; i < a.length; i++) {
      if (i in a !== i in list || !naivelySame(a[i], list[i], rules, [...path, String(i)])) return false;
    }
    return true;
  }
  if (a instanceof Set)
    return (
      a.size === (b as Set<unknown>).size &&
      permutable([...a], [...(b as Set<unknown>)], (x, y) => naivelySame(x, y, rules, [...path, "0"]))
    );
  if (a instanceof Map) {
    const [left, right] = [[...a], [...(b as Map<unknown, unknown>)]];
    return permutable(
      left,
      right,
      ([k, v], [l, w]) => naivelySame(k, l) && naivelySame(v, w, rules, [...path, String(k)]),
    );
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) {
    const at = [...path, key];
    if (rules.ignore.some((pattern) => covers(pattern, at))) continue;
    if (!Object.hasOwn(a, key) || !Object.hasOwn(b, key)) return false;
    if (!naivelySame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], rules, at)) return false;
  }
  return true;
}

function covers(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.length === 0) return path.length === 0;
  const [step, ...rest] = pattern;
  if (step === "**") return covers(rest, path) || (path.length > 0 && covers(pattern, path.slice(1)));
  return path.length > 0 && (step === "*" || step === path[0]) && covers(rest, path.slice(1));
}

/** Whether some order of `right` fits `left`, by trying all. */
function permutable<Element>(
  left: readonly Element[],
  right: readonly Element[],
  fits: (a: Element, b: Element) => boolean,
): boolean {
  if (left.length !== right.length) return false;
  if (left.length === 0) return true;
  const [first, ...others] = left;
  return right.some((element, index) => fits(first!, element) && permutable(others, right.toSpliced(index, 1), fits));
}
