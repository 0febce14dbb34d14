// What does it take to compare two values, beside fast-deep-equal and the others? A part of `npm run bench`; alone: npm run bench 15 compare
import { isDeepStrictEqual } from "node:util";
import { isEqual as toolkitIsEqual } from "es-toolkit";
import fastDeepEqual from "fast-deep-equal";
import lodash from "lodash";
import { compareValues } from "../src/compare/compare.ts";
import { compileRules, noRules, type CompareRules } from "../src/compare/rules/rules.ts";
import { rounds, type Contender, type Timing } from "./rounds.ts";
import { markdown, percent, times } from "./tables.ts";

interface Question {
  readonly title: string;
  /** The first is what the others stand beside. */
  readonly contenders: readonly Contender[];
  /** How often a round repeats it. */
  readonly perRound: number;
  /** What a row may take, beside the first one. */
  readonly wanted?: Readonly<Record<string, number>>;
}

function named(name: string, compare: () => unknown): Contender {
  return {
    name,
    run(repeats) {
      for (let repeat = 0; repeat < repeats; repeat++) compare();
    },
  };
}

function ours(name: string, control: unknown, candidate: unknown, rules?: CompareRules): Contender {
  const compiled = rules ? compileRules(rules, "bench") : noRules;
  return named(name, () => compareValues(control, candidate, compiled));
}

function everybody(control: unknown, candidate: unknown): readonly Contender[] {
  return [
    named("fast-deep-equal", () => fastDeepEqual(control, candidate)),
    ours("sidelane", control, candidate),
    named("isDeepStrictEqual", () => isDeepStrictEqual(control, candidate)),
    named("lodash isEqual", () => lodash.isEqual(control, candidate)),
    named("es-toolkit isEqual", () => toolkitIsEqual(control, candidate)),
  ];
}

const tiny = (): object => ({ id: 1, name: "Ada", active: true });
const answer = (): object => ({
  id: 7,
  name: "Ada",
  roles: ["admin", "user"],
  address: { city: "Ghent", zip: "9000" },
  total: 12.5,
});

function records(count = 1_000, { updatedAt = 0, late = 0 } = {}): object[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index,
    name: `user ${index}`,
    email: `user${index}@example.org`,
    active: index % 2 === 0,
    score: index / 7,
    createdAt: `2026-01-01T00:00:${index}`,
    updatedAt: index + updatedAt,
    address: { street: `street ${index}`, city: "Ghent", zip: index === count - 1 ? index + late : index },
    tags: ["a", "b", "c"],
  }));
}

const entities = (count: number, by = 0): object[] =>
  Array.from({ length: count }, (_, id) => ({ id, name: `user ${id}`, price: id * 1.5 + by }));
const priced: CompareRules = { unordered: ["$"], tolerance: { "$[*].price": 0.01 }, limits: { timeMs: 60_000 } };
const manyKeys = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key ${index}`, index]));
const unlimited: CompareRules = { limits: { timeMs: 60_000, nodes: 10_000_000 } };

function megabyte(seed: number): unknown {
  return Array.from({ length: 10_000 }, (_, index) => ({
    key: `${seed}-${index}`,
    text: `${seed} `.repeat(30),
    nested: { value: seed + index },
  }));
}

/** The same at three sizes: each is twice the one before. */
function growth(title: string, smallest: number, of: (count: number) => Contender): Question {
  const sizes = [smallest, 2 * smallest, 4 * smallest];
  const names = sizes.map((size) => size.toLocaleString("en").replaceAll(",", "\u00a0"));
  return {
    title: `Growth: ${title}`,
    contenders: sizes.map((size, index) => ({ ...of(size), name: names[index]! })),
    perRound: 1,
    wanted: { [names[1]!]: 2.3, [names[2]!]: 2.3 ** 2 },
  };
}

function questions(): readonly Question[] {
  const [control, same] = [records(), records()];
  const equal = ours("1 000 equal records", control, same);
  const [one, two] = [megabyte(1), megabyte(2)];
  const beside = (most: number): Record<string, number> => ({ sidelane: most });
  return [
    { title: "Tiny and equal", contenders: everybody(tiny(), tiny()), perRound: 20_000, wanted: beside(1.8) },
    { title: "A small answer, equal", contenders: everybody(answer(), answer()), perRound: 10_000 },
    { title: "1 000 equal records", contenders: everybody(control, same), perRound: 3, wanted: beside(1.3) },
    {
      title: "1 000 records, one late difference",
      contenders: [equal, ours("one late difference", control, records(1_000, { late: 1 }))],
      perRound: 3,
      wanted: { "one late difference": 3 },
    },
    {
      title: "1 000 records, one path ignored",
      contenders: [
        equal,
        ...["**.updatedAt", "$[*].updatedAt"].map((path) =>
          ours(`\`${path}\``, control, records(1_000, { updatedAt: 1 }), { ignore: [path] }),
        ),
      ],
      perRound: 3,
    },
    {
      title: "1 000 records in another order",
      contenders: [
        equal,
        ours("by key", control, records().toReversed(), { unordered: [{ path: "$", by: "id" }] }),
        ours("by content", control, records().toReversed(), { unordered: ["$"] }),
      ],
      perRound: 2,
    },
    growth("equal records", 1_000, (count) => ours("", records(count), records(count), unlimited)),
    growth("records with one late difference", 1_000, (count) =>
      ours("", records(count), records(count, { late: 1 }), unlimited),
    ),
    growth("entities in another order, a tolerance on one field", 2_500, (count) =>
      ours("", entities(count), entities(count, 0.001).toReversed(), priced),
    ),
    growth("keys of one object", 250_000, (count) => ours("", manyKeys(count), manyKeys(count), unlimited)),
    {
      title: "Two documents of 1 MB that differ everywhere",
      contenders: [50, Infinity].map((differences) =>
        ours(differences === 50 ? "50 differences kept" : "all kept", one, two, { limits: { differences } }),
      ),
      perRound: 1,
    },
  ];
}

function microseconds(ns: number): string {
  return ns < 1e6 ? `${(ns / 1_000).toFixed(ns < 1e5 ? 2 : 0)} µs` : `${(ns / 1e6).toFixed(1)} ms`;
}

function table({ wanted = {} }: Question, timings: readonly Timing[]): string {
  return markdown(
    ["", "a comparison", "spread", "beside the first row", "at most"],
    timings.map(({ name, ns, spread }) => {
      const most = wanted[name];
      return [
        name,
        microseconds(ns),
        percent(spread),
        times(ns / timings[0]!.ns),
        most === undefined ? "" : times(most),
      ];
    }),
  );
}

/** A table for each question, by processor time, the collector's included. */
export async function measureCompare(count: number): Promise<string> {
  const parts: string[] = [];
  for (const question of questions()) {
    const timings = await rounds(question.contenders, question.perRound, count, "processor");
    parts.push(`### ${question.title}`, "", table(question, timings), "");
  }
  return parts.join("\n").trimEnd();
}
