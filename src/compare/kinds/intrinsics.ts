// Built-in methods, taken off their prototypes to be called on values whose own may have been replaced.

export const dateTime: (this: Date) => number = Date.prototype.getTime;
export const mapEntries: (this: Map<unknown, unknown>) => Iterable<[unknown, unknown]> = Map.prototype.entries;
export const mapHas: (this: Map<unknown, unknown>, key: unknown) => boolean = Map.prototype.has;
export const mapGet: (this: Map<unknown, unknown>, key: unknown) => unknown = Map.prototype.get;
export const setValues: (this: Set<unknown>) => Iterable<unknown> = Set.prototype.values;
export const setHas: (this: Set<unknown>, value: unknown) => boolean = Set.prototype.has;
export const functionText: (this: (...given: never[]) => unknown) => string = Function.prototype.toString;
export const isEnumerable: (this: object, key: PropertyKey) => boolean = Object.prototype.propertyIsEnumerable;

/** Each returns the primitive in a boxed one of its kind, and throws for everything else. */
export const unboxers: Readonly<
  Record<"Number" | "String" | "Boolean" | "BigInt" | "Symbol", (this: never) => unknown>
> = {
  Number: Number.prototype.valueOf,
  String: String.prototype.valueOf,
  Boolean: Boolean.prototype.valueOf,
  BigInt: BigInt.prototype.valueOf,
  Symbol: Symbol.prototype.valueOf,
};
