import { parse, type DefaultTreeAdapterTypes } from "parse5";
import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { dashboard, htmlOf, markdownOf, summary, textOf, type ReportModel } from "../../src/report/index.ts";
import { funnelText } from "../../src/report/funnel.ts";
import { number } from "../../src/report/words.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { called } from "../cli/called.ts";
import { keptText } from "../../src/testing/kept-text.ts";

const experiments = 20;
const versions = ["a1", "b2", "c3"];

/** What three builds of one program wrote: 20 experiments, with lines that are missing, come twice, are torn or of another version. */
async function corpus(): Promise<string[]> {
  const random = seededRandom(23);
  const written: string[] = [];
  const clock = fixedClock();
  for (const [at, build] of versions.entries()) {
    const stream = keptText(written);
    const lab = new Laboratory({
      publishers: [ndjsonPublisher({ stream, random, perMinute: 5 })],
      ...{ clock, labels: { build }, random, onFault: () => undefined },
    });
    const calls = Array.from({ length: experiments }, (_, index) =>
      lab.experiment(`experiment ${String(index).padStart(2, "0")}`, {
        control: (n: number): unknown => ({ n, name: `n${n}` }),
        candidate: (n: number): unknown => {
          if (index % 7 === 3 && n % 11 === 0) throw new Error("no");
          if (index % 3 === 0 && n % (5 + index) === 0) return { n: String(n), name: `n${n}` };
          return at > 0 && index % 4 === 1 && n % 9 === 0 ? { n, name: null } : { n, name: `n${n}` };
        },
        key: String,
        enabled: (n: number) => index % 5 !== 2 || n % 3 > 0,
      }),
    );
    for (let minute = 0; minute < 3; minute++) {
      for (const [index, call] of calls.entries()) for (let n = 0; n < 10 + index; n++) call(minute * 100 + n);
      await lab.settled();
      await lab.flush();
      await clock.advanceAsync(60_000);
    }
    await lab.close();
  }
  return written
    .flatMap((text) => text.split("\n").filter(Boolean))
    .flatMap((line) => {
      const drawn = random();
      if (line.includes('"type":"tally"') && drawn < 0.03) return [];
      if (drawn < 0.06) return [line, line];
      if (drawn < 0.08) return [line, line.slice(0, Math.floor(line.length * random()))];
      return drawn < 0.1 ? [line, '{"v":9,"type":"result"}', '{"v":2,"type":"dream"}'] : [line];
    });
}

type Node = DefaultTreeAdapterTypes.ChildNode;

/** What a person reads of a page. */
function textIn(nodes: readonly Node[]): string {
  return nodes
    .map((node) => {
      if ("value" in node) return node.value;
      return "tagName" in node && !["script", "style"].includes(node.tagName) ? `${textIn(node.childNodes)} ` : "";
    })
    .join("");
}

describe("the faces of one report", () => {
  it("say the same numbers: text, page, JSON, Markdown and dashboard", { timeout: 60_000 }, async () => {
    const lines = await corpus();
    async function* source(): AsyncGenerator<string> {
      yield `${lines.join("\n")}\n`;
    }
    const model = await summary(source());
    const { lost } = model;
    expect(Object.keys(model.experiments)).toHaveLength(experiments);
    expect(Math.min(lost.torn, lost.versions, lost.types, lost.records)).toBeGreaterThan(0);

    const printed = JSON.parse((await called(["report", "-", "--json"], { stdin: source() })).out) as ReportModel;
    expect(printed).toEqual(JSON.parse(JSON.stringify(model)));
    const handler = dashboard({ records: source() });
    const shown = (await (await handler(new Request("https://a.test/?show=model"))).json()) as ReportModel;
    expect(shown).toEqual(printed);

    const live = await (await handler(new Request("https://a.test/"))).text();
    const plain = (text: string): string =>
      text
        .replace(/\s+/g, " ")
        .replace(/[\\]/g, "")
        .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
    const pages = [await htmlOf(model), live].map((page) => plain(textIn(parse(page).childNodes)));
    const text = plain(textOf(model, { width: 10_000, groups: 1_000 }));
    const markdown = plain(markdownOf(model));
    for (const [name, { calls, started, skips, candidates }] of Object.entries(model.experiments)) {
      const { counts, groups, verdict } = candidates["candidate"]!;
      const compared = Object.values(counts).reduce((sum, each) => sum + each, 0);
      for (const page of pages) {
        for (const told of [name, funnelText(model.experiments[name]!), `${number(compared)} compared`, verdict.why])
          expect(page).toContain(plain(told));
        for (const { signature, count } of groups)
          expect(page).toMatch(new RegExp(`${number(count)} [^×]*${signature}`));
      }
      for (const told of [
        `${number(calls)} calls → `,
        ` → started ${number(started)} → `,
        `compared ${number(compared)}`,
        verdict.why,
      ])
        expect(text).toContain(plain(told));
      for (const { count } of groups) expect(text).toContain(`${number(count)} × `);
      expect(markdown).toContain(`${number(calls)} calls`);
      for (const { count } of groups.slice(0, 5)) expect(markdown).toContain(`${number(count)} × `);
      for (const [reason, times] of Object.entries(skips)) {
        for (const face of [text, markdown, ...pages]) expect(face).toContain(`${number(times)} ${reason}`);
      }
    }
    for (const face of [text, markdown, ...pages]) {
      expect(face).toContain(`${number(lost.lines)} lines were passed over`);
      expect(face).toContain(`${number(lost.records)} records of counts are missing`);
    }
  });
});
