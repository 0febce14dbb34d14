import type { Outcome } from "../model/observation.ts";
import type { Direction, WritesServices } from "./services.ts";
import type { Side } from "./side.ts";

const mostTries = 3;
const pauseMs = 20;

/** Both records of one key, by side. */
export interface BothRecords {
  readonly control: Outcome;
  readonly candidate: Outcome;
  /** Whether operations on the key are numbered: not those on `unordered` keys, and on records that nothing has touched yet. */
  readonly isNumbered: boolean;
}

/** Reads both records of a key while nothing on it is on its way in any of these directions; `undefined` where it kept moving. */
export async function bothRecords(
  { sides, sleep }: Pick<WritesServices, "sides" | "sleep">,
  onTheWay: readonly Direction[],
  key: string,
): Promise<BothRecords | undefined> {
  for (let attempt = 1; attempt <= mostTries; attempt++) {
    const before = await standing(onTheWay, key);
    if (before.isFollowed) {
      const both = await readBoth(sides, key);
      if ((await standing(onTheWay, key)).numbers === before.numbers) return { ...both, isNumbered: before.isNumbered };
    }
    if (attempt < mostTries) await sleep(pauseMs);
  }
  return undefined;
}

export async function readBoth(
  sides: WritesServices["sides"],
  key: string,
): Promise<Pick<BothRecords, "control" | "candidate">> {
  const [control, candidate] = await Promise.all([readOf(sides.control, key), readOf(sides.candidate, key)]);
  return { control, candidate };
}

/** What the key has come to on its authority and on the follower. */
async function standing(
  onTheWay: readonly Direction[],
  key: string,
): Promise<{ readonly numbers: string; readonly isFollowed: boolean; readonly isNumbered: boolean }> {
  const each = await Promise.all(
    onTheWay.map(async ({ from, to }) => {
      const [heads, positions] = await Promise.all([
        from.once((tx) => from.store.heads(tx, { ...from.stream, keys: [key] })),
        to.once((tx) => to.store.positions(tx, { ...from.stream, keys: [key] })),
      ]);
      return [heads[0] ?? 0, positions[0]?.seq ?? 0] as const;
    }),
  );
  return {
    numbers: each.join(" "),
    isFollowed: each.every(([head, applied]) => head === applied),
    isNumbered: each.some(([head]) => head > 0),
  };
}

async function readOf(side: Side, key: string): Promise<Outcome> {
  try {
    return { kind: "returned", value: await side.read(key, undefined) };
  } catch (error) {
    return { kind: "threw", error };
  }
}
