import { parsePath, type PathSegment } from "../compare/rules/paths.ts";
import { holdsToken } from "./secret-shapes.ts";

// What leaves while values are hidden is told by its shape, which is all there is to go by: the shapes are those that
// people put into names, and data of the usual kinds (addresses, numbers of cards and people, tokens) has none of them.

/** The words of `billingAddress2`, `HTTP_STATUS` or `Uint8Array`, without digits. */
function wordsOf(name: string): string[] {
  return name.split(/[_$\d]+|(?<=[a-z])(?=[A-Z])/).filter((word) => word !== "");
}

/** Random text changes case all the time; names do so once a word. */
function areWords(words: readonly string[]): boolean {
  return words.length <= 6 && words.every((word) => word.length <= 16);
}

/** Letters and at most two digits at the end, in words of at most 16 characters, 32 in all: `billingAddress2`, and not `hunter2X9a81`. */
export function looksLikeName(key: string): boolean {
  return key.length <= 32 && /^[A-Za-z_$]+\d{0,2}$/.test(key) && areWords(wordsOf(key)) && !holdsToken(key);
}

/** As {@link looksLikeName}, with numbers in at most two places, as classes have them: `Uint8Array`, `S3Client`, `Sha256`. */
export function looksLikeClassName(name: string): boolean {
  return (
    name.length <= 60 &&
    /^[A-Za-z_$]+(?:\d{1,3}[A-Za-z_$]*){0,2}$/.test(name) &&
    wordsOf(name).length > 0 &&
    areWords(wordsOf(name)) &&
    !holdsToken(name)
  );
}

/**
 * Such as `ECONNREFUSED`, `ERR_HTTP2_ERROR`, `P2002`, `ORA-00942`, `42P01`, `auth/expired`, `ThrottlingException`, `1062`; and
 * no number of a card or a person, no address, no token.
 */
export function looksLikeCode(code: unknown): code is string | number {
  // Six digits are what one-time codes have.
  if (typeof code === "number") return Number.isInteger(code) && Math.abs(code) < 100_000;
  if (typeof code !== "string" || code.length > 64 || holdsToken(code)) return false;
  // SQLSTATE (ISO 9075): five digits or capitals.
  if (/^[0-9A-Z]{5}$/.test(code) || /^[A-Z]{2,10}-\d{1,5}$/.test(code)) return true;
  const parts = code.split(/[-_/.:]/);
  return parts.length <= 8 && parts.every((part) => /^[A-Z]{1,20}\d{0,5}$/.test(part) || isWordy(part));
}

function isWordy(part: string): boolean {
  return /^[A-Za-z]+$/.test(part) && areWords(wordsOf(part));
}

/** A path whose keys are shown only where they look like names in code: keys can be data, such as an e-mail address. */
export function hidePath(path: string): string {
  let segments: PathSegment[];
  try {
    segments = parsePath(path);
  } catch {
    return "$.*"; // A user's comparer may give any text as a path.
  }
  let text = "$";
  for (const segment of segments) {
    if (text.length > mostOfPath) return `${text}.**`;
    text += hideSegment(segment);
  }
  return text;
}

// A step in brackets, with texts in which brackets mean nothing; or one behind a dot.
const steps = /\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\]|\.[^.[\]()]+/gu;

/** As {@link hidePath}, of a path with array positions generalized: `$.rows[*]["a@b.test"]` is `$.rows[*].*`. */
export function hideGeneralPath(path: string): string {
  return path.slice(0, 10 * mostOfPath).replace(steps, (step) => {
    if (/^\[(?:\*|\d{1,6})\]$/.test(step)) return step;
    const entry = /^\[([a-z]+) /.exec(step);
    if (entry) return `[${entry[1]!} *]`;
    return step.startsWith(".") && looksLikeName(step.slice(1)) ? step : ".*";
  });
}

const mostOfPath = 300;

function hideSegment(segment: PathSegment): string {
  // A position in a sequence; but 16 digits can be a card number used as a key.
  if (typeof segment === "number") return segment < 1e6 ? `[${segment}]` : "[*]";
  if (typeof segment === "object") return `[${segment.entry} *]`;
  return looksLikeName(segment) ? `.${segment}` : ".*";
}

// Every reason of Sidelane itself: a comparer's own may be made of values.
const ownReasons: readonly RegExp[] = [
  /^(?:timed-out|abandoned|could not be read|loop-busy|comparer (?:threw|could not tell)|no response of this handler)$/,
  /^something else is opaque: it cannot be looked into$/,
  /^the comparer returned a promise; compare synchronously$/,
  /^comparer returned neither true, false nor a comparison, but [A-Za-z]{1,16}$/,
  /^`(?:normalize|at|by|classes|errors|prepareComparable)` (?:threw|timed out)$/,
  /^what was reported of (?:control|the candidate) is no outcome$/,
  /^more than \d{1,9} (?:values|differences|characters and bytes|pairs of elements had to be tried)$/,
  /^(?:longer than [\d.]{1,9} ms|deeper than (?:\d{1,9} levels|the call stack holds))$/,
  /^control(?: returned a promise with methods of its own, |'s stream (?:was not|is) read )[a-z ,;]{1,90}$/,
  /^a stream (?:(?:has|holds) more than \d{1,9} |that is cut and encoded )[a-z ,]{1,50}$/,
  /^(?:a body was not seen whole: [a-z -]{1,20}|partial: the first \d{1,9} events are the same)$/,
];

const known = /^what was seen is known as "(?:[^"\\]|\\.){0,200}", but not all was seen: /;

/** Why something could not be told, without what may be data: keys in its path, and whatever a user's comparer says. */
export function hideReason(reason: string): string {
  const found =
    /^(\$.*?) (is opaque: it cannot be looked into|threw while being read)(, and \d{1,6} more)?(?:\. Not all of what a .*)?$/su.exec(
      reason,
    );
  if (found) return `${hidePath(found[1]!)} ${found[2]!}${found[3] ?? ""}`;
  // Why it was is in the words of the program that abandoned it.
  if (reason.startsWith("abandoned: ")) return "abandoned";
  const rule = known.exec(reason);
  if (rule) return `what was seen is known, but not all was seen: ${hideReason(reason.slice(rule[0].length))}`;
  return ownReasons.some((own) => own.test(reason)) ? reason : "(hidden)";
}
