import { entriesOf } from "../compare/kinds/stand-ins.ts";
import { kindOf } from "../compare/kinds/value-kind.ts";
import { formatPath, parsePath, type PathSegment } from "../compare/rules/paths.ts";

/**
 * The path of a pair's value by its name: `$.query[0][1]` of `new URLSearchParams({ token })` is `$.query.token`. Query
 * strings and forms are compared as lists of pairs, and the place in a list says nothing of what lies there.
 *
 * Looks only at own data properties and at what query strings and forms list, and runs no getter.
 *
 * @param roots both sides' values; the first one in which there is such a pair answers
 * @returns `undefined` where the path leads to no pair's value
 */
export function nameOfPair(path: string, roots: readonly unknown[]): string | undefined {
  let segments: PathSegment[];
  try {
    segments = parsePath(path);
  } catch {
    return undefined;
  }
  for (const root of roots) {
    const name = nameIn(root, segments);
    if (name !== undefined) return name;
  }
  return undefined;
}

// As comparing takes them for identities.
const identifiers = ["id", "_id", "key", "uuid", "name"];

/**
 * Where the ids lie that two lists in another order are told by: the first such place that is redacted, since which key they
 * had is not known.
 *
 * @param isSecret whether what lies at a path is redacted
 */
export function pathOfIds(path: string, isSecret: (path: string) => boolean): string | undefined {
  return identifiers.map((identifier) => `${path}[0].${identifier}`).find(isSecret);
}

// How tools write a header, a field of a form or a variable down: `{ name: "password", value: "…" }`.
const namesBeside = ["name", "key", "header", "field"];

/** What names the `value` of such a record, such as `password`. Runs no getter. */
export function nameBeside(holder: unknown): string | undefined {
  if (typeof holder !== "object" || holder === null) return undefined;
  try {
    for (const key of namesBeside) {
      const name: unknown = Object.getOwnPropertyDescriptor(holder, key)?.value;
      if (typeof name === "string") return name;
    }
  } catch {
    // A proxy that cannot be looked at.
  }
  return undefined;
}

function nameIn(root: unknown, segments: readonly PathSegment[]): string | undefined {
  let holder = root;
  for (const [index, segment] of segments.entries()) {
    if (segment === "value") {
      const name = nameBeside(holder);
      if (name !== undefined) return formatPath([...segments.slice(0, index), name, ...segments.slice(index + 1)]);
    }
    const pairs = pairsOf(holder);
    if (pairs !== undefined) {
      const pair = typeof segment === "number" ? pairs[segment] : undefined;
      return pair === undefined ? undefined : formatPath([...segments.slice(0, index), pair[0]]);
    }
    if (typeof holder !== "object" || holder === null || typeof segment === "object") return undefined;
    try {
      holder = Object.getOwnPropertyDescriptor(holder, segment)?.value;
    } catch {
      return undefined; // A proxy that cannot be looked at.
    }
  }
  return undefined;
}

function pairsOf(holder: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof holder !== "object" || holder === null) return undefined;
  try {
    if (kindOf(holder) === "pairs") return entriesOf(holder);
    // What was drawn before, by `redact`.
    const drawn: unknown =
      Object.getOwnPropertyDescriptor(holder, "$URLSearchParams")?.value ??
      Object.getOwnPropertyDescriptor(holder, "$FormData")?.value;
    return Array.isArray(drawn) ? (drawn as [string, unknown][]) : undefined;
  } catch {
    return undefined;
  }
}
