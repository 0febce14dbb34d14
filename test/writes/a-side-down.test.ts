import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { parallelWrites, type WritesEvent } from "../../src/writes/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { bank, closeBanks, pay } from "./bank.ts";
import { differencesBetween, type Booking, type Ledger, type Payment } from "./ledger.ts";
import { holding, moving } from "./moving.ts";
import { passing } from "./passing.ts";

afterEach(closeBanks);

/** Has nothing of a side's database answer as long as it is down. */
function downable({ side }: Ledger): { isDown: boolean } {
  const state = { isDown: false };
  const outbox = side.outbox as unknown as Record<string, unknown>;
  for (const [name, method] of Object.entries(outbox)) {
    if (typeof method !== "function" || name === "transaction") continue;
    outbox[name] = (...given: unknown[]): unknown =>
      state.isDown ? Promise.reject(new Error("ECONNREFUSED")) : (method as (...given: unknown[]) => unknown)(...given);
  }
  return state;
}

/** The same parallel writes in another process. */
const again = (
  { control, candidate }: { readonly control: Ledger; readonly candidate: Ledger },
  options: object,
  events: WritesEvent[] = [],
) => {
  const sideOf = ({ side }: Ledger): Ledger["side"] => ({ ...side, outbox: { ...side.outbox } });
  return parallelWrites("payments", {
    ...{ control: sideOf(control), candidate: sideOf(candidate), laboratory: new Laboratory({ publishers: [] }) },
    ...{ id: (op: Payment) => op.paymentId, keys: (op: Payment) => [op.from, op.to] },
    facts: ({ id }: Booking) => ({ entryId: id }),
    onEvent: (event) => void events.push(event),
    ...options,
  });
};

describe.each(["memory", "sqlite"] as const)("a process that begins while a side is down, in %s,", (kind) => {
  it("writes where the follower was never there before, and it follows once it is there", async () => {
    const { payments, control, candidate, settle } = bank(kind);
    const of = downable(candidate);
    of.isDown = true;
    expect(await payments.write(pay("a", "b", 5))).toMatchObject({ id: "old-1" });
    await payments.write(pay("b", "a", 2));
    of.isDown = false;
    await settle();
    expect(await control.accounts()).toMatchObject({ a: { cents: -3 }, b: { cents: 3 } });
    expect(await differencesBetween(control, candidate)).toEqual([]);
  });

  it("writes on the candidate where control follows and is down", async () => {
    const all = moving(kind);
    const { control, candidate, payments } = all;
    const of = downable(control);
    await payments.write(pay("a", "b", 5));
    await all.settle();
    await payments.reconcile();
    all.wish("live");
    await all.workUntil(async () => (await holding(all))["candidate"] === 64);
    of.isDown = true;
    const other = again(all, { rollout: "live" });
    expect(await other.write(pay("a", "b", 7))).toMatchObject({ id: "new-1" });
    of.isDown = false;
    await all.settle();
    expect(await candidate.accounts()).toMatchObject({ a: { cents: -12 } });
    expect(await differencesBetween(control, candidate)).toEqual([]);
  });

  it("rejects with the authority's own error where that is down, and writes nothing", async () => {
    const { payments, control, candidate, settle } = bank(kind);
    const of = downable(control);
    of.isDown = true;
    await expect(payments.write(pay("a", "b"))).rejects.toThrow("ECONNREFUSED");
    of.isDown = false;
    await payments.write(pay("a", "b"));
    await settle();
    expect(await control.accounts()).toMatchObject({ a: { cents: -100 } });
    expect(await differencesBetween(control, candidate)).toEqual([]);
  });
});

describe("a worker whose follower's database answers nothing", () => {
  it.each(["from the beginning", "from later on"])(
    "%s tells of it, of the lag, and of what it can read",
    async (since) => {
      const clock = fixedClock();
      const { payments, candidate, control, events, laboratory } = bank("memory", { clock, maxLag: { rows: 2 } });
      const of = downable(candidate);
      of.isDown = since === "from the beginning";
      if (!of.isDown) await payments.status();
      of.isDown = true;
      const kinds = (): string[] => events.map(({ kind }) => kind);
      const stop = new AbortController();
      const working = payments.work({ signal: stop.signal });
      const pass = passing(clock);
      for (let n = 0; n < 3; n++) await payments.write(pay("a", "b", n));
      await pass(() => kinds().includes("lagging") && kinds().includes("follower-down"));
      const read = () => laboratory.status().experiments["payments"]!.writes;
      await pass(() => read()?.lag.control?.rows === 3);
      expect(read()!.lag.candidate).toBeUndefined();
      const until = clock.monotonic() + 100_000;
      await pass(() => clock.monotonic() > until);
      expect(kinds().sort()).toEqual(["follower-down", "lagging", "worker"]);
      of.isDown = false;
      await pass(async () => (await payments.status()).lag.control.rows === 0);
      stop.abort();
      await clock.advanceAsync(1_000);
      await working;
      expect(await differencesBetween(control, candidate)).toEqual([]);
    },
  );
});
