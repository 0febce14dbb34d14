import { afterEach, describe, expect, it } from "vitest";
import { closeBanks, pay, person } from "./bank.ts";
import { differencesBetween, type Payment } from "./ledger.ts";
import { holding, moving, type Moving } from "./moving.ts";

afterEach(closeBanks);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(["memory", "sqlite"] as const)("the authority of two ledgers in %s", (kind) => {
  it("moves only after a clean reconciliation, and moves back", async () => {
    const all = moving(kind);
    const { payments, control, candidate, settle, events, wish, workUntil } = all;
    await payments.write(pay("a", "b", 1));
    await settle();
    wish("live");
    await workUntil(() => events.some(({ kind: each }) => each === "held"));
    expect(events).toMatchObject([{ kind: "held", reason: "the records were never reconciled" }]);
    expect(await payments.reconcile()).toMatchObject({ clean: true, keys: 2, findings: [] });
    await workUntil(async () => (await holding(all))["candidate"] === 64);
    expect(await payments.write(pay("a", "b", 2))).toEqual({ id: "new-1" });
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    wish("shadow");
    await workUntil(async () => (await holding(all))["control"] === 64);
    expect((await payments.write(pay("b", "c", 3))).id).toMatch(/^old-/);
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    expect((await control.accounts())["b"]!.payments).toHaveLength(3);
  });

  it("knows the ids that were written while nobody followed, once it has moved", async () => {
    const all = moving(kind, { copies: true });
    const { payments, control, candidate, settle, wish, workUntil } = all;
    wish("off");
    const early = Array.from({ length: 450 }, (_, n) => pay(`a${n % 3}`, "b", n));
    for (const op of early) await payments.write(op);
    wish("shadow");
    await workUntil(async () => (await payments.history()).some(({ kind: each }) => each === "following"));
    await payments.backfill(["a0", "a1", "a2", "b"]);
    expect(await payments.reconcile()).toMatchObject({ clean: true });
    // Its id is carried before it is followed.
    const late = pay("a1", "b", 5);
    wish("live");
    await payments.write(late);
    await workUntil(async () => (await holding(all))["candidate"] === 64);
    await settle();
    const before = await candidate.accounts();
    for (const op of [early[0]!, early[200]!, early[449]!, late]) {
      await expect(payments.write(op)).rejects.toMatchObject({ code: "already-written", id: op.paymentId });
    }
    await expect(payments.write({ ...early[3]!, cents: 1 })).rejects.toMatchObject({ code: "id-taken" });
    expect(await candidate.accounts()).toEqual(before);
    expect(await control.accounts()).toEqual(before);
  });

  it("is that of a partition in a ramp: a share s is ⌈64 s⌉ buckets", async () => {
    const all = moving(kind, { partition: ({ from }: Payment) => from.slice(0, 2) });
    const { payments, control, candidate, settle, wish, workUntil } = all;
    for (let n = 0; n < 20; n++) await payments.write(pay(`t${n % 10}-a`, `t${n % 10}-b`, n));
    await settle();
    await payments.reconcile();
    wish("ramp", 0.3);
    await workUntil(async () => (await holding(all))["candidate"] === 20);
    const ids: string[] = [];
    for (let n = 0; n < 20; n++) ids.push((await payments.write(pay(`t${n % 10}-a`, `t${n % 10}-b`, n))).id);
    const old = ids.filter((id) => id.startsWith("old")).length;
    expect(old).toBeGreaterThan(0);
    expect(old).toBeLessThan(20);
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
  });

  it("stays while an operation is dead, and after one was skipped until all is reconciled again", async () => {
    const onCandidate = ({ cents }: Payment): void => {
      if (cents === 13) throw new TypeError("cannot book 13");
    };
    const all = moving(kind, { onCandidate, permanent: () => true });
    const { payments, settle, events, wish, workUntil } = all;
    await payments.write(pay("a", "b", 1));
    await settle();
    await payments.reconcile();
    const dead = pay("a", "c", 13);
    await payments.write(dead);
    await settle();
    wish("live");
    const held = (): string | undefined => events.findLast(({ kind: each }) => each === "held")?.reason;
    await workUntil(() => held() === "1 operations are dead, and 2 keys blocked");
    await payments.skip(dead.paymentId, person);
    await workUntil(
      () => held() === `1 times something was \`skipped\` since the last reconciliation: ${dead.paymentId}`,
    );
    expect(await payments.reconcile()).toMatchObject({
      clean: false,
      findings: [
        { kind: "different", key: "a" },
        { kind: "missing", key: "c" },
      ],
    });
    await workUntil(() => held()?.startsWith("the last reconciliation was not clean") === true);
    expect((await holding(all))["control"]).toBe(64);
  });

  it("stays where invariants differ", async () => {
    const invariants = { total: { control: () => 7, candidate: () => 8 } };
    const { payments, settle } = moving(kind, { invariants });
    await payments.write(pay("a", "b", 1));
    await settle();
    expect(await payments.reconcile()).toMatchObject({
      clean: false,
      findings: [],
      invariants: ["total: control 7, candidate 8"],
    });
  });

  it("is fenced: writes while it moves wait for it, and none is lost or doubled", async () => {
    const all = moving(kind);
    const { payments, control, candidate, settle, wish, workUntil } = all;
    await payments.write(pay("a", "b", 1));
    await settle();
    await payments.reconcile();
    wish("live");
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n++) {
        await payments.write(pay("ab"[n % 2]!, "cd"[n % 2]!, n));
        await pause(0);
      }
    })();
    await workUntil(async () => (await holding(all))["candidate"] === 64);
    writing = false;
    await writer;
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
  });

  it("has no way back once it is complete, and control stops", async () => {
    const all = moving(kind);
    const { payments, control, settle, events, wish, workUntil } = all;
    await payments.write(pay("a", "b", 1));
    await settle();
    await payments.reconcile();
    wish("complete");
    await workUntil(async () => (await holding(all))["candidate"] === 64);
    await payments.write(pay("a", "b", 2));
    await settle();
    expect((await control.accounts())["a"]!.payments).toHaveLength(1);
    wish("shadow");
    await workUntil(() => events.some(({ reason }) => reason === "control does not follow"));
    expect((await holding(all))["candidate"]).toBe(64);
  });

  it("answers reads", async () => {
    const all = moving(kind);
    const { payments, control, candidate, settle, wish, workUntil } = all;
    const read = payments.reads("account", {
      control: async (key: string) => ({ from: "old", ...(await control.side.read(key, undefined)) }),
      candidate: async (key: string) => ({ from: "new", ...(await candidate.side.read(key, undefined)) }),
      compare: { ignore: ["$.from"] },
    });
    await payments.write(pay("a", "b", 1));
    expect((await read("a")).from).toBe("old");
    await settle();
    await payments.reconcile();
    wish("live");
    await workUntil(async () => (await holding(all))["candidate"] === 64);
    expect((await read("a")).from).toBe("new");
  });
});

