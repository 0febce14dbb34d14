import { Database } from "node-sqlite3-wasm";
import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import {
  digestSql,
  parallelWrites,
  registerDigest,
  unordered,
  type Fence,
  type OutboxRow,
  type OutboxStore,
  type SideName,
  type UnorderedKey,
  type WishedStage,
} from "../../src/writes/index.ts";
import { pay } from "./bank.ts";
import { differencesBetween, type Account, type Booking, type Ledger, type Payment } from "./ledger.ts";
import { memoryLedger } from "./ledgers.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const laboratories: Laboratory[] = [];
afterEach(async () => {
  for (const laboratory of laboratories.splice(0)) await laboratory.close();
});

/** A part put in the place of the right one: of an outbox, or of a side. */
type Mutant = (store: OutboxStore, side: SideName) => Partial<OutboxStore>;
const none: Mutant = () => ({});

interface Course {
  readonly control: Ledger;
  readonly candidate: Ledger;
  readonly payments: ReturnType<typeof parallelWrites<Payment, { entryId: string }, never, never, Booking, Account>>;
  readonly wish: (stage: WishedStage["stage"]) => void;
  readonly workUntil: (holds: () => Promise<boolean>, mostMs?: number) => Promise<void>;
  readonly isFollowed: () => Promise<boolean>;
  /** Operations of a bucket that waited on the old side when the new one said that it is the authority. */
  readonly lagAtSwitch: number[];
}

interface CourseOptions {
  readonly mutant: Mutant;
  readonly onCandidate?: (op: Payment) => void | Promise<void>;
  readonly keys?: (op: Payment) => readonly (string | UnorderedKey)[];
}

/** Two ledgers in memory, with a wrong part in them or none. */
function courseOf({ mutant, onCandidate, keys }: CourseOptions): Course {
  const control = memoryLedger({ name: "old" });
  const candidate = memoryLedger({ name: "new", ...(onCandidate !== undefined && { onWrite: onCandidate }) });
  const lagAtSwitch: number[] = [];
  let wished: WishedStage = { stage: "shadow", share: 0 };
  const laboratory = new Laboratory();
  laboratories.push(laboratory);
  const sideOf = ({ side }: Ledger, name: SideName, other: Ledger): Ledger["side"] => {
    const { outbox } = side;
    const store: OutboxStore = { ...outbox, ...mutant(outbox, name) };
    const seen: OutboxStore = {
      ...store,
      async changeFence(tx, of) {
        const before = (await outbox.fences(tx, of))[of.bucket]!;
        const old = name === "control" ? "candidate" : "control";
        if (of.to.authority === name && before.authority === old) {
          const { rows } = await other.side.outbox.lagOf(undefined, { name: of.name, side: old, bucket: of.bucket });
          lagAtSwitch.push(rows);
        }
        return store.changeFence(tx, of);
      },
    };
    return { ...side, outbox: seen };
  };
  const payments = parallelWrites("payments", {
    control: sideOf(control, "control", candidate),
    candidate: sideOf(candidate, "candidate", control),
    id: (op: Payment) => op.paymentId,
    keys: keys ?? ((op: Payment) => [op.from, op.to]),
    facts: ({ id }: Booking) => ({ entryId: id }),
    permanent: (error) => error instanceof RangeError,
    rollout: { current: () => wished },
    laboratory,
  });
  return {
    ...{ control, candidate, payments, lagAtSwitch },
    wish: (stage) => {
      wished = { stage, share: 1 };
    },
    async workUntil(holds, mostMs = 2_000) {
      const stop = new AbortController();
      const working = payments.work({ signal: stop.signal });
      for (let waited = 0; waited < mostMs && !(await holds()); waited += 10) await pause(10);
      stop.abort();
      await working;
    },
    async isFollowed() {
      const { lag } = await payments.status();
      return lag.control.rows + lag.candidate.rows === 0;
    },
  };
}

/** What a course has come to that should not be. */
type Check = (mutant: Mutant) => Promise<readonly string[]>;

/** Operations that were begun in another order than they were committed in: each has the moment of its beginning in its id. */
const inOrder: Check = async (mutant) => {
  const course = courseOf({ mutant });
  for (const begun of [3, 1, 2, 5, 4])
    await course.payments.write({ paymentId: `${begun}`, from: "a", to: "b", cents: begun });
  await course.workUntil(course.isFollowed);
  return differencesBetween(course.control, course.candidate);
};

