/**
 * What does a comparison cost, beside fast-deep-equal and the others? Run with `npx tsx bench/compare.bench.ts`.
 *
 * All contenders of a question take turns within one run, and each keeps its best round: on a shared machine times move,
 * ratios less. The first line is doing nothing.
 */
import { cpus } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { isEqual as toolkitIsEqual } from "es-toolkit";
import fastDeepEqual from "fast-deep-equal";
import lodash from "lodash";
import { compareValues } from "../src/compare/compare.ts";
import { compileRules, noRules, type CompareRules } from "../src/compare/rules/rules.ts";

type Contender = readonly [name: string, run: () => unknown];

const rounds = 60;

function measure(question: string, target: number | undefined, unit: number, contenders: readonly Contender[]): void {
  const best = contenders.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    contenders.forEach(([, run], index) => {
      const start = performance.now();
      for (let call = 0; call < unit; call++) run();
      best[index] = Math.min(best[index]!, (performance.now() - start) / unit);
    });
  }
  console.log(`\n${question}`);
  contenders.forEach(([name], index) => {
    const ratio = best[index]! / best[1]!;
    const aim =
      index === 2 && target !== undefined ? `   (aim: at most ${target}×) ${ratio <= target ? "met" : "MISSED"}` : "";
    console.log(
      `  ${name.padEnd(34)} ${(best[index]! * 1_000).toFixed(3).padStart(10)} µs ${ratio.toFixed(2).padStart(7)}×${aim}`,
    );
  });
}

const nothing: Contender = ["nothing", () => undefined];

function ours(control: unknown, candidate: unknown, rules?: CompareRules): () => unknown {
  const compiled = rules ? compileRules(rules, "bench") : noRules;
  return () => compareValues(control, candidate, compiled);
}

function everybody(control: unknown, candidate: unknown): readonly Contender[] {
  return [
    nothing,
    ["fast-deep-equal", () => fastDeepEqual(control, candidate)],
    ["sidelane compare", ours(control, candidate)],
    ["isDeepStrictEqual", () => isDeepStrictEqual(control, candidate)],
    ["lodash isEqual", () => lodash.isEqual(control, candidate)],
    ["es-toolkit isEqual", () => toolkitIsEqual(control, candidate)],
  ];
}

function records(updatedAt = 0, late = 0): object[] {
  return Array.from({ length: 1_000 }, (_, index) => ({
    id: index,
    name: `user ${index}`,
    email: `user${index}@example.org`,
    active: index % 2 === 0,
    score: index / 7,
    createdAt: `2026-01-01T00:00:${index}`,
    updatedAt: index + updatedAt,
    address: { street: `street ${index}`, city: "Ghent", zip: index === 999 ? index + late : index },
    tags: ["a", "b", "c"],
  }));
}

function megabyte(seed: number): unknown {
  return Array.from({ length: 10_000 }, (_, index) => ({
    key: `${seed}-${index}`,
    text: `${seed} `.repeat(30),
    nested: { value: seed + index },
  }));
}

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? "unknown CPU"}; fast-deep-equal 3.1.3`);
const tiny = (): object => ({ id: 1, name: "Ada", active: true });
const answer = (): object => ({
  id: 7,
  name: "Ada",
  roles: ["admin", "user"],
  address: { city: "Ghent", zip: "9000" },
  total: 12.5,
});
const [control, same] = [records(), records()];
measure("tiny and equal", 2, 20_000, everybody(tiny(), tiny()));
measure("a small answer, equal", 2, 10_000, everybody(answer(), answer()));
measure("1 000 equal records", 1.75, 3, everybody(control, same));
const equal: Contender = ["sidelane, 1 000 equal records", ours(control, same)];
measure("1 000 records, one late difference", 4, 3, [nothing, equal, ["sidelane", ours(control, records(0, 1))]]);
measure("1 000 records, one path ignored", 3, 3, [
  nothing,
  equal,
  ["sidelane, **.updatedAt", ours(control, records(1), { ignore: ["**.updatedAt"] })],
  ["sidelane, $[*].updatedAt", ours(control, records(1), { ignore: ["$[*].updatedAt"] })],
]);
measure("1 000 records in another order", undefined, 2, [
  nothing,
  equal,
  ["by key", ours(control, records().reverse(), { unordered: [{ path: "$", by: "id" }] })],
  ["by content", ours(control, records().reverse(), { unordered: ["$"] })],
]);
// The last two: twice as many take twice as long, or a little more.
const entities = (count: number, by = 0): object[] =>
  Array.from({ length: count }, (_, id) => ({ id, name: `user ${id}`, price: id * 1.5 + by }));
const priced: CompareRules = { unordered: ["$"], tolerance: { "$[*].price": 0.01 }, limits: { timeMs: 60_000 } };
measure("entities in another order, a tolerance on one field", undefined, 1, [
  nothing,
  ["5 000", ours(entities(5_000), entities(5_000, 0.001).reverse(), priced)],
  ["10 000", ours(entities(10_000), entities(10_000, 0.001).reverse(), priced)],
  ["20 000", ours(entities(20_000), entities(20_000, 0.001).reverse(), priced)],
]);
measure("tiny and different", undefined, 5_000, [
  nothing,
  ["fast-deep-equal", () => fastDeepEqual(tiny(), { ...tiny(), id: 2 })],
  ["sidelane compare", ours(tiny(), { ...tiny(), id: 2 })],
]);

const [one, two] = [megabyte(1), megabyte(2)];
for (const differences of [50, Infinity]) {
  const start = performance.now();
  const { kind } = compareValues(one, two, compileRules({ limits: { differences } }, "bench"));
  console.log(
    `\ntwo documents of 1 MB that differ everywhere, ${differences} differences kept: ${kind} after ${(performance.now() - start).toFixed(1)} ms (limit 50 ms)`,
  );
}
