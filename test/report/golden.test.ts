import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { markdownOf, summary, textOf } from "../../src/report/index.ts";

const folder = join(import.meta.dirname, "golden");

describe("the report of a file that stays", () => {
  it.each([
    ["text.txt", textOf],
    ["text-narrow.txt", (model: Parameters<typeof textOf>[0]) => textOf(model, { width: 60 })],
    ["comment.md", markdownOf],
    ["model.json", (model: Parameters<typeof textOf>[0]) => `${JSON.stringify(model, null, 1)}\n`],
  ])("is %s, to the letter", async (name, face) => {
    const model = await summary(join(folder, "records.ndjson"));
    await expect(face(model)).toMatchFileSnapshot(join(folder, name));
  });
});
