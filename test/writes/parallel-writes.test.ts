import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { AlreadyWrittenError, parallelWrites, unordered } from "../../src/writes/index.ts";
import { bank, closeBanks, kindsOf, paid, pay, person, type Options } from "./bank.ts";
import { differencesBetween, type Ledger, type Payment } from "./ledger.ts";
import { memoryLedger } from "./ledgers.ts";

afterEach(closeBanks);

describe.each(["memory", "sqlite"] as const)("two ledgers in %s", (kind) => {
  it("record the same, and the caller gets the authority's own result", async () => {
    const { payments, control, candidate, settle, laboratory } = bank(kind);
    expect(await payments.write(pay("a", "b"))).toEqual({ id: "old-1" });
    for (let n = 0; n < 20; n++) await payments.write(pay("ab"[n % 2]!, "cd"[n % 3 === 0 ? 0 : 1]!, n));
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    expect([...(await candidate.entries())].sort()).toEqual([...(await control.entries())].sort());
    expect(kindsOf(laboratory)).toMatchObject({ match: expect.any(Number) as number, mismatch: 0, inconclusive: 0 });
    expect(await payments.status()).toMatchObject({
      stage: "shadow",
      lag: { control: { rows: 0, dead: 0, blocked: 0 } },
      buckets: { control: 64, candidate: 0, moving: 0 },
    });
  });

  it("keep the order of each key, and bring each operation across once, with two workers", async () => {
    const { payments, control, candidate, laboratory } = bank(kind);
    const stop = new AbortController();
    const working = [payments.work({ signal: stop.signal }), payments.work({ signal: stop.signal, concurrency: 1 })];
    await Promise.all(Array.from({ length: 60 }, (_, n) => payments.write(pay("abc"[n % 3]!, "def"[n % 2]!, n))));
    while ((await payments.status()).lag.control.rows > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await Promise.all(working);
    await laboratory.settled();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    const entries = await candidate.entries();
    expect(new Set(entries).size).toBe(60);
    expect(kindsOf(laboratory)["mismatch"]).toBe(0);
  });

  it("roll back together: what the authority refuses is not followed, and the caller gets its error", async () => {
    const refusal = new Error("no money");
    const onControl = ({ cents }: Payment): void => {
      if (cents > 500) throw refusal;
    };
    const { payments, control, candidate, settle } = bank(kind, { onControl });
    await payments.write(pay("a", "b"));
    await expect(payments.write(pay("a", "b", 501))).rejects.toBe(refusal);
    await payments.write(pay("a", "b", 7));
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    expect((await candidate.accounts())["b"]!.cents).toBe(107);
  });

  it("write an id once, and answer its second time by `again`", async () => {
    const { payments, control } = bank(kind, {
      again: (_: Payment, { entryId }: { entryId: string }) => ({ id: entryId }),
    });
    const op = pay("a", "b");
    const first = await payments.write(op);
    expect(await payments.write({ ...op })).toEqual(first);
    expect(await Promise.all([payments.write({ ...op }), payments.write({ ...op })])).toEqual([first, first]);
    expect(await control.entries()).toHaveLength(1);
    await expect(payments.write({ ...op, cents: 1 })).rejects.toMatchObject({ code: "id-taken" });
  });

  it("answer an id's second time with its facts where there is no `again`", async () => {
    const { payments } = bank(kind);
    const op = pay("a", "b");
    const { id } = await payments.write(op);
    const error: unknown = await payments.write(op).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AlreadyWrittenError);
    expect(error).toMatchObject({ code: "already-written", id: op.paymentId, facts: { entryId: id } });
  });

  it("write an id once where two begin at once", async () => {
    const { payments, control } = bank(kind, {
      again: (_: Payment, { entryId }: { entryId: string }) => ({ id: entryId }),
    });
    const op = pay("a", "b");
    const [one, other] = await Promise.all([payments.write(op), payments.write(op)]);
    expect(one).toEqual(other);
    expect(await control.entries()).toHaveLength(1);
  });

  it("try again what fails, in its turn", async () => {
    let failures = 2;
    const onCandidate = ({ cents }: Payment): void => {
      if (cents === 13 && failures-- > 0) throw new Error("try again");
    };
    const { payments, control, candidate, settle, events } = bank(kind, { onCandidate });
    for (const cents of [1, 13, 2, 3]) await payments.write(pay("a", "b", cents));
    await payments.write(pay("x", "y", 5));
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    expect(events).toEqual([]);
  });

  it("block the keys of an operation that is dead, let others go on, and go on when a person has it tried again", async () => {
    let broken = true;
    const onCandidate = ({ cents }: Payment): void => {
      if (cents === 13 && broken) throw new TypeError("cannot book 13");
    };
    const { payments, control, candidate, settle, events } = bank(kind, {
      onCandidate,
      permanent: (error: unknown) => error instanceof TypeError,
    });
    const dead = pay("a", "b", 13);
    for (const op of [pay("a", "b", 1), dead, pay("b", "c", 2), pay("x", "y", 5)]) await payments.write(op);
    await settle();
    expect(Object.keys(await candidate.accounts()).sort()).toEqual(["a", "b", "x", "y"]);
    expect((await payments.status()).lag.control).toMatchObject({ rows: 2, dead: 1, blocked: 2 });
    expect(events).toMatchObject([
      { kind: "dead", name: "payments", id: dead.paymentId, keys: ["a", "b"], reason: "TypeError: cannot book 13" },
    ]);
    await expect(payments.retry("p-unknown", person)).rejects.toMatchObject({ code: "invalid-state" });
    await expect(payments.retry(dead.paymentId, { by: "", reason: "" })).rejects.toMatchObject({
      code: "invalid-option",
    });
    broken = false;
    await payments.retry(dead.paymentId, person);
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    expect(await payments.history()).toMatchObject([{ kind: "retried", subject: dead.paymentId, ...person }]);
  });

  it("go past a dead operation only where a person skips it, which comparing then tells", async () => {
    const onCandidate = ({ cents }: Payment): void => {
      if (cents === 13) throw new TypeError("cannot book 13");
    };
    const { payments, candidate, settle, laboratory } = bank(kind, { onCandidate, permanent: () => true });
    const dead = pay("a", "b", 13);
    await payments.write(dead);
    await payments.write(pay("a", "b", 2));
    await settle();
    expect(await candidate.accounts()).toEqual({});
    await payments.skip(dead.paymentId, person);
    await settle();
    expect((await candidate.accounts())["b"]).toEqual({ cents: 2, payments: ["p-" + String(paid())] });
    expect(kindsOf(laboratory)["mismatch"]).toBe(2);
    expect(await payments.history()).toMatchObject([{ kind: "skipped", ...person }]);
  });

  it.each(["skip", "retry"] as const)("have one of several persons %s an operation at once", async (what) => {
    const onCandidate = (): void => {
      throw new TypeError("cannot book it");
    };
    const { payments, settle } = bank(kind, { onCandidate, permanent: () => true });
    const dead = pay("a", "b", 13);
    await payments.write(dead);
    await settle();
    const done = await Promise.allSettled([1, 2, 3].map(() => payments[what](dead.paymentId, person)));
    expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = done.filter((each) => each.status === "rejected").map(({ reason }) => (reason as Error).message);
    expect(refused).toEqual([1, 2].map(() => expect.stringContaining("no dead operation has the id") as string));
    expect(await payments.history()).toHaveLength(1);
    expect((await payments.status()).skipped.control).toBe(what === "skip" ? 1 : 0);
  });

  it("are made equal by repairing a key, which covers the dead operations on it", async () => {
    const onCandidate = ({ cents }: Payment): void => {
      if (cents === 13) throw new TypeError("cannot book 13");
    };
    const { payments, control, candidate, settle } = bank(kind, { onCandidate, permanent: () => true, copies: true });
    await payments.write(pay("a", "b", 1));
    await settle();
    const dead = pay("a", "b", 13);
    await payments.write(dead);
    await payments.write(pay("b", "c", 2));
    await settle();
    expect(await differencesBetween(control, candidate)).not.toEqual([]);
    await payments.repair("a", person);
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    expect((await payments.status()).lag.control).toMatchObject({ rows: 0, dead: 0, blocked: 0 });
  });

  it("copy a record whole that the follower never saw, and what it missed while nobody followed", async () => {
    let stage: "off" | "shadow" = "off";
    const { payments, control, candidate, settle } = bank(kind, {
      copies: true,
      rollout: { current: () => ({ stage, share: 0 }) },
    });
    await payments.write(pay("a", "b", 1));
    await payments.write(pay("c", "d", 1));
    await settle();
    expect(await candidate.accounts()).toEqual({});
    expect(await payments.backfill(["a", "b", "a"])).toBe(2);
    expect(Object.keys(await candidate.accounts()).sort()).toEqual(["a", "b"]);
    stage = "shadow";
    await settle();
    await payments.write(pay("a", "b", 2));
    await settle();
    stage = "off";
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await settle();
    await payments.write(pay("a", "c", 3));
    stage = "shadow";
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await settle();
    await payments.write(pay("a", "d", 4));
    await payments.write(pay("b", "c", 4));
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
  });

  it("are compared as a function of the user's own says", async () => {
    const { payments, settle, laboratory } = bank(kind, {
      compare: (a: { cents: number }, b: { cents: number }) => a.cents === b.cents,
    });
    await payments.write(pay("a", "b", 1));
    await settle();
    expect(kindsOf(laboratory)).toMatchObject({ match: 2, mismatch: 0 });
  });
});

