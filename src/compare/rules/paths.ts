import { bigintText } from "../../model/visible-text.ts";

/**
 * One step into a value: an object's key, an array's index, or what only Maps, Sets and symbols have.
 *
 * `of` is the text between the brackets after the entry's name: a primitive as a JavaScript literal (`"a"`, `3`, `1n`,
 * `null`), an object by its position in control's order (`#2`), a symbol by its description. A long text is cut in `of`;
 * `text` is all of it.
 */
export type PathSegment =
  string | number | { readonly entry: "key" | "element" | "symbol"; readonly of: string; readonly text?: string };

const simpleName = /^[A-Za-z_$][\w$]*$/;

/**
 * Writes a path down.
 *
 * - `.name` for a key that is an identifier, `["any other"]` as a JSON string
 * - `[3]` for an array's index
 * - `[key "a"]` for a Map's value, `[element 3]` for a Set's element, `[symbol "mark"]` for a symbol key
 *
 * @example formatPath(["items", 2, "x-id"]) // => '$.items[2]["x-id"]'
 */
export function formatPath(segments: readonly PathSegment[]): string {
  let text = "$";
  for (const segment of segments) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (typeof segment !== "string")
      text += segment.entry === "symbol" ? `[@@${segment.of}]` : `[${segment.entry} ${segment.of}]`;
    else text += simpleName.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
  }
  return text;
}

/** Where a path or pattern went wrong: `at` counts characters from 0. */
export class PathMistake extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/**
 * Reads back what {@link formatPath} wrote.
 *
 * @throws {PathMistake} with the position, when `text` is no path
 * @example parsePath('$.items[2]["x-id"]') // => ["items", 2, "x-id"]
 */
export function parsePath(text: string): PathSegment[] {
  if (!text.startsWith("$")) throw new PathMistake("a path starts with `$`", 0);
  const segments: PathSegment[] = [];
  let at = 1;
  while (at < text.length) {
    const read = readSegment(text, at);
    segments.push(read.segment);
    at = read.end;
  }
  return segments;
}

/** Reads the one segment that starts at `at`, a `.` or a `[`. */
export function readSegment(text: string, at: number): { segment: PathSegment; end: number } {
  if (text[at] === ".") return readName(text, at + 1);
  if (text[at] !== "[") throw new PathMistake(`expected \`.\` or \`[\`${quotedName(text, at)}`, at);
  const start = at + 1;
  if (text[start] === '"') {
    const { value, end } = readString(text, start);
    return { segment: value, end: closing(text, end) };
  }
  const index = /^\d+(?=\])/.exec(text.slice(start, start + 20));
  if (index) return { segment: Number(index[0]), end: start + index[0].length + 1 };
  const entry = /^(?:key |element |@@)/.exec(text.slice(start, start + 8));
  if (!entry) throw new PathMistake("expected an index, a quoted key, or `*` between the brackets", start);
  const from = start + entry[0].length;
  const to = text[from] === '"' ? readString(text, from).end : endOfLiteral(text, from);
  const of = text.slice(from, to);
  const name = entry[0] === "@@" ? "symbol" : (entry[0].trim() as "key" | "element");
  return { segment: { entry: name, of }, end: closing(text, to) };
}

function readName(text: string, start: number): { segment: string; end: number } {
  const name = /^[A-Za-z_$][\w$]*/.exec(text.slice(start))?.[0];
  if (name === undefined) {
    const mend = text[start] === "." ? "; `**` stands for any number of steps" : quotedName(text, start);
    throw new PathMistake(`expected a name after the dot${mend}`, start);
  }
  return { segment: name, end: start + name.length };
}

/** How to write the key down that a name was meant to be, and of which `at` is the first character that no name has. */
function quotedName(text: string, at: number): string {
  const name = `${/[\w$]*$/.exec(text.slice(0, at))![0]}${/^[^.[\]]*/.exec(text.slice(at))![0]}`;
  return `; quote it: [${JSON.stringify(name === "" ? "x-id" : name)}]`;
}

function readString(text: string, start: number): { value: string; end: number } {
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  if (end >= text.length) throw new PathMistake("this quoted key does not end", start);
  try {
    return { value: JSON.parse(text.slice(start, end + 1)) as string, end: end + 1 };
  } catch {
    throw new PathMistake("this quoted key is no JSON string", start);
  }
}

function endOfLiteral(text: string, start: number): number {
  const end = text.indexOf("]", start);
  if (end <= start) throw new PathMistake("this bracket does not end", start);
  return end;
}

function closing(text: string, at: number): number {
  if (text[at] !== "]") throw new PathMistake("expected `]`", at);
  return at + 1;
}

/** The segment of a Map's key or a Set's element; `position` names what has no literal. */
export function entrySegment(entry: "key" | "element", value: unknown, position: number): PathSegment {
  const of = literalOf(value) ?? `#${position}`;
  return typeof value === "string" && value.length > mostCharacters ? { entry, of, text: value } : { entry, of };
}

/** The segment of a symbol key. */
export function symbolSegment(symbol: symbol): PathSegment {
  return { entry: "symbol", of: JSON.stringify(symbol.description ?? "") };
}

const mostCharacters = 100;

function literalOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > mostCharacters ? `${value.slice(0, mostCharacters)}…` : value);
    case "bigint":
      return `${bigintText(value)}n`;
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    default:
      return value === null ? "null" : undefined;
  }
}
