// What moves a cursor, breaks a line or turns the direction of what follows; what is not seen at all; what looks like a
// space and is none; and what each font draws differently, or as the same box. Halves of surrogate pairs are among them.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;
const plain = /^[\x20-\x7e]*$/;
const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A text as a person can see it: the one place where control and invisible characters are escaped.
 *
 * - control characters as JSON writes them: `\n`, `\u001b`
 * - all else that is not seen, or looks like a space, by its number: `⟨U+202F⟩`. That is: format, bidirectional and ignorable
 *   characters, variation selectors, tags, every space but U+0020, private use, halves of surrogate pairs
 *
 * @example visible("10:00\u202fAM") // => "10:00⟨U+202F⟩AM"
 */
export function visible(text: string): string {
  if (plain.test(text)) return text;
  return text.replace(unseen, (sign) => {
    const code = sign.codePointAt(0)!;
    const control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    return control ? (short[sign] ?? `\\u${code.toString(16).padStart(4, "0")}`) : numbered(sign);
  });
}

function numbered(sign: string): string {
  return `⟨U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/**
 * Two different texts so that they also look different: {@link visible}, and where they would still look alike, with combining
 * marks, repeated spaces and look-alike forms of characters by their numbers too.
 *
 * @example tellApart("caf\u00e9", "cafe\u0301") // => ["café", "cafe⟨U+0301⟩"]
 */
export function tellApart(control: string, candidate: string): readonly [string, string] {
  const [ours, theirs] = [visible(control), visible(candidate)];
  if (control === candidate || look(ours) !== look(theirs)) return [ours, theirs];
  return [exactly(ours), exactly(theirs)];
}

function look(text: string): string {
  return text.normalize("NFKC").replace(/ +/g, " ").trim();
}

function exactly(text: string): string {
  return text
    .replace(/(?<= ) +/g, (run) => (run.length > 3 ? `⟨${run.length} × U+0020⟩` : numbered(" ").repeat(run.length)))
    .replace(/[^\x20-\x7e⟨⟩×]/gu, (sign) =>
      /\p{M}/u.test(sign) || sign.normalize("NFKC") !== sign ? numbered(sign) : sign,
    );
}

/** Cuts a text to a length at its end, between characters and not inside of one. */
export function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, endBefore(text, Math.max(0, maxLength - 1)))}…`;
}

/**
 * Cuts a text to a length in its middle: of a path, both where it starts and where it ends are needed.
 *
 * @example shortenMiddle("$.orders[17].lines[3].price", 17) // => "$.orders…3].price"
 */
export function shortenMiddle(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const head = Math.floor((maxLength - 1) / 2);
  const tail = Math.max(0, maxLength - 1 - head);
  return `${text.slice(0, endBefore(text, head))}…${text.slice(startAfter(text, text.length - tail))}`;
}

/**
 * Cuts two texts to `length` characters around the first one that differs.
 *
 * @example aroundDifference("a".repeat(99) + "b", "a".repeat(99) + "c", 9) // => ["…aaab", "…aaac"]
 */
export function aroundDifference(control: string, candidate: string, length: number): readonly [string, string] {
  if (control.length <= length && candidate.length <= length) return [control, candidate];
  const first = firstDifferenceOf(control, candidate);
  const start = first < length / 2 ? 0 : Math.max(0, first - Math.floor(length / 3));
  return [window(control, start, length), window(candidate, start, length)];
}

/** Where two texts begin to differ, at the latest where the shorter one ends. */
export function firstDifferenceOf(control: string, candidate: string): number {
  let first = 0;
  while (first < control.length && first < candidate.length && control[first] === candidate[first]) first++;
  return first;
}

function window(text: string, start: number, length: number): string {
  const end = Math.min(text.length, start + length);
  const part = text.slice(startAfter(text, start), end < text.length ? endBefore(text, end) : end);
  return `${start > 0 ? "…" : ""}${part}${end < text.length ? "…" : ""}`;
}

// Writing a bigint in decimals takes time that grows with the square of its length; in hexadecimals it does not.
const hugeBigint = 1n << 4096n;

/**
 * A bigint's digits; of one of more than 4 096 bits its first and last sixteen hexadecimal ones, and how many it has.
 *
 * @example bigintText(-(2n ** 8_000n)) // => "-0x1000000000000000…0000000000000000 (2001 digits)"
 */
export function bigintText(value: bigint): string {
  if (value < hugeBigint && value > -hugeBigint) return String(value);
  const digits = (value < 0n ? -value : value).toString(16);
  return `${value < 0n ? "-" : ""}0x${digits.slice(0, 16)}…${digits.slice(-16)} (${digits.length} digits)`;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;

/** The end of a cut at `at`, moved so that it halves no surrogate pair and no number between `⟨` and `⟩`. */
function endBefore(text: string, at: number): number {
  const open = text.lastIndexOf("⟨", at - 1);
  if (open >= 0 && open > at - 14 && !text.slice(open, at).includes("⟩")) return open;
  return at > 0 && isHigh(text.charCodeAt(at - 1)) ? at - 1 : at;
}

function startAfter(text: string, at: number): number {
  return at > 0 && isHigh(text.charCodeAt(at - 1)) ? at + 1 : at;
}
