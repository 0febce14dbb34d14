import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { ramp } from "../../src/rollout/index.ts";
import { summary } from "../../src/report/index.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { fixedClock, type FixedClock } from "../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-summary-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const freshPath = (): string => join(folder, `${(files += 1)}.ndjson`);

function opened(options: { clock?: FixedClock; pseudonymKey?: string; build?: string } = {}): {
  lab: Laboratory;
  clock: FixedClock;
  path: string;
} {
  const path = freshPath();
  const { clock = fixedClock(), pseudonymKey, build = "a1" } = options;
  const lab = new Laboratory({
    publishers: [ndjsonPublisher({ path, random: seededRandom(1) })],
    ...{ clock, labels: { build }, random: seededRandom(7) },
    ...(pseudonymKey !== undefined && { pseudonymKey }),
  });
  return { lab, clock, path };
}

const lines = (path: string): string[] => readFileSync(path, "utf8").trim().split("\n");
async function* text(all: readonly string[]): AsyncGenerator<string> {
  for (const line of all) yield `${line}\n`;
}

describe("summary", () => {
  it("comes to the verdicts and counts of the process that wrote it, ramps included", async () => {
    const { lab, clock, path } = opened();
    const price = lab.experiment("price", {
      control: (n: number) => n,
      candidates: { rules: (n: number) => (n % 100 === 0 ? n + 1 : n), sql: (n: number) => n },
      key: (n: number) => `k${n % 700}`,
      enabled: (n: number) => n % 50 !== 1,
      about: { owner: "pricing", until: "2025-01-01" },
    });
    const stepped = lab.experiment("stepped", {
      control: (n: number) => n,
      candidate: (n: number) => n,
      key: String,
      rollout: ramp({ onReady: "advance", minimumTimeMs: 60_000 }),
    });
    lab.experiment("idle", { control: () => 1, candidate: () => 1 });
    for (let call = 0; call < 10_000; call++) {
      price(call);
      stepped(call);
      if (call % 100 === 0) await clock.advanceAsync(10_000);
    }
    await lab.settled();
    await lab.close();
    const status = lab.status();
    const model = await summary(path);
    for (const [name, experiment] of Object.entries(status.experiments)) {
      const report = model.experiments[name]!;
      expect(report).toMatchObject({ calls: experiment.calls, started: experiment.started, skips: experiment.skips });
      for (const [candidate, { verdict, tally, started }] of Object.entries(experiment.candidates)) {
        const its = report.candidates[candidate]!;
        expect(its.verdict).toMatchObject({ gates: verdict.gates, units: verdict.units, reasons: verdict.reasons });
        expect(its.verdict.kind).toBe(started === 0 ? "no-traffic" : verdict.kind);
        expect(its.verdict.served).toEqual(verdict.served);
        expect(its.counts).toEqual(tally.kinds);
        expect(its.latency.control.count).toBe(tally.control.count);
        expect(its.groups.map(({ signature, count }) => [signature, count])).toEqual(
          experiment.groups
            .filter(({ first }) =>
              first.candidates.some(({ name: of, comparison }) => of === candidate && comparison.kind === "mismatch"),
            )
            .map(({ signature, count }) => [signature, count]),
        );
      }
    }
    expect(model.experiments["price"]).toMatchObject({ owner: "pricing", overdue: true });
    expect(model.experiments["stepped"]!.events.map(({ kind }) => kind)).toContain("advanced");
    expect(model.experiments["price"]!.candidates["rules"]!.groups[0]).toMatchObject({
      differences: [{ path: "$", kind: "value", controlType: "number", candidateType: "number" }],
      isNew: false,
      share: 1,
    });
    const [process] = Object.values(model.processes);
    expect(process).toMatchObject({ build: "a1", ended: true });
  });

  it("counts a key once that two processes saw, where they share a secret", async () => {
    const clock = fixedClock();
    const pseudonymKey = "a secret of two processes";
    const both = [opened({ clock, pseudonymKey }), opened({ clock, pseudonymKey })];
    for (const { lab } of both) {
      const price = lab.experiment("price", { control: String, candidate: String, key: (key) => key });
      for (let key = 0; key < 300; key++) price(`customer-${key}`);
      await lab.settled();
    }
    await clock.advanceAsync(120_000);
    for (const { lab } of both) await lab.close();
    const { experiments, processes } = await summary(both.map(({ path }) => path));
    const { counts, verdict } = experiments["price"]!.candidates["candidate"]!;
    expect([counts.match, verdict.comparisons, Object.keys(processes).length]).toEqual([600, 600, 2]);
    // Places of a table may be shared by two keys.
    expect(verdict.units).toBeGreaterThan(295);
    expect(verdict.units).toBeLessThanOrEqual(300);
  });

  it("says what is missing: gaps, duplicates, torn and future lines", async () => {
    const { lab, clock, path } = opened();
    const price = lab.experiment("price", { control: (n: number) => n, candidate: (n: number) => n });
    for (let minute = 0; minute < 5; minute++) {
      price(minute);
      await lab.settled();
      await clock.advanceAsync(60_000);
      await lab.flush();
    }
    await lab.close();
    const all = lines(path);
    const counting = all.filter((line) => line.includes('"type":"tally"') && line.includes('"experiment":"price"'));
    expect(counting.length).toBe(5);
    const holed = all.filter((line) => line !== counting[2]);
    const model = await summary(
      text([
        ...holed,
        counting[0]!,
        counting[1]!,
        '{"v":2,"type":"tally","proc',
        '{"v":9,"type":"tally"}',
        '{"v":2,"type":"dream"}',
      ]),
    );
    expect(model.experiments["price"]!.candidates["candidate"]!.counts.match).toBe(4);
    expect(model.lost).toMatchObject({ lines: 3, torn: 1, versions: 1, types: 1, records: 1, minutes: 1 });
    const whole = await summary(text([...all].reverse()));
    expect(whole.lost).toMatchObject({ lines: 0, records: 0, minutes: 0 });
    expect(whole.experiments["price"]!.candidates["candidate"]!.counts.match).toBe(5);
  });

  it("adds up two processes whose clocks are an hour apart, and says nothing is lost", async () => {
    const pseudonymKey = "a secret of two processes";
    const hourMs = 3_600_000;
    const behind = fixedClock(1_767_225_600_000);
    const ahead = fixedClock(1_767_225_600_000 + hourMs);
    const both = [behind, ahead].map((clock) => opened({ clock, pseudonymKey }));
    for (const { lab, clock } of both) {
      const price = lab.experiment("price", { control: String, candidate: String, key: (key) => key });
      for (let key = 0; key < 300; key++) price(`customer-${key}`);
      await lab.settled();
      await clock.advanceAsync(120_000);
      await lab.close();
    }
    const model = await summary(both.map(({ path }) => path));
    const { counts, verdict } = model.experiments["price"]!.candidates["candidate"]!;
    expect([counts.match, model.experiments["price"]!.calls]).toEqual([600, 600]);
    expect(model.lost).toMatchObject({ lines: 0, records: 0, minutes: 0, uncounted: 0 });
    expect(model.to! - model.from!).toBe(hourMs + 120_000);
    // Their minutes are not the same ones: a key of both counts in each, and never more often than it was called.
    expect(verdict.units).toBeGreaterThan(590);
    expect(verdict.units).toBeLessThanOrEqual(600);
  });

  it("takes a process that started again in the same file for another one", async () => {
    const path = freshPath();
    const clock = fixedClock();
    for (let start = 0; start < 2; start++) {
      const lab = new Laboratory({ publishers: [ndjsonPublisher({ path })], clock });
      const price = lab.experiment("price", { control: (n: number) => n, candidate: (n: number) => n });
      for (let n = 0; n < 10; n++) price(n);
      await lab.settled();
      await clock.advanceAsync(60_000);
      await lab.flush();
      // The first one is killed: it says nothing any more.
      if (start === 1) await lab.close();
    }
    const model = await summary(path);
    expect(model.experiments["price"]).toMatchObject({
      calls: 20,
      candidates: { candidate: { counts: { match: 20 } } },
    });
    // In the order of their names, which are drawn.
    const ended = Object.values(model.processes).map((process) => process.ended);
    expect(ended.sort()).toEqual([false, true]);
    expect(model.lost).toMatchObject({ lines: 0, records: 0, minutes: 0 });
  });

  it("reads back 5 000 experiments that one process has", { timeout: 120_000 }, async () => {
    const { lab, path, clock } = opened();
    const names = Array.from({ length: 5_000 }, (_, index) => `experiment-${index}`);
    for (const name of names) lab.experiment(name, { control: () => 1, candidate: () => 1 })();
    await lab.settled();
    await clock.advanceAsync(60_000);
    await lab.close();
    const { experiments, lost } = await summary(path);
    expect(Object.keys(experiments).sort()).toEqual([...names].sort());
    expect(new Set(Object.values(experiments).map(({ calls }) => calls))).toEqual(new Set([1]));
    expect(lost).toMatchObject({ lines: 0, torn: 0, records: 0, minutes: 0 });
  });

  it("is right up to the last whole tally, wherever the file is torn", async () => {
    const { lab, clock, path } = opened();
    const price = lab.experiment("price", { control: (n: number) => n, candidate: (n: number) => n });
    const upTo: { bytes: number; calls: number }[] = [];
    for (let minute = 1; minute <= 6; minute++) {
      price(minute);
      await lab.settled();
      await clock.advanceAsync(60_000);
      await lab.flush();
      upTo.push({ bytes: readFileSync(path).length, calls: minute });
    }
    const bytes = readFileSync(path);
    const random = seededRandom(11);
    for (let draw = 0; draw < 100; draw++) {
      const end = Math.floor(random() * bytes.length);
      const whole = upTo.filter((each) => each.bytes <= end).at(-1)?.calls ?? 0;
      async function* torn(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, end);
      }
      const model = await summary(torn());
      const calls = model.experiments["price"]?.calls ?? 0;
      // The tally of the minute may be whole, and what was written after it torn.
      expect([whole, whole + 1]).toContain(calls);
      for (const { ended } of Object.values(model.processes)) expect(ended).toBe(false);
    }
    await lab.close();
  });

  it("counts by results and their weights where a process told no counts", async () => {
    const results = Array.from({ length: 50 }, (_, index) =>
      aResult({ id: `p-${index}`, kind: index % 10 === 0 ? "mismatch" : "match", weight: 4 }),
    );
    const path = freshPath();
    const publisher = ndjsonPublisher({ path, perMinute: Infinity });
    await publisher.publishBatch!(results);
    await publisher.close!();
    const { experiments } = await summary(path);
    const candidate = experiments["find-user"]!.candidates["candidate"]!;
    expect(candidate).toMatchObject({ countedFrom: "results", counts: { match: 180, mismatch: 20 }, matchRate: 0.9 });
    expect(candidate.groups).toMatchObject([{ count: 20, examples: [{}, {}, {}] }]);
    expect(candidate.verdict.kind).toBe("regressed");
  });

  it("tells what is new since a version", async () => {
    const clock = fixedClock();
    const paths: string[] = [];
    for (const build of ["v1", "v2"]) {
      const { lab, path } = opened({ clock, build });
      paths.push(path);
      const price = lab.experiment("price", {
        control: (n: number): unknown => n,
        candidate: (n: number): unknown =>
          n === 0 ? "zero"
          : build === "v2" && n === 1 ? null
          : n,
      });
      for (let n = 0; n < 3; n++) price(n);
      await lab.settled();
      await clock.advanceAsync(60_000);
      await lab.close();
    }
    const { groups, versions } = (await summary(paths)).experiments["price"]!.candidates["candidate"]!;
    expect(groups.map(({ count, isNew, version }) => [count, isNew, version])).toEqual([
      [2, false, "v1"],
      [1, true, "v2"],
    ]);
    expect(versions.map(({ version, comparisons }) => [version, comparisons])).toEqual([
      ["v1", 3],
      ["v2", 3],
    ]);
  });

  it("keeps 5 000 experiments and a file of any size in constant memory", { timeout: 60_000 }, async () => {
    const path = freshPath();
    const { lab } = opened();
    const one = lab.experiment("one", { control: () => 1, candidate: () => 2 });
    one();
    await lab.settled();
    await lab.close();
    const script = `
      import { summary } from ${JSON.stringify(join(import.meta.dirname, "../../src/report/index.ts"))};
      import { readFileSync } from "node:fs";
      const line = readFileSync(${JSON.stringify(join(folder, `${files}.ndjson`))}, "utf8").split("\\n").find((each) => each.includes('"experiment":"one"') && each.includes('"type":"tally"'));
      async function* many() {
        for (let n = 1; n <= 60_000; n++) yield line.replace(/"n":\\d+/, '"n":' + n).replace('"experiment":"one"', '"experiment":"e' + (n % 5_000) + '"') + "\\n";
      }
      const model = await summary(many());
      console.log(Object.keys(model.experiments).length, model.experiments.e7.calls, Math.round(process.memoryUsage().rss / 1e6));
    `;
    writeFileSync(path, script);
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
    let out = "";
    child.stdout.on("data", (data) => (out += String(data)));
    await once(child, "exit");
    const [experiments, calls, megabytes] = out.trim().split(" ").map(Number);
    expect([experiments, calls]).toEqual([5_000, 12]);
    expect(megabytes).toBeLessThan(450);
  });
});
