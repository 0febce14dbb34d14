/**
 * The first step of `npm publish`: refuses while package.json or a page of the package has a placeholder where the project's own address
 * belongs. Whoever publishes writes the address of the repository in place of `github.com/OWNER` everywhere.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const fields = ["repository", "homepage", "bugs", "funding"] as const;
const placeholder = /\bOWNER\b/;

/** What keeps a package from being published, a sentence for each; empty when nothing does. */
export function reasonsNotToPublish(
  manifest: Readonly<Record<string, unknown>>,
  pages: Readonly<Record<string, string>>,
): string[] {
  const inManifest = fields.flatMap((field) => {
    const value = manifest[field];
    if (value === undefined) return [`package.json has no \`${field}\``];
    return placeholder.test(JSON.stringify(value)) ? [`package.json: \`${field}\` is a placeholder`] : [];
  });
  const inPages = Object.entries(pages)
    .filter(([, text]) => /github\.(?:com|io)\/OWNER\b|\bOWNER\.github\.io\b/.test(text))
    .map(([name]) => `${name} links to the placeholder's repository`);
  return [...inManifest, ...inPages];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(import.meta.dirname, "..");
  const read = (file: string): string => readFileSync(join(root, file), "utf8");
  const docs = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
  const names = ["README.md", "CHANGELOG.md", "SECURITY.md", ...docs.map((file) => `docs/${file}`)];
  const pages = Object.fromEntries(names.map((name) => [name, read(name)]));
  const reasons = reasonsNotToPublish(JSON.parse(read("package.json")) as Record<string, unknown>, pages);
  for (const reason of reasons) console.log(reason);
  if (reasons.length > 0) process.exitCode = 1;
}
