import type { AnyFunction } from "../model/any-function.ts";
import { isClass } from "./method-names.ts";

/**
 * Something that is read and written like `control`, but for some methods. Everything is asked of control itself, so that accessors and
 * methods see their private members.
 */
export function standIn<Control extends object>(control: Control, methods: ReadonlyMap<string, AnyFunction>): Control {
  const bound = new WeakMap<object, AnyFunction>();
  // A target of its own: what a proxy says must agree with what its target has fixed, and control may be frozen.
  const target = Object.create(Object.getPrototypeOf(control) as object | null) as Control;
  return new Proxy(target, {
    get(_, key) {
      const method = typeof key === "string" ? methods.get(key) : undefined;
      if (method !== undefined) return method;
      const value: unknown = Reflect.get(control, key, control);
      if (typeof value !== "function" || key === "constructor" || isClass(value)) return value;
      return onControl(value as AnyFunction);
    },
    set: (_, key, value) => Reflect.set(control, key, value, control),
    has: (_, key) => Reflect.has(control, key),
    deleteProperty: (_, key) => Reflect.deleteProperty(control, key),
    ownKeys: () => Reflect.ownKeys(control),
    getPrototypeOf: () => Reflect.getPrototypeOf(control),
    setPrototypeOf: (_, prototype) => Reflect.setPrototypeOf(control, prototype),
    getOwnPropertyDescriptor(_, key) {
      const descriptor = Reflect.getOwnPropertyDescriptor(control, key);
      // The target does not have it, so that it cannot be fixed here.
      return descriptor && { ...descriptor, configurable: true };
    },
    defineProperty: (_, key, descriptor) =>
      Reflect.defineProperty(control, key, { ...descriptor, configurable: descriptor.configurable ?? true }),
    isExtensible: () => true,
    preventExtensions: () => false,
  });

  /** The same function for the same method each time. */
  function onControl(method: AnyFunction): AnyFunction {
    const known = bound.get(method);
    if (known !== undefined) return known;
    const made: AnyFunction = method.bind(control);
    bound.set(method, made);
    return made;
  }
}
