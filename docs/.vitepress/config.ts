import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { defineConfig, type UserConfig } from "vitepress";
import manifest from "../../package.json" with { type: "json" };
import { sections } from "../../scripts/pages.ts";

const root = join(import.meta.dirname, "../..");
const repository = manifest.repository.url.replace(/^git\+(.*)\.git$/, "$1");
const titleOf = (page: string): string =>
  /^# (.+)$/m.exec(readFileSync(join(root, page), "utf8"))![1]!.replaceAll("`", "");

/** Pages of the site are those in `docs`; what else is linked to is in the repository. */
const linkOf = (page: string): string =>
  page.startsWith("docs/") ? `/${basename(page, ".md")}` : `${repository}/blob/main/${page}`;

const config: UserConfig = defineConfig({
  title: "Sidelane",
  description: manifest.description,
  base: "/sidelane/",
  lastUpdated: false,
  srcExclude: ["api/**"],
  themeConfig: {
    search: { provider: "local" },
    sidebar: sections.map(({ title, pages }) => ({
      text: title,
      items: pages.map((page) => ({ text: titleOf(page), link: linkOf(page) })),
    })),
    socialLinks: [{ icon: "github", link: repository }],
    outline: [2, 3],
  },
  markdown: {
    // Braces of a page are text.
    attrs: { disable: true },
    config(md) {
      // Pages are Markdown alone: `<a>` in a cell of a table is text. What a block of code takes for granted is not shown.
      md.set({ html: false });
      md.core.ruler.before("normalize", "comments", (state) => {
        state.src = state.src.replace(/^<!--.*?-->$/gms, "");
      });
      // `../examples/a.ts` and `pages` on a page are files of the repository, not pages of the site.
      md.core.ruler.push("repository-links", ({ tokens }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.attrGet("href");
          if (token.type !== "link_open" || href === null) continue;
          const above =
            /^\.\.\/(.+)$/.exec(href)?.[1] ?? (/^(?:pages|api)(?:\/|$)/.test(href) ? `docs/${href}` : undefined);
          if (above !== undefined) token.attrSet("href", `${repository}/blob/main/${above}`);
        }
      });
    },
  },
});

export default config;
