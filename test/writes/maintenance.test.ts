import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/model/clock.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { bank, closeBanks, pay } from "./bank.ts";
import { differencesBetween } from "./ledger.ts";
import { holding, moving } from "./moving.ts";
import { passing } from "./passing.ts";

afterEach(closeBanks);

describe("more to follow than `maxLag`", () => {
  it.each([
    ["rows", { rows: 2 }, /^3 operations wait, the oldest for \d+ s$/],
    ["age", { ms: 1 }, /^3 operations wait, the oldest for \d+ s$/],
  ] as const)(
    "by %s is told once while it lasts, and again when it comes again; writes go on",
    async (_, maxLag, said) => {
      const clock = fixedClock();
      let down = true;
      const { payments, candidate, control, events } = bank("memory", { clock, maxLag });
      const { outbox } = candidate.side;
      const positions = outbox.positions.bind(outbox);
      outbox.positions = (tx, of) => (down ? Promise.reject(new Error("ECONNREFUSED")) : positions(tx, of));
      const told = (): string[] => events.filter(({ kind }) => kind === "lagging").map(({ reason }) => reason);
      const stop = new AbortController();
      const working = payments.work({ signal: stop.signal });
      const pass = passing(clock);
      const isEmpty = async (): Promise<boolean> => (await payments.status()).lag.control.rows === 0;
      for (let n = 0; n < 3; n++) await payments.write(pay("a", "b", n));
      await pass(() => told().length === 1);
      expect(told()[0]).toMatch(said);
      const until = clock.monotonic() + 30_000;
      await pass(() => clock.monotonic() > until);
      expect(told()).toHaveLength(1);
      expect(await payments.write(pay("a", "b", 4))).toMatchObject({ id: "old-4" });
      down = false;
      await pass(isEmpty);
      const later = clock.monotonic() + 11_000;
      await pass(() => clock.monotonic() > later);
      down = true;
      for (let n = 0; n < 3; n++) await payments.write(pay("a", "b", n));
      await pass(() => told().length === 2);
      down = false;
      await pass(isEmpty);
      stop.abort();
      await clock.advanceAsync(1_000);
      await working;
      expect(await differencesBetween(control, candidate)).toEqual([]);
    },
  );

  it("is told also where a follower never answers", async () => {
    const clock = fixedClock();
    const { payments, candidate, events } = bank("memory", { clock, maxLag: { rows: 1 } });
    candidate.side.outbox.positions = () => new Promise(() => undefined);
    const stop = new AbortController();
    void payments.work({ signal: stop.signal });
    const pass = passing(clock);
    const isTold = (): boolean => events.some(({ kind }) => kind === "lagging");
    await payments.write(pay("a", "b", 1));
    const until = clock.monotonic() + 1_500;
    await pass(() => clock.monotonic() >= until);
    await payments.write(pay("c", "d", 1));
    await pass(isTold);
    stop.abort();
  });
});

describe.each(["memory", "sqlite"] as const)("a process whose clock is an hour wrong, in %s", (kind) => {
  it.each([1, -1])("follows, tries again and moves the authority as any other: %i h", async (hours) => {
    let failures = 3;
    const all = moving(kind, {
      clock: { ...systemClock, now: () => Date.now() + hours * 3_600_000 },
      onCandidate() {
        if (failures-- > 0) throw new Error("not yet");
      },
    });
    const { payments, control, candidate, settle } = all;
    await payments.write(pay("a", "b", 1));
    await settle();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    expect(await payments.reconcile()).toMatchObject({ clean: true });
    all.wish("live");
    await all.workUntil(async () => (await holding(all))["candidate"] === 64);
    all.wish("shadow");
    await all.workUntil(async () => (await holding(all))["control"] === 64);
    expect((await payments.status()).lastReconciliation!.ageMs).toBeLessThan(60_000);
  });
});