describe("reads of a bucket that cannot move", () => {
  it.each(["complete", "live"] as const)("are answered by control, whatever is wished: %s", async (stage) => {
    const all = moving("memory");
    const read = all.payments.reads("account", { control: () => "old", candidate: () => "new", compare: () => true });
    await all.payments.write(pay("a", "b", 1));
    all.wish(stage);
    await all.workUntil(() => all.held() === "the records were never reconciled");
    expect(read()).toBe("old");
  });

  it("are answered by the candidate where it still has their partition, though the stage is `off`", async () => {
    const onControl = ({ cents }: Payment): void => {
      if (cents === 13) throw new Error("not yet");
    };
    const all = moving("memory", { partition: ({ from }: Payment) => from, onControl });
    const partition = "kept";
    const read = all.payments.reads("account", {
      ...{ control: (key: string) => `old ${key}`, candidate: (key: string) => `new ${key}`, compare: () => true },
      partition: (key: string) => key,
    });
    await all.payments.write(pay(partition, "b", 2));
    await all.settle();
    await all.payments.reconcile();
    all.wish("live");
    await all.workUntil(async () => (await holding(all))["candidate"] === 64);
    // What control fails to follow keeps its bucket; the others go back.
    await all.payments.write(pay(partition, "b", 13));
    all.wish("off", 0);
    await all.workUntil(async () => (await holding(all))["control"] === 63);
    expect(read(partition)).toBe("new kept");
  });
});

describe("a move of the authority that has crashed", () => {
  async function halfMoved(toCommit: boolean, bucket = 0): Promise<Moving> {
    const all = moving("memory", { random: () => 0 });
    const { payments, settle, control, candidate } = all;
    await payments.write(pay("a", "b", 1));
    await settle();
    type Transact = (work: (tx: unknown) => Promise<unknown>) => Promise<unknown>;
    for (const { side, name, to } of [
      { side: control.side, name: "control" as const, to: { moving: true } },
      ...(toCommit ?
        [{ side: candidate.side, name: "candidate" as const, to: { authority: "candidate" as const } }]
      : []),
    ]) {
      const { outbox } = side;
      await (side.transaction as Transact)(async (tx) => {
        const fence = (await outbox.fences(tx, { name: "payments", side: name }))[bucket];
        await outbox.changeFence(tx, {
          name: "payments",
          side: name,
          bucket,
          epoch: fence!.epoch,
          to: { ...fence!, ...to },
        });
      });
    }
    return all;
  }

  it("is finished after its commit point", async () => {
    const all = await halfMoved(true);
    all.wish("live");
    await all.workUntil(async () => (await holding(all))["candidate"] === 1 && (await holding(all))["moving"] === 0);
    expect((await all.payments.write(pay("a", "b", 2))).id).toBe("new-1");
  });

  it("is finished at once, whichever bucket it is of, and whatever holds the others", async () => {
    const bucket = 40;
    const all = await halfMoved(true, bucket);
    all.wish("live");
    const isMoving = async (): Promise<boolean> => {
      const { outbox, transaction } = all.control.side;
      const fences = await transaction((tx) => outbox.fences(tx, { name: "payments", side: "control" }));
      return fences[bucket]!.moving;
    };
    expect(await isMoving()).toBe(true);
    // Workers begin with the first bucket here, and take one in 200 ms while all of them are held.
    await all.workUntil(async () => !(await isMoving()));
    expect(all.held()).toBe("the records were never reconciled");
  });

  it("is called back before it, and writes go on where they were", async () => {
    const all = await halfMoved(false);
    const writing = all.payments.write(pay("a", "b", 2));
    await expect(writing).rejects.toMatchObject({ code: "no-authority" });
    await all.workUntil(async () => (await holding(all))["control"] === 64);
    expect((await all.payments.write(pay("a", "b", 2))).id).toBe("old-2");
  }, 30_000);
});
