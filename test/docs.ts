import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { documentedOutput } from "./documented.ts";

const root = join(import.meta.dirname, "..");

/** The pages in `docs`, the generated ones included, by their paths from the root. */
export function pagesOfDocs(): string[] {
  return readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`)
    .sort();
}

/** A page without what stands in fences, where nothing is a link or a heading. */
export function proseOfPage(path: string): string {
  return readFileSync(join(root, path), "utf8").replace(/^```.*?^```$/gms, "");
}

/** The anchors that a page has on GitHub and on the site: one for each heading. */
export function anchorsOf(path: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, title] of proseOfPage(path).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

/** The links of a page, pictures included: what stands in the parentheses of Markdown, and `src` and `href`. */
export function linksOf(path: string): string[] {
  const text = proseOfPage(path).replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, " "));
  const inline = [...text.matchAll(/\]\(([^)\s]+)\)/g)];
  const attributes = [...text.matchAll(/\b(?:src|href)="([^"]+)"/g)];
  return [...inline, ...attributes].map(([, target]) => target!);
}

export interface Block {
  readonly name: string;
  readonly file: string;
  readonly code: string;
}

/**
 * Every ```ts block. What a block takes for granted stands before it, unseen by readers of the page:
 * `<!-- given` on a line of its own, declarations, `-->`.
 */
export function blocksOf(page: string, folder: string): readonly Block[] {
  const markdown = readFileSync(join(root, page), "utf8");
  const pattern = /(?:<!-- given\n(?<given>.*?)\n-->\n+)?```ts\n(?<code>.*?)\n```/gs;
  return [...markdown.matchAll(pattern)].map(({ groups, index }) => {
    const line = markdown.slice(0, index).split("\n").length;
    // A module of its own, so that names of two blocks do not meet.
    const code = `${groups!["given"] ?? ""}\n${groups!["code"]!}\nexport {};\n`.trimStart();
    const file = join(folder, `${page.replace(/\W/g, "-")}-line-${line}.ts`);
    return { name: `the block of ${page} at line ${line}`, file, code };
  });
}

/** What a block says that it prints. */
export function printedBy({ code }: Block): string | undefined {
  return documentedOutput(code.replace(/\nexport \{\};\n$/, ""));
}
