import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/index.ts";
import { memoryOutbox, parallelWrites, type WishedStage } from "../../../src/writes/index.ts";
import { kindsOf, pay, person } from "../bank.ts";
import { sideOfApi, storedLedger } from "../intent/api.ts";
import type { Payment } from "../ledger.ts";
import { memoryLedger } from "../ledgers.ts";
import { closeFollowed, followed } from "./bank.ts";
import { loggedLedger } from "./logged.ts";

afterEach(closeFollowed);

describe.each(["memory", "sqlite", "an outbox of its own"] as const)("a log that is followed, kept in %s", (kind) => {
  it("has each change once, in the order of each key, with its facts", async () => {
    const { old, candidate, laboratory, workUntil, isFollowed, events } = followed(kind);
    for (let n = 0; n < 150; n++) await old.book(pay("abc"[n % 3]!, "de"[n % 2]!, n), undefined);
    await workUntil(isFollowed);
    expect(await candidate.accounts()).toEqual(Object.fromEntries(old.accounts));
    expect([...(await candidate.entries())].sort()).toEqual([...old.booked].sort());
    expect(kindsOf(laboratory)).toMatchObject({ match: 5, mismatch: 0 });
    expect(events).toEqual([]);
  });

  it("is followed once, where two workers read it, and where it comes again from its beginning", async () => {
    const { old, candidate, workUntil, isFollowed } = followed(kind);
    for (let n = 0; n < 40; n++) await old.book(pay("abc"[n % 3]!, "de"[n % 2]!, n), undefined);
    await workUntil(isFollowed, 2);
    old.acknowledged = 0;
    await old.book(pay("a", "d", 1), undefined);
    await workUntil(isFollowed, 2);
    expect(await candidate.accounts()).toEqual(Object.fromEntries(old.accounts));
    expect(await candidate.entries()).toHaveLength(41);
  });

  it("is acknowledged only once it is kept: what a process has read that ends before is not lost", async () => {
    const { old, candidate, workUntil, isFollowed, payments } = followed(kind);
    let isAlive = false;
    const acknowledged: number[] = [];
    for (let n = 0; n < 6; n++) {
      await old.book(pay("a", "b", n), undefined);
      const change = old.log[n]!;
      old.log[n] = {
        ...change,
        async acknowledge() {
          // Whatever is acknowledged is there already, in whatever state.
          const { lag } = await payments.status();
          acknowledged.push(lag.control.rows + (await candidate.entries()).length);
          if (!isAlive) throw new Error("the answer was lost");
          old.acknowledged = n + 1;
        },
      };
    }
    await workUntil(async () => (await candidate.entries()).length > 0);
    expect(old.acknowledged).toBe(0);
    isAlive = true;
    await workUntil(isFollowed);
    expect(acknowledged.every((kept) => kept > 0)).toBe(true);
    expect(await candidate.accounts()).toEqual(Object.fromEntries(old.accounts));
    expect(await candidate.entries()).toHaveLength(6);
  });

  it("blocks the keys of an id that comes with another operation, and goes on with all others", async () => {
    const { old, candidate, payments, workUntil, isFollowed, events } = followed(kind);
    const first = pay("a", "b", 5);
    await old.book(first, undefined);
    await old.book({ ...first, cents: 6 }, undefined);
    await old.book(pay("b", "c", 7), undefined);
    await old.book(pay("x", "y", 8), undefined);
    await workUntil(async () => (await candidate.entries()).length === 2 && old.acknowledged === 4);
    const dead = events.find((event) => event.kind === "dead")!;
    expect(dead).toMatchObject({ keys: ["a", "b"], id: expect.stringMatching(/^p-\d+#[0-9a-f]{16}$/) as string });
    expect(dead.reason).toContain(`control has yielded two operations under the id "${first.paymentId}"`);
    expect(await payments.status()).toMatchObject({ lag: { control: { rows: 2, dead: 1, blocked: 2 } } });
    old.acknowledged = 0;
    await workUntil(async () => (await candidate.entries()).length === 2 && old.acknowledged === 4);
    await payments.skip(dead.id!, person);
    await workUntil(isFollowed);
    expect(events.filter((event) => event.kind === "dead")).toHaveLength(1);
    expect((await candidate.accounts())["b"]).toMatchObject({ cents: -2 });
  });
});

describe("a control that is followed by its changes", () => {
  it("refuses `write`", async () => {
    const { payments } = followed("memory");
    await expect(payments.write(pay("a", "b"))).rejects.toMatchObject({
      code: "invalid-state",
      message: expect.stringMatching(/\.write: control is followed by its `changes`\. Write to control as/) as string,
    });
  });

  it("is refused with what contradicts it", () => {
    const define = (control: object, more: object = {}) => {
      const { transaction, outbox, read } = memoryLedger({ name: "old" }).side;
      const given = { transaction, outbox, read, changes: loggedLedger("old").changes, ...control };
      return (): unknown =>
        parallelWrites("payments", {
          ...{ control: given, candidate: memoryLedger({ name: "new" }).side, laboratory: new Laboratory() },
          ...{ id: (op: Payment) => op.paymentId, keys: () => ["a"], ...more },
        } as never);
    };
    expect(define({})).not.toThrow();
    expect(define({ changes: loggedLedger("old").changes })).not.toThrow();
    expect(define({ changes: 3 })).toThrow(
      /`control\.changes` to be an async iterable, or a function `\(signal\) => …` that returns one, got 3/,
    );
    expect(define({ changes: [] })).toThrow(/`control\.changes` to be an async iterable/);
    expect(define({ write: () => undefined })).toThrow(
      /`control\.write` to be left out where control has `changes`, got a function\. Its operations are written elsewhere/,
    );
    expect(define({ copy: () => undefined })).toThrow(/`control\.copy` to be left out .* It never follows/);
    expect(define({ lookup: () => undefined })).toThrow(/`control\.lookup` to be left out/);
    expect(define({ outbox: "intent" })).toThrow(/`control\.outbox` to be an object, got "intent"/);
    expect(define({ transaction: undefined })).toThrow(/`control\.transaction` to be a function/);
    expect(define({ behindMs: 0 })).toThrow(/`control\.behindMs` to be a whole number of at least 1, got 0/);
    expect(define({ everyMs: 1 })).toThrow(/unknown option `control\.everyMs`/);
    expect(define({}, { facts: () => undefined })).toThrow(/`facts` to be left out .* Facts come with each change/);
    expect(define({}, { again: () => undefined })).toThrow(/`again` to be left out/);
    const changing = { ...memoryLedger({ name: "new" }).side, changes: loggedLedger("new").changes };
    expect(define({}, { candidate: changing })).toThrow(/unknown option `candidate\.changes`/);
    const copying = memoryLedger({ name: "new", copies: true }).side;
    expect(define({}, { candidate: copying })).toThrow(
      /`candidate\.copy` to be left out .* Where that does no harm say `control\.repeatable: true`/,
    );
    expect(define({ repeatable: true }, { candidate: copying })).not.toThrow();
    for (const rollout of ["live", "ramp-down", "complete", { current: () => ({ stage: "live", share: 1 }) }]) {
      expect(define({}, { rollout })).toThrow(/`rollout` to be at stage "off" or "shadow" where control has `changes`/);
    }
  });

  it("stays the authority, whatever is wished later", async () => {
    let wished: WishedStage = { stage: "shadow", share: 0 };
    const { old, payments, workUntil, isFollowed, events } = followed("memory", { stage: () => wished });
    await old.book(pay("a", "b"), undefined);
    await workUntil(isFollowed);
    expect(await payments.reconcile()).toMatchObject({ clean: true });
    const balance = payments.reads("balance", { control: () => "old", candidate: () => "new" });
    wished = { stage: "complete", share: 1 };
    await workUntil(() => events.some(({ kind }) => kind === "held"));
    expect(events.find(({ kind }) => kind === "held")!.reason).toMatch(
      /control is followed by its `changes`: .* stays the authority/,
    );
    expect((await payments.status()).buckets).toEqual({ control: 64, candidate: 0, moving: 0 });
    expect(balance()).toBe("old");
  });

  it("is read anew where it fails, told once, and again when it can be read", async () => {
    let failures = 3;
    const old = loggedLedger("old");
    const changes = async function* (signal: AbortSignal) {
      let yielded = 0;
      for await (const change of (old.changes as (signal: AbortSignal) => AsyncIterable<never>)(signal)) {
        yield change;
        if (++yielded === 2 && failures-- > 0) throw new Error("the slot is gone");
      }
    };
    const { candidate, workUntil, isFollowed, events } = followed("memory", {
      ...{ old, control: { changes }, options: { random: () => 0 } },
    });
    for (let n = 0; n < 8; n++) await old.book(pay("a", "b", n), undefined);
    await workUntil(isFollowed);
    expect(events.filter(({ kind }) => kind.startsWith("changes-")).slice(0, 2)).toMatchObject([
      { kind: "changes-down", authority: "control", reason: "Error: the slot is gone" },
      { kind: "changes-up", authority: "control", reason: "after 1 failures in a row" },
    ]);
    expect(await candidate.accounts()).toEqual(Object.fromEntries(old.accounts));
  });

  it("is stopped by a change that cannot be kept: nothing behind it is, until that is mended", async () => {
    const { old, candidate, workUntil, isFollowed, events } = followed("memory", { options: { random: () => 0 } });
    await old.book(pay("a", "b", 1), undefined);
    await old.book(pay("a", "b", 2), undefined);
    await old.book(pay("x", "y", 3), undefined);
    const mended = old.log[1]!;
    old.log[1] = { ...mended, op: { ...mended.op, cents: NaN } };
    await workUntil(async () => {
      if (old.readings === 4) {
        expect(await candidate.entries()).toHaveLength(1);
        old.log[1] = mended;
      }
      return old.readings > 4 && isFollowed();
    });
    expect(events).toMatchObject([
      { kind: "changes-down", reason: expect.stringMatching(/NaN at \$\.cents/) as string },
      { kind: "changes-up", reason: "after 4 failures in a row" },
    ]);
    expect(await candidate.accounts()).toEqual(Object.fromEntries(old.accounts));
  });

  it.each([null, 3, {}])("says what a change looks like, when %j comes instead", async (change) => {
    const { workUntil, events } = followed("memory", {
      control: {
        changes: async function* () {
          yield change;
        },
      },
    });
    await workUntil(() => events.length > 0);
    expect(events[0]!.reason).toMatch(/expected `changes` to yield `{ op, facts\?, acknowledge\? }`, got/);
  });

  it("may be an iterable itself, and one that ends is read anew", async () => {
    const old = loggedLedger("old", { tail: false });
    const iterable = {
      [Symbol.asyncIterator]: () =>
        (old.changes as (signal: AbortSignal) => AsyncIterable<never>)(new AbortController().signal)[
          Symbol.asyncIterator
        ](),
    };
    const { candidate, workUntil, isFollowed } = followed("memory", { old, control: { changes: iterable } });
    await old.book(pay("a", "b", 1), undefined);
    await workUntil(async () => {
      if (old.log.length === 1 && (await isFollowed())) await old.book(pay("a", "b", 2), undefined);
      return old.log.length === 2 && isFollowed();
    });
    expect(old.readings).toBeGreaterThan(1);
    expect(await candidate.entries()).toHaveLength(2);
  });

  it("lets `work` end where the source hangs, and tells it by its signal", async () => {
    const signals: AbortSignal[] = [];
    const changes = (signal: AbortSignal): AsyncIterable<never> => {
      signals.push(signal);
      return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
    };
    const { workUntil } = followed("memory", { control: { changes } });
    await workUntil(() => signals.length > 0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it("is not followed in stage `off`: what it yields meanwhile is acknowledged, and missed", async () => {
    let stage: WishedStage["stage"] = "off";
    const { old, candidate, workUntil, isFollowed, payments } = followed("memory", {
      stage: () => ({ stage, share: 0 }),
    });
    await old.book(pay("a", "b", 1), undefined);
    await workUntil(isFollowed);
    expect([old.acknowledged, await candidate.entries()]).toEqual([1, []]);
    stage = "shadow";
    await workUntil(async () => (await payments.history()).some(({ kind }) => kind === "following"));
    await old.book(pay("x", "y", 2), undefined);
    await workUntil(isFollowed);
    expect(await candidate.entries()).toHaveLength(1);
  });

  it("is followed by a side without transactions, too", async () => {
    const old = loggedLedger("old");
    const api = storedLedger("api");
    const outbox = memoryOutbox();
    const { workUntil } = followed("memory", {
      ...{ old, control: { outbox, transaction: outbox.transaction }, options: { candidate: sideOfApi(api) } },
    });
    for (let n = 0; n < 5; n++) await old.book(pay("a", "b", n), undefined);
    await workUntil(() => api.booked.length === 5 && old.acknowledged === 5);
    expect(api.booked).toEqual(old.booked);
  });

  it("has records copied, where its changes may be written again", async () => {
    const old = loggedLedger("old");
    await old.book(pay("a", "b", 100), undefined);
    old.acknowledged = 1;
    const { candidate, payments, workUntil, isFollowed } = followed("sqlite", {
      ...{ old, copies: true, control: { repeatable: true } },
    });
    expect(await payments.backfill(["a", "b"])).toBe(2);
    await old.book(pay("b", "c", 1), undefined);
    await workUntil(isFollowed);
    await payments.repair("c", person);
    expect(await candidate.accounts()).toEqual(Object.fromEntries(old.accounts));
  });
});

describe("comparing with a control that may be ahead of its changes", () => {
  it("says of a record that has a change which was not yielded yet neither that it differs nor that it is the same", async () => {
    const { old, laboratory, workUntil, payments } = followed("memory", { control: { behindMs: 5_000 } });
    await old.book(pay("a", "b", 1), undefined);
    await old.book(pay("a", "c", 2), undefined);
    old.visible = 1;
    await workUntil(async () => old.acknowledged === 1 && (await payments.status()).lag.control.rows === 0);
    expect(kindsOf(laboratory)).toMatchObject({ match: 1, mismatch: 0, inconclusive: 1 });
  });

  it("finds a record that differs, once nothing can be behind any more", async () => {
    const { old, laboratory, workUntil } = followed("memory");
    const op = pay("a", "b", 1);
    await old.book(op, undefined);
    old.accounts.set("b", { cents: 2, payments: [op.paymentId] });
    await workUntil(() => kindsOf(laboratory)["mismatch"] === 1);
    expect(kindsOf(laboratory)).toMatchObject({ match: 1, mismatch: 1, inconclusive: 0 });
  });

  it("finds what was never yielded when all records are reconciled, and nothing that comes in the meantime", async () => {
    const { old, workUntil, isFollowed, payments } = followed("memory", {
      control: { behindMs: 200 },
      options: {
        invariants: {
          sum: { control: () => 0, candidate: () => 0 },
          entries: { control: () => old_(), candidate: () => seen() },
        },
      },
    });
    const old_ = (): number => old.entries.length;
    let isLate = true;
    const seen = (): number => (isLate ? 0 : old.entries.length);
    await old.book(pay("a", "b", 1), undefined);
    await workUntil(isFollowed);
    old.visible = 1;
    await old.book(pay("a", "c", 2), undefined);
    await old.book(pay("x", "y", 3), undefined);
    old.accounts.delete("y");
    const late = payments.reconcile();
    await new Promise((resolve) => setTimeout(resolve, 100));
    old.visible = 2;
    await workUntil(isFollowed);
    isLate = false;
    expect(await late).toMatchObject({ findings: [{ kind: "missing", key: "x" }], inconclusive: 0, invariants: [] });
  });
});