/** Of three operations the first is committed last: a worker sees the other two before it. */
const seesLate: Check = async (mutant) => {
  const course = courseOf({
    mutant: (store, side) => {
      const mutated = { ...store, ...mutant(store, side) };
      let looks = 0;
      return {
        ...mutated,
        async take(tx, of) {
          const rows = await mutated.take(tx, of);
          looks += 1;
          const late = looks > 3 ? [] : rows.filter(({ id }) => id === "late");
          await store.postpone(tx, { ...of, rows: late.map((row) => ({ ...row, delayMs: 0 })) });
          return rows.filter((row) => !late.includes(row));
        },
      };
    },
  });
  for (const [id, from] of Object.entries({ late: "a", next: "c", last: "e" }))
    await course.payments.write({ paymentId: id, from, to: `${from}b`, cents: 1 });
  await course.workUntil(course.isFollowed, 1_000);
  return differencesBetween(course.control, course.candidate);
};

/** The follower fails twice, and then writes. */
const survivesFailure: Check = async (mutant) => {
  let failing = 2;
  const course = courseOf({
    mutant,
    onCandidate: () => {
      if (failing-- > 0) throw new Error("fails");
    },
  });
  await course.payments.write(pay("a", "b"));
  await course.workUntil(course.isFollowed, 1_500);
  return differencesBetween(course.control, course.candidate);
};

/** What no further try brings across is dead, and stays until a person decides. */
const keepsDead: Check = async (mutant) => {
  const course = courseOf({
    mutant,
    onCandidate: ({ cents }) => {
      if (cents === 13) throw new RangeError("cannot book 13");
    },
  });
  await course.payments.write(pay("a", "b", 13));
  await course.payments.write(pay("a", "b", 7));
  await course.workUntil(() => Promise.resolve(false), 300);
  const { lag } = await course.payments.status();
  return lag.control.dead === 1 && lag.control.rows === 2 ? [] : [`skipped by itself: ${JSON.stringify(lag.control)}`];
};

/** What is followed is taken down by its authority alone. */
const doesNotEcho: Check = async (mutant) => {
  const course = courseOf({ mutant });
  await course.payments.write(pay("a", "b"));
  await course.workUntil(() => Promise.resolve(false), 200);
  const { transaction, outbox } = course.candidate.side;
  const known = await transaction((tx) => outbox.heads(tx, { name: "payments", side: "candidate", keys: ["a"] }));
  return known[0] === 0 ? [] : ["what was followed was taken down again"];
};

/** The same id writes once. */
const writesOnce: Check = async (mutant) => {
  const course = courseOf({ mutant });
  const op = pay("a", "b");
  await course.payments.write(op);
  await course.payments.write(op).catch(() => undefined);
  const { a } = await course.control.accounts();
  return a!.payments.length === 1 ? [] : [`written ${a!.payments.length} times`];
};

async function reconciledCourse(options: CourseOptions): Promise<Course> {
  const course = courseOf(options);
  await course.payments.write(pay("a", "b"));
  await course.workUntil(course.isFollowed);
  await course.payments.reconcile();
  return course;
}

/** A process with a stale state writes after the authority has moved. */
const isFenced: Check = async (mutant) => {
  const course = await reconciledCourse({ mutant });
  course.wish("live");
  await course.workUntil(async () => (await course.payments.status()).buckets.candidate === 64, 4_000);
  // As if this process had not heard: what it knows of the authority is that it is control.
  const stale = courseStale(course, mutant);
  await stale.write(pay("a", "b")).catch(() => undefined);
  const { a } = await course.control.accounts();
  return a!.payments.length === 1 ? [] : ["control was written while the candidate is the authority"];
};

/** Another process over the same ledgers, that takes control for the authority. */
function courseStale({ control, candidate }: Course, mutant: Mutant): { write(op: Payment): Promise<Booking> } {
  const laboratory = new Laboratory();
  laboratories.push(laboratory);
  const hearsay: Partial<OutboxStore> = {
    fences: async (tx, of) =>
      (await control.side.outbox.fences(tx, of)).map((fence) => ({ ...fence, authority: "control" })),
  };
  const sideOf = ({ side }: Ledger, name: SideName): Ledger["side"] => ({
    ...side,
    outbox: { ...side.outbox, ...mutant(side.outbox, name), ...hearsay },
  });
  return parallelWrites("payments", {
    control: sideOf(control, "control"),
    candidate: sideOf(candidate, "candidate"),
    id: (op: Payment) => op.paymentId,
    keys: (op: Payment) => [op.from, op.to],
    laboratory,
  });
}

/** No bucket moves while anything of it is on its way: an operation that no worker takes for a while, and whose records nobody compares. */
const movesAtNoLag: Check = async (mutant) => {
  let isHeld = false;
  const course = await reconciledCourse({
    keys: ({ from }) => [unordered(from)],
    mutant: (store, side) => ({
      ...mutant(store, side),
      take: (tx, of) => (isHeld ? Promise.resolve([]) : store.take(tx, of)),
    }),
  });
  isHeld = true;
  await course.payments.write(pay("a", "c"));
  course.wish("live");
  setTimeout(() => (isHeld = false), 600);
  await course.workUntil(async () => !isHeld && (await course.isFollowed()), 1_500);
  return course.lagAtSwitch.filter((rows) => rows > 0).map((rows) => `moved while ${rows} operations waited`);
};

