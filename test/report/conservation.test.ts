import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { readRecords } from "../../src/records/index.ts";
import { summary } from "../../src/report/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-conserved-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a file says by itself: what was accepted and dropped by its counts, and how many results its lines stand for. */
async function sumsOf(path: string): Promise<{ accepted: number; dropped: number; failed: number; weights: number }> {
  const sums = { accepted: 0, dropped: 0, failed: 0, weights: 0 };
  for await (const record of readRecords(path)) {
    if (record.type === "result") sums.weights += record.weight;
    if (record.type !== "tally" || !("publishers" in record)) continue;
    const { accepted = 0, failed = 0, dropped = {} } = record.publishers["ndjson"] ?? {};
    sums.accepted += accepted;
    sums.failed += failed;
    sums.dropped += Object.values(dropped).reduce((sum, each) => sum + each, 0);
  }
  return sums;
}

describe("conservation, from the file alone", () => {
  it.each([
    ["drawn, 100 of each kind a minute", {}],
    ["drawn, 3 of each kind a minute", { perMinute: 3 }],
    ["all of them", { perMinute: Infinity }],
  ])("accepts what its lines stand for and what was dropped: %s", async (name, options) => {
    const path = join(folder, `${name}.ndjson`);
    const clock = fixedClock();
    const publisher = ndjsonPublisher({ path, random: seededRandom(1), ...options });
    const lab = new Laboratory({ publishers: [publisher], clock, random: seededRandom(2) });
    const price = lab.experiment("price", {
      control: (n: number): unknown => n,
      candidate: (n: number): unknown => (n % 7 === 0 ? String(n) : n),
      sample: 0.9,
      enabled: (n: number) => n % 11 !== 3,
    });
    for (let minute = 0; minute < 6; minute++) {
      // In one turn of the event loop more than its queue holds, in every other minute.
      for (let n = 0; n < (minute % 2 === 0 ? 300 : 1_700); n++) price(n);
      await lab.settled();
      await lab.flush();
      await clock.advanceAsync(60_000);
    }
    await lab.close();
    const { accepted, dropped, failed, weights } = await sumsOf(path);
    const status = lab.status();
    expect(failed).toBe(0);
    expect(accepted).toBe(status.experiments["price"]!.started);
    expect(Math.round(weights) + dropped).toBe(accepted);
    const model = await summary(path);
    const { calls, started, skips, candidates } = model.experiments["price"]!;
    const compared = Object.values(candidates["candidate"]!.counts).reduce((sum, each) => sum + each, 0);
    expect(started).toBe(compared);
    expect(calls).toBe(compared + Object.values(skips).reduce((sum, each) => sum + each, 0));
    expect(model.lost.dropped["ndjson"]?.["queue-full"] ?? 0).toBe(dropped);
  });
});
