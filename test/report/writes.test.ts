import { parse } from "parse5";
import { describe, expect, it } from "vitest";
import { watchLines } from "../../src/cli/watch-text.ts";
import { Laboratory } from "../../src/index.ts";
import { writesFacts } from "../../src/model/writes-facts.ts";
import type { WritesStanding } from "../../src/model/writes-standing.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { dashboard, htmlOf, markdownOf, summary, textOf, type ReportModel } from "../../src/report/index.ts";
import { fixedClock, type FixedClock } from "../../src/testing/fixed-clock.ts";
import { standing } from "../../src/testing/store-writes.ts";
import { called } from "../cli/called.ts";
import { keptText } from "../../src/testing/kept-text.ts";

const startedAt = Date.UTC(2026, 0, 1);

/** What a process wrote in which a worker read both databases at these moments of its run. */
async function written(moments: readonly number[], spoil = (line: string): string => line): Promise<string> {
  const lines: string[] = [];
  const stream = keptText(lines);
  const clock = fixedClock(startedAt);
  const lab = new Laboratory({ clock, publishers: [ndjsonPublisher({ stream })] });
  let at: number | undefined;
  lab.comparison("payments", { writes: () => (at === undefined ? undefined : standing(startedAt + at)) });
  for (at of moments) await clock.advanceAsync(60_000);
  await lab.close();
  return lines.map(spoil).join("");
}

async function* source(text: string): AsyncGenerator<string> {
  yield text;
}

const modelOf = (text: string, since?: number): Promise<ReportModel> =>
  summary(source(text), since === undefined ? {} : { since });

function textIn(node: object): string {
  const { value, childNodes = [], nodeName } = node as { value?: string; childNodes?: object[]; nodeName: string };
  if (value !== undefined) return value;
  return ["style", "script"].includes(nodeName) ? "" : childNodes.map((each) => ` ${textIn(each)}`).join("");
}

const plain = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\\/g, "")
    .replace(/\s+/g, " ");

function expectFacts(face: string, writes: WritesStanding, now: number): void {
  const facts = writesFacts(writes, now);
  expect(facts).toHaveLength(5);
  for (const { name, fact } of facts) {
    expect(plain(face)).toContain(plain(name));
    expect(plain(face)).toContain(plain(fact));
  }
}

describe("a report of parallel writes", () => {
  it("says how they stood last, in every face", async () => {
    const text = await written([10_000, 70_000]);
    const model = await modelOf(text);
    const { writes } = model.experiments["payments"]!;
    expect(writes).toEqual(standing(startedAt + 70_000));
    expect(model.to).toBe(startedAt + 120_000);
    const page = await htmlOf(model);
    const tree = watchLines(model).join("\n");
    for (const face of [textOf(model, { width: 1_000 }), markdownOf(model), textIn(parse(page)), tree]) {
      expectFacts(face, writes!, model.to!);
    }
    const { out } = await called(["report", "-", "--json"], { stdin: source(text) });
    expect((JSON.parse(out) as ReportModel).experiments["payments"]!.writes).toEqual(writes);
    expect((await called(["report", "-"], { stdin: source(text) })).out).toContain("1 DEAD, 2 records BLOCKED");
  });

  it("says nothing of them where no worker has looked, or of an experiment that is none", async () => {
    const model = await modelOf(await written([]));
    expect(model.experiments["payments"]).not.toHaveProperty("writes");
    for (const face of [textOf(model), markdownOf(model), await htmlOf(model)]) {
      expect(face).not.toMatch(/parallel writes|record the same/);
    }
  });

  it("keeps to what came later, and counts what goes with a standing that is none", async () => {
    const text = await written([10_000, 70_000]);
    expect((await modelOf(text, startedAt + 130_000)).experiments["payments"]).not.toHaveProperty("writes");
    const spoiled = await written([10_000, 70_000], (line) => line.replaceAll('"holders":', '"s3cr3t":'));
    const model = await modelOf(spoiled);
    expect(model.experiments["payments"]).not.toHaveProperty("writes");
    expect(model.lost.lines).toBe(0);
    expect(JSON.stringify(model)).not.toContain("s3cr3t");
  });

  it("is on the live page, which is news as soon as a worker has looked again", async () => {
    const clock: FixedClock = fixedClock(startedAt);
    const lab = new Laboratory({ clock });
    let at = startedAt;
    lab.comparison("payments", { writes: () => standing(at) });
    const handler = dashboard({ laboratory: lab, clock });
    const ask = async (query = ""): Promise<string> => (await handler(new Request(`https://a.test/${query}`))).text();
    expectFacts(textIn(parse(await ask())), standing(startedAt), startedAt);
    const epoch = await ask("?show=epoch");
    await clock.advanceAsync(60_000);
    expect(await ask("?show=epoch")).toBe(epoch);
    at += 60_000;
    await clock.advanceAsync(60_000);
    expect(await ask("?show=epoch")).not.toBe(epoch);
    const { experiments } = JSON.parse(await ask("?show=model")) as ReportModel;
    expect(experiments["payments"]!.writes!.at).toBe(at);
    await lab.close();
  });
});