/** A bucket whose records turn out to differ while it moves is called back, by raising the new side's epoch. */
const callsBack: Check = async (mutant) => {
  let isPlanted = false;
  const course = await reconciledCourse({
    mutant(store, side) {
      const { changeFence } = { ...store, ...mutant(store, side) };
      return {
        ...mutant(store, side),
        async changeFence(tx, of) {
          if (side === "control" && of.bucket === 0 && of.to.moving && !isPlanted) {
            isPlanted = true;
            // As if it had been taken down at the last moment, and control itself had not written it.
            const told = { op: JSON.stringify(pay("a", "b")), facts: '{"entryId":"x"}', schema: 1 };
            const entry = { id: "last", token: "t", digest: "d", keys: ["a", "b"], ...told, bucket: 0, generation: 1 };
            await store.enqueue(tx, { ...of, entry });
          }
          return changeFence(tx, of);
        },
      };
    },
  });
  const fenceOf = async ({ side }: Ledger, name: SideName): Promise<Fence> =>
    side.transaction(async (tx) => (await side.outbox.fences(tx, { name: "payments", side: name }))[0]!);
  const before = await fenceOf(course.candidate, "candidate");
  course.wish("live");
  await course.workUntil(async () => isPlanted && !(await fenceOf(course.control, "control")).moving, 4_000);
  const [old, young] = [await fenceOf(course.control, "control"), await fenceOf(course.candidate, "candidate")];
  return [
    ...(young.authority === "control" && old.authority === "control" ? [] : ["moved though a record differs"]),
    ...(young.epoch > before.epoch ? [] : ["whoever was about to commit the move still can"]),
  ];
};

/** A record that an operation is on its way to is no finding. */
const confirmsFindings: Check = async (mutant) => {
  let isHeld = false;
  const course = await reconciledCourse({
    mutant: (store, side) => ({
      ...mutant(store, side),
      take: (tx, of) => (isHeld ? Promise.resolve([]) : store.take(tx, of)),
    }),
  });
  isHeld = true;
  await course.payments.write(pay("a", "b"));
  setTimeout(() => (isHeld = false), 300);
  const [{ findings }] = await Promise.all([
    course.payments.reconcile(),
    course.workUntil(async () => !isHeld && (await course.isFollowed())),
  ]);
  return findings.map(({ kind, key }) => `${kind} ${key}`);
};

const isNext: Partial<OutboxStore> = { advance: () => Promise.resolve(true) };

