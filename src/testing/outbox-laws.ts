import type { Fence, OutboxEntry, OutboxRow, OutboxStore, StreamOf } from "../writes/index.ts";
import { equal, hold } from "./hold.ts";

/** An outbox on trial. */
export interface OutboxTrial {
  readonly outbox: OutboxStore;
  readonly transact: <Value>(work: (tx: unknown) => Promise<Value>) => Promise<Value>;
  /** Takes an operation down; resolves with whether it was the first of its id. */
  readonly enqueue: (id: string, keys?: readonly string[], of?: StreamOf) => Promise<boolean>;
  readonly take: (limit?: number) => Promise<readonly OutboxRow[]>;
}

export const stream: StreamOf = { name: "payments", side: "control" };
export const leaseMs = 60_000;

export const entryOf = (id: string, keys: readonly string[]): OutboxEntry => ({
  ...{ id, token: `token of ${id}`, digest: `digest of ${id}`, keys, op: JSON.stringify({ id, "it's": "é\u0000" }) },
  ...{ facts: JSON.stringify({ of: id }), schema: 1, bucket: 3, generation: 1 },
});

/** What holds for every outbox, by name; each throws when it does not. */
export const outboxLaws: Readonly<Record<string, (trial: OutboxTrial) => Promise<void>>> = {
  "has 64 fences, which are made once": async ({ outbox, transact }) => {
    for (const follows of [true, false]) await transact((tx) => outbox.found(tx, { ...stream, follows }));
    const fences = await transact((tx) => outbox.fences(tx, stream));
    equal(
      fences.map(({ bucket }) => bucket),
      Array.from({ length: 64 }, (_, bucket) => bucket),
      "buckets",
    );
    const fence: Fence = { bucket: 63, authority: "control", moving: false, follows: true, generation: 1, epoch: 1 };
    equal(fences[63], fence, "the last fence");
  },
  "changes a fence only in the epoch that was seen": async ({ outbox, transact }) => {
    await transact((tx) => outbox.found(tx, { ...stream, follows: true }));
    const to = { authority: "candidate", moving: true, follows: false, generation: 2 } as const;
    const change = (epoch: number): Promise<boolean> =>
      transact((tx) => outbox.changeFence(tx, { ...stream, bucket: 5, epoch, to }));
    equal([await change(2), await change(1), await change(1)], [false, true, false], "changed");
    const { fence } = await transact((tx) => outbox.enter(tx, { ...stream, bucket: 5, id: "x" }));
    equal(fence, { bucket: 5, ...to, epoch: 2 }, "the fence");
  },
  "counts each key without a gap, also where a transaction rolls back": async ({ outbox, transact, enqueue, take }) => {
    await enqueue("1", ["a", "b"]);
    const failing = transact(async (tx) => {
      await outbox.enqueue(tx, { ...stream, entry: entryOf("2", ["a", "c"]) });
      throw new Error("roll back");
    });
    await failing.catch(() => undefined);
    await enqueue("3", ["a", "c"]);
    equal(
      (await take()).map(({ id, keys, seqs }) => [id, keys, seqs]),
      [
        ["1", ["a", "b"], [1, 1]],
        ["3", ["a", "c"], [2, 1]],
      ],
      "rows",
    );
    equal(await transact((tx) => outbox.heads(tx, { ...stream, keys: ["c", "z", "a"] })), [1, 0, 2], "heads");
  },
  "takes an id down once, with what was known of it": async ({ outbox, transact, enqueue, take }) => {
    equal([await enqueue("1"), await enqueue("1")], [true, false], "first of its id");
    equal((await take()).length, 1, "rows");
    const known = await transact((tx) => outbox.known(tx, { ...stream, id: "1" }));
    equal([known?.digest, known?.facts, known?.token], ["digest of 1", '{"of":"1"}', "token of 1"], "known");
    const remembered = await transact((tx) => outbox.remember(tx, { ...stream, ...entryOf("1", []) }));
    equal(remembered, false, "remembered again");
  },
  "lists ids in the order of their bytes, with what is known of them": async ({ outbox, transact, enqueue }) => {
    const listed = (after: string | undefined, limit: number) =>
      transact((tx) => outbox.ids(tx, { ...stream, after, limit }));
    equal(await listed(undefined, 9), [], "ids of none");
    for (const id of ["b", "\uffff", "B", "😀", "é"]) await enqueue(id, [id]);
    const ids = await listed(undefined, 9);
    equal(
      ids.map(({ id }) => id),
      ["B", "b", "é", "\uffff", "😀"],
      "ids",
    );
    const { token, digest, facts } = entryOf("b", []);
    equal(await listed("B", 1), [{ id: "b", digest, facts, token }], "the second");
  },
  "keeps operations, keys and facts as they were": async ({ enqueue, take }) => {
    const keys = ["\"quoted\" 'key'", "[1,2]", "a,b", "a\\b", "größe", "{}", "😀"];
    await enqueue("$1 ?1 %s", keys);
    const [row] = await take();
    equal([row?.id, row?.keys, row?.seqs], ["$1 ?1 %s", keys, keys.map(() => 1)], "the row");
    equal([row?.op, row?.facts], [entryOf("$1 ?1 %s", keys).op, entryOf("$1 ?1 %s", keys).facts], "what was kept");
  },
  "moves a follower's key to the next number only, and once": async ({ outbox, transact, enqueue, take }) => {
    for (const id of ["1", "2"]) await enqueue(id, ["a"]);
    const [first, second] = await take();
    const advance = (row: OutboxRow | undefined): Promise<boolean> =>
      transact((tx) => outbox.advance(tx, { ...stream, row: row!, follower: "candidate", keys: ["a"] }));
    equal([await advance(first), await advance(first)], [true, false], "the first, twice");
    equal(await advance(second), true, "the second");
    const [position] = await transact((tx) => outbox.positions(tx, { ...stream, keys: ["a"] }));
    equal([position?.seq, position?.generation], [2, 1], "the position");
    const known = await transact((tx) => outbox.known(tx, { name: "payments", side: "candidate", id: "2" }));
    equal(known?.token, "token of 2", "the id on the follower");
  },
  "refuses a follower's key that stands elsewhere": async ({ outbox, transact, enqueue, take }) => {
    for (const id of ["1", "2", "3"]) await enqueue(id, ["a"]);
    const [first, , third] = await take();
    await transact((tx) => outbox.advance(tx, { ...stream, row: first!, follower: "candidate", keys: ["a"] }));
    let moved = true;
    await transact(async (tx) => {
      moved = await outbox.advance(tx, { ...stream, row: third!, follower: "candidate", keys: ["a"] });
      if (!moved) throw new Error("roll back");
    }).catch(() => undefined);
    equal(moved, false, "moved past the second");
    const [position] = await transact((tx) => outbox.positions(tx, { ...stream, keys: ["a"] }));
    equal(position?.seq, 1, "the position");
  },
  "never moves a copied key back": async ({ outbox, transact }) => {
    const place = (seq: number): Promise<void> =>
      transact((tx) => outbox.place(tx, { ...stream, key: "a", seq, generation: 1 }));
    for (const seq of [4, 7, 5]) await place(seq);
    const [position, none] = await transact((tx) => outbox.positions(tx, { ...stream, keys: ["a", "b"] }));
    equal([position?.seq, none], [7, undefined], "positions");
  },
  "marks a place between operations, and knows the keys of those after it": async ({ outbox, transact, enqueue }) => {
    await enqueue("1", ["b"]);
    const mark = await transact((tx) => outbox.mark(tx, stream));
    for (const id of ["2", "3"]) await enqueue(id, ["c", "a"]);
    await enqueue("4", ["d"]);
    const touched = (since: number, after?: string, bucket = 3): Promise<readonly string[]> =>
      transact((tx) => outbox.touched(tx, { ...stream, bucket, since, after, limit: 2 }));
    equal(await touched(mark), ["a", "c"], "keys after the mark");
    equal(await touched(mark, "c"), ["d"], "the next page");
    equal(await touched(mark, undefined, 4), [], "keys of another bucket");
    equal(await touched(0), ["a", "b"], "keys since ever");
    const later = await transact((tx) => outbox.mark(tx, stream));
    equal([later > mark, await touched(later)], [true, []], "a later mark");
  },
  "knows an id as it is entered by": async ({ outbox, transact, enqueue }) => {
    await transact((tx) => outbox.found(tx, { ...stream, follows: true }));
    await enqueue("1");
    const entered = (id: string) => transact((tx) => outbox.enter(tx, { ...stream, bucket: 3, id }));
    const { digest, facts, token } = entryOf("1", []);
    const { known } = await entered("1");
    equal([known?.digest, known?.facts, known?.token], [digest, facts, token], "known");
    equal((await entered("2")).known, undefined, "known of another");
  },
  "holds a key's head as it stands, with its own bucket and the generation of that": async ({
    outbox,
    transact,
    enqueue,
  }) => {
    await transact((tx) => outbox.found(tx, { ...stream, follows: true }));
    for (const id of ["1", "2"]) await enqueue(id, ["a"]);
    const to = { authority: "control", moving: false, follows: true, generation: 4 } as const;
    await transact((tx) => outbox.changeFence(tx, { ...stream, bucket: 3, epoch: 1, to }));
    const held = (key: string) => transact((tx) => outbox.holdHead(tx, { ...stream, key, bucket: 9 }));
    equal(await held("a"), { seq: 2, bucket: 3, generation: 4 }, "the head");
    equal(await held("b"), { seq: 0, bucket: 9, generation: 1 }, "a new head");
  },
  "knows in which generation a key was followed": async ({ outbox, transact, take }) => {
    const entry = { ...entryOf("1", ["a"]), generation: 3 };
    await transact((tx) => outbox.enqueue(tx, { ...stream, entry }));
    const [row] = await take();
    equal(row?.generation, 3, "the row's");
    await transact((tx) => outbox.advance(tx, { ...stream, row: row!, follower: "candidate", keys: ["a"] }));
    await transact((tx) => outbox.place(tx, { ...stream, key: "b", seq: 5, generation: 2 }));
    equal(
      await transact((tx) => outbox.positions(tx, { ...stream, keys: ["b", "a"] })),
      [
        { seq: 5, generation: 2 },
        { seq: 1, generation: 3 },
      ],
      "positions",
    );
  },
  "keeps values under names": async ({ outbox, transact }) => {
    const keep = (item: string, value: string | null): Promise<void> =>
      transact((tx) => outbox.keep(tx, { ...stream, item, value }));
    const kept = async (prefix: string): Promise<unknown> =>
      (await transact((tx) => outbox.kept(tx, { ...stream, prefix }))).map(({ item, value }) => [item, value]);
    for (const item of ["p%:2", "p%:1", "px:3"]) await keep(item, '"é"');
    await keep("p%:1", "1");
    equal(
      await kept("p%:"),
      [
        ["p%:1", "1"],
        ["p%:2", '"é"'],
      ],
      "kept",
    );
    await keep("p%:1", null);
    equal(
      await kept("p"),
      [
        ["p%:2", '"é"'],
        ["px:3", '"é"'],
      ],
      "kept after one was taken away",
    );
  },
  "keeps a value under a name that has none, and is asked for it by one at a time": async ({ outbox, transact }) => {
    const claim = (value: string): Promise<boolean> =>
      transact((tx) => outbox.claim(tx, { ...stream, item: "one", value }));
    equal(
      await Promise.all([claim("1"), claim("2"), claim("3")]).then((all) => all.filter(Boolean).length),
      1,
      "claimed",
    );
    equal(await claim("4"), false, "claimed again");
    await transact((tx) => outbox.keep(tx, { ...stream, item: "one", value: null }));
    equal(await claim("5"), true, "claimed once it was taken away");
    equal((await transact((tx) => outbox.kept(tx, { ...stream, prefix: "one" })))[0]?.value, "5", "kept");
  },
  "keeps streams apart": async ({ outbox, transact, enqueue, take }) => {
    await enqueue("1", ["a"], { name: "orders", side: "control" });
    await enqueue("1", ["a"], { name: "payments", side: "candidate" });
    equal((await take()).length, 0, "rows of others");
    equal(await enqueue("1", ["a"]), true, "first of its id");
    equal(await transact((tx) => outbox.heads(tx, { ...stream, keys: ["a"] })), [1], "heads");
  },
  "has its history newest first, and takes away old ids only": async ({ outbox, transact, enqueue }) => {
    await enqueue("1");
    for (const kind of ["retried", "skipped"]) {
      const entry = { kind, subject: "1", by: "Ada", reason: "it's fine" };
      await transact((tx) => outbox.note(tx, { ...stream, entry }));
    }
    const history = await transact((tx) => outbox.history(tx, stream));
    equal(
      history.map(({ kind, by, reason }) => [kind, by, reason]),
      [
        ["skipped", "Ada", "it's fine"],
        ["retried", "Ada", "it's fine"],
      ],
      "history",
    );
    hold(
      history.every(({ ageMs }) => ageMs >= 0 && ageMs < leaseMs),
      "ages are those of another clock",
    );
    const prune = (olderThanMs: number) => transact((tx) => outbox.prune(tx, { ...stream, olderThanMs }));
    equal(await prune(leaseMs), 0, "young ids taken away");
    // Of that age they will be in a while: all of them are older.
    equal([await prune(-leaseMs), await prune(-leaseMs)], [1, 0], "old ids taken away");
    equal(await transact((tx) => outbox.known(tx, { ...stream, id: "1" })), undefined, "known afterwards");
  },
};
