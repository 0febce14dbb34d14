import { writeFileSync } from "node:fs";
import { equalityPage } from "../test/compare/equality-page.ts";

writeFileSync(new URL("../docs/equality.md", import.meta.url), equalityPage());