const mutants: readonly { readonly name: string; readonly check: Check; readonly mutant: Mutant }[] = [
  {
    name: "order by time",
    check: inOrder,
    // Whose turn it is goes by the moment of the beginning, and not by numbers.
    mutant: (store) => {
      let taken: readonly OutboxRow[] = [];
      return {
        ...isNext,
        async take(tx, of) {
          taken = [...(await store.take(tx, of))].sort((a, b) => Number(a.id) - Number(b.id));
          return taken.map((row) => ({ ...row, seqs: row.keys.map(() => 1) }));
        },
        positions: (_, of) => Promise.resolve(of.keys.map(() => ({ seq: 0, generation: 1 }))),
      };
    },
  },
  {
    name: "cursor by position",
    check: seesLate,
    mutant: (store) => {
      const order = ["late", "next", "last"];
      let after = -1;
      return {
        async take(tx, of) {
          const rows = (await store.take(tx, of)).filter(({ id }) => order.indexOf(id) > after);
          // The one that is not committed yet is not among them.
          after = Math.max(after, ...rows.filter(({ id }) => id !== "late").map(({ id }) => order.indexOf(id)));
          return rows;
        },
      };
    },
  },
  {
    name: "acknowledged before it is applied",
    check: survivesFailure,
    mutant: (store) => ({
      async take(tx, of) {
        const rows = await store.take(tx, of);
        await store.acknowledge(
          { set: () => 0, delete: (map: Map<string, unknown>, key: string) => map.delete(key) },
          {
            ...of,
            ids: rows.map(({ id }) => id),
          },
        );
        return rows;
      },
    }),
  },
  {
    name: "skip of a dead row",
    check: keepsDead,
    mutant: (store) => ({ bury: (tx, of) => store.acknowledge(tx, { ...of, ids: [of.id] }) }),
  },
  {
    name: "echo",
    check: doesNotEcho,
    mutant: (store) => ({
      async advance(tx, of) {
        const isFirst = await store.advance(tx, of);
        const { row, name, follower: side } = of;
        await store.enqueue(tx, { name, side, entry: { ...row, id: `${row.id}'` } });
        return isFirst;
      },
    }),
  },
  {
    name: "a second id",
    check: writesOnce,
    mutant: (store) => ({
      enter: async (tx, of) => ({ ...(await store.enter(tx, of)), known: undefined }),
      enqueue: (tx, of) => store.enqueue(tx, { ...of, entry: { ...of.entry, id: of.entry.token } }),
    }),
  },
  {
    name: "no fence",
    check: isFenced,
    mutant: (store, side) => ({
      async enter(tx, of) {
        const { fence, known } = await store.enter(tx, of);
        return { fence: { ...fence, authority: side, moving: false }, known };
      },
    }),
  },
  {
    name: "switch at lag 1",
    check: movesAtNoLag,
    mutant: (store) => ({
      async lagOf(tx, of) {
        const { rows, ...lag } = await store.lagOf(tx, of);
        return { ...lag, rows: Math.max(0, rows - 1) };
      },
    }),
  },
  {
    name: "no record compared again while a bucket moves",
    check: callsBack,
    mutant: () => ({ touched: () => Promise.resolve([]) }),
  },
  {
    name: "called back without raising the epoch",
    check: callsBack,
    mutant: (store, side) => ({
      changeFence: (tx, of) =>
        side === "candidate" && of.to.authority === "control" ? Promise.resolve(true) : store.changeFence(tx, of),
    }),
  },
  {
    name: "findings not confirmed",
    check: confirmsFindings,
    // Every record is taken to be at rest.
    mutant: (store, side) => ({
      ...(side === "control" && {
        heads: async (tx, of) => (await store.heads(tx, of)).map((head) => Math.min(head, 1)),
      }),
    }),
  },
];

describe("a wrong part of parallel writes is noticed", () => {
  it.each(mutants)("$name", { timeout: 30_000 }, async ({ check, mutant }) => {
    expect(await check(none)).toEqual([]);
    expect(await check(mutant)).not.toEqual([]);
  });
});

describe("a wrong digest is noticed", () => {
  const fields = [
    { sql: "a", type: "text" },
    { sql: "b", type: "text" },
  ] as const;
  type Fields = readonly [string | null, string | null];

  function digestsOf(rows: readonly Fields[], rewritten: (sql: string) => string): unknown {
    const db = new Database(":memory:");
    registerDigest(db);
    db.exec("CREATE TABLE t (a TEXT, b TEXT)");
    for (const row of rows) db.run("INSERT INTO t VALUES (?, ?)", [...row]);
    const [digest] = db.all(`SELECT ${rewritten(digestSql(fields, "sqlite"))} FROM t`);
    db.close();
    return digest;
  }

  /** Whether the digests of different records differ. */
  const tells = (one: readonly Fields[], other: readonly Fields[], rewritten = (sql: string): string => sql): boolean =>
    JSON.stringify(digestsOf(one, rewritten), asText) !== JSON.stringify(digestsOf(other, rewritten), asText);

  it("that drops NULL", () => {
    const [one, other]: (readonly Fields[])[] = [[[null, "x"]], [["x", null]]];
    expect(tells(one!, other!)).toBe(true);
    const dropped = (sql: string): string => sql.replaceAll(", ':')", ", '')");
    expect(dropped(digestSql(fields, "sqlite"))).not.toBe(digestSql(fields, "sqlite"));
    expect(tells(one!, other!, dropped)).toBe(false);
  });

  it("that is combined by XOR, in which pairs cancel", () => {
    const [one, other]: (readonly Fields[])[] = [
      [
        ["x", "1"],
        ["x", "1"],
      ],
      [
        ["y", "2"],
        ["y", "2"],
      ],
    ];
    expect(tells(one!, other!)).toBe(true);
    // Bit by bit, since SQLite has no aggregate of its own for it.
    const xorOf = (half: string): string =>
      Array.from({ length: 30 }, (_, bit) => `(sum((${half} >> ${bit}) & 1) % 2 << ${bit})`).join(" + ");
    const byXor = (sql: string): string =>
      sql.replace(/sum\((.*?)\), 0\) AS (high|low)/g, (_, half: string, name) => `${xorOf(half)}, 0) AS ${name}`);
    expect(byXor(digestSql(fields, "sqlite")).match(/>> 29/g)).toHaveLength(2);
    expect(tells(one!, other!, byXor)).toBe(false);
    // What has no pair is told by it all the same.
    expect(tells([["x", "1"]], [["y", "2"]], byXor)).toBe(true);
  });
});

function asText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
