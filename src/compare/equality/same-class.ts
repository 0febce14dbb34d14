import { builtInName, isPlainPrototype, type Kind } from "../kinds/value-kind.ts";
import { attempt, type Unreadable } from "./safe-reader.ts";

/** Whether two values of one kind are of one class. */
export function sameClasses(kind: Kind, control: object, candidate: object): boolean {
  if (kind === "plain") return true;
  return attempt(() => sameClass(kind, control, candidate)) === true;
}

export function isRecord(kind: Kind): boolean {
  return kind === "plain" || kind === "instance" || kind === "json";
}

/** Whether classes have to be told apart that a rule calls the same. */
export function isOfTwoClasses(kind: Kind, control: object, candidate: object): boolean {
  return (
    (kind === "instance" || kind === "json") && Object.getPrototypeOf(control) !== Object.getPrototypeOf(candidate)
  );
}

/** An instance without a say of its own, or something opaque. */
export function isForeign(kind: Kind | Unreadable): boolean {
  return kind === "opaque" || kind === "instance";
}

/** An array of no class of its own, of any realm: names on it are no data. */
export function isPlainArray(array: object): boolean {
  return (
    attempt(() => {
      const prototype = Object.getPrototypeOf(array) as object | null;
      return prototype === Array.prototype || builtInName(prototype) === "Array";
    }) === true
  );
}

/** The same prototype, or the same built-in class of two realms. */
function sameClass(kind: Kind, control: object, candidate: object): boolean {
  if (typeof control === "function" && typeof candidate === "function") return true;
  const ours = classOf(kind, control);
  const theirs = classOf(kind, candidate);
  if (ours === theirs || (isPlainPrototype(ours) && isPlainPrototype(theirs))) return true;
  const name = builtInName(ours);
  return name !== undefined && name === builtInName(theirs);
}

/** Each generator function has a prototype of its own, which is no class: the class is what that inherits from. */
function classOf(kind: Kind, value: object): object | null {
  let prototype = Object.getPrototypeOf(value) as object | null;
  while (kind === "opaque" && prototype !== null && !Object.hasOwn(prototype, "constructor")) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototype;
}
