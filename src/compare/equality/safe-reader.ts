import { contentsOf, type Contents } from "../kinds/package-collections.ts";
import { kindOf, type Kind } from "../kinds/value-kind.ts";
import { missing } from "./missing.ts";
import { Stop } from "./stop.ts";

/** Stands where something could not be read, with what was thrown. */
export class Unreadable {
  readonly #error: unknown;

  constructor(error: unknown) {
    this.#error = error;
  }

  get error(): unknown {
    return this.#error;
  }

  /** As `instanceof`, which a revoked proxy answers by throwing. */
  static is(value: unknown): value is Unreadable {
    return typeof value === "object" && value !== null && #error in value;
  }
}

/** Runs a read of foreign data; what it throws becomes a value. */
export function attempt<Value>(read: () => Value): Value | Unreadable {
  try {
    return read();
  } catch (error) {
    return unreadable(error);
  }
}

/** A limit, or a call stack that ran out, is ours: it ends the walk, and says nothing about a value. */
function unreadable(error: unknown): Unreadable {
  if (error instanceof Stop) throw error;
  if (error instanceof RangeError && /call stack/i.test(error.message)) throw error;
  return new Unreadable(error);
}

/** Reads values so that each accessor runs once, however often its object is looked at. */
export class Reader {
  private readonly accessed = new Map<object, Map<PropertyKey, unknown>>();
  private readonly lists = new Map<object, readonly unknown[]>();
  private readonly json = new Map<object, unknown>();
  private readonly collections = new Map<object, Contents | undefined>();
  private readonly primitives = new Map<object, unknown>();

  kind(value: unknown): Kind | Unreadable {
    if (typeof value !== "object" || value === null) return typeof value === "function" ? "opaque" : "primitive";
    return attempt(() => kindOf(value));
  }

  /** An own property's value, or an {@link Unreadable}. */
  own(object: object, key: PropertyKey): unknown {
    try {
      const property = Object.getOwnPropertyDescriptor(object, key);
      if (property === undefined) return undefined;
      return "value" in property ? (property.value as unknown) : this.once(object, key);
    } catch (error) {
      return unreadable(error);
    }
  }

  /** A property's value, inherited ones and getters of the class included, or an {@link Unreadable}. */
  once(object: object, key: PropertyKey): unknown {
    let values = this.accessed.get(object);
    if (values === undefined) this.accessed.set(object, (values = new Map<PropertyKey, unknown>()));
    if (!values.has(key))
      values.set(
        key,
        attempt(() => (object as Record<PropertyKey, unknown>)[key]),
      );
    return values.get(key);
  }

  /**
   * An array's elements; holes are {@link missing}, what throws is {@link Unreadable}. Nothing tells an element that is an
   * accessor from another as fast as reading it, so that each is read once and kept.
   *
   * @param pulse called every so many elements; may throw
   */
  elements(array: readonly unknown[], pulse?: () => void): readonly unknown[] {
    let elements = this.lists.get(array);
    if (elements === undefined) this.lists.set(array, (elements = readElements(array, pulse)));
    return elements;
  }

  /** What a collection of a package holds, read once; `undefined` for everything else, and where reading throws. */
  contents(object: object): Contents | undefined {
    let contents = this.collections.get(object);
    if (contents === undefined && !this.collections.has(object)) {
      const read = attempt(() => contentsOf(object));
      this.collections.set(object, (contents = Unreadable.is(read) ? undefined : read));
    }
    return contents;
  }

  /** What `toJSON()` returns, asked for once. */
  asJson(object: object): unknown {
    if (!this.json.has(object))
      this.json.set(
        object,
        attempt(() => (object as { toJSON(): unknown }).toJSON()),
      );
    return this.json.get(object);
  }

  /** The primitive that an object stands for by its `Symbol.toPrimitive`, asked for once; an object is none. */
  asPrimitive(object: object): unknown {
    if (!this.primitives.has(object))
      this.primitives.set(
        object,
        attempt(() => {
          const primitive = (object as { [Symbol.toPrimitive](hint: string): unknown })[Symbol.toPrimitive]("default");
          if (typeof primitive === "object" || typeof primitive === "function") throw new TypeError("No primitive");
          return primitive;
        }),
      );
    return this.primitives.get(object);
  }

  /** Own enumerable keys, symbols last. */
  keys(object: object): PropertyKey[] | Unreadable {
    try {
      const keys: PropertyKey[] = Object.keys(object);
      for (const symbol of Object.getOwnPropertySymbols(object)) {
        if (Object.prototype.propertyIsEnumerable.call(object, symbol)) keys.push(symbol);
      }
      return keys;
    } catch (error) {
      return unreadable(error);
    }
  }
}

const elementsBetweenPulses = 4_096;

function readElements(array: readonly unknown[], pulse: (() => void) | undefined): readonly unknown[] {
  const { length } = array;
  const elements: unknown[] = [];
  for (let index = 0; index < length; index++) {
    if (index % elementsBetweenPulses === elementsBetweenPulses - 1) pulse?.();
    elements.push(elementOf(array, index));
  }
  return elements;
}

function elementOf(array: readonly unknown[], index: number): unknown {
  try {
    const value = array[index];
    return value === undefined && !Object.hasOwn(array, index) ? missing : value;
  } catch (error) {
    return unreadable(error);
  }
}
