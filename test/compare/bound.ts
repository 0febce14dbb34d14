/** A proxy of a built-in that passes calls of its methods on, as observable stores and dependency injection make them. */
export function bound<Value extends object>(target: Value): Value {
  return new Proxy(target, {
    get: (of, key) => {
      const part: unknown = Reflect.get(of, key, of);
      return typeof part === "function" ? (part.bind(of) as unknown) : part;
    },
  });
}
