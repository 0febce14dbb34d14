import { join } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { reasonsNotToPublish } from "../../scripts/check-publish.ts";
import { runFile } from "../documented.ts";

const root = join(import.meta.dirname, "../..");
const filled = {
  ...manifest,
  repository: { type: "git", url: "git+https://github.com/ada/sidelane.git" },
  homepage: "https://ada.github.io/sidelane/",
  bugs: "https://github.com/ada/sidelane/issues",
  funding: "https://github.com/sponsors/ada",
};

describe("a package with placeholders", () => {
  it("is refused before it is published, each placeholder by its name", async () => {
    expect(manifest.scripts.prepublishOnly).toMatch(/^tsx scripts\/check-publish\.ts && /);
    const { code, output } = await runFile(join(root, "scripts/check-publish.ts"));
    const fields = ["repository", "homepage", "bugs", "funding"];
    for (const field of fields) expect(output).toContain(`package.json: \`${field}\` is a placeholder`);
    expect(output).toContain("README.md links to the placeholder's repository");
    expect(code).toBe(1);
  });

  it("is not refused once they are filled", () => {
    expect(reasonsNotToPublish(filled, { "README.md": "https://github.com/ada/sidelane" })).toEqual([]);
  });

  it("is refused where a field is missing, or a page still has the placeholder", () => {
    const { funding, ...rest } = filled;
    expect(funding).toBeDefined();
    expect(reasonsNotToPublish(rest, {})).toEqual(["package.json has no `funding`"]);
    expect(reasonsNotToPublish(filled, { "docs/a.md": "see https://github.com/OWNER/sidelane" })).toEqual([
      "docs/a.md links to the placeholder's repository",
    ]);
  });
});

it("runs nothing when it is installed", () => {
  const names = ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"];
  expect(Object.keys(manifest.scripts).filter((name) => names.includes(name))).toEqual([]);
});
