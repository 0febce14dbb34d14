import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import type { LineRecord } from "../../src/records/record.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { dashboard, htmlOf, markdownOf, summary, textOf, type ReportModel } from "../../src/report/index.ts";
import { latencyChart } from "../../src/report/latency-chart.ts";
import { DifferenceHistogram } from "../../src/stats/difference-histogram.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { keptText } from "../../src/testing/kept-text.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";

/** Two processes, in which control takes 0.4 ms, and the candidate 0.2 ms in a quarter of the calls and 0.9 ms in the others. */
async function told(): Promise<{ labs: Laboratory[]; live: ReportModel; records: LineRecord[] }> {
  const lines: string[] = [];
  const labs: Laboratory[] = [];
  let live: ReportModel | undefined;
  for (let process = 0; process < 2; process++) {
    const clock = fixedClock();
    const lab = new Laboratory({
      publishers: [ndjsonPublisher({ stream: keptText(lines), random: seededRandom(process) })],
      ...{ clock, random: seededRandom(3 + process), onFault: () => undefined },
    });
    const handler = dashboard({ laboratory: lab, clock });
    const price = lab.experiment("price", {
      control: (n: number) => {
        clock.advance(0.4);
        if (n % 50 === 7) throw new Error("no");
        return n;
      },
      candidate: (n: number) => {
        clock.advance(n % 4 === 0 ? 0.2 : 0.9);
        if (n % 50 === 7) throw new Error("no");
        return n % 10 === 3 ? -n : n;
      },
      limits: { cpuShare: 1 },
    });
    const idle = lab.experiment("idle", { control: () => 1, candidate: () => 1, enabled: () => false });
    for (let call = 0; call < 4_000; call++) {
      try {
        price(call);
      } catch {
        // As control does.
      }
      if (call % 100 === 0) {
        idle();
        await clock.advanceAsync(10_000);
      }
    }
    await lab.settled();
    live = (await (await handler(new Request("https://a.test/?show=model"))).json()) as ReportModel;
    await lab.close();
    labs.push(lab);
  }
  const records = lines
    .flatMap((text) => text.split("\n").filter(Boolean))
    .map((line) => JSON.parse(line) as LineRecord);
  return { labs, live: live!, records };
}

const evidence = await told();

describe("pairs that were timed", () => {
  const { labs, live, records } = evidence;
  const tallies = records.flatMap((each) =>
    each.type === "tally" && "latency" in each && each.experiment === "price" ? [each] : [],
  );

  it("stand in tallies as differences that add up to the status of their process, and nowhere else", () => {
    for (const lab of labs) {
      const { tally } = lab.status().experiments["price"]!.candidates["candidate"]!;
      const [first] = lab.status().experiments["price"]!.groups;
      const process = first!.first.process;
      const sum = new DifferenceHistogram();
      for (const each of tallies) {
        if (each.process === process) sum.merge(DifferenceHistogram.from(each.latency.differences));
      }
      expect(sum.count).toBeGreaterThan(100);
      expect(sum.toJSON()).toStrictEqual(tally.differences);
      expect(lab.status().experiments["idle"]!.candidates["candidate"]!.tally).not.toHaveProperty("differences");
    }
    for (const record of records) {
      if (record.type === "tally" && "latency" in record && record.experiment === "idle")
        expect(record.latency).not.toHaveProperty("differences");
    }
  });

  it("come to one distribution over all processes, in whatever order their records come", async () => {
    const { differences } = (await summary(records)).experiments["price"]!.candidates["candidate"]!.latency;
    const backwards = await summary([...records].reverse());
    expect(backwards.experiments["price"]!.candidates["candidate"]!.latency.differences).toStrictEqual(differences);
    const { count, slower, faster, p5Ms, p50Ms, buckets } = differences!;
    expect(slower + faster).toBe(count);
    // One in 16 of 8 000 calls, but for those in which both sides threw; three in four are slower by 0.5 ms, the others faster by 0.2 ms.
    expect(count).toBeGreaterThan(400);
    expect(count).toBeLessThan(600);
    expect(slower / count).toBeGreaterThan(0.69);
    expect(slower / count).toBeLessThan(0.81);
    expect(buckets.map(([ms, times]) => [Number(ms.toFixed(1)), times])).toEqual([
      [-0.2, faster],
      [0.5, slower],
    ]);
    expect([p5Ms, p50Ms].map((ms) => Number(ms.toFixed(1)))).toEqual([-0.2, 0.5]);
    const own = live.experiments["price"]!.candidates["candidate"]!.latency.differences!;
    expect(own.count).toBeLessThan(count);
    expect(own.buckets.map(([ms]) => ms)).toEqual(buckets.map(([ms]) => ms));
    expect(live.experiments["idle"]!.candidates["candidate"]!.latency).not.toHaveProperty("differences");
  });

  it("are drawn as their distribution with zero marked, and told as share and table on every face", async () => {
    const model = await summary(records);
    const { count, slower } = model.experiments["price"]!.candidates["candidate"]!.latency.differences!;
    const share = `${Number(((100 * slower) / count).toPrecision(3))} %`;
    const page = await htmlOf(model);
    expect(page).toContain(
      `left of the upright dashed line it is faster. It is slower in ${share} of ${count} timed pairs, +`,
    );
    expect(page).toContain(
      `<th scope="col">share slower</th></tr></thead><tbody><tr><td>${count}</td><td>${slower}</td>`,
    );
    expect(page).toMatch(/<td>50 %<\/td><td>\+0\.\d+ ms<\/td>/);
    expect(textOf(model)).toContain(`pairs      slower in ${share} of ${count} timed pairs`);
    expect(markdownOf(model)).toContain(`of ${count} timed pairs`);
  });

  it("are no record where their differences are none, and absent from records of before", async () => {
    const strange = tallies.map((each) => ({ ...each, latency: { ...each.latency, differences: { version: 7 } } }));
    const refused = await summary(strange as unknown as LineRecord[]);
    expect(refused.lost.torn).toBe(strange.length);
    const before = tallies.map(({ latency: { control, candidate }, ...rest }) => ({
      ...rest,
      latency: { control, candidate },
    }));
    const { latency } = (await summary(before)).experiments["price"]!.candidates["candidate"]!;
    expect(latency).not.toHaveProperty("differences");
    expect(latency.control.count).toBe(8_000);
  });
});

