import { afterEach, describe, expect, it } from "vitest";
import { bank, closeBanks, kindsOf, pay } from "./bank.ts";
import { memoryLedger, sqliteLedger } from "./ledgers.ts";
import type { Account, Ledger } from "./ledger.ts";

afterEach(closeBanks);

type Transaction = Ledger["side"]["transaction"];

describe.each([
  ["memory", memoryLedger],
  ["sqlite", sqliteLedger],
] as const)("where the answer of a commit is lost, in %s,", (kind, ledgerOf) => {
  it.each(["which finds it written", "which fails"])(
    "a caller whose `transaction` runs the work once more, %s, gets the result",
    async (second) => {
      const old = ledgerOf({ name: "old", onWrite: ({ cents }) => void (losing = cents === 2) });
      let losing = false;
      const transaction: Transaction = async (work) => {
        const came = await old.side.transaction(work);
        if (!losing) return came;
        losing = false;
        const enter = old.side.outbox.enter;
        if (second === "which fails")
          old.side.outbox.enter = () => Promise.reject(new Error("the connection was lost"));
        return old.side.transaction(work).finally(() => {
          old.side.outbox.enter = enter;
        });
      };
      const { payments } = bank(kind, { control: { ...old.side, transaction } as never });
      await payments.write(pay("a", "b", 1));
      const op = pay("a", "b", 2);
      expect(await payments.write(op)).toEqual({ id: "old-2" });
      await expect(payments.write(op)).rejects.toMatchObject({ code: "already-written" });
      expect(await old.entries()).toHaveLength(2);
      await old.close();
    },
  );

  it("the records of an operation that was followed are read back all the same", async () => {
    const next = ledgerOf({ name: "new", onWrite: () => void (losing = true) });
    let losing = false;
    const transaction: Transaction = async (work) => {
      const came = await next.side.transaction(work);
      if (!losing) return came;
      losing = false;
      throw new Error("the connection was lost");
    };
    const { payments, settle, laboratory } = bank(kind, { candidate: { ...next.side, transaction } as never });
    await payments.write(pay("a", "b", 1));
    await settle();
    expect(kindsOf(laboratory)).toMatchObject({ match: 2 });
    await next.close();
  });
});

describe.each([
  ["memory", memoryLedger],
  ["sqlite", sqliteLedger],
] as const)("a record that was copied, in %s,", (kind, ledgerOf) => {
  it("is read back, which tells of a `copy` that puts another one", async () => {
    const next = ledgerOf({ name: "new", copies: true });
    const put = next.side.copy as unknown as (key: string, record: Account, tx: never) => unknown;
    const copy = (key: string, record: Account, tx: never): unknown =>
      put(key, key === "a" ? { ...record, cents: 0 } : record, tx);
    const { payments, settle, laboratory } = bank(kind, { candidate: { ...next.side, copy } as never });
    await payments.write(pay("a", "b", 1));
    await settle();
    expect(kindsOf(laboratory)).toMatchObject({ match: 1, mismatch: 1 });
    await next.close();
  });
});
