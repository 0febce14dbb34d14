import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { parallelWrites, type Digest, type WritesEvent } from "../../src/writes/index.ts";
import { bank, closeBanks, pay, person, type Bank } from "./bank.ts";
import { differencesBetween, type Ledger, type Payment } from "./ledger.ts";
import { memoryLedger } from "./ledgers.ts";

afterEach(closeBanks);

const figure = (): number => 1;
const scan = (): [] => [];

/** A bank in which the first operation cannot be followed, and is dead. */
async function withDeadOperation(kind: "memory" | "sqlite"): Promise<Bank & { readonly op: Payment }> {
  const all = bank(kind, {
    permanent: () => true,
    onCandidate: () => {
      throw new Error("cannot book it");
    },
  });
  const op = pay("a", "b", 1);
  await all.payments.write(op);
  await all.settle();
  return { ...all, op };
}

describe("a definition is refused", () => {
  const bad: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
    ["with an invariant that is a number", { invariants: { total: 5 } }, /`invariants\.total` to be an object, got 5/],
    ["with one of one side", { invariants: { total: { control: figure } } }, /`invariants\.total\.candidate` to be a/],
    ["with one that is null", { invariants: { total: null } }, /`invariants\.total` to be an object, got null/],
    [
      "with one of a side that is none",
      { invariants: { total: { control: figure, candidate: figure, third: figure } } },
      /unknown option `invariants\.total\.third`/,
    ],
    ["with records without `scan`", { control: { records: {} } }, /`control\.records\.scan` to be a function/],
    ["with digests that are none", { control: { records: { scan, digests: true } } }, /`control\.records\.digests` to/],
    ["with a laboratory that is none", { laboratory: {} }, /`laboratory\.comparison` to be a function/],
    ["with a lease that never ends", { leaseMs: Infinity }, /`leaseMs` to be a whole number from 100 to 86400000/],
    ["of a schema that no column holds", { schema: Infinity }, /`schema` to be a whole number from 1 to 2147483647/],
  ];
  it.each(bad)("%s", (_, change, message) => {
    const control = { ...memoryLedger({ name: "x" }).side, ...(change["control"] as object) };
    const candidate = memoryLedger({ name: "y" }).side;
    const options = {
      ...{ id: String, keys: () => ["a"], laboratory: new Laboratory() },
      ...change,
      control,
      candidate,
    };
    expect(() => parallelWrites("x", options as never)).toThrow(
      expect.objectContaining({
        code: "invalid-definition",
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });
});

it.each(["", "a\0b", "\ud800", "x".repeat(121)])("the name %j is refused", (name) => {
  const sides = { control: memoryLedger({ name: "x" }).side, candidate: memoryLedger({ name: "y" }).side };
  const options = { id: String, keys: () => ["a"], laboratory: new Laboratory(), ...sides };
  expect(() => parallelWrites(name, options as never)).toThrow(
    expect.objectContaining({ code: "invalid-definition" }) as Error,
  );
});

/** A reconciliation of a control that lists its records like this, and of a candidate that has none. */
function reconciling(records: object): Promise<unknown> {
  const control = { ...memoryLedger({ name: "x" }).side, records };
  const candidate = { ...memoryLedger({ name: "y" }).side, records: { scan, digests: () => [] } };
  const options = { id: String, keys: () => ["a"], laboratory: new Laboratory(), control, candidate };
  return parallelWrites("x", options as never).reconcile();
}

describe("reconciling refuses", () => {
  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "abc"],
    ["a Set", new Set([{ key: "a", record: 1 }])],
    ["an iterable", [{ key: "a", record: 1 }].values()],
    ["rows of a driver", { rows: [{ key: "a", record: 1 }] }],
    ["a record that is null", [null]],
    ["a record without key", [{ record: 1 }]],
    ["a key that is a number", [{ key: 1, record: 1 }]],
  ])("records that are %s: they must not pass for none", async (_, said) => {
    await expect(reconciling({ scan: () => said })).rejects.toMatchObject({
      code: "invalid-state",
      message: expect.stringContaining(
        "expected `control.records.scan` to return a list of `{ key, record }`, got",
      ) as string,
    });
  });

  const digest = { to: "a", count: 1, sums: [1, 1] };
  it.each([
    ["null", null],
    ["without sums", [{ to: "a", count: 1 }]],
    ["of one sum", [{ ...digest, sums: [1] }]],
    ["of sums that are no numbers", [{ ...digest, sums: ["x", "y"] }]],
    ["of fractions", [{ ...digest, sums: [1.5, 1] }]],
    ["of NULL, as a sum of no rows is", [{ ...digest, sums: [null, null] }]],
    ["of a count that is no whole number", [{ ...digest, count: "1.0" }]],
    ["without their last key", [{ ...digest, to: null }]],
  ])("digests that are %s", async (_, said) => {
    await expect(reconciling({ scan, digests: () => said as Digest[] })).rejects.toMatchObject({
      code: "invalid-state",
      message: expect.stringContaining("expected `control.records.digests` to return a list of") as string,
    });
  });

  it("records that come again, since `after` is not looked at", async () => {
    await expect(reconciling({ scan: () => [{ key: "a", record: 1 }] })).rejects.toMatchObject({
      code: "invalid-state",
      message: expect.stringContaining('returned "a" after "a". Return what comes after `after`') as string,
    });
  });
});

