import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { faults } from "../../examples/services/faults.ts";
import { runFile } from "../documented.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sidelane-services-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it(
  "finds each planted fault between two services, nothing else, and a ramp that rolls itself back",
  { timeout: 180_000 },
  async () => {
    const { code, output } = await runFile(join(root, "examples/services/demo.ts"), [folder]);
    expect(output).toMatch(/ s {2}300 of 1200 requests$/m);
    for (const { name, route } of faults) {
      expect(output).toContain(`  ${name}\n`);
      expect(output).toContain(`    ${route}  `);
    }
    expect(output).toMatch(/^The ramp: shadow → ramp 20 %.* → shadow, rolled-back$/m);
    expect(output).toContain(
      `${faults.length} of ${faults.length} planted faults found, 0 invented; the ramp rolled itself back; `,
    );
    expect(code).toBe(0);
    expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("shop-mended");
  },
);
