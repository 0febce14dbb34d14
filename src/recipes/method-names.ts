// Never compared: to construct, to be awaited.
const never: ReadonlySet<string> = new Set(["constructor", "then"]);

/**
 * The names of the methods of an object, its own and those of its classes, without those that every object has. Accessors are not
 * called, and a class is no method.
 */
export function methodNamesOf(owner: object): readonly string[] {
  const names = new Set<string>();
  const hidden = new Set<string>();
  for (
    let level: object | null = owner;
    level !== null && !isRoot(level);
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      // What a class below has under this name goes before it, a method or not.
      if (names.has(name) || hidden.has(name)) continue;
      (typeof value === "function" && !never.has(name) && !isClass(value as object) ? names : hidden).add(name);
    }
  }
  return [...names];
}

/** `Object.prototype` and `Function.prototype`, also those of another realm. */
function isRoot(level: object): boolean {
  const parent = Object.getPrototypeOf(level) as object | null;
  return level === Function.prototype || (parent === null && Object.hasOwn(level, "hasOwnProperty"));
}

export function isClass(value: object): boolean {
  const prototype = Object.getOwnPropertyDescriptor(value, "prototype");
  return prototype !== undefined && prototype.writable === false;
}
