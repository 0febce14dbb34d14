/** The pages of `docs` in the order in which they are read: for the site's sidebar and `llms.txt`. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

interface Section {
  readonly title: string;
  readonly pages: readonly string[];
}

const chosen: readonly Section[] = [
  {
    title: "Begin",
    pages: ["docs/getting-started.md", "docs/concepts.md", "docs/recipes.md", "docs/testing.md", "docs/migrating.md"],
  },
  {
    title: "Compare",
    pages: [
      "docs/comparison.md",
      "docs/equality.md",
      "docs/noise.md",
      "docs/skip-reasons.md",
      "docs/comparison-calls.md",
    ],
  },
  {
    title: "Move over",
    pages: ["docs/rollout.md", "docs/who-answers.md", "docs/on-call.md", "docs/statistics.md"],
  },
  { title: "Services and writes", pages: ["docs/proxy.md", "docs/proxy-options.md", "docs/http.md", "docs/writes.md"] },
  { title: "Look", pages: ["docs/report.md", "docs/publishers.md", "docs/records.md"] },
  {
    title: "Look up",
    pages: [
      "docs/options.md",
      "docs/glossary.md",
      "docs/guarantees.md",
      "docs/known-limits.md",
      "docs/performance.md",
      "docs/runtimes.md",
      "SECURITY.md",
    ],
  },
  { title: "Within", pages: ["docs/architecture.md", "docs/scientist-parity.md", "docs/mutation.md", "CHANGELOG.md"] },
];

const placed = new Set(chosen.flatMap(({ pages }) => pages));
const others = readdirSync(join(import.meta.dirname, "..", "docs"))
  .filter((file) => file.endsWith(".md") && file !== "index.md")
  .map((file) => `docs/${file}`)
  .filter((page) => !placed.has(page))
  .sort();

/** Every page, those that nobody has given a place at the end. */
export const sections: readonly Section[] =
  others.length === 0 ? chosen : [...chosen, { title: "More", pages: others }];
