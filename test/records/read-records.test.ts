import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Laboratory, type Clock, type TallyRecord } from "../../src/index.ts";
import { sample } from "../../src/publishers/combine/index.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { readRecords, readResults, type LineRecord, type ResultSource } from "../../src/records/index.ts";
import { LatencyHistogram } from "../../src/stats/histogram.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-records-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const freshPath = (): string => join(folder, `${(files += 1)}.ndjson`);

async function all(source: ResultSource, skipped: unknown[] = []): Promise<LineRecord[]> {
  const records: LineRecord[] = [];
  for await (const record of readRecords(source, { onSkip: (...skip) => void skipped.push(skip) }))
    records.push(record);
  return records;
}

async function* text(...lines: string[]): AsyncGenerator<string> {
  yield* lines.map((line) => `${line}\n`);
}

type OfCandidate = Extract<TallyRecord, { readonly experiment: string }>;
const tallies = (records: readonly LineRecord[]): TallyRecord[] => records.filter((each) => each.type === "tally");
const ofCandidates = (records: readonly LineRecord[]): OfCandidate[] =>
  tallies(records).filter((each): each is OfCandidate => "experiment" in each);

const base = { v: 2, type: "tally", process: "p", from: 0, to: 1, publishers: {}, faults: {} };

describe("readRecords", () => {
  it("counts and passes over what it does not know, and what is torn", async () => {
    const skipped: unknown[] = [];
    const records = await all(
      text(
        JSON.stringify({ ...base, n: 1 }),
        JSON.stringify({ ...base, n: 2, type: "diary" }),
        JSON.stringify({ ...base, n: 2, v: 3 }),
        '{"v":2,"type":"tal',
        "",
        "not ours",
        '{"some":"log"}',
        JSON.stringify({ ...base, n: "two" }),
        `{"v":2,"type":"ta\t${JSON.stringify({ ...base, n: 2 })}`,
      ),
      skipped,
    );
    expect(tallies(records).map(({ n }) => n)).toEqual([1, 2]);
    expect(skipped).toEqual([
      [2, "type"],
      [3, "version"],
      [4, "torn"],
      [6, "torn"],
      [7, "torn"],
      [8, "torn"],
      [9, "torn"],
    ]);
  });

  it("yields a record once, however often it was written, and those that come late", async () => {
    const numbers = [1, 2, 2, 5, 1, 4, 5, 3];
    const records = await all(text(...numbers.map((n) => JSON.stringify({ ...base, n }))));
    expect(tallies(records).map(({ n }) => n)).toEqual([1, 2, 5, 4, 3]);
  });

  it("reads pieces that are cut anywhere, and passes over a line of more than 16 MB", async () => {
    const line = JSON.stringify({ ...base, n: 1, build: "ä€😀" });
    async function* pieces(): AsyncGenerator<Uint8Array | string> {
      for (const byte of Buffer.from(`${line}\n`)) yield Uint8Array.of(byte);
      for (let piece = 0; piece < 20; piece++) yield "x".repeat(1_000_000);
      yield `\n${JSON.stringify({ ...base, n: 2 })}`;
    }
    const skipped: unknown[] = [];
    expect((await all(pieces(), skipped)).map((record) => "n" in record && [record.n, record.build])).toEqual([
      [1, "ä€😀"],
      [2, undefined],
    ]);
    expect(skipped).toEqual([[2, "torn"]]);
  });
});

