import { preview } from "./preview.ts";

/**
 * A value on one line, for logs and terminals: `{ id: 1, tags: ["a"], at: Date "2026-…" }`.
 *
 * Never throws, and holds no control characters, line breaks or bidirectional marks: those of the value are escaped.
 *
 * @param maxLength in characters; a longer text ends in `…`
 * @example describeValue({ id: 1n, tags: ["a\n"] }, 80) // => '{ id: 1n, tags: ["a\\n"] }'
 */
export function describeValue(value: unknown, maxLength: number): string {
  // A character a node is the least that any text needs, so nothing that would be shown is left out here.
  const nodes = Math.max(1, Math.min(5_000, maxLength));
  return shorten(
    escapeControls(writeDrawn(preview(value, { nodes, depth: 16, stringLength: nodes, totalLength: nodes * 2 }))),
    maxLength,
  );
}

/** The same for what `preview` has drawn already, such as the values that a publisher presents. */
export function describeDrawn(drawn: unknown, maxLength: number): string {
  return shorten(escapeControls(writeDrawn(drawn)), maxLength);
}

/** Cuts a text to a length, between characters and not inside of one. */
export function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const end = Math.max(0, maxLength - 1);
  const last = text.charCodeAt(end - 1);
  return `${text.slice(0, last >= 0xd800 && last < 0xdc00 ? end - 1 : end)}…`;
}

// What moves a cursor, breaks a line, or turns the direction of what follows; and what is not seen at all.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Escapes what a terminal or a log would obey: ESC, line breaks, C1, bidirectional and invisible characters. */
export function escapeControls(text: string): string {
  return text.replace(unsafe, (sign) => short[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes what `preview` made on one line. Control characters are not escaped yet. */
export function writeDrawn(drawn: unknown): string {
  if (typeof drawn !== "object" || drawn === null) return JSON.stringify(drawn);
  if (Array.isArray(drawn)) return drawn.length === 0 ? "[]" : `[${drawn.map(writeDrawn).join(", ")}]`;
  const entries = Object.entries(drawn);
  const [only] = entries;
  if (entries.length === 1 && only![0].startsWith("$") && !only![0].startsWith("$$")) return writeTagged(...only!);
  if (entries.length === 0) return "{}";
  return `{ ${entries.map(([key, part]) => (key === "$more" ? `… ${String(part)} more` : `${writeKey(key)}: ${writeDrawn(part)}`)).join(", ")} }`;
}

const plainly: Readonly<Record<string, (content: unknown) => string>> = {
  $undefined: () => "undefined",
  $hole: () => "<hole>",
  $number: String,
  $bigint: (content) => `${String(content)}n`,
  $symbol: (content) => `Symbol(${String(content)})`,
  $function: (content) => (content === "" ? "function" : `function ${String(content)}`),
  $RegExp: String,
  $cycle: (content) => `<cycle to ${String(content)}>`,
  $deeper: (content) => `<${String(content)}>`,
  $more: (content) => `… ${content === true ? "" : `${String(content)} `}more`,
  $unreadable: (content) => `<unreadable: ${String(content)}>`,
};

function writeTagged(tag: string, content: unknown): string {
  if (Object.hasOwn(plainly, tag)) return plainly[tag]!(content);
  return content === "opaque" ? `<${tag.slice(1)}>` : `${tag.slice(1)} ${writeDrawn(content)}`;
}

function writeKey(key: string): string {
  const name = key.startsWith("$$") ? key.slice(1) : key;
  return /^[\w$]+$/.test(name) ? name : JSON.stringify(name);
}
