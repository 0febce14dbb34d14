import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { proseOfCode, proseOfMarkdown, wordsAgainst } from "./prose-rules.ts";

const root = join(import.meta.dirname, "..");

/** Phrasings that are not written here, and what to write. */
const phrasings: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\b(?:gives|gave)\b(?! (?:it |in )?up\b)/i, "`returns`, `yields`, or what it does"],
  [/\b(?:somebody|someone|anybody|whoever|whomever|whom)\b/i, "the subject: the caller, a publisher, a process"],
  [/\b(?:is|are|was|were) told of\b/i, "`receives`, or who calls it with what"],
  [/\ba line a result\b/i, "`one line per result`"],
  [
    /\b(?:simply|obviously|of course|easily|effortless(?:ly)?|seamless(?:ly)?|note that)\b/i,
    "nothing: what is so needs no word",
  ],
  [
    /\b(?:blazing(?:ly)?|robust|powerful|battle-tested|world-class|best-in-class|cutting-edge|state-of-the-art)\b/i,
    "a figure, and what measured it",
  ],
  [/\b(?:utilize|leverage|in order to)\b/i, "`use`, `to`"],
  [/\b(?:colour|behaviour|normalise|serialise)s?\b/i, "American spelling"],
];

/** Where the word is right. */
const exceptions: readonly string[] = [
  "Gives a copy the class of its original",
  // Entries of the changelog that show the code before.
  "was `colour`",
  "{ colour: true }",
  // What results of earlier versions say.
  "(?:gave|returned)",
];

/** Comments and texts of code, which is else not prose. */
function proseOf(line: string): string {
  const comment = /^\s*(?:\*|\/\*|\/\/)/.test(line) ? line : (/\s\/\/ .*$/.exec(line)?.[0] ?? "");
  return [comment, ...(line.match(/"[^"]*"|'[^']*'|`[^`]*`/g) ?? [])].join(" ");
}

/** The title of a test. */
function titleOf(line: string): string {
  return /\b(?:it|test|describe)\b[^"`]*(["`].*["`])/.exec(line)?.[1] ?? "";
}

function findings(file: string, prose: (line: string) => string): string[] {
  return readFileSync(join(root, file), "utf8")
    .split("\n")
    .flatMap((line, index) => {
      const text = prose(line);
      if (exceptions.some((exception) => line.includes(exception))) return [];
      return phrasings
        .filter(([phrase]) => phrase.test(text))
        .map(([phrase, instead]) => `${file}:${index + 1}: ${phrase.exec(text)![0]} → ${instead}`);
    });
}

const below = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    .sort();

describe("the words of the project are those of the style", () => {
  it("in comments and messages", () => {
    expect(below("src", ".ts").flatMap((file) => findings(file, proseOf))).toEqual([]);
  });

  it("in the docs", () => {
    const written = below("docs", ".md").filter((file) => !/^docs\/(?:api|reference)\//.test(file));
    const files = [...written, "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    expect(files.flatMap((file) => findings(file, (line) => line))).toEqual([]);
  });

  it("in the titles of tests", () => {
    const files = below("test", ".test.ts").filter((file) => file !== "test/prose.test.ts");
    expect(files.flatMap((file) => findings(file, titleOf))).toEqual([]);
  });

  it("in the docs, by the rules of write-good", () => {
    const written = below("docs", ".md").filter((file) => !/^docs\/(?:api|reference)\//.test(file));
    const files = [...written, "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    const found = files.flatMap((file) =>
      wordsAgainst(proseOfMarkdown(readFileSync(join(root, file), "utf8"))).map(
        ({ line, about }) => `${file}:${line}: ${about}`,
      ),
    );
    expect(found).toEqual([]);
  });

  it("in comments and messages, by the rules of write-good", () => {
    const found = below("src", ".ts").flatMap((file) => {
      const prose = proseOfCode(readFileSync(join(root, file), "utf8"));
      return wordsAgainst(prose).map(({ line, about }) => `${file}:${line}: ${about}`);
    });
    expect(found).toEqual([]);
  });
});
