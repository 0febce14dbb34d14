import { afterEach, describe, expect, it } from "vitest";
import type { OutboxStore, SideName } from "../../src/writes/index.ts";
import { closeBanks, pay, person, type Bank } from "./bank.ts";
import type { Ledger, Payment } from "./ledger.ts";
import { holding, moving } from "./moving.ts";

afterEach(closeBanks);

type Side = Ledger["side"] & {
  transaction: <Value>(work: (tx: unknown) => Promise<Value>) => Promise<Value>;
};

const sideOf = (all: Bank, name: SideName): Side => all[name].side;

/** Two ledgers that have been compared, and are wished to be live. */
async function reconciled(options: Parameters<typeof moving>[1] = {}): Promise<ReturnType<typeof moving>> {
  const all = moving("memory", { copies: true, ...options });
  for (const key of ["a", "c", "e"]) await all.payments.write(pay(key, "b", 1));
  await all.settle();
  expect(await all.payments.reconcile()).toMatchObject({ clean: true, complete: true, keys: 4 });
  return all;
}

/** Books something on the candidate alone, as a fault in it would. */
function spoil(all: Bank, key: string): Promise<unknown> {
  const side = sideOf(all, "candidate");
  return side.transaction((tx) => Promise.resolve(side.copy!(key, { cents: 77, payments: [] } as never, tx)));
}

/** Without partitions all is in the first bucket. */
const holder = async (all: Bank): Promise<string | undefined> => (await all.payments.status()).holders[0];
const never = async (all: Bank): Promise<void> => expect(await holder(all)).toBe("control");

