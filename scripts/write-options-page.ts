/** Writes docs/options.md, docs/proxy-options.md and schemas/: `npm run docs:options`. Tests say when they are out of date. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { optionsPage } from "./options-page.ts";
import { proxyOptionsPage, proxySchema } from "./proxy-options-page.ts";

const root = join(import.meta.dirname, "..");
writeFileSync(join(root, "docs/options.md"), optionsPage());
writeFileSync(
  join(root, "docs/proxy-options.md"),
  await format(proxyOptionsPage(), { parser: "markdown", printWidth: 120 }),
);
mkdirSync(join(root, "schemas"), { recursive: true });
writeFileSync(
  join(root, "schemas/proxy.schema.json"),
  await format(proxySchema(), { parser: "json", printWidth: 120 }),
);