describe("the chart of timed pairs", () => {
  const side = { count: 100, meanMs: 1, maxMs: 4, p50Ms: 1, p95Ms: 2, p99Ms: 4, buckets: [[1, 90], [4, 10]] }; // prettier-ignore
  const chart = (buckets: readonly (readonly [number, number])[]): string => {
    const times = (is: (ms: number) => boolean): number => buckets.reduce((sum, [ms, n]) => sum + (is(ms) ? n : 0), 0);
    const counts = { count: times(() => true), slower: times((ms) => ms > 0), faster: times((ms) => ms < 0) };
    const differences = { ...counts, p5Ms: 0, p50Ms: 1, p95Ms: 2, buckets };
    return latencyChart("new", {
      latency: { control: side, candidate: side, differences },
      verdict: { gates: [] },
    } as never);
  };
  const pointsOf = (drawn: string): number[][] =>
    /class="candidate" points="([^"]+)"[^>]*\/>(?!.*class="candidate")/
      .exec(drawn)![1]!
      .split(" ")
      .map((point) => point.split(",").map(Number));

  it("rises from none to all of them, and is nowhere lower than before", () => {
    const points = pointsOf(chart([[-4, 1], [-1, 2], [0, 3], [2, 4]])); // prettier-ignore
    expect(points).toHaveLength(8);
    // Down is up in a drawing.
    for (const [index, [x, y]] of points.slice(1).entries()) {
      expect(x!).toBeGreaterThanOrEqual(points[index]![0]!);
      expect(y!).toBeLessThanOrEqual(points[index]![1]!);
    }
    expect([points[0]![0], points.at(-1)![0]]).toEqual([64, 616]);
    // A third of the way from -4 to 2 lies -2, and zero at two thirds.
    expect(points[4]![0]).toBe(432);
    expect(points.at(-1)![1]).toBe(190);
    expect(points[0]![1]).toBe(266);
  });

  it("has its zero at an end where all are slower, and stands where all are alike", () => {
    expect(pointsOf(chart([[5, 10]]))).toEqual([[616, 266], [616, 190]]); // prettier-ignore
    expect(pointsOf(chart([[0, 10]]))).toEqual([[340, 266], [340, 190]]); // prettier-ignore
    expect(chart([[5, 10]])).toContain("slower in 100 % of 10 timed pairs");
  });
});
