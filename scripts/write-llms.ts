// Writes llms.txt anew. Run: npm run docs:llms
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { llmsText } from "./llms.ts";

writeFileSync(join(import.meta.dirname, "..", "llms.txt"), llmsText());
