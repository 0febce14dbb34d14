import type { StreamOf } from "../writes/index.ts";
import { equal, hold } from "./hold.ts";
import { entryOf, leaseMs, stream, type OutboxTrial } from "./outbox-laws.ts";

/** What holds in every outbox for the operations that wait, by name; each throws when it does not. */
export const outboxRowLaws: Readonly<Record<string, (trial: OutboxTrial) => Promise<void>>> = {
  "hands a row to one worker at a time": async ({ enqueue, take }) => {
    for (const id of ["1", "2", "3"]) await enqueue(id, [id]);
    equal(
      (await take(2)).map(({ id }) => id),
      ["1", "2"],
      "taken first",
    );
    equal(
      (await take()).map(({ id }) => id),
      ["3"],
      "taken next",
    );
    equal((await take()).length, 0, "taken again");
  },
  "hands a postponed row out again, and an acknowledged one never": async ({ outbox, transact, enqueue, take }) => {
    for (const id of ["1", "2", "3"]) await enqueue(id, [id]);
    await take();
    const rows = [
      { id: "1", delayMs: 0, attempts: 2, waits: 1, error: "no" },
      { id: "2", delayMs: leaseMs, attempts: 1, waits: 0, error: null },
    ];
    await transact((tx) => outbox.postpone(tx, { ...stream, rows }));
    await transact((tx) => outbox.acknowledge(tx, { ...stream, ids: ["3"] }));
    equal(
      (await take()).map(({ id, attempts, waits, error }) => [id, attempts, waits, error]),
      [["1", 2, 1, "no"]],
      "due",
    );
    equal((await transact((tx) => outbox.count(tx, stream))).rows, 2, "rows that wait");
  },
  "blocks the keys of a dead row, and no others, until it is revived": async ({ outbox, transact, enqueue, take }) => {
    await enqueue("1", ["a", "b"]);
    await take();
    await transact((tx) => outbox.bury(tx, { ...stream, id: "1", attempts: 3, error: "dead" }));
    await enqueue("2", ["b"]);
    await enqueue("3", ["c"]);
    equal(
      (await take()).map(({ id }) => id),
      ["3"],
      "taken beside a dead row",
    );
    const { rows, dead, blocked } = await transact((tx) => outbox.count(tx, stream));
    equal([rows, dead, blocked], [3, 1, 2], "rows, dead, blocked");
    equal(
      (await transact((tx) => outbox.find(tx, { ...stream, key: "b" }))).map(({ id }) => id),
      ["1"],
      "dead on b",
    );
    equal(await transact((tx) => outbox.revive(tx, { ...stream, id: "2" })), false, "revived what is not dead");
    equal(await transact((tx) => outbox.revive(tx, { ...stream, id: "1" })), true, "revived");
    equal(
      (await take()).map(({ id }) => id),
      ["1", "2"],
      "taken once it is revived",
    );
  },
  "knows how much waits in a bucket, and which came first": async ({ outbox, transact, enqueue, take }) => {
    equal((await transact((tx) => outbox.count(tx, stream))).first, 0, "the first of none");
    for (const id of ["1", "2"]) await enqueue(id, [id]);
    const before = await transact((tx) => outbox.count(tx, stream));
    const lag = (bucket: number): Promise<number> =>
      transact(async (tx) => (await outbox.lagOf(tx, { ...stream, bucket })).rows);
    equal([await lag(3), await lag(4)], [2, 0], "rows by bucket");
    await take(1);
    await transact((tx) => outbox.acknowledge(tx, { ...stream, ids: ["1"] }));
    const after = await transact((tx) => outbox.count(tx, stream));
    hold(after.first > before.first && after.first <= after.latest, `first ${before.first}, then ${after.first}`);
    equal(after.latest, before.latest, "the latest");
  },
  "hands a row out again once its lease is over, and those of one bucket alone": async ({
    outbox,
    transact,
    enqueue,
  }) => {
    await enqueue("1");
    const taken = async (bucket: number, lease: number): Promise<readonly string[]> =>
      (await transact((tx) => outbox.take(tx, { ...stream, limit: 9, leaseMs: lease, bucket }))).map(({ id }) => id);
    equal(
      [await taken(4, 0), await taken(3, 0), await taken(3, leaseMs), await taken(3, 0)],
      [[], ["1"], ["1"], []],
      "taken",
    );
  },
  "unblocks keys with the dead row that is acknowledged, and finds dead rows by their keys": async ({
    outbox,
    transact,
    enqueue,
    take,
  }) => {
    for (const id of ["1", "2"]) await enqueue(id, [`of ${id}`]);
    for (const id of ["1", "2"]) await transact((tx) => outbox.bury(tx, { ...stream, id, attempts: 1, error: "no" }));
    await enqueue("3", ["of 1", "of 2"]);
    const dead = (of: object) => transact((tx) => outbox.find(tx, { ...stream, ...of }));
    equal(
      (await dead({ key: "of 2" })).map(({ id }) => id),
      ["2"],
      "dead on a key",
    );
    equal(
      (await dead({ id: "1" })).map(({ id, state, error }) => [id, state, error]),
      [["1", "dead", "no"]],
      "of an id",
    );
    equal((await dead({})).length, 2, "all that are dead");
    equal(await take(), [], "taken while they are dead");
    await transact((tx) => outbox.acknowledge(tx, { ...stream, ids: ["1", "2"] }));
    equal(
      (await take()).map(({ id }) => id),
      ["3"],
      "taken once they are gone",
    );
    const { rows, dead: left, blocked } = await transact((tx) => outbox.count(tx, stream));
    equal([rows, left, blocked], [1, 0, 0], "rows, dead, blocked");
  },
  "takes nothing down for the other side of what is followed": async ({ outbox, transact, enqueue, take }) => {
    await enqueue("1");
    const [row] = await take();
    await transact((tx) => outbox.advance(tx, { ...stream, row: row!, follower: "candidate", keys: ["a"] }));
    const followers: StreamOf = { name: "payments", side: "candidate" };
    equal(await transact((tx) => outbox.take(tx, { ...followers, limit: 9, leaseMs })), [], "rows of the follower");
    equal((await transact((tx) => outbox.count(tx, followers))).rows, 0, "counted of the follower");
    equal(await transact((tx) => outbox.heads(tx, { ...followers, keys: ["a"] })), [0], "heads of the follower");
  },
  "counts in a bucket what has failed": async ({ outbox, transact, enqueue }) => {
    for (const id of ["1", "2"]) await enqueue(id, [id]);
    const rows = [{ id: "1", delayMs: 0, attempts: 1, waits: 0, error: "no" }];
    await transact((tx) => outbox.postpone(tx, { ...stream, rows }));
    const { rows: waiting, failed } = await transact((tx) => outbox.lagOf(tx, { ...stream, bucket: 3 }));
    equal([waiting, failed], [2, 1], "rows, failed");
  },
  "changes nothing by a transaction that rolls back": async ({ outbox, transact, enqueue, take }) => {
    await transact((tx) => outbox.found(tx, { ...stream, follows: true }));
    for (const id of ["1", "2", "3", "4"]) await enqueue(id, [id]);
    const [first] = await take();
    await transact((tx) => outbox.bury(tx, { ...stream, id: "3", attempts: 1, error: "no" }));
    const seen = (): Promise<unknown> =>
      transact(async (tx) => ({
        fence: (await outbox.fences(tx, stream))[5],
        rows: await Promise.all(["1", "2", "3", "4"].map(async (id) => outbox.find(tx, { ...stream, id }))),
        positions: await outbox.positions(tx, { ...stream, keys: ["1", "z"] }),
        ids: await outbox.ids(tx, { ...stream, after: undefined, limit: 9 }),
        followed: await outbox.ids(tx, { ...stream, side: "candidate", after: undefined, limit: 9 }),
        kept: (await outbox.kept(tx, { ...stream, prefix: "" })).length,
        history: await outbox.history(tx, stream),
        blocked: (await outbox.count(tx, stream)).blocked,
      }));
    const before = await seen();
    const to = { authority: "candidate", moving: true, follows: false, generation: 2 } as const;
    const postponed = [{ id: "1", delayMs: 0, attempts: 7, waits: 7, error: "x" }];
    const entry = { kind: "skipped", subject: "1", by: "Ada", reason: "x" };
    const works: readonly ((tx: unknown) => Promise<unknown>)[] = [
      (tx) => outbox.changeFence(tx, { ...stream, bucket: 5, epoch: 1, to }),
      (tx) => outbox.advance(tx, { ...stream, row: first!, follower: "candidate", keys: ["1"] }),
      (tx) => outbox.place(tx, { ...stream, key: "z", seq: 5, generation: 1 }),
      (tx) => outbox.remember(tx, { ...stream, ...entryOf("5", []) }),
      (tx) => outbox.keep(tx, { ...stream, item: "x", value: "1" }),
      (tx) => outbox.claim(tx, { ...stream, item: "y", value: "1" }),
      (tx) => outbox.note(tx, { ...stream, entry }),
      (tx) => outbox.postpone(tx, { ...stream, rows: postponed }),
      (tx) => outbox.bury(tx, { ...stream, id: "2", attempts: 9, error: "x" }),
      (tx) => outbox.revive(tx, { ...stream, id: "3" }),
      (tx) => outbox.acknowledge(tx, { ...stream, ids: ["4"] }),
    ];
    await transact(async (tx) => {
      for (const work of works) await work(tx);
      throw new Error("roll back");
    }).catch(() => undefined);
    equal(await seen(), before, "what was there before");
  },
};