describe("a record that kept moving", () => {
  it("is inconclusive, as `moved`", async () => {
    const made = bank("memory");
    const { payments, candidate, laboratory } = made;
    const { outbox } = candidate.side;
    const positions = outbox.positions.bind(outbox);
    let calls = 0;
    outbox.positions = async (tx, of) =>
      (await positions(tx, of)).map((each) =>
        each === undefined || of.keys.length > 1 ? each : { ...each, seq: ++calls + 100 },
      );
    const stop = new AbortController();
    const working = payments.work({ signal: stop.signal });
    await payments.write(pay("a", "b", 1));
    while ((await payments.status()).lag.control.rows > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await working;
    await laboratory.settled();
    expect(kindsOf(laboratory)).toMatchObject({ inconclusive: 2, mismatch: 0, match: 0 });
  });
});

describe("a follower that is down", () => {
  it("kills no operation, however long it lasts, and causes one event", async () => {
    let down = true;
    const made = bank("memory");
    const { payments, control, candidate, events, settle } = made;
    await payments.write(pay("a", "b", 1));
    const { outbox } = candidate.side;
    const positions = outbox.positions.bind(outbox);
    outbox.positions = (tx, of) => (down ? Promise.reject(new Error("ECONNREFUSED")) : positions(tx, of));
    const stop = new AbortController();
    const working = payments.work({ signal: stop.signal });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    stop.abort();
    await working;
    expect(events.map(({ kind }) => kind)).toEqual(["follower-down"]);
    down = false;
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
  });
});

describe("an operation", () => {
  const refusals: readonly (readonly [string, Partial<Options>, object, RegExp])[] = [
    ["without keys", { keys: () => [] }, {}, /1 to 32 keys.*got 0/],
    ["of 33 keys", { keys: () => Array.from({ length: 33 }, (_, n) => `k${n}`) }, {}, /1 to 32 keys.*got 33/],
    ["with a key twice", { keys: () => ["a", unordered("a")] }, {}, /"a" twice/],
    ["with a key that is no text", { keys: () => [1 as unknown as string] }, {}, /`keys` to return text/],
    ["with an empty id", { id: () => "" }, {}, /`id` to return text/],
    ["with half a surrogate pair in its id", { id: () => "\ud800" }, {}, /`id` to return text/],
    ["over 64 KB", {}, { note: "x".repeat(65_536) }, /at most 65536 bytes/],
    ["with a date in it", {}, { at: new Date(0) }, /to be JSON, got an object of a class at \$\.at/],
    ["with a number that is none", {}, { at: NaN }, /to be JSON, got NaN at \$\.at/],
    ["with a function in it", {}, { list: [() => 1] }, /got a function at \$\.list\[0\]/],
    ["with a symbol for a key", {}, { more: { [Symbol("secret")]: 1 } }, /got symbols, hidden keys .* at \$\.more/],
    ["with a hidden key", {}, { more: Object.defineProperty({}, "x", { value: 1 }) }, /hidden keys .* at \$\.more/],
    ["with a list that has keys", {}, { list: Object.assign([1], { x: 2 }) }, /keys of a list at \$\.list/],
  ];
  it.each(refusals)("%s is refused, and nothing is written", async (_, options, more, message) => {
    const { payments, control } = bank("memory", options);
    const error: unknown = await payments.write({ ...pay("a", "b"), ...more }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "invalid-operation", message: expect.stringMatching(message) as string });
    expect(await control.accounts()).toEqual({});
  });

  /** A bank in whose outbox an operation of an earlier schema waits. */
  async function withEarlier(options: Partial<Options>, schema = 1): Promise<ReturnType<typeof bank>> {
    const made = bank("memory", options);
    await made.payments.write(pay("c", "d", 1));
    const op = JSON.stringify({ ...pay("a", "b", 1), paymentId: "old", cents: undefined, amount: "7.00" });
    const { outbox, transaction } = made.control.side as unknown as {
      outbox: Ledger["side"]["outbox"];
      transaction: (work: (tx: unknown) => Promise<unknown>) => Promise<unknown>;
    };
    await transaction((tx) =>
      outbox.enqueue(tx, {
        ...{ name: "payments", side: "control" },
        entry: {
          ...{ id: "old", token: "t", digest: "d", keys: ["a", "b"], op, facts: null, schema },
          ...{ bucket: 0, generation: 1 },
        },
      }),
    );
    await made.settle();
    return made;
  }

  it("of an earlier schema is upgraded", async () => {
    const { candidate, events } = await withEarlier({
      schema: 3,
      upgrade(op, from) {
        const { amount, ...rest } = op as Payment & { readonly amount: string };
        expect(from).toBe(1);
        return { ...rest, cents: Math.round(Number(amount) * 100) };
      },
    });
    expect(events).toEqual([]);
    expect((await candidate.accounts())["b"]).toEqual({ cents: 700, payments: ["old"] });
  });

  it.each([
    ["is no `upgrade`", {}, "schema 1, this is 3, and there is no `upgrade`"],
    [
      "is one that refuses it",
      {
        permanent: () => true,
        upgrade: () => {
          throw new Error("what 7.00 was nobody knows");
        },
      },
      "what 7.00 was nobody knows",
    ],
  ])("of an earlier schema is dead where there %s, and never guessed", async (_, options, reason) => {
    const { candidate, events } = await withEarlier({ schema: 3, ...options });
    expect(events).toMatchObject([{ kind: "dead", id: "old", reason: expect.stringContaining(reason) as string }]);
    expect(await candidate.accounts()).not.toHaveProperty("a");
  });

  it("of a later schema waits for a process that knows it", async () => {
    const { payments, candidate, events } = await withEarlier({ schema: 1 }, 2);
    expect(events).toEqual([]);
    expect(await candidate.accounts()).not.toHaveProperty("a");
    expect((await payments.status()).lag.control).toMatchObject({ rows: 1, dead: 0 });
  });
});

