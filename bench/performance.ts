// Measures everything that docs/performance.md says, and writes it. Run: npm run bench [rounds]
// With a part of a title as well, prints the sections that have it, and writes nothing: npm run bench 15 synchronous
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { machine } from "./rounds.ts";
import { sections } from "./sections.ts";

const [, , rounds = "21", only, asked] = process.argv;
const count = Number(rounds);

if (asked !== undefined) {
  process.send!(await sections[Number(asked)]!.measure(count));
  process.exit(0);
}

const measured: string[] = [];
for (const [index, { title }] of sections.entries()) {
  if (only !== undefined && !title.includes(only)) continue;
  const section = `## ${title}\n\n${await measure(index)}\n`;
  console.log(section);
  measured.push(section);
}
if (only === undefined) writeFileSync(new URL("../docs/performance.md", import.meta.url), page(measured));

/** Each in a process of its own: what one of them switches on in the runtime slows no other. */
async function measure(index: number): Promise<string> {
  const child = fork(fileURLToPath(import.meta.url), [rounds, "", String(index)]);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`The section ended with ${String(code)} and no figures`);
  });
  const [section] = (await Promise.race([once(child, "message"), ended])) as [string];
  ended.catch(() => undefined);
  return section;
}

function page(parts: readonly string[]): string {
  return [
    "# Performance",
    "",
    `Written by \`npm run bench\`: medians of ${count} interleaved rounds. ${machine()}.`,
    "Times move with the machine, ratios less. The spread is half the distance between the quartiles.",
    "",
    ...parts,
  ].join("\n");
}
