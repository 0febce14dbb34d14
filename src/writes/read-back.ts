import { readAnswer } from "../compare/comparer-answer.ts";
import { compareValues } from "../compare/compare.ts";
import { compileRules } from "../compare/rules/rules.ts";
import type { Compare } from "../experiment/define/options.ts";
import type { Laboratory } from "../experiment/laboratory.ts";
import type { ComparisonCalls } from "../experiment/reported/comparison-call.ts";
import type { Comparison } from "../model/comparison.ts";
import type { Outcome } from "../model/observation.ts";
import type { OutboxRow } from "./outbox/store.ts";
import type { Direction, WritesServices } from "./services.ts";
import type { Side } from "./side.ts";

/** Reads back the records of operations that were just followed, and has them compared. Never rejects. */
export type ReadBack = (direction: Direction, rows: readonly OutboxRow[]) => Promise<void>;

const mostTries = 3;
const pauseMs = 20;

/** Stands for a record that kept changing while both sides were read. */
class Moved {
  readonly moved = true;
}

interface Comparing {
  readonly calls: ComparisonCalls<unknown, unknown, unknown>;
  readonly place: string;
}

/**
 * The experiment that read-backs are counted under. Its rules are the user's own, but for records that moved.
 *
 * @throws {SidelaneError} `invalid-definition`, `name-taken`
 */
export function comparisonOfRecords(
  laboratory: Laboratory,
  { name, place, options }: Pick<WritesServices, "name" | "place" | "options">,
): Comparing {
  const compare = comparerOf(options.compare, place);
  const partitioned = options.partition !== undefined;
  const calls = laboratory.comparison<unknown, unknown>(name, {
    compare: (control, candidate) =>
      control instanceof Moved || candidate instanceof Moved ?
        { kind: "inconclusive", reason: "moved" }
      : compare(control, candidate),
    ...(partitioned && { key: (input) => input as string }),
  });
  return { calls, place };
}

type Comparer = (control: unknown, candidate: unknown) => Comparison;

function comparerOf(compare: Compare<unknown, unknown> | undefined, place: string): Comparer {
  if (typeof compare === "function") {
    const otherwise = compileRules(undefined, place);
    return (control, candidate) =>
      readAnswer(compare(control, candidate), () => compareValues(control, candidate, otherwise));
  }
  const rules = compileRules(compare, place);
  return (control, candidate) => compareValues(control, candidate, rules);
}

export function readBackOf(services: WritesServices, { calls }: Comparing): ReadBack {
  const { options, random, sides } = services;
  const share = options.readBack ?? 1;

  /** Both records, read while neither side moved; or that they kept moving. */
  async function records(
    direction: Direction,
    key: string,
  ): Promise<Readonly<Record<"control" | "candidate", Outcome>>> {
    for (let attempt = 1; attempt <= mostTries; attempt++) {
      const before = await standing(direction, key);
      if (before.head === before.applied) {
        const [control, candidate] = await Promise.all([readOf(sides.control, key), readOf(sides.candidate, key)]);
        const after = await standing(direction, key);
        if (after.head === before.head && after.applied === before.applied) return { control, candidate };
      }
      if (attempt < mostTries) await services.sleep(pauseMs);
    }
    const moved: Outcome = { kind: "returned", value: new Moved() };
    return { control: moved, candidate: { kind: "returned", value: new Moved() } };
  }

  async function readKey(direction: Direction, key: string, partition: string | undefined): Promise<void> {
    const call = calls.begin({ input: partition, context: { key } });
    if (!call.compare) return;
    try {
      const { control, candidate } = await records(direction, key);
      call.control(control);
      call.candidate(candidate);
    } catch {
      call.abandon("a side could not be reached");
    }
  }

  return async (direction, rows) => {
    if (share === 0) return;
    // Once a key, however many of its operations were followed.
    const keys = new Map(rows.flatMap((row) => row.keys.map((key) => [key, row] as const)));
    const drawn = [...keys].filter(() => share === 1 || random() < share);
    await Promise.all(drawn.map(([key, row]) => readKey(direction, key, partitionOf(options.partition, row.op))));
  };
}

async function standing(
  { from, to }: Direction,
  key: string,
): Promise<{ readonly head: number | undefined; readonly applied: number | undefined }> {
  const [heads, positions] = await Promise.all([
    from.once((tx) => from.store.heads(tx, { ...from.stream, keys: [key] })),
    to.once((tx) => to.store.positions(tx, { ...from.stream, keys: [key] })),
  ]);
  return { head: heads[0], applied: positions[0]?.seq };
}

async function readOf(side: Side, key: string): Promise<Outcome> {
  try {
    return { kind: "returned", value: await side.read(key, undefined) };
  } catch (error) {
    return { kind: "threw", error };
  }
}

/** What sticks to a key of evidence; an operation of an earlier schema may have none. */
function partitionOf(partition: ((op: unknown) => string) | undefined, op: string): string | undefined {
  try {
    return partition?.(JSON.parse(op));
  } catch {
    return undefined;
  }
}
