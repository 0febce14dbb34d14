import type { Difference } from "../model/comparison.ts";
import { typeNameOf } from "./kinds/type-name.ts";

/** The name of a kind of mismatch. */
export interface Signature {
  /** Such as `v2-3k9q0a7c2mxd`: 60 bits of a hash over {@link Signature.readable}, before that is shortened. */
  readonly id: string;
  /** The sorted leaves, such as `$.items[*].price number>string, $.name value string`; at most 1 000 characters. */
  readonly readable: string;
}

const version = "v2";
const readableLength = 1_000;

/**
 * Names the kind of a mismatch, so that a million mismatches read as three groups: the same in every call and process,
 * whatever the values, the order of keys and the positions in arrays were.
 *
 * Each difference becomes a leaf, its generalised path and its kind with the types of both sides; the leaves are sorted
 * and deduplicated. Generalised are:
 *
 * - array positions, Set elements, and Map keys that are no texts: `[*]`
 * - keys that have the shape of an identifier: `*`, those of Maps `[*]`. That is: digits alone; a UUID; a ULID; sixteen or more
 *   hexadecimal digits. Every other key is a name, however long it is: `addressLine1` and `addressLine2` are two kinds of place
 * - what repeats in a tree or a list: `$.children[0].children[3].name` is `$(.children[*])+.name`
 *
 * The rules are version `v2`, and the id says so: a change of the rules changes the prefix.
 *
 * @example signatureOf([{ path: "$.items[2].price", kind: "type", control: 1, candidate: "1" }]).readable // => "$.items[*].price number>string"
 */
export function signatureOf(differences: readonly Difference[]): Signature {
  const [first] = differences;
  const isOnly = first !== undefined && differences.length === 1;
  const text = isOnly ? leafOf(first) : [...new Set(differences.map(leafOf))].sort().join(", ");
  return {
    id: `${version}-${hash(text)}`,
    readable: text.length > readableLength ? `${text.slice(0, readableLength - 1)}…` : text,
  };
}

function leafOf(difference: Difference): string {
  return `${generalise(difference.path)} ${describeKind(difference)}`;
}

function describeKind(difference: Difference): string {
  const { kind } = difference;
  switch (kind) {
    case "type":
      return (endsOf(difference) ?? [typeNameOf(difference.control), typeNameOf(difference.candidate)]).join(">");
    case "added":
      return `added ${typeNameOf(difference.candidate)}`;
    case "removed":
      return `removed ${typeNameOf(difference.control)}`;
    case "value":
      return `value ${typeNameOf(difference.control)}`;
    default:
      return kind;
  }
}

const told = /^(threw|returned) [^:]*(?=: )/;

/**
 * Where one side threw and the other returned, both are told in words, `threw TypeError: …`; what comes after the colon is value.
 * Two texts of a user's are never of two types, so that no value is taken for these words.
 */
function endsOf({ path, control, candidate }: Difference): readonly [string, string] | undefined {
  if (path !== "$" || typeof control !== "string" || typeof candidate !== "string") return undefined;
  const ours = told.exec(control);
  const theirs = told.exec(candidate);
  return ours && theirs && ours[1] !== theirs[1] ? [ours[0], theirs[0]] : undefined;
}

/** A path without what differs from call to call. */
export function generalise(path: string): string {
  return joinRepeated(segmentsOf(path).map(generaliseSegment));
}

// A name runs to the next `.` or `[`; a bracket to the `]` that closes it, over strings and brackets inside.
function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < path.length; at++) {
    const sign = path[at];
    if (depth > 0 && sign === '"') at = endOfString(path, at);
    else if (sign === "[") {
      if (depth === 0 && at > start) segments.push(path.slice(start, at));
      if (depth++ === 0) start = at;
    } else if (sign === "]" && depth > 0) {
      if (--depth === 0) {
        segments.push(path.slice(start, at + 1));
        start = at + 1;
      }
    } else if (sign === "." && depth === 0 && at > start) {
      segments.push(path.slice(start, at));
      start = at;
    }
  }
  if (start < path.length) segments.push(path.slice(start));
  return segments;
}

function endOfString(path: string, quote: number): number {
  for (let at = quote + 1; at < path.length; at++) {
    if (path[at] === "\\") at++;
    else if (path[at] === '"') return at;
  }
  return path.length;
}

function generaliseSegment(segment: string): string {
  if (segment.startsWith(".")) return isIdentifier(segment.slice(1)) ? ".*" : segment;
  if (!segment.startsWith("[")) return segment;
  const inner = segment.slice(1, -1);
  // A quoted key belongs to an object. All else in brackets is a position, a Map's key or a Set's element; a symbol is a name.
  if (inner.startsWith('"')) return isIdentifier(inner.slice(1, -1)) ? ".*" : segment;
  if (inner.startsWith('key "')) return isIdentifier(inner.slice('key "'.length, -1)) ? "[*]" : segment;
  return inner.startsWith("Symbol") || inner.startsWith("@@") ? segment : "[*]";
}

const digits = /^-?\d+$/;
const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const ulid = /^[0-7][\da-hjkmnp-tv-z]{25}$/i;
const hexadecimal = /^[\da-f]{16,}$/i;

function isIdentifier(key: string): boolean {
  return digits.test(key) || uuid.test(key) || ulid.test(key) || hexadecimal.test(key);
}

const longestPeriod = 4;

/** `.a[*].a[*].b` → `(.a[*])+.b`: however deep in a tree, it is one kind of place. */
function joinRepeated(segments: readonly string[]): string {
  let text = "";
  for (let at = 0; at < segments.length;) {
    const period = periodAt(segments, at);
    if (period === 0) text += segments[at++]!;
    else {
      text += `(${segments.slice(at, at + period).join("")})+`;
      do at += period;
      while (repeats(segments, at - period, period));
    }
  }
  return text;
}

function periodAt(segments: readonly string[], at: number): number {
  for (let period = 1; period <= longestPeriod; period++) if (repeats(segments, at, period)) return period;
  return 0;
}

function repeats(segments: readonly string[], at: number, period: number): boolean {
  if (at + 2 * period > segments.length) return false;
  for (let offset = 0; offset < period; offset++) {
    if (segments[at + offset] !== segments[at + period + offset]) return false;
  }
  return true;
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** Two independent lanes of FNV-1a's shape, each finished as MurmurHash3 finishes: 60 bits as 12 characters. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x5bd1e995);
    high ^= high >>> 15;
  }
  return lane(mix(low)) + lane(mix(high ^ text.length));
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain): every bit of the input reaches every bit. */
function mix(bits: number): number {
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

function lane(bits: number): string {
  let text = "";
  for (let shift = 0; shift < 30; shift += 5) text += alphabet[(bits >>> shift) & 31]!;
  return text;
}