describe("a definition", () => {
  const bad: readonly (readonly [string, object, RegExp])[] = [
    ["without keys", { keys: undefined }, /expected `keys` to be a function/],
    [
      "with an outbox that is none",
      { control: { outbox: {} } },
      /expected `control\.outbox\.prepare` to be a function/,
    ],
    ["of an unknown stage", { rollout: "later" }, /one of "off", "shadow"/],
    ["with an unknown option", { factz: () => 1 }, /did you mean `facts`/],
  ];
  it.each(bad)("%s is refused", (_, change, message) => {
    const side = memoryLedger({ name: "x" }).side;
    const options = { control: side, candidate: memoryLedger({ name: "y" }).side, id: String, keys: () => ["a"] };
    const merged: Record<string, unknown> = { ...options, laboratory: new Laboratory(), ...change };
    if ("control" in change) merged["control"] = { ...side, ...(change.control as object) };
    expect(() => parallelWrites("x", merged as never)).toThrow(message);
  });

  it("under a name that is in use in its outbox is refused, in whatever laboratory", () => {
    const options = {
      control: memoryLedger({ name: "x" }).side,
      candidate: memoryLedger({ name: "y" }).side,
      id: (op: Payment) => op.paymentId,
      keys: (op: Payment) => [op.from],
    };
    parallelWrites("same", { ...options, laboratory: new Laboratory() });
    expect(() => parallelWrites("same", { ...options, laboratory: new Laboratory() })).toThrow(
      expect.objectContaining({ code: "name-taken" }) as Error,
    );
    parallelWrites("another", { ...options, laboratory: new Laboratory() });
  });
});
