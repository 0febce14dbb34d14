import { describe, expect, it } from "vitest";
import { inSlices, type Steps } from "../../src/records/in-slices.ts";
import { present, presentSteps, whenPresented } from "../../src/records/present.ts";
import { compileRedaction } from "../../src/records/redaction.ts";
import { redact } from "../../src/publishers/combine/redact.ts";
import type { Result } from "../../src/model/result.ts";
import { aResult } from "../../src/testing/a-result.ts";

function* busy(times: number): Steps<string> {
  for (let time = 0; time < times; time++) {
    const until = performance.now() + 4;
    while (performance.now() < until);
    yield;
  }
  return "made";
}

/** How many other turns of the event loop came while work was going on. */
async function turnsBeside(work: () => unknown): Promise<number> {
  let turns = 0;
  let going = true;
  const count = (): void => {
    turns += 1;
    if (going) setImmediate(count);
  };
  setImmediate(count);
  await work();
  going = false;
  return turns;
}

const presentation = { values: "shown", redaction: compileRedaction() } as const;

const long = (first: number): string => `${"lorem ipsum dolor sit amet, a=b; ".repeat(600)}${first}`;
const large = aResult({
  control: { outcome: { kind: "returned", value: Array.from({ length: 200 }, (_, row) => ({ text: long(row) })) } },
  candidates: [
    {
      comparison: {
        kind: "mismatch",
        signature: "v2-x",
        differences: Array.from({ length: 50 }, (_, row) => ({
          path: `$[${row}].text`,
          kind: "value",
          control: long(row),
          candidate: long(row + 1),
        })) as never,
      },
    },
  ],
});

describe("work in slices", () => {
  it("lets other turns come between and inside of items", async () => {
    const made: string[][] = [];
    expect(await turnsBeside(async () => made.push(await inSlices([1, 2, 3], () => busy(10))))).toBeGreaterThan(5);
    expect(made).toEqual([["made", "made", "made"]]);
  });

  it("share one turn's time, one after another as well as beside each other", async () => {
    const one = (): Promise<string[]> => inSlices([1], () => busy(1));
    const inARow = async (): Promise<void> => {
      for (let time = 0; time < 30; time++) await one();
    };
    expect(await turnsBeside(inARow)).toBeGreaterThan(8);
    expect(await turnsBeside(() => Promise.all(Array.from({ length: 30 }, one)))).toBeGreaterThan(8);
  });

  it("is used at once where a result is small, and otherwise later", async () => {
    const used: unknown[] = [];
    expect(whenPresented(aResult(), presentation, (made) => void used.push(made.id))).toBeUndefined();
    expect(
      whenPresented(large, { ...presentation, values: "hidden" }, (made) => void used.push(made.id)),
    ).toBeUndefined();
    expect(used).toHaveLength(2);
    const later = whenPresented(large, presentation, (made) => void used.push(made.id));
    expect(used).toHaveLength(2);
    await later;
    expect(used).toHaveLength(3);
  });

  it("is done by what redacts around another publisher, too", async () => {
    const got: Result[] = [];
    const publisher = redact({}, (result) => void got.push(result));
    expect(publisher.publish(aResult())).toBeUndefined();
    expect(await turnsBeside(() => publisher.publish(large))).toBeGreaterThan(2);
    expect(got).toHaveLength(2);
  });

  it("presents one large result in several turns, as it would at once", async () => {
    const made: unknown[] = [];
    const work = async (): Promise<unknown> =>
      made.push(await inSlices([large], (it) => presentSteps(it, presentation)));
    expect(await turnsBeside(work)).toBeGreaterThan(2);
    expect(made).toEqual([[present(large, presentation)]]);
  });

  it("looks at so much of one value, however many long texts it holds", () => {
    let looked = 0;
    const value = Array.from({ length: 2_000 }, (_, row) => ({ text: long(row) }));
    const shown = JSON.stringify(
      compileRedaction({ replace: () => String((looked += 1)) }).value(
        value.map(({ text }) => ({ text: `a@b.test ${text}` })),
      ),
    );
    expect(looked).toBeLessThan(200);
    expect(shown).toContain("$more");
  });
});
