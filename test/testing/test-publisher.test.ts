import { describe, expect, it } from "vitest";
import { secretsIn, plantedSecrets } from "../../src/testing/secrets.ts";
import { testPublisher, type OpenPublisher } from "../../src/testing/test-publisher.ts";
import type { PublisherLike } from "../../src/model/publisher.ts";

/** Runs the suite by hand; gives the titles of the tests that fail. */
async function failures(open: OpenPublisher): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = [];
  testPublisher("x", open, { describe: (_, define) => define(), it: (name, test) => void tests.push([name, test]) });
  const failed: string[] = [];
  for (const [name, test] of tests) await test().catch(() => failed.push(name));
  return failed;
}

describe("testPublisher", () => {
  it("fails a publisher that writes values as they are", async () => {
    let written = "";
    const naive: PublisherLike = ({ control }) => {
      if (control.outcome.kind === "returned") written += JSON.stringify(control.outcome.value);
    };
    const failed = await failures(() => ({ publisher: naive, written: () => written }));
    expect(failed).toEqual([
      "takes values that are hostile, endless or huge",
      "writes no secret by default, wherever it lies",
    ]);
  });

  it.each<[string, PublisherLike, RegExp]>([
    [
      "throws on",
      ({ control: { outcome } }) => {
        if (outcome.kind === "returned") JSON.stringify(outcome.value);
      },
      /bigint: /,
    ],
    [
      "takes too long for",
      ({ control: { outcome } }) => {
        const startedAt = performance.now();
        try {
          if (outcome.kind === "returned") String(outcome.value);
        } catch {
          // What cannot be written is left out.
        }
        // However fast the machine is that writes it.
        if (performance.now() - startedAt > 1_000) while (performance.now() - startedAt < 3_500);
      },
      /2\^23 paths through shared references: took \d+ ms/,
    ],
    [
      "hangs on",
      ({ control: { outcome } }) =>
        outcome.kind === "returned" && typeof outcome.value === "symbol" ? new Promise(() => undefined) : undefined,
      /a symbol: did not end within 3000 ms/,
    ],
  ])("names the value that a publisher %s, and ends", { timeout: 60_000 }, async (_, publisher, message) => {
    const tests: [string, () => Promise<void>][] = [];
    testPublisher("x", () => ({ publisher }), {
      describe: (__, define) => define(),
      it: (name, test) => void tests.push([name, test]),
    });
    const [, test] = tests.find(([name]) => name.includes("hostile"))!;
    await expect(test()).rejects.toThrow(message);
  });

  it("fails a publisher that writes nothing, changes results, or cannot be closed twice", async () => {
    let open = true;
    const failed = await failures(() => {
      open = true;
      return {
        publisher: {
          name: "bad",
          publish: ({ control }) => {
            if (control.outcome.kind === "returned" && typeof control.outcome.value === "object") {
              Object.assign(control.outcome.value ?? {}, { id: 2 });
            }
          },
          close: async () => {
            if (!open) throw new Error("closed already");
            open = false;
          },
        },
        written: () => "",
      };
    });
    expect(failed).toContain("leaves a result as it was");
    expect(failed).toContain("can be flushed and closed, and closed twice");
    expect(failed).toContain("has written something once it was flushed");
  });
});

describe("secretsIn", () => {
  it.each(Object.entries(plantedSecrets))(
    "sees %s as it is, as JSON, in a URL, in hex and in base64",
    (name, secret) => {
      for (const spelt of [
        secret,
        JSON.stringify({ [secret]: 1 }),
        encodeURIComponent(secret),
        Buffer.from(secret).toString("hex"),
        Buffer.from(secret).toString("base64"),
      ]) {
        expect(secretsIn(`before ${spelt} after`)).toContain(name);
      }
      expect(secretsIn("nothing of the kind")).toEqual([]);
    },
  );
});
