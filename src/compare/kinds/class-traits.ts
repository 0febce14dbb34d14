import { isNative } from "./built-ins.ts";
import { functionText } from "./intrinsics.ts";
import { builtInAt, isPlainPrototype } from "./value-kind.ts";

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
  /** Whether it says what it holds, by `toJSON()`. */
  readonly hasJson: boolean;
  /** Whether it is a built-in class and no subclass of one. */
  readonly isBuiltIn: boolean;
}

const known = new WeakMap<object, ClassTraits>();

/**
 * Looks at a class once, by the prototype of its instances: at its members and its source text, running nothing of it. Of
 * a subclass of a built-in one only what it adds to that is told.
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
  hasJson: false,
  isBuiltIn: true,
};

function readTraits(prototype: object): ClassTraits {
  const accessors = new Set<string>();
  const fields = new Set<string>();
  let isLowered = false;
  const members = new Set<PropertyKey>();
  let level: object | null = prototype;
  // No real chain is as long; a proxy can answer for ever.
  for (let depth = 0; level !== null && !isOfPlatform(level) && depth < 100; depth++) {
    for (const key of Reflect.ownKeys(level)) {
      const property = Object.getOwnPropertyDescriptor(level, key)!;
      if (key === "constructor") {
        const text = textOf(property.value);
        isLowered ||= loweredFields.test(text);
        for (const name of privateFields(text)) fields.add(name);
        continue;
      }
      members.add(key);
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
    isValue: members.has(Symbol.toPrimitive),
    hasJson: members.has("toJSON"),
    isBuiltIn: level === prototype,
  };
}

/** Whether the classes of users end there: what stands above is the platform's, or no class. */
function isOfPlatform(prototype: object): boolean {
  const constructor = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value as unknown;
  return isPlainPrototype(prototype) || isNative(constructor) || builtInAt(prototype) !== undefined;
}

// What compilers make of `#name` for targets that do not have it.
const loweredFields = /__private(?:Add|Get|Set)\b|_?classPrivateField|_class_private_field/;

/** Names of the fields that a class text reads or writes as `.#name`, methods, accessors and static ones left out. */
function privateFields(text: string): string[] {
  const used = new Set([...text.matchAll(/\.\s*#([\p{ID_Continue}$]+)/gu)].map((match) => match[1]!));
  if (used.size === 0) return [];
  const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, " ");
  return [...used].filter((name) => {
    const escaped = name.replaceAll("$", "\\$");
    // In a text without semicolons a field may stand above whose name ends with such a word: `budget`, `offset`.
    const isStatic = new RegExp(`(?<![\\w$#.])static\\s+#${escaped}(?![\\w$])`);
    // What is declared with a list of parameters; a call stands behind a dot.
    const isCalled = new RegExp(`(?<!\\.\\s*)#${escaped}\\s*\\(`);
    return !isStatic.test(code) && !isCalled.test(code);
  });
}

function textOf(constructor: unknown): string {
  return typeof constructor === "function" ? functionText.call(constructor as () => unknown) : "";
}
