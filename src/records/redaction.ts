import { automaton, type State } from "../compare/rules/pattern-automaton.ts";
import { parsePath, type PathSegment } from "../compare/rules/paths.ts";
import { parsePattern } from "../compare/rules/path-patterns.ts";
import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { pseudonymizer } from "./pseudonym.ts";
import { keyMatcher, secretKeys } from "./secret-keys.ts";
import { redactText } from "./secret-text.ts";

/** What is taken out of values that are shown. */
export interface RedactOptions {
  /**
   * Further names of keys, at any depth, beside the usual ones (`password`, `token`, `email`, ...). Compared by words:
   * `account` finds `bankAccount` and `account_id`.
   */
  readonly keys?: readonly string[];
  /** Places in a value or a context, such as `$.user.name` or `**.address`; `*` is one step, `**` any number. */
  readonly paths?: readonly string[];
  /**
   * What stands in their place, `[redacted]` by default. A pseudonym is the same for equal values under the same key,
   * a secret of at least 16 characters, and cannot be undone without it. A function gets the value as JSON-like data.
   */
  readonly replace?: string | { readonly pseudonym: string } | ((value: unknown) => string);
}

/** Takes secrets out of JSON-like data that `preview` has made. */
export interface Redaction {
  /** A copy of the whole of a value, a context, or the part at `path`. */
  drawn(drawn: unknown, path?: string): unknown;
  /** A text without what is a secret by its shape. */
  text(text: string): string;
}

/**
 * Checks what is to be redacted, and gets ready to do it.
 *
 * @throws {SidelaneError} `invalid-option`
 */
export function compileRedaction(options: RedactOptions = {}, place = "redact"): Redaction {
  const check: OptionCheck = checkOptions(place);
  const given: unknown = options;
  check.object("redact", given);
  check.known(given, ["keys", "paths", "replace"], "redact.");
  const isSecretKey = keyMatcher([...secretKeys, ...names(options.keys, check)]);
  const steps = patterns(options.paths, check);
  const start = automaton(steps.map((pattern) => ({ steps: pattern, effect: true })));
  const replace = replacement(options.replace ?? "[redacted]", check);
  const text = (part: string): string => redactText(part, isSecretKey, replace);

  function walk(drawn: unknown, at: State<boolean>): unknown {
    if (at.effects.length > 0) return replace(drawn);
    if (typeof drawn === "string") return text(drawn);
    if (typeof drawn !== "object" || drawn === null) return drawn;
    if (Array.isArray(drawn)) return drawn.map((element, index) => walk(element, at.next(index)));
    const [tag, content] = tagOf(drawn as Record<string, unknown>);
    if (tag !== undefined) return { [tag]: walkTagged(content, at) };
    return Object.fromEntries(
      Object.entries(drawn).map(([key, part]) => {
        const name = key.startsWith("$$") ? key.slice(1) : key;
        return [text(key), isSecretKey(name) ? replace(part) : walk(part, at.next(name))];
      }),
    );
  }

  /** What stands under a tag: the entries of a Map, the bytes of a Buffer, the fields of an instance or an error. */
  function walkTagged(content: unknown, at: State<boolean>): unknown {
    if (isBytes(content)) return { length: content["length"], digest: content["digest"] };
    if (!Array.isArray(content)) return walk(content, at);
    return content.map((entry: unknown, index) => {
      if (!Array.isArray(entry) || entry.length !== 2) return walk(entry, at.next(index));
      const [key, part] = entry as [unknown, unknown];
      const below = at.next({ entry: "key", of: JSON.stringify(key) });
      return [walk(key, start), typeof key === "string" && isSecretKey(key) ? replace(part) : walk(part, below)];
    });
  }

  return {
    text,
    drawn(drawn, path = "$") {
      let at = start;
      for (const segment of segmentsOf(path)) {
        if (at.effects.length > 0 || isSecretKey(nameOf(segment))) return replace(drawn);
        at = at.next(segment);
      }
      return walk(drawn, at);
    },
  };
}

function segmentsOf(path: string): PathSegment[] {
  try {
    return parsePath(path);
  } catch {
    return [path]; // A user's comparer may give any text as a path.
  }
}

function nameOf(segment: PathSegment): string {
  return typeof segment === "object" ? segment.of : String(segment);
}

function tagOf(drawn: Record<string, unknown>): [tag: string | undefined, content: unknown] {
  const keys = Object.keys(drawn);
  const [only] = keys;
  return keys.length === 1 && only!.startsWith("$") && !only!.startsWith("$$") ?
      [only, drawn[only!]]
    : [undefined, drawn];
}

function isBytes(content: unknown): content is Record<string, unknown> {
  if (typeof content !== "object" || content === null) return false;
  const keys = Object.keys(content);
  return keys.length >= 2 && keys.length <= 3 && keys[0] === "length" && keys[1] === "digest";
}

function names(keys: readonly string[] | undefined, check: OptionCheck): readonly string[] {
  if (keys === undefined) return [];
  if (!Array.isArray(keys)) check.fail("redact.keys", 'an array such as ["account"]', keys);
  const given: readonly unknown[] = keys;
  given.forEach((key, index) => check.text(`redact.keys[${index}]`, key));
  return given as readonly string[];
}

function patterns(paths: readonly string[] | undefined, check: OptionCheck): ReturnType<typeof parsePattern>[] {
  if (paths === undefined) return [];
  if (!Array.isArray(paths)) check.fail("redact.paths", 'an array such as ["**.address"]', paths);
  return [...(paths as readonly unknown[])].map((path, index) => parsePattern(path, `redact.paths[${index}]`, check));
}

function replacement(replace: NonNullable<RedactOptions["replace"]>, check: OptionCheck): (value: unknown) => string {
  if (typeof replace === "string") return () => replace;
  if (typeof replace === "function") {
    const make: (value: unknown) => unknown = replace; // Whatever the types promise.
    return (value) => safely(() => String(make(value)));
  }
  if (typeof replace !== "object" || replace === null) {
    check.fail("redact.replace", "a text, { pseudonym: secret } or a function", replace);
  }
  check.known(replace, ["pseudonym"], "redact.replace.");
  return pseudonymizer(replace.pseudonym, check);
}

function safely(make: () => string): string {
  try {
    return make();
  } catch {
    return "[redacted]";
  }
}
