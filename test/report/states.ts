import { Laboratory } from "../../src/index.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { ramp } from "../../src/rollout/index.ts";
import { summary, type ReportModel } from "../../src/report/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { standing } from "../../src/testing/store-writes.ts";
import { keptText } from "../../src/testing/kept-text.ts";

interface Written {
  readonly name: string;
  readonly calls: number;
  readonly candidate?: (n: number) => unknown;
  readonly minutes?: number;
  readonly owner?: string;
  readonly ramped?: boolean;
  readonly enabled?: (n: number) => boolean;
  /** How long control and the candidate take, in milliseconds, one with another. */
  readonly timed?: readonly [control: number, candidate: number];
  /** A rule that ends after so many minutes. */
  readonly ruleUntil?: number;
}

const total = (n: number): unknown => ({ order: n, total: n * 1.2, lines: [{ sku: `s${n % 5}`, price: n }] });
const tenth = (n: number): unknown =>
  n % 10 === 0 ? { order: n, total: String(n * 1.2), lines: [{ sku: `s${n % 5}`, price: n }] }
  : n % 37 === 0 ? { order: n, total: n * 1.2 + 1, lines: [] }
  : total(n);

/** The records of one process that ran these experiments, and the report of them. */
async function modelOf(all: readonly Written[], builds: readonly string[] = ["a1"]): Promise<ReportModel> {
  const lines: string[] = [];
  const clock = fixedClock();
  for (const build of builds) {
    const stream = keptText(lines);
    const lab = new Laboratory({
      publishers: [ndjsonPublisher({ stream, random: seededRandom(1), values: "shown" })],
      ...{ clock, labels: { build }, random: seededRandom(2), onFault: () => undefined },
    });
    const chance = seededRandom(3);
    const taking = (ms: number | undefined, behavior: (n: number) => unknown): ((n: number) => unknown) =>
      ms === undefined ? behavior : (n) => (clock.advance(ms * Math.exp(chance() + chance() - 1)), behavior(n));
    const began = clock.now();
    const made = all.map(
      ({ name, candidate = total, owner, ramped, enabled, calls, minutes = 12, timed, ruleUntil }) => {
        const rollout =
          ramped === true ? ramp({ steps: [0.05, 0.25], onReady: "advance", minimumTimeMs: 60_000 }) : undefined;
        const call = lab.experiment(name, {
          control: taking(timed?.[0], total),
          candidate: taking(timed?.[1], (n: number) =>
            candidate(build === "b2" && candidate === tenth && n % 91 === 3 ? n + 0.5 : n),
          ),
          ...(ruleUntil !== undefined && {
            knownMismatches: [
              { name: "SHOP-12 empty lines", paths: ["$.lines"], until: new Date(began + ruleUntil * 60_000) },
            ],
          }),
          key: (n: number) => `k${n % 900}`,
          ...(enabled && { enabled }),
          ...(rollout && { rollout }),
          about: { ...(owner !== undefined && { owner }), until: "2026-02-01" },
        });
        return { call, calls, minutes, rollout };
      },
    );
    for (let minute = 0; minute < 12; minute++) {
      for (const { call, calls, minutes } of made) {
        if (minute >= minutes) continue;
        for (let n = 0; n < calls / minutes; n++) call(minute * 1_000 + n);
      }
      await lab.settled();
      await lab.flush();
      await clock.advanceAsync(60_000);
    }
    const [first] = made.flatMap(({ rollout }) => rollout ?? []);
    await first?.pause({ by: "ada", reason: "a closer look before the weekend" });
    await lab.close();
  }
  return summary(
    (async function* () {
      yield lines.join("");
    })(),
  );
}

/** As if an experiment wrote in parallel. */
function withWrites(name: string, model: ReportModel): ReportModel {
  const of = { ...model.experiments[name]!, writes: standing((model.to ?? 0) - 20_000) };
  return { ...model, experiments: { ...model.experiments, [name]: of } };
}

const hostile = [
  "<img src=x onerror=alert(1)>",
  "</script><script>alert(2)</script>",
  "مرحبا بالعالم \u202e and back",
  "\u001b[31mred\u0007 &amp; \u200b zero width",
  "a very long name that goes on ".repeat(7),
];

/** What a page may have to show, by name. */
export const states: Readonly<Record<string, () => Promise<ReportModel>>> = {
  mixed: async () =>
    withWrites(
      "checkout",
      await modelOf(
        [
          { name: "price", calls: 6_000, candidate: tenth, owner: "pricing" },
          { name: "find-user", calls: 9_600, owner: "accounts" },
          { name: "search", calls: 240, owner: "discovery" },
          { name: "checkout", calls: 8_000, owner: "pricing", ramped: true },
          { name: "invoice", calls: 0, owner: "billing" },
          { name: "stock", calls: 1_200, enabled: (n) => n % 3 === 0 },
        ],
        ["a1", "b2"],
      ),
    ),
  regressed: () =>
    modelOf([
      {
        name: "price",
        calls: 3_000,
        candidate: tenth,
        owner: "pricing",
        timed: [3, 3.6],
        ruleUntil: 7,
        enabled: (n) => n % 9 > 0,
      },
    ]),
  ready: () => modelOf([{ name: "find-user", calls: 60_000, owner: "accounts", timed: [0.3, 0.29] }]),
  "no-traffic": () => modelOf([{ name: "invoice", calls: 0, owner: "billing" }]),
  hostile: () =>
    modelOf(hostile.map((name, index) => ({ name, calls: 60, candidate: index % 2 === 0 ? tenth : total }))),
  empty: () => summary([]),
};
