/**
 * `npm run docs:reference`: the API reference, a page for each subpath in `docs/reference`, made by TypeDoc from the sources. It is part of
 * the site and not of the repository. Fails where an exported name has no docstring, or its page does not show it.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Application, DeclarationReflection, type TypeDocOptions } from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import { builtName, entries } from "./entries.ts";

const root = join(import.meta.dirname, "..");
const folder = join(root, "docs/reference");
rmSync(folder, { recursive: true, force: true });

/** A page's name: `sidelane.md`, `http.md`, `stores/file.md`. */
const pageOf = (subpath: string): string => (subpath === "." ? "sidelane" : builtName(subpath));
const specifierOf = (page: string): string => (page === "sidelane" ? page : `sidelane/${page}`);

const options: Partial<TypeDocOptions> & PluginOptions = {
  entryPoints: Object.values(entries).map((file) => join(root, file)),
  tsconfig: join(root, "tsconfig.json"),
  plugin: ["typedoc-plugin-markdown"],
  outputs: [{ name: "markdown", path: folder }],
  logLevel: "Warn",
  skipErrorChecking: true,
  disableSources: true,
  readme: "none",
  entryFileName: "index",
  router: "module",
  // By names alone two anchors of a page may be the same: `Laboratory.status` and `LaboratoryStatus`.
  useCustomAnchors: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  pageTitleTemplates: { module: ({ rawName }: { rawName: string }) => `\`${specifierOf(rawName)}\`` },
  // Types that only others' signatures name are drawn there.
  validation: { notExported: false, invalidLink: true, rewrittenLink: true, invalidPath: true, notDocumented: false },
};

const app = await Application.bootstrapWithPlugins(options);
const project = await app.convert();
if (project === undefined) throw new Error("the sources could not be read");
const modules = Object.keys(entries).map((subpath) => {
  const from = entries[subpath]!.replace(/^src\//, "").replace(/(\/index)?\.ts$/, "");
  const found = project.children?.find(({ name }) => name === from);
  if (found === undefined) throw new Error(`there is no module ${from}`);
  return { found, page: pageOf(subpath) };
});
for (const { found, page } of modules) found.name = page;
app.validate(project);
await app.generateOutputs(project);

/** What the docstring of a name begins with, as far as it is plain text; those of functions belong to their signatures. */
function beginning(of: DeclarationReflection): string | undefined {
  const comments = [of.comment, ...(of.signatures ?? []).map(({ comment }) => comment)];
  return comments
    .find((each) => each !== undefined)
    ?.summary[0]?.text.split("\n")[0]!
    .trim();
}

let shown = 0;
const rows = modules.map(({ found, page }) => {
  const file = join(folder, `${page}.md`);
  // The plugin counts constructors in links otherwise than in headings.
  const text = readFileSync(file, "utf8").replace(/\[`constructor`\]\([^)]*\)/g, "`constructor`");
  writeFileSync(file, text);
  for (const each of found.children ?? []) {
    shown += 1;
    if (!text.includes(`### ${each.name}`)) app.logger.error(`${page}.md does not show ${each.name}`);
    // A name that stands on another page as well is a link to it.
    if (each.isReference() || !(each instanceof DeclarationReflection)) continue;
    const first = beginning(each);
    if (first === undefined) app.logger.error(`${each.name} of ${specifierOf(page)} has no docstring`);
    else if (!text.includes(first)) app.logger.error(`${page}.md does not show what ${each.name} is`);
  }
  return `| [\`${specifierOf(page)}\`](${page}.md) | ${(found.children ?? []).length} |`;
});
const index = `# API reference

Every name that the package exports, with what its docstring says, made from the sources of this version.

| import from | names |
| --- | --- |
${rows.join("\n")}
`;
writeFileSync(join(folder, "index.md"), index);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
console.log(`${modules.length} entries, ${shown} names`);
