import type { Laboratory } from "../experiment/laboratory.ts";
import type { ComparisonCalls } from "../experiment/reported/comparison-call.ts";
import type { LookLater } from "./changes/look-later.ts";
import { comparerOf } from "./comparer.ts";
import type { OutboxRow } from "./outbox/store.ts";
import { noticeInvented } from "./invented.ts";
import { directions, type WritesServices } from "./services.ts";
import { bothRecords, type BothRecords } from "./standing.ts";
import type { ToldStanding } from "./told-standing.ts";

/** Reads back the records of operations that were just followed, and has them compared. Never rejects. */
export interface ReadBack {
  (rows: readonly OutboxRow[]): Promise<void>;
  /** Gives up what it still waits for. */
  readonly end: () => Promise<void>;
}

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
  { name, place, options, wish, emit }: Pick<WritesServices, "name" | "place" | "options" | "wish" | "emit">,
  told: Pick<ToldStanding, "last">,
): Comparing {
  const compare = comparerOf(options.compare, place);
  const notice = noticeInvented({ emit });
  const { rollout } = wish;
  const partitioned = options.partition !== undefined;
  const calls = laboratory.comparison<unknown, unknown>(name, {
    compare(control, candidate) {
      if (control instanceof Moved || candidate instanceof Moved) return { kind: "inconclusive", reason: "moved" };
      const comparison = compare(control, candidate);
      notice(comparison);
      return comparison;
    },
    writes: () => told.last(),
    ...(rollout !== undefined && { rollout }),
    ...(partitioned && { key: (input) => input as string }),
  });
  return { calls, place };
}

export function readBackOf(services: WritesServices, { calls }: Comparing, later: LookLater): ReadBack {
  const { options, random, wish } = services;
  const share = options.readBack ?? 1;

  async function readKey(key: string, partition: string | undefined): Promise<void> {
    const call = calls.begin({ input: partition, context: { key } });
    if (!call.compare) return;
    try {
      const moved: Pick<BothRecords, "control" | "candidate"> = {
        control: { kind: "returned", value: new Moved() },
        candidate: { kind: "returned", value: new Moved() },
      };
      const tell = ({ control, candidate }: typeof moved = moved): void => {
        call.control(control);
        call.candidate(candidate);
      };
      const both = await bothRecords(services, directions(services), key);
      if (!later.needed(key, both, tell)) tell(both);
    } catch {
      call.abandon("a side could not be reached");
    }
  }

  const readBack = async (rows: readonly OutboxRow[]): Promise<void> => {
    if (share === 0 || wish.now().stage === "ramp-down") return;
    // Once a key, however many of its operations were followed.
    const keys = new Map(rows.flatMap((row) => row.keys.map((key) => [key, row] as const)));
    const drawn = [...keys].filter(() => share === 1 || random() < share);
    await Promise.all(drawn.map(([key, row]) => readKey(key, partitionOf(options.partition, row.op))));
  };
  return Object.assign(readBack, { end: () => later.end() });
}

/** What sticks to a key of evidence; an operation of an earlier schema may have none. */
function partitionOf(partition: ((op: unknown) => string) | undefined, op: string): string | undefined {
  try {
    return partition?.(JSON.parse(op));
  } catch {
    return undefined;
  }
}
