/**
 * What a value is, in one word: `null`, `number`, `array`, `object` for plain ones, or the name of its class.
 *
 * Runs no code of the value's own, save the traps of a proxy; what cannot be read is an `object`.
 */
export function typeNameOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  try {
    if (Array.isArray(value)) return "array";
    return classNameOf(value) ?? "object";
  } catch {
    return "object";
  }
}

/** The name of an object's class; `undefined` for plain objects, of other realms too. May throw on a hostile proxy. */
function classNameOf(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return undefined;
  const name = nameOf(Object.getOwnPropertyDescriptor(prototype, "constructor")?.value);
  return name === undefined || name === "Object" ? undefined : name;
}

function nameOf(constructor: unknown): string | undefined {
  if (typeof constructor !== "function") return undefined;
  const name: unknown = Object.getOwnPropertyDescriptor(constructor, "name")?.value;
  return typeof name === "string" && name !== "" ? name.slice(0, 100) : undefined;
}
