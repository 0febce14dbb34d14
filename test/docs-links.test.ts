import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { anchorsOf, linksOf, pagesOfDocs, proseOfPage } from "./docs.ts";

const root = join(import.meta.dirname, "..");
const pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ...pagesOfDocs()];
const repository = manifest.repository.url.replace(/^git\+(.*)\.git$/, "$1");

/** A link into the repository as a path in it, whether it is relative or absolute; `undefined` for the rest of the web. */
function target(page: string, link: string): { path: string; anchor: string | undefined } | undefined {
  const [address, anchor] = link.split("#") as [string, string | undefined];
  const inRepository = new RegExp(`^${repository.replaceAll(".", "\\.")}/(?:blob|tree)/main/(.+)$`).exec(address);
  if (inRepository !== null) return { path: inRepository[1]!, anchor };
  if (/^[a-z]+:/.test(address)) return undefined;
  return { path: address === "" ? page : normalize(join(dirname(page), address)), anchor };
}

describe.each(pages)("%s", (page) => {
  it("links to nothing that is not there, page or heading", () => {
    const dead = linksOf(page).filter((link) => {
      const found = target(page, link);
      if (found === undefined) return false;
      if (!existsSync(join(root, found.path))) return true;
      return found.anchor !== undefined && found.path.endsWith(".md") && !anchorsOf(found.path).has(found.anchor);
    });
    expect(dead).toEqual([]);
  });

  it("names no file that is not there", () => {
    const named = [...proseOfPage(page).matchAll(/`((?:src|test|scripts|bench|examples)\/[\w./-]+)`/g)];
    expect(named.map(([, file]) => file!).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

it("a README says its repository as package.json does", () => {
  const hosts = readFileSync(join(root, "README.md"), "utf8").match(/https:\/\/github\.com\/[\w-]+\/sidelane/g) ?? [];
  expect([...new Set(hosts)].filter((each) => each !== repository)).toEqual([]);
});
