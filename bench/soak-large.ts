// Of `npm run soak`: values that take long to look at, told with all that they hold.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Laboratory } from "../src/experiment/laboratory.ts";
import type { Publisher } from "../src/model/publisher.ts";
import { ndjsonPublisher } from "../src/publishers/ndjson/index.ts";
import { redact } from "../src/publishers/combine/index.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-soak-"));

/** Tells values as they are, in files that are set aside at 20 MB, and to somebody who takes them redacted. */
export function showingPublishers(): Publisher[] {
  const path = join(folder, "soak.ndjson");
  return [
    ndjsonPublisher({ path, values: "shown", perMinute: Infinity, rotate: { bytes: 20_000_000, files: 1 } }),
    redact({}, { name: "redacted", publish: () => undefined }),
  ];
}

export function removeShown(): void {
  rmSync(folder, { recursive: true, force: true });
}

const text = randomBytes(60_000).toString("base64");

/** A list of 2 000 rows, 80 KB of base64, and an error whose code has 101 letters; each fourth differs. */
export function largeExperiments(laboratory: Laboratory): ((n: number) => void)[] {
  const page = (n: number, total: number): object => ({
    rows: Array.from({ length: 2_000 }, (_, id) => ({ id, name: `row ${id} of ${n}`, price: id / 100 })),
    total,
  });
  const failure = (code: string): never => {
    throw Object.assign(new Error("no"), { code });
  };
  let called = 0;
  const sides = <Value>(make: (n: number, differs: boolean) => Value) => ({
    control: (n: number) => make(n, false),
    candidate: (n: number) => make(n, called++ % 4 === 0),
  });
  const pages = laboratory.experiment(
    "pages",
    sides((n, other) => page(n, other ? 1 : 0)),
  );
  const texts = laboratory.experiment(
    "texts",
    sides((n, other) => ({ n, text: other ? `${text}=` : text })),
  );
  const codes = laboratory.experiment(
    "codes",
    sides((_, other): never => failure("E".repeat(100) + (other ? "O" : "E"))),
  );
  const quietly = (n: number): void => {
    try {
      codes(n);
    } catch {
      // It always throws.
    }
  };
  return [pages, texts, quietly];
}
