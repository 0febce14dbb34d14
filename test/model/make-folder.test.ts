import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeFolder } from "../../src/model/make-folder.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { fileStore } from "../../src/rollout/stores/file.ts";

const root = mkdtempSync(join(tmpdir(), "sidelane-make-folder-"));
afterAll(() => {
  rmSync(root, { recursive: true });
});

it("makes a folder with all above it, and once more", () => {
  const folder = join(root, "a", "b", "c");
  for (let time = 0; time < 2; time++) {
    makeFolder(folder);
    expect(existsSync(folder)).toBe(true);
  }
});

it("throws where a file is in the way", () => {
  writeFileSync(join(root, "file"), "");
  expect(() => makeFolder(join(root, "file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(root, "file", "below"))).toThrow();
});

it("ends where the system makes no folder and says that the one above is missing", () => {
  const nowhere = "/proc/sidelane/below/it";
  expect(() => makeFolder(nowhere)).toThrow();
  expect(() => fileStore(nowhere)).toThrow("folder");
  expect(() => ndjsonPublisher({ path: `${nowhere}/results.ndjson` })).toThrow("path");
});
