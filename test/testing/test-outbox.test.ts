import { describe, expect, it } from "vitest";
import { testOutbox } from "../../src/testing/index.ts";
import { memoryOutbox, type OutboxStore } from "../../src/writes/index.ts";

/** The laws that an outbox does not hold, with what they say of it. */
async function failing(spoil: (right: OutboxStore) => Partial<OutboxStore>): Promise<string[]> {
  const laws: [string, () => unknown][] = [];
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (...law: [string, () => unknown]) => void laws.push(law),
  };
  const open = () => {
    const right = memoryOutbox();
    return { outbox: { ...right, ...spoil(right) }, transaction: right.transaction as never };
  };
  testOutbox("a wrong outbox", open, runner);
  const failed: string[] = [];
  for (const [law, holds] of laws) {
    try {
      await holds();
    } catch (error) {
      failed.push(`${law}: ${(error as Error).message}`);
    }
  }
  return failed;
}

const without = <Given extends object>(given: Given, name: string): Given =>
  Object.fromEntries(Object.entries(given).filter(([each]) => each !== name)) as Given;

/** What it writes stays when its transaction rolls back. */
const atOnce = {
  set: (map: Map<unknown, unknown>, key: unknown, value: unknown) => void map.set(key, value),
  delete: (map: Map<unknown, unknown>, key: unknown) => void map.delete(key),
  onRollback: () => undefined,
};

const wrong: readonly (readonly [string, (right: OutboxStore) => Partial<OutboxStore>, RegExp])[] = [
  [
    "has gaps in its numbers",
    (right) => ({
      take: async (tx, of) =>
        (await right.take(tx, of)).map((row) => ({ ...row, seqs: row.seqs.map((seq) => 2 * seq - 1) })),
    }),
    /^counts each key without a gap.*expected/,
  ],
  [
    "hands out the latest first",
    (right) => ({ take: async (tx, of) => [...(await right.take(tx, of))].reverse() }),
    /^hands a row to one worker at a time: taken first: expected \["1","2"\], got \["2","1"\]/,
  ],
  [
    "takes down for the other side what is followed",
    (right) => ({
      async advance(tx, of) {
        const entry = { ...of.row, id: `${of.row.id} again` };
        await right.enqueue(tx, { name: of.name, side: of.follower, entry });
        return right.advance(tx, of);
      },
    }),
    /^takes nothing down for the other side of what is followed: rows of the follower: expected \[\], got/,
  ],
  [
    "loses acknowledgements",
    () => ({ acknowledge: () => Promise.resolve() }),
    /^hands a postponed row out again.*rows that wait/,
  ],
  [
    "takes an id down twice",
    (right) => ({
      enqueue: async (tx, of) =>
        (await right.enqueue(tx, of)) || right.enqueue(tx, { ...of, entry: { ...of.entry, id: `${of.entry.id}'` } }),
    }),
    /^takes an id down once.*first of its id: expected \[true,false\], got \[true,true\]/,
  ],
  [
    "forgets what is dead",
    (right) => ({ bury: (tx, of) => right.acknowledge(tx, { ...of, ids: [of.id] }) }),
    /^blocks the keys of a dead row.*taken beside a dead row/,
  ],
  [
    "does not know an id as it is entered by",
    (right) => ({ enter: async (tx, of) => ({ ...(await right.enter(tx, of)), known: undefined }) }),
    /^knows an id as it is entered by: known/,
  ],
  [
    "holds a head as if nothing was written on it",
    (right) => ({ holdHead: async (tx, of) => ({ ...(await right.holdHead(tx, of)), seq: 0 }) }),
    /^holds a key's head as it stands.*the head: expected \{"bucket":3,"generation":4,"seq":2\}/,
  ],
  [
    "forgets in which generation a key was followed",
    (right) => ({
      positions: async (tx, of) => (await right.positions(tx, of)).map((each) => each && { ...each, generation: 1 }),
    }),
    /^knows in which generation a key was followed: positions/,
  ],
  [
    "never hands out again what a worker has left",
    (right) => ({ take: (tx, of) => right.take(tx, { ...of, leaseMs: 1e9 }) }),
    /^hands a row out again once its lease is over/,
  ],
  [
    "hands out rows of other buckets",
    (right) => ({ take: (tx, of) => right.take(tx, without(of, "bucket")) }),
    /^hands a row out again once its lease is over, and those of one bucket alone/,
  ],
  [
    "finds dead rows of other keys",
    (right) => ({ find: (tx, of) => right.find(tx, without(of, "key")) }),
    /^unblocks keys.*dead on a key: expected \["2"\], got \["1","2"\]/,
  ],
  ["forgets no id", () => ({ prune: () => Promise.resolve(0) }), /old ids taken away: expected \[1,0\], got \[0,0\]/],
  [
    "counts none as failed",
    (right) => ({ lagOf: async (tx, of) => ({ ...(await right.lagOf(tx, of)), failed: 0 }) }),
    /^counts in a bucket what has failed/,
  ],
  ...(
    [
      ...(["changeFence", "advance", "place", "remember", "keep", "claim", "note", "postpone"] as const),
      ...(["bury", "revive", "acknowledge", "enqueue"] as const),
    ] as const
  ).map(
    (method) =>
      [
        `keeps what \`${method}\` wrote in a transaction that rolls back`,
        (right: OutboxStore) => ({ [method]: (_: unknown, of: never) => right[method](atOnce, of) }),
        /^(changes nothing by a transaction|counts each key without a gap, also where a transaction|refuses a follower's key)/,
      ] as const,
  ),
];

describe("testOutbox", () => {
  it("passes an outbox that is right", async () => {
    expect(await failing(() => ({}))).toEqual([]);
  });

  it.each(wrong)("fails one that %s, and says of what", async (_, spoil, said) => {
    expect(await failing(spoil)).toContainEqual(expect.stringMatching(said));
  });
});
