import { functionText } from "./intrinsics.ts";
import { isPlainPrototype } from "./value-kind.ts";

/** What a class says of where its instances keep their state. */
export interface ClassTraits {
  /** Whether instances have fields with a `#`. */
  readonly hasPrivateFields: boolean;
  /** Whether there are such that no accessor of the same name shows. */
  readonly hasPrivateState: boolean;
  /** Names of its accessors, inherited ones included. */
  readonly accessors: readonly string[];
  /** Whether it has anything besides a constructor, and how much. */
  readonly hasMembers: boolean;
  readonly memberCount: number;
  /** Whether it says which primitive it stands for, by `Symbol.toPrimitive`. */
  readonly isValue: boolean;
}

const known = new WeakMap<object, ClassTraits>();

/**
 * Looks at a class once, by the prototype of its instances: at its members and its source text, running nothing of it.
 * Of state that is kept in closures and WeakMaps there is no trace.
 *
 * @throws what a proxy's traps throw
 */
export function traitsOf(prototype: object | null): ClassTraits {
  let traits = prototype === null ? none : known.get(prototype);
  if (traits === undefined) known.set(prototype!, (traits = readTraits(prototype!)));
  return traits;
}

const none: ClassTraits = {
  hasPrivateFields: false,
  hasPrivateState: false,
  accessors: [],
  hasMembers: false,
  memberCount: 0,
  isValue: false,
};

function readTraits(prototype: object): ClassTraits {
  const accessors = new Set<string>();
  const fields = new Set<string>();
  let isLowered = false;
  const members = new Set<PropertyKey>();
  let isValue = false;
  let level: object | null = prototype;
  // No real chain is as long; a proxy can answer for ever.
  for (let depth = 0; level !== null && !isPlainPrototype(level) && depth < 100; depth++) {
    for (const key of Reflect.ownKeys(level)) {
      const property = Object.getOwnPropertyDescriptor(level, key)!;
      if (key === "constructor") {
        const text = textOf(property.value);
        isLowered ||= loweredFields.test(text);
        for (const name of privateFields(text)) fields.add(name);
        continue;
      }
      members.add(key);
      isValue ||= key === Symbol.toPrimitive;
      if (property.get !== undefined && typeof key === "string") accessors.add(key);
    }
    level = Object.getPrototypeOf(level) as object | null;
  }
  const hasPrivateState = isLowered || [...fields].some((name) => !accessors.has(name));
  return {
    hasPrivateFields: isLowered || fields.size > 0,
    hasPrivateState,
    accessors: [...accessors],
    hasMembers: members.size > 0,
    memberCount: members.size,
    isValue,
  };
}

// What compilers make of `#name` for targets that do not have it.
const loweredFields = /\b(?:__private(?:Add|Get|Set)|__classPrivateField|_classPrivateField)/;

/** Names of the fields that a class text reads or writes as `.#name`, methods, accessors and static ones left out. */
function privateFields(text: string): string[] {
  const used = new Set([...text.matchAll(/\.\s*#([\p{ID_Continue}$]+)/gu)].map((match) => match[1]!));
  return [...used].filter((name) => {
    const escaped = name.replaceAll("$", "\\$");
    return !new RegExp(
      `(?:(?:get|set|static|async|\\*)\\s*#${escaped}(?![\\w$]))|(?:[^.\\w$\\s]\\s*#${escaped}\\s*\\()`,
    ).test(text);
  });
}

function textOf(constructor: unknown): string {
  return typeof constructor === "function" ? functionText.call(constructor as () => unknown) : "";
}