describe("what a laboratory writes", () => {
  it("adds up to its status, from the file alone", async () => {
    const path = freshPath();
    const clock = fixedClock();
    const labels = { build: "a1b2", machine: "m-1" };
    const lab = new Laboratory({ publishers: [ndjsonPublisher({ path })], clock, labels, random: seededRandom(3) });
    const about = { owner: "pricing", until: "2027-01-31" };
    const price = lab.experiment("price", {
      control: (n: number) => n,
      candidates: { rules: (n: number) => (n % 10 === 0 ? n + 1 : n), sql: (n: number) => (n % 25 === 3 ? -n : n) },
      enabled: (n) => {
        if (n === 13) throw new Error("unlucky");
        return n % 7 !== 0;
      },
      about,
    });
    for (let call = 0; call < 2_000; call++) {
      price(call % 100);
      if (call % 50 === 0) await clock.advanceAsync(5_000);
    }
    await lab.settled();
    await lab.close();
    const records = await all(path);
    const status = lab.status().experiments["price"]!;
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
    for (const [name, { tally }] of Object.entries(status.candidates)) {
      const own = ofCandidates(records).filter(({ candidate }) => candidate === name);
      const counts = (kind: keyof typeof tally.kinds): number => sum(own.map((each) => each.counts[kind]));
      expect(Object.fromEntries(Object.keys(tally.kinds).map((kind) => [kind, counts(kind as "match")]))).toEqual(
        tally.kinds,
      );
      const latency = new LatencyHistogram();
      for (const each of own) latency.merge(LatencyHistogram.from(each.latency.control));
      expect(latency.toJSON()).toEqual(tally.control);
      expect(sum(own.flatMap(({ groups }) => Object.values(groups)))).toBe(tally.kinds.mismatch);
    }
    const of = ofCandidates(records).flatMap((each) => each.of ?? []);
    expect(sum(of.map(({ calls }) => calls))).toBe(status.calls);
    expect(sum(of.map(({ skips }) => skips["not-enabled"] ?? 0))).toBe(status.skips["not-enabled"]);
    expect(sum(of.map(({ started }) => started)) + sum(Object.values(status.skips))).toBe(status.calls);
    const faults = records.filter((each) => each.type === "fault");
    expect(sum(faults.map(({ counts }) => counts["enabled"] ?? 0))).toBe(status.faults.enabled);
    const [start] = records;
    expect(start).toMatchObject({
      ...{ type: "start", labels, build: "a1b2", versions: { node: process.versions.node } },
      experiments: { price: { owner: "pricing", candidates: ["rules", "sql"], gates: { mismatch: 0.001 } } },
    });
    // Accepted = results that the lines stand for + what was dropped on the way.
    const published = lab.status().publishers["ndjson"]!;
    const told = tallies(records).flatMap((each) => ("publishers" in each ? (each.publishers["ndjson"] ?? []) : []));
    expect(sum(told.map(({ accepted }) => accepted))).toBe(published.accepted);
    const weights = sum(records.flatMap((each) => (each.type === "result" ? each.weight : [])));
    const dropped = sum(told.flatMap((each) => Object.values(each.dropped)));
    expect(weights + dropped).toBeCloseTo(published.accepted, 6);
    expect(tallies(records).map(({ n }) => n)).toEqual(tallies(records).map((_, index) => index + 1));
    for (const line of readFileSync(path, "utf8").trim().split("\n")) {
      const { v, type } = JSON.parse(line) as { v: unknown; type: unknown };
      expect([v, typeof type]).toEqual([2, "string"]);
      if (type === "tally") expect(line.length).toBeLessThan(4_096);
    }
  });

  it("keeps the first mismatch of each kind at once, and a hundred of a kind a minute, weighted", async () => {
    const path = freshPath();
    const clock = fixedClock();
    const publisher = ndjsonPublisher({ path, random: seededRandom(5) });
    const lab = new Laboratory({ publishers: [publisher], clock });
    const price = lab.experiment("price", {
      control: (n: number): unknown => Math.sign(n * n),
      candidate: (n: number): unknown => (n < 0 ? "one" : n),
    });
    for (let call = 0; call < 900; call++) price(1);
    await lab.settled();
    // A thousand may wait; the others would be dropped.
    await vi.waitFor(() => expect(lab.status().publishers["ndjson"]!.queued).toBe(0), 10_000);
    for (let call = 0; call < 300; call++) price(call === 0 ? -1 : 2);
    await lab.settled();
    // Read before the minute has ended.
    await vi.waitFor(
      async () =>
        expect((await all(path)).map((each) => each.type === "result" && [each.weight, each.first])).toEqual([
          false,
          [0, true],
          [0, true],
        ]),
      10_000,
    );
    await lab.close();
    const results = (await all(path)).filter((each) => each.type === "result");
    const drawn = (kind: string): number[] =>
      results.flatMap((each) => (each.kind === kind && each.weight > 0 ? each.weight : []));
    expect([drawn("match").length, drawn("match")[0]]).toEqual([100, 9]);
    expect([drawn("mismatch").length, drawn("mismatch")[0]]).toEqual([100, 3]);
    const ids: string[] = [];
    for await (const { id } of readResults(path)) ids.push(id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("takes at most 4 KB for a line of counts whose latencies spread over two powers of ten, and 8 KB over six", async () => {
    for (const [powers, bytes] of [
      [2, 4_096],
      [6, 8_192],
    ] as const) {
      const random = seededRandom(7);
      const wall = fixedClock();
      let elapsedMs = 0;
      const clock: Clock = {
        now: () => wall.now(),
        monotonic: () => elapsedMs,
        after: (delayMs, callback) => wall.after(delayMs, callback),
      };
      const path = freshPath();
      const lab = new Laboratory({ publishers: [ndjsonPublisher({ path })], clock });
      const takes = (n: number): number => {
        elapsedMs += 0.01 * 10 ** (powers * random());
        return n;
      };
      const price = lab.experiment("price", { control: takes, candidate: takes });
      for (let call = 0; call < 20_000; call++) {
        price(call);
        if (call % 500 === 0) await lab.settled();
      }
      await lab.close();
      const [line] = readFileSync(path, "utf8")
        .split("\n")
        .filter((each) => each.includes('"latency"'));
      expect(ofCandidates(await all(path))[0]!.counts.match).toBe(20_000);
      expect(line!.length).toBeLessThan(bytes);
      // It holds what makes it long.
      expect(line!.length).toBeGreaterThan(bytes / 2);
    }
  });

  it("estimates what was sampled: rates within their intervals in at least 90 of 100 seeds", async () => {
    let within = 0;
    for (let seed = 0; seed < 100; seed++) {
      const random = seededRandom(seed);
      const results: { kind: string; weight?: number }[] = [];
      const publisher = sample(0.01, (result) => void results.push(result), { random });
      const makes = seededRandom(1_000 + seed);
      const rate = 0.02;
      const { aResult } = await import("../../src/testing/a-result.ts");
      const [match, mismatch] = [aResult({ kind: "match" }), aResult({ kind: "mismatch" })];
      let mismatches = 0;
      const calls = Number(process.env["SAMPLED_CALLS"] ?? 20_000);
      for (let call = 0; call < calls; call++) {
        const isBad = makes() < rate;
        if (isBad) mismatches += 1;
        void publisher.publish(isBad ? mismatch : match);
      }
      const sum = results.reduce((all, { weight = 1 }) => all + weight, 0);
      const bad = results.reduce((all, { kind, weight = 1 }) => all + (kind === "mismatch" ? weight : 0), 0);
      const n = results.filter(({ weight = 1 }) => weight > 0).length;
      const { wilson } = await import("../../src/stats/interval.ts");
      const { low, high } = wilson(Math.min(n, (bad / sum) * n), n);
      if (low <= mismatches / calls && mismatches / calls <= high) within += 1;
    }
    expect(within).toBeGreaterThanOrEqual(90);
  });

  it("says which unit a call was of, where there is a secret, and never the key", async () => {
    const path = freshPath();
    const pseudonymKey = "a secret of two processes";
    const lab = new Laboratory({ publishers: [ndjsonPublisher({ path, perMinute: Infinity })], pseudonymKey });
    const define = (name: string): ((customer: string) => string) =>
      lab.experiment(name, { control: String, candidate: String, key: (customer) => customer });
    define("price")("customer-4711");
    define("price-2")("customer-4711");
    await lab.close();
    const results = (await all(path)).filter((each) => each.type === "result");
    expect(results.map(({ unit }) => unit)).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}$/),
      expect.stringMatching(/^[0-9a-f]{16}$/),
    ]);
    expect(results[0]!.unit).not.toBe(results[1]!.unit);
    expect(readFileSync(path, "utf8")).not.toContain("4711");
    expect(() => new Laboratory({ pseudonymKey: "short" })).toThrow(
      "expected `pseudonymKey` to be a secret of at least 16 characters",
    );
  });
});
