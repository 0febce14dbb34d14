import { aroundDifference, shorten, tellApart, visible } from "../../model/visible-text.ts";
import { preview, type PreviewLimits } from "./preview.ts";

/**
 * A value on one line, for logs and terminals: `{ id: 1, tags: ["a"], at: Date "2026-…" }`.
 *
 * Never throws, and holds no control characters, line breaks or invisible characters: those of the value are escaped.
 *
 * @param maxLength in characters; a longer text ends in `…`
 * @example describeValue({ id: 1n, tags: ["a\n"] }, 80) // => '{ id: 1n, tags: ["a\\n"] }'
 */
export function describeValue(value: unknown, maxLength: number): string {
  // A character a node is the least that any text needs, so nothing that would be shown is left out here.
  const nodes = Math.max(1, Math.min(5_000, maxLength));
  return shorten(
    visible(writeDrawn(preview(value, { nodes, depth: 16, stringLength: nodes, totalLength: nodes * 2 }))),
    maxLength,
  );
}

/** The same for what `preview` has drawn already, such as the values that a publisher presents. */
export function describeDrawn(drawn: unknown, maxLength: number): string {
  return shorten(visible(writeDrawn(drawn)), maxLength);
}

/**
 * Two values that differ, each as {@link describeDrawn} writes it: cut around where they begin to differ, and told apart where they
 * would look the same.
 */
export function describeDrawnPair(control: unknown, candidate: unknown, maxLength: number): readonly [string, string] {
  const texts = typeof control === "string" && typeof candidate === "string";
  // Two characters are for the quotes; a text that is too long also has a mark where it is cut.
  const parts = texts ? aroundDifference(control, candidate, maxLength - 4) : [control, candidate];
  const [ours, theirs] = tellApart(writeDrawn(parts[0]), writeDrawn(parts[1]));
  const cut = [shorten(ours, maxLength), shorten(theirs, maxLength)] as const;
  if (cut[0] !== cut[1]) return cut;
  const [left, right] = aroundDifference(ours, theirs, maxLength - 2);
  return [shorten(left, maxLength), shorten(right, maxLength)];
}

/** The same for two values as they are. */
export function describePair(control: unknown, candidate: unknown, maxLength: number): readonly [string, string] {
  const drawn = (value: unknown): unknown => (typeof value === "string" ? value : preview(value, pairLimits));
  return describeDrawnPair(drawn(control), drawn(candidate), maxLength);
}

const pairLimits: PreviewLimits = { nodes: 500, depth: 16, stringLength: 4_000, totalLength: 16_000 };

/** Writes what `preview` made on one line. Nothing is escaped yet. */
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
  $bigint: (content) => (/^-?\d+$/.test(String(content)) ? `${String(content)}n` : String(content)),
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
