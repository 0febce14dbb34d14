import { createRequire } from "node:module";

interface Suggestion {
  readonly index: number;
  readonly offset: number;
  readonly reason: string;
}
type Check = "weasel" | "illusion" | "so" | "thereIs" | "passive" | "adverb" | "tooWordy" | "cliches" | "eprime";

const writeGood = createRequire(import.meta.url)("write-good") as (
  text: string,
  checks: Readonly<Partial<Record<Check, boolean>>>,
) => readonly Suggestion[];

/** Rules of write-good that are not held to, and why. */
const excepted: readonly (readonly [rule: Check, why: string])[] = [
  [
    "passive",
    "what happens to a call, a value or a result is what the pages are about; who does it is always Sidelane",
  ],
  ["eprime", "English without `to be`: it is off in write-good, too"],
];

/** Words that its other rules know, with what follows them, in the senses in which they are right here. */
const words: readonly (readonly [word: RegExp, why: string])[] = [
  [/^it (?:is|was)\b/, "of the rule against `to be`"],
  [/^(?:only|exactly)\b/, "they limit a promise: `exactly once`, `only match means`"],
  [/^(?:many|several|few)\b/, "they count what the reader has, not we"],
  [
    /^(?:a number of|type of|typeof|all of|multiple)\b/,
    "`a number of milliseconds`, `the type of control`: numbers and types are the matter",
  ],
  [
    /^(?:minimum|maximum|tiny|huge|utilization|authorize)\b/,
    "names of options, of measured and of tested cases, and of Node's `eventLoopUtilization`",
  ],
  [/^however [a-z]/, "`however many`, `however often`: it measures. Before a comma it is the conjunction"],
  [
    /^(?:early|lately|just|shortly|slowly)\b/,
    "when, and how fast: of timers, readers that leave and tries that are repeated",
  ],
  [
    /^(?:likely|equally|loosely|closely|greedily|lazily)\b/,
    "how probable, how near, and in which manner an algorithm works",
  ],
  [/^so (?:many|much|long)\b/, "an amount: `So many bytes are kept.`"],
  [
    /^there is (?:no|a |one )|^there are (?:no|\$)|^there is no$/,
    "says of what exists whether it does, in an answer to a wrong command",
  ],
];

/** What a sentence of `text` has against it, by line. What is no prose has to be blanked before, line for line. */
export function wordsAgainst(text: string): readonly { readonly line: number; readonly about: string }[] {
  const off = Object.fromEntries(excepted.map(([rule]) => [rule, false]));
  return writeGood(text, off).flatMap(({ index, offset, reason }) => {
    const found = text
      .slice(index, index + offset + 15)
      .replace(/\s+/g, " ")
      .toLowerCase();
    if (words.some(([word]) => word.test(found))) return [];
    return [{ line: text.slice(0, index).split("\n").length, about: reason.replace(/\s+/g, " ") }];
  });
}

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** A word for code or a figure in a sentence, another for each of them, on as many lines. */
function placeholders(): (code: string) => string {
  let count = 0;
  return (code) => `X${(count++).toString(2).replaceAll("0", "q").replaceAll("1", "z")}${code.replace(/[^\n]/g, "")}`;
}

/** A page's prose: no front matter, code, comments, addresses or figures, and headings that end. */
export function proseOfMarkdown(markdown: string): string {
  return markdown
    .replace(/^---\n.*?\n---/s, blank)
    .replace(/^```.*?^```/gms, blank)
    .replace(/<!--.*?-->/gs, blank)
    .replace(/\]\([^)]*\)/g, blank)
    .replace(/`[^`]*`|%s|\d[\d \u00a0.]*[A-Z]*/g, placeholders())
    .replace(/^#.*$/gm, (heading) => `${heading.slice(0, -1)}.`);
}

/** Comments and sentences of code, line for line; a text of one or two words is a name. */
export function proseOfCode(source: string): string {
  const lines = source.split("\n").map((line) => {
    const comment = /^\s*(?:\*|\/\*|\/\/)/.test(line) ? line : (/\s\/\/ .*$/.exec(line)?.[0] ?? "");
    const texts = comment === line ? [] : (line.match(/"[^"]*"|`[^`]*`/g) ?? []);
    const sentences = texts.filter((text) => (text.match(/[a-z,] /g) ?? []).length > 2);
    const told = sentences.map((text) => ` ${text.slice(1, -1)}.`).join("");
    return proseOfMarkdown(comment.replace(/@example.*/, "") + told);
  });
  return lines.join("\n");
}
