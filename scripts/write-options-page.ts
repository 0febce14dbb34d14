/** Writes docs/options.md: `npm run docs:options`. A test says when it is out of date. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { optionsPage } from "./options-page.ts";

writeFileSync(join(import.meta.dirname, "../docs/options.md"), optionsPage());
