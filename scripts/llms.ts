/** `llms.txt`: what a language model reads first, made of README and of the first paragraph of each page. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { sections } from "./pages.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const repository = manifest.repository.url.replace(/^git\+(.*)\.git$/, "$1");

/** Links as their text, on one line, and the first sentences up to some 200 characters. */
function plain(paragraph: string): string {
  const text = paragraph
    .replace(/\[([^\]]+)\]\([^)]+\)/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
  const sentences = text.match(/[^.:]+(?:\.(?=\s|$)|:(?=\s|$)|[.:](?!\s|$)[^.:]*)*[.:]?/g) ?? [text];
  let taken = "";
  for (const sentence of sentences) {
    if (taken !== "" && (taken + sentence).length > 200) break;
    taken += sentence;
  }
  return taken.trim().replace(/[:,]$/, ".");
}

/** The first paragraph below the title that is prose. */
function beginning(page: string): string {
  const [, ...paragraphs] = read(page).split(/\n{2,}/);
  return plain(paragraphs.find((each) => /^[A-Z`"'(*]/.test(each) && !each.startsWith("```")) ?? "");
}

function titleOf(page: string): string {
  return /^# (.+)$/m.exec(read(page))![1]!;
}

/** The whole file. */
export function llmsText(): string {
  const [, about = ""] = read("README.md").split(/\n{2,}/);
  const [example] = /```ts\n.*?\n```/s.exec(read("README.md"))!;
  const lists = sections.map(({ title, pages }) => {
    const lines = pages.map((page) => `- [${titleOf(page)}](${repository}/blob/main/${page}): ${beginning(page)}`);
    return `## ${title}\n\n${lines.join("\n")}`;
  });
  return [`# Sidelane`, `> ${about.replace(/\s+/g, " ")}`, example, ...lists, ""].join("\n\n").trimEnd() + "\n";
}