it.each(["memory", "sqlite"] as const)(
  "what a caller changes once it is handed in is written on no side, in %s",
  async (kind) => {
    const { payments, control, candidate, settle } = bank(kind);
    const op = { ...pay("a", "b", 1) };
    const writing = payments.write(op);
    Object.assign(op, { cents: 999, from: "c" });
    await writing;
    await settle();
    expect(await control.accounts()).toMatchObject({ a: { cents: -1 }, b: { cents: 1 } });
    expect(await differencesBetween(control, candidate)).toEqual([]);
  },
);

describe("an option that answers with a promise", () => {
  const failing = (): Promise<never> => Promise.reject(new Error("too late"));
  it.each([
    ["id", failing, /`id` to return text.*, got a promise, which is not waited for/],
    ["keys", failing, /`keys` to return a list of keys, got a promise/],
    ["keys", () => [failing(), failing()], /`keys` to return text.*, got a promise/],
    ["partition", failing, /`partition` to return text.*, got a promise/],
    ["facts", failing, /`facts` to be JSON, got a promise, which is not waited for, at \$/],
    [
      "facts",
      () => ({ entryId: failing() }),
      /`facts` to be JSON, got a promise, which is not waited for, at \$\.entryId/,
    ],
  ] as const)("%s: nothing is written, and its failure ends no process", async (option, answer, message) => {
    const { payments, control } = bank("memory", { [option]: answer });
    await expect(payments.write(pay("a", "b"))).rejects.toMatchObject({
      code: "invalid-operation",
      message: expect.stringMatching(message) as string,
    });
    expect(await control.accounts()).toEqual({});
    // A rejection that nobody has taken is told once a turn has passed; the run of tests fails of it.
    await new Promise((resolve) => setTimeout(resolve, 1));
  });

  it.each([
    ["undefined", () => undefined],
    ["a promise", async (op: unknown) => Promise.resolve(op)],
    ["a promise that fails", failing],
    ["a date", () => new Date()],
  ])("`upgrade`, or with %s: the operation is dead, and nothing is guessed", async (_, upgrade) => {
    const { payments, control, candidate } = bank("memory");
    await payments.write(pay("a", "b"));
    const events: WritesEvent[] = [];
    const sideOf = ({ side }: Ledger): unknown => ({ ...side, outbox: { ...side.outbox } });
    const later = parallelWrites("payments", {
      ...{ id: ({ paymentId }: Payment) => paymentId, keys: ({ from, to }: Payment) => [from, to] },
      ...{ control: sideOf(control), candidate: sideOf(candidate), laboratory: new Laboratory({ publishers: [] }) },
      ...{ schema: 2, upgrade, onEvent: (event: WritesEvent) => void events.push(event) },
    } as never);
    const stop = new AbortController();
    const working = later.work({ signal: stop.signal });
    while ((await later.status()).lag.control.dead === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await working;
    expect(events).toMatchObject([
      { kind: "dead", reason: expect.stringContaining("expected what `upgrade` returns to be JSON, got") as string },
    ]);
    expect(await candidate.accounts()).toEqual({});
  });
});

describe("backfilling refuses", () => {
  it.each([undefined, null, 5, "abc", {}])("%o in the place of a list of keys", async (keys) => {
    const { payments } = bank("memory", { copies: true });
    await expect(payments.backfill(keys as never)).rejects.toMatchObject({ code: "invalid-option" });
  });

  it.each([5, "", null, {}, { key: 5 }])("%o as a key", async (key) => {
    const { payments } = bank("memory", { copies: true });
    await expect(payments.backfill([key] as never)).rejects.toMatchObject({ code: "invalid-operation" });
  });

  it("a key without its partition, where there are partitions", async () => {
    const { payments } = bank("memory", { copies: true, partition: ({ from }: Payment) => from });
    await expect(payments.backfill(["a"])).rejects.toMatchObject({ code: "invalid-operation" });
    expect(await payments.backfill([{ key: "a", partition: "a" }])).toBe(1);
  });
});

describe("what a person says is refused", () => {
  it.each([
    undefined,
    {},
    { by: "Ada" },
    { by: " ", reason: "x" },
    { by: "Ada", reason: "\0" },
    { by: "\ud800", reason: "x" },
  ])("where it is %o, and nothing is done", async (said) => {
    const { payments, op } = await withDeadOperation("memory");
    for (const what of ["retry", "skip", "repair"] as const) {
      await expect(payments[what](op.paymentId, said as never)).rejects.toMatchObject({ code: "invalid-option" });
    }
    expect(await payments.history()).toEqual([]);
    await payments.retry(op.paymentId, person);
    expect(await payments.history()).toMatchObject([{ kind: "retried" }]);
  });
});

describe.each(["memory", "sqlite"] as const)("what a person says it of is refused, in %s,", (kind) => {
  it.each([undefined, null, "", " ", 5, {}, "a\0b", "\ud800"])("where it is %j, and nothing is done", async (said) => {
    const { payments, candidate, op } = await withDeadOperation(kind);
    for (const what of ["retry", "skip", "repair"] as const) {
      await expect(payments[what](said as never, person)).rejects.toMatchObject({ code: "invalid-option" });
    }
    expect(await payments.history()).toEqual([]);
    expect(await candidate.accounts()).toEqual({});
    await payments.skip(op.paymentId, person);
    expect((await payments.status()).lag.control.rows).toBe(0);
  });
});