describe("no bucket moves to the candidate", () => {
  it("where a record that was touched since all were compared differs, which is named", async () => {
    const all = await reconciled();
    await all.payments.write(pay("a", "b", 1));
    await all.settle();
    await spoil(all, "a");
    all.wish("live");
    await all.workUntil(() => all.held() === '1 records of bucket 0 differ since the last reconciliation: "a"');
    await never(all);
    await all.payments.repair("a", person);
    await all.workUntil(() => all.held()?.startsWith("1 times something was `repaired`") === true);
    expect(await all.payments.reconcile()).toMatchObject({ clean: true });
    await all.workUntil(async () => (await holding(all))["candidate"] === 64);
  });

  it("where a record that is touched while the bucket moves differs: it is called back", async () => {
    const all = await reconciled();
    const { outbox } = sideOf(all, "control");
    const changeFence = outbox.changeFence.bind(outbox);
    // As if an operation had been taken down at the last moment that control itself has not written.
    outbox.changeFence = async (tx, of) => {
      if (of.bucket === 0 && of.to.moving) {
        const keys = ["a", "b"];
        const op = JSON.stringify(pay("a", "b", 5));
        const entry = { id: "last", token: "t", digest: "d", keys, op, facts: '{"entryId":"x"}', schema: 1 };
        await outbox.enqueue(tx, { ...of, entry: { ...entry, bucket: 0, generation: 1 } });
      }
      return changeFence(tx, of);
    };
    all.wish("live");
    await all.workUntil(() => /differ since the last reconciliation: .*"a"/.test(all.held() ?? ""));
    await never(all);
    expect((await all.payments.write(pay("c", "e", 1))).id).toMatch(/^old/);
  });

  it("while an operation waits for long, however often it is tried, which is told with the number", async () => {
    const all = await reconciled({
      onCandidate: ({ cents }: Payment) => {
        if (cents === 13) throw new Error("not yet");
      },
    });
    await all.payments.write(pay("a", "b", 13));
    all.wish("live");
    await all.workUntil(() =>
      /^1 operations of bucket 0 wait, 1 of which have failed, the oldest for \d+ ms$/.test(all.held() ?? ""),
    );
    await never(all);
  });

  it("where a person repaired a record after the comparison had begun", async () => {
    const all = moving("memory", { copies: true });
    await all.payments.write(pay("a", "b", 1));
    await all.settle();
    const { records } = sideOf(all, "candidate");
    const scan = records!.scan.bind(records);
    records!.scan = async (range) => {
      const page = await scan(range);
      if (range.after === undefined) await all.payments.repair("a", person);
      return page;
    };
    expect(await all.payments.reconcile()).toMatchObject({ clean: true });
    all.wish("live");
    await all.workUntil(() => all.held() === "1 times something was `repaired` since the last reconciliation: a");
    await never(all);
  });

  it("where something was skipped while the candidate was the authority", async () => {
    let refuses = true;
    const onControl = ({ cents }: Payment): void => {
      if (cents === 13 && refuses) throw new TypeError("cannot book 13");
    };
    const all = await reconciled({ onControl, permanent: () => true });
    all.wish("live");
    await all.workUntil(async () => (await holding(all))["candidate"] === 64);
    const dead = pay("a", "b", 13);
    await all.payments.write(dead);
    await all.settle();
    refuses = false;
    await all.payments.skip(dead.paymentId, person);
    all.wish("shadow");
    await all.workUntil(async () => (await holding(all))["control"] === 64);
    all.wish("live");
    await all.workUntil(() => all.held()?.startsWith("1 times something was `skipped`") === true);
    await never(all);
  });

  it("until all processes that run are on the stage", async () => {
    const all = await reconciled({ heardWithinMs: 1_500 });
    const side = sideOf(all, "control");
    const value = JSON.stringify({ id: "x", stage: "shadow", share: 0, compared: 0, mismatched: 0 });
    const of = { name: "payments", side: "control" as const, item: "process:x", value };
    await side.transaction((tx) => side.outbox.keep(tx, of));
    all.wish("live");
    await all.workUntil(() => all.held() === "1 of 2 processes are not on the stage `live` yet, but on `shadow`");
    await all.workUntil(async () => (await holding(all))["candidate"] === 64);
  });

  it("where too much of what any process has read back differs", async () => {
    const all = await reconciled();
    const side = sideOf(all, "control");
    const value = JSON.stringify({ id: "x", stage: "live", share: 1, compared: 1_000, mismatched: 1 });
    const of = { name: "payments", side: "control" as const, item: "process:x", value };
    await side.transaction((tx) => side.outbox.keep(tx, of));
    all.wish("live");
    await all.workUntil(() => /^1 of \d+ records that were read back .* at most 0\.01 %$/.test(all.held() ?? ""));
    await never(all);
  });

  it("where a store was restored since", async () => {
    const all = await reconciled();
    const { outbox } = sideOf(all, "control");
    outbox.mark = () => Promise.resolve(1);
    all.wish("live");
    await all.workUntil(() => all.held()?.startsWith("the database of control went back since") === true);
    await never(all);
  });

  it("where the last reconciliation is a day old", async () => {
    const all = await reconciled();
    for (const name of ["control", "candidate"] as const) {
      const { outbox } = sideOf(all, name);
      const kept: OutboxStore["kept"] = outbox.kept.bind(outbox);
      outbox.kept = async (tx, of) =>
        (await kept(tx, of)).map((each) => ({ ...each, ageMs: each.ageMs + (of.prefix === "reconciled" ? 9e7 : 0) }));
    }
    all.wish("live");
    await all.workUntil(() => all.held() === "the last reconciliation is 25 h old: at most 24 h");
    await never(all);
  });
});

describe("the way back to control", () => {
  it("is open where records differ, which is told", async () => {
    const all = await reconciled();
    all.wish("live");
    await all.workUntil(async () => (await holding(all))["candidate"] === 64);
    await all.payments.write(pay("a", "b", 1));
    await all.settle();
    await spoil(all, "a");
    all.wish("shadow");
    await all.workUntil(async () => (await holding(all))["control"] === 64);
    expect(all.events.some(({ kind, reason }) => kind === "found" && reason.endsWith('"a"'))).toBe(true);
  });

  it("is held while control lags, with the number", async () => {
    const onControl = ({ cents }: Payment): void => {
      if (cents === 13) throw new Error("not yet");
    };
    const all = await reconciled({ onControl });
    all.wish("live");
    await all.workUntil(async () => (await holding(all))["candidate"] === 64);
    for (const cents of [13, 1]) await all.payments.write(pay("a", "b", cents));
    all.wish("shadow");
    await all.workUntil(() =>
      /^2 operations of bucket 0 wait, 1 of which have failed, the oldest for \d+ ms$/.test(all.held() ?? ""),
    );
    expect(await holder(all)).toBe("candidate");
  });
});

describe("status", () => {
  it("says who holds each bucket, and what the last reconciliation came to", async () => {
    const all = await reconciled();
    const { holders, lastReconciliation } = await all.payments.status();
    expect(holders).toEqual(Array.from({ length: 64 }, () => "control"));
    expect(lastReconciliation).toMatchObject({ clean: true, summary: expect.stringContaining("4 keys") as string });
  });
});
