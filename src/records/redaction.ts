import { automaton, type State } from "../compare/rules/pattern-automaton.ts";
import { preview, type PreviewLimits } from "../compare/copy/preview.ts";
import { formatPath, parsePath, type PathSegment } from "../compare/rules/paths.ts";
import { parsePattern } from "../compare/rules/path-patterns.ts";
import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { aText, compiled, listOf, settle, type OptionTable } from "../model/option-table.ts";
import type { Difference } from "../model/comparison.ts";
import { nameBeside, nameOfPair, pathOfIds } from "./pair-names.ts";
import { pseudonymizer } from "./pseudonym.ts";
import { keyMatcher, secretKeys } from "./secret-keys.ts";
import { isCardNumber } from "./secret-shapes.ts";
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

/** Takes secrets out of what is shown. */
export interface Redaction {
  /** The whole of a value or a context, or the part at `path`, drawn and redacted: before anything of it is cut. */
  value(value: unknown, path?: string, limits?: PreviewLimits): unknown;
  /** A copy of JSON-like data that `preview` has made before. */
  drawn(drawn: unknown, path?: string): unknown;
  /** A text without what is a secret by its shape. */
  text(text: string): string;
  /** A path without keys that are secret by their shape, or that lie below a place that is redacted; at most 1 000 characters. */
  path(path: string): string;
}

const mostOfKey = 200;
const mostOfPath = 1_000;

export const redactTable: OptionTable<RedactOptions> = {
  keys: listOf('an array such as ["account"]', aText),
  paths: listOf('an array such as ["**.address"]'),
  replace: compiled("a text, { pseudonym: secret } or a function"),
};

/**
 * Checks what is to be redacted, and gets ready to do it.
 *
 * @throws {SidelaneError} `invalid-option`
 */
export function compileRedaction(options: RedactOptions = {}, place = "redact"): Redaction {
  const check: OptionCheck = checkOptions(place);
  settle(check, redactTable, options, "redact");
  const isSecretKey = keyMatcher([...secretKeys, ...(options.keys ?? [])]);
  const steps = patterns(options.paths ?? [], check);
  const start = automaton(steps.map((pattern) => ({ steps: pattern, effect: true })));
  const replace = replacement(options.replace ?? "[redacted]", check);
  const text = (part: string): string => redactText(part, isSecretKey, replace);

  /** What a key that was cut would have gone on with is not known. */
  const isSecret = (key: string): boolean => wasCut.test(key) || isSecretKey(key);

  /** @param look whether texts are still to be looked at */
  function walk(drawn: unknown, at: State<boolean>, look: boolean): unknown {
    if (at.effects.length > 0) return replace(drawn);
    if (typeof drawn === "string") return look ? text(drawn) : drawn;
    if (typeof drawn === "number") return drawn > 1e12 && isCardNumber(String(drawn)) ? replace(drawn) : drawn;
    if (typeof drawn !== "object" || drawn === null) return drawn;
    if (Array.isArray(drawn)) return drawn.map((element, index) => walk(element, at.next(index), look));
    const [tag, content] = tagOf(drawn as Record<string, unknown>);
    if (tag !== undefined) return { [`$${text(tag.slice(1))}`]: walkTagged(content, at, look) };
    const beside = "value" in drawn ? nameBeside(drawn) : undefined;
    return Object.fromEntries(
      Object.entries(drawn).map(([key, part]) => {
        const name =
          key === "value" && beside !== undefined && isSecret(beside) ? beside
          : key.startsWith("$$") ? key.slice(1)
          : key;
        return [text(key), isSecret(name) ? replace(part) : walk(part, at.next(name), look)];
      }),
    );
  }

  /** What stands under a tag: the entries of a Map, the bytes of a Buffer, the fields of an instance or an error. */
  function walkTagged(content: unknown, at: State<boolean>, look: boolean): unknown {
    if (isBytes(content)) return { length: content["length"], digest: content["digest"] };
    if (!Array.isArray(content)) return walk(content, at, look);
    return content.map((entry: unknown, index) => {
      if (!Array.isArray(entry) || entry.length !== 2) return walk(entry, at.next(index), look);
      const [key, part] = entry as [unknown, unknown];
      const below = at.next({ entry: "key", of: JSON.stringify(key) });
      const secret = typeof key === "string" && isSecret(key);
      return [walk(key, start, look), secret ? replace(part) : walk(part, below, look)];
    });
  }

  function below(drawn: unknown, path: string, look: boolean): unknown {
    let at = start;
    for (const segment of segmentsOf(path)) {
      if (at.effects.length > 0 || isSecretKey(nameOf(segment))) return replace(drawn);
      at = at.next(segment);
    }
    return walk(drawn, at, look);
  }

  function shownSegment(segment: PathSegment): PathSegment {
    if (typeof segment === "number")
      return segment > 1e12 && isCardNumber(String(segment)) ? text(String(segment)) : segment;
    if (typeof segment === "string") return shorten(text(segment.slice(0, mostOfPath * 2)), mostOfKey);
    const key = nameOf(segment);
    return { entry: segment.entry, of: JSON.stringify(shorten(text(key), mostOfKey)) };
  }

  return {
    text,
    value: (value, path = "$", limits) => below(preview(value, limits, text), path, false),
    drawn: (drawn, path = "$") => below(drawn, path, true),
    path(path) {
      let segments: PathSegment[];
      try {
        segments = parsePath(path);
      } catch {
        return shorten(text(path.slice(0, mostOfPath * 2)), mostOfPath);
      }
      const shown: PathSegment[] = [];
      let at = start;
      let length = 0;
      for (const segment of segments) {
        // A part of a secret is one: its keys are not named.
        const hidden = at.effects.length > 0 || (shown.length > 0 && isSecretKey(nameOf(segments[shown.length - 1]!)));
        const one = hidden ? "*" : shownSegment(segment);
        length += formatPath([one]).length;
        if (length > mostOfPath || hidden) return `${formatPath(shown)}${hidden ? ".*" : ".**"}`;
        shown.push(one);
        at = at.next(segment);
      }
      return formatPath(shown);
    },
  };
}

