import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/index.ts";
import { parallelWrites, type WishedStage, type WritesEvent } from "../../../src/writes/index.ts";
import { pay } from "../bank.ts";
import type { Booking, Payment } from "../ledger.ts";
import { memoryLedger } from "../ledgers.ts";
import { sideOfApi, storedLedger, type StoredLedger } from "./api.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const laboratories: Laboratory[] = [];
afterEach(async () => {
  for (const laboratory of laboratories.splice(0)) await laboratory.close();
});

/** A bank whose old ledger is an API. */
function bankBesideApi(given: { readonly stage?: () => WishedStage; readonly api?: Partial<StoredLedger> } = {}) {
  const stored = storedLedger("theirs");
  const api = { ...stored, ...given.api };
  const ledger = memoryLedger({ name: "ours" });
  const laboratory = new Laboratory();
  laboratories.push(laboratory);
  const events: WritesEvent[] = [];
  const payments = parallelWrites("payments", {
    control: {
      ...sideOfApi(api),
      records: {
        scan: ({ after = "", limit }: { readonly after: string | undefined; readonly limit: number }) =>
          [...stored.accounts.keys()]
            .filter((key) => key > after)
            .sort()
            .slice(0, limit)
            .map((key) => ({ key, record: stored.accounts.get(key)! })),
      },
    },
    candidate: ledger.side,
    id: (op: Payment) => op.paymentId,
    keys: (op: Payment) => [op.from, op.to],
    facts: ({ id }: Booking) => ({ entryId: id }),
    ...(given.stage !== undefined && { rollout: { current: given.stage } }),
    ...{ laboratory, leaseMs: 100, onEvent: (event: WritesEvent) => void events.push(event) },
  });
  const workUntil = async (holds: () => Promise<boolean>): Promise<void> => {
    const stop = new AbortController();
    const working = payments.work({ signal: stop.signal });
    for (let waited = 0; waited < 500 && !(await holds()); waited++) await pause(10);
    stop.abort();
    await working;
    expect(await holds()).toBe(true);
  };
  const isFollowed = async (): Promise<boolean> => {
    const { lag } = await payments.status();
    return lag.control.rows + lag.candidate.rows === 0;
  };
  return { stored, ledger, payments, workUntil, isFollowed, events };
}

describe("a side without transactions", () => {
  it("is refused without `lookup`, with `transaction`, and on both sides", () => {
    const { control, candidate } = { control: memoryLedger({ name: "old" }).side, candidate: storedLedger("new") };
    const define = (sides: object): unknown =>
      parallelWrites("payments", {
        ...{ control, laboratory: new Laboratory(), id: (op: Payment) => op.paymentId, keys: () => ["a"] },
        ...sides,
      } as never);
    const withoutLookup = { ...sideOfApi(candidate), lookup: undefined };
    expect(() => define({ candidate: withoutLookup })).toThrow(
      /`candidate\.lookup` to be a function, since a crash leaves a write without transaction in doubt, got undefined/,
    );
    expect(() => define({ candidate: { ...sideOfApi(candidate), transaction: control.transaction } })).toThrow(
      /`candidate\.transaction` to be left out with `outbox: "intent"`/,
    );
    expect(() => define({ candidate: { ...control, lookup: () => undefined } })).toThrow(
      /`candidate\.lookup` to be left out where there is an outbox/,
    );
    expect(() => define({ control: sideOfApi(candidate), candidate: sideOfApi(candidate) })).toThrow(
      /`candidate\.outbox` to be an outbox, where control has "intent"/,
    );
    expect(() => define({ candidate: { ...control, transaction: undefined } })).toThrow(/`candidate\.transaction`/);
  });

  it("passes on what it refuses, and nothing of it is followed", async () => {
    const refusal = new Error("no money");
    const { stored, ledger, payments, workUntil, isFollowed } = bankBesideApi({
      api: { book: (op, id) => (op.cents > 500 ? Promise.reject(refusal) : stored_().book(op, id)) },
    });
    const stored_ = (): StoredLedger => stored;
    await payments.write(pay("a", "b"));
    await expect(payments.write(pay("a", "b", 501))).rejects.toBe(refusal);
    await payments.write(pay("a", "b", 7));
    await workUntil(isFollowed);
    expect(await ledger.accounts()).toEqual(Object.fromEntries(stored.accounts));
    expect(stored.booked).toHaveLength(2);
  });

  it("keeps a doubt until it is decided: until then nothing is written on its keys", async () => {
    let isDown = false;
    const { stored, ledger, payments, workUntil, isFollowed, events } = bankBesideApi({
      api: {
        async book(op, id) {
          const booking = await stored_().book(op, id);
          if (isDown) throw new Error("the connection was lost");
          return booking;
        },
        find: (id) => (isDown ? Promise.reject(new Error("cannot be reached")) : stored_().find(id)),
      },
    });
    const stored_ = (): StoredLedger => stored;
    const [first, other] = [pay("a", "b"), pay("b", "c")];
    isDown = true;
    await expect(payments.write(first)).rejects.toThrow("the connection was lost");
    await expect(payments.write(other)).rejects.toThrow("cannot be reached");
    expect(stored.booked).toHaveLength(1);
    expect((await payments.status()).lag.control.rows).toBe(1);
    await workUntil(() =>
      Promise.resolve(events.some(({ kind, reason }) => kind === "worker" && /in doubt/.test(reason))),
    );
    isDown = false;
    await payments.write(other);
    await expect(payments.write(first)).rejects.toMatchObject({
      code: "already-written",
      facts: { entryId: "theirs-1" },
    });
    await workUntil(isFollowed);
    expect(await ledger.accounts()).toEqual(Object.fromEntries(stored.accounts));
    expect(stored.booked).toHaveLength(2);
  });

  it("hands the authority over, follows, and takes it back", async () => {
    let wished: WishedStage = { stage: "shadow", share: 0 };
    const { stored, ledger, payments, workUntil, isFollowed } = bankBesideApi({ stage: () => wished });
    const holds = (side: "control" | "candidate") => async (): Promise<boolean> =>
      (await payments.status()).buckets[side] === 64;
    for (let n = 0; n < 6; n++) await payments.write(pay("abc"[n % 3]!, "de"[n % 2]!, n));
    await workUntil(isFollowed);
    expect(await payments.reconcile()).toMatchObject({ clean: true });
    wished = { stage: "live", share: 1 };
    await workUntil(holds("candidate"));
    expect(await payments.write(pay("a", "b"))).toEqual({ id: "ours-1" });
    await workUntil(isFollowed);
    wished = { stage: "shadow", share: 0 };
    await workUntil(holds("control"));
    expect(await payments.write(pay("a", "b"))).toEqual({ id: "theirs-8" });
    await workUntil(isFollowed);
    expect(await ledger.accounts()).toEqual(Object.fromEntries(stored.accounts));
    expect([...(await ledger.entries())].sort()).toEqual([...stored.booked].sort());
  });
});
