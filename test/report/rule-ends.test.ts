import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import type { StartRecord } from "../../src/model/start-record.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { dashboard, htmlOf, summary, textOf, type ReportModel } from "../../src/report/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-rule-ends-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const begin = Date.UTC(2026, 0, 5, 9);
const minute = (index: number): number => begin + index * 60_000;

/** A start of an experiment with these rules. */
function start(index: number, knownMismatches?: unknown, process = `p${index}`): StartRecord {
  const price = {
    sample: 1,
    candidates: ["candidate"],
    gates: {},
    ...(knownMismatches !== undefined && { knownMismatches }),
  };
  return {
    ...{ v: 2, type: "start", process, at: minute(index), labels: {}, versions: { sidelane: "0.1.0" } },
    experiments: { price: price as unknown as StartRecord["experiments"][string] },
  };
}

async function rulesOf(starts: readonly StartRecord[]): Promise<unknown> {
  return (await summary(starts)).experiments["price"]!.knownMismatches;
}

/** Ten minutes of calls, in which one rule of three ends. */
async function told(): Promise<{ model: ReportModel; lab: Laboratory; live: ReportModel; lines: string }> {
  const path = join(folder, `${(files += 1)}.ndjson`);
  const clock = fixedClock(begin);
  const lab = new Laboratory({ publishers: [ndjsonPublisher({ path })], clock, onFault: () => undefined });
  const handler = dashboard({ laboratory: lab, clock });
  const price = lab.experiment("price", {
    control: (n: number) => ({ total: n, fee: 1 }),
    candidate: (n: number) => ({ total: n, fee: n % 3 === 0 ? 2 : 1 }),
    knownMismatches: [
      { name: "<new> fee", paths: ["$.fee"], link: "https://tracker.example.test/7", until: minute(4) },
      { name: "later", paths: ["$.later"], until: "2026-02-01" },
      { name: "without an end", paths: ["$.else"] },
    ],
  });
  for (let each = 0; each < 10; each++) {
    for (let n = 0; n < 30; n++) price(n);
    await lab.settled();
    await lab.flush();
    await clock.advanceAsync(60_000);
  }
  const live = (await (await handler(new Request("https://a.test/?show=model"))).json()) as ReportModel;
  await lab.close();
  return { lab, live, model: await summary(path), lines: readFileSync(path, "utf8") };
}

const ends = [
  { name: "<new> fee", until: minute(4) },
  { name: "later", until: Date.UTC(2026, 1, 1) },
];

describe("rules for known mismatches that end", () => {
  it("stand in the start record, in the status, in the model and in that of a running laboratory", async () => {
    const { lab, live, model, lines } = await told();
    const first = JSON.parse(lines.trim().split("\n")[0]!) as StartRecord;
    expect(first.experiments["price"]!.knownMismatches).toStrictEqual(ends);
    // What a rule looks at, and where it is tracked, stays inside.
    expect(lines).not.toMatch(/tracker|without an end/);
    expect(lab.status().experiments["price"]!.knownMismatches).toStrictEqual(ends);
    expect(model.experiments["price"]!.knownMismatches).toStrictEqual(ends);
    expect(live.experiments["price"]!.knownMismatches).toStrictEqual(ends);
  });

  it("are a mark in the chart where they expired, with a line in its table, and among what happened", async () => {
    const { model } = await told();
    const page = await htmlOf(model);
    expect(page.match(/<line class="rule"/g)).toHaveLength(1);
    const what = "rule &lt;new&gt; fee expired";
    expect(page).toContain(`Over time: at the dashed upright line ${what}.`);
    expect(page).toMatch(new RegExp(`09:04 UTC</td>(?:<td>[^<]*</td>){3}<td>${what}</td>`));
    expect(page).toContain(`<h3>What happened?</h3><table><thead><tr><th scope="col">when</th>`);
    expect(page).toContain(`09:04 UTC</td><td>${what}</td><td></td><td></td><td></td><td>its mismatches count`);
    expect(textOf(model)).toContain(
      "2026-01-05 09:04 UTC rule <new> fee expired: its mismatches count as mismatches again",
    );
    for (const face of [page, textOf(model)]) expect(face).not.toMatch(/rule later/);
    expect(model.experiments["price"]!.candidates["candidate"]!.counts).toMatchObject({ ignored: 40, mismatch: 60 });
  });

  it("end as the process that started last with them says, in whatever order the records come", async () => {
    const starts = [
      start(0, [{ name: "fee", until: minute(5) }, { name: "tax", until: minute(3) }]), // prettier-ignore
      start(2, [{ name: "fee", until: minute(9) }]),
      start(1, [{ name: "fee", until: minute(7) }]),
      start(2, [{ name: "fee", until: minute(8) }], "a"),
    ];
    const expected = [
      { name: "tax", until: minute(3) },
      { name: "fee", until: minute(9) },
    ];
    expect(await rulesOf(starts)).toStrictEqual(expected);
    expect(await rulesOf([...starts].reverse())).toStrictEqual(expected);
  });

  it("are passed over where a line says something else, and absent where records of before say nothing", async () => {
    for (const said of [undefined, [], "fee", 7, { name: "fee" }, [null, 1, { name: "fee" }, { name: 3, until: 1 }]])
      expect(await rulesOf([start(0, said)]), JSON.stringify(said)).toBeUndefined();
    const forged = [{ name: "fee", until: 1e300 }, { name: "tax", until: minute(1), signature: "v2-a" }]; // prettier-ignore
    expect(await rulesOf([start(0, forged)])).toStrictEqual([{ name: "tax", until: minute(1) }]);
  });
});
