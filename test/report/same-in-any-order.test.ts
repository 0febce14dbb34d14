import { describe, expect, it } from "vitest";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import type { LineRecord } from "../../src/records/record.ts";
import { ExactSum } from "../../src/report/exact-sum.ts";
import { summary, type ReportModel } from "../../src/report/index.ts";
import { writeCorpus } from "../../src/testing/engine-corpus.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { keptText } from "../../src/testing/kept-text.ts";

describe("a report", () => {
  it("is the same, byte for byte, in whatever order the records of several processes come", async () => {
    const written: string[] = [];
    const stream = keptText(written);
    const publisher = () => ndjsonPublisher({ stream, perMinute: Infinity });
    await writeCorpus([publisher], { experiments: 5, processes: 6, minutes: 4, calls: 12 });
    const lines = [...new Set(written.join("").split("\n"))].filter((line) => line !== "");
    const records = lines.map((line) => JSON.parse(line) as LineRecord);
    const text = async (order: readonly LineRecord[]): Promise<string> => JSON.stringify(await summary(order));
    const expected = await text(records);
    // Of three that were read at one moment.
    expect((JSON.parse(expected) as ReportModel).experiments["payments"]!.writes).toMatchObject({ share: 0.5 });
    const isResult = ({ type }: LineRecord): boolean => type === "result";
    const [results, others] = [records.filter(isResult), records.filter((record) => !isResult(record))];
    expect(await text([...others, ...results])).toBe(expected);
    expect(await text([...results, ...others])).toBe(expected);
    const random = seededRandom(3);
    const shuffled = others
      .map((record) => [random(), record] as const)
      .sort(([one], [other]) => one - other)
      .map(([, record]) => record);
    // What a process says of where it stands is that of its last record: each one's own come in their order.
    const inOrder = new Map<string, LineRecord[]>();
    for (const record of others) {
      const { process = "" } = record;
      inOrder.set(process, [...(inOrder.get(process) ?? []), record]);
    }
    const mixed = shuffled.map(({ process = "" }) => inOrder.get(process)!.shift()!);
    expect(await text([...mixed, ...results])).toBe(expected);
  });

  it("adds numbers up exactly, so that their order is nothing to it", () => {
    const random = seededRandom(7);
    const numbers = Array.from({ length: 2_000 }, () => random() * 10 ** Math.floor(random() * 18 - 9));
    numbers.push(1e100, 1, -1e100, 0.1, 1e-300);
    const sumOf = (all: readonly number[]): number => {
      const sum = new ExactSum();
      for (const each of all) sum.add(each);
      return sum.value;
    };
    const sum = sumOf(numbers);
    expect(sumOf([...numbers].reverse())).toBe(sum);
    expect(sumOf([...numbers].sort((one, other) => one - other))).toBe(sum);
    expect(sumOf([1e100, 1, -1e100])).toBe(1);
    expect(sumOf(Array.from({ length: 10 }, () => 0.1))).toBe(1);
    expect(sumOf([])).toBe(0);
  });
});