/** A reason that begins with a path has its keys redacted as paths are; the rest is text. At most 500 characters. */
export function redactReason(reason: string, redaction: Redaction): string {
  const found = /^(\$.*?)( is opaque\b.*| threw while\b.*)$/su.exec(reason);
  if (found === null) return shorten(redaction.text(reason.slice(0, mostOfPath * 2)), 500);
  const path = redaction.path(found[1]!);
  // A rule that is proposed names the place a second time.
  const rest = found[2]!.replaceAll(JSON.stringify(found[1]!), () => JSON.stringify(path));
  return shorten(path + redaction.text(rest.slice(0, mostOfPath * 2)), 500);
}

/** Under which path the two sides of a difference are redacted: by the name of their key, where the path has lost it. */
export function secretPathOf(
  { path, kind }: Pick<Difference, "path" | "kind">,
  roots: readonly unknown[],
  redaction: Redaction,
): string {
  if (kind === "order") return pathOfIds(path, (at) => redaction.drawn(probe, at) !== probe) ?? path;
  return nameOfPair(path, roots) ?? path;
}

const probe = "?";

const wasCut = /… \(\+\d+\)$/;

function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function segmentsOf(path: string): PathSegment[] {
  try {
    return parsePath(path);
  } catch {
    return [path]; // A user's comparer may give any text as a path.
  }
}

/** Of a Map's key the text itself, and not the literal. */
function nameOf(segment: PathSegment): string {
  if (typeof segment !== "object") return String(segment);
  if (!segment.of.startsWith('"')) return segment.of;
  try {
    return JSON.parse(segment.of) as string;
  } catch {
    return segment.of;
  }
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

function patterns(paths: readonly unknown[], check: OptionCheck): ReturnType<typeof parsePattern>[] {
  return paths.map((path, index) => parsePattern(path, `redact.paths[${index}]`, check));
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
