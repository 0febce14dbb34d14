import { Laboratory, memoryPublisher } from "sidelane";
import { parallelWrites, type WishedStage } from "sidelane/writes";
import { ledger, type Deposit } from "./ledger.ts";

const interest = 0.0125;
const mended = (cents: number): number => Math.round(cents * interest);
// The planted fault: it rounds down.
const rule = { interestOf: (cents: number): number => Math.floor(cents * interest) };

const oldLedger = ledger("the old ledger", { interestOf: mended });
const newLedger = ledger("the new ledger", rule);
const laboratory = new Laboratory({ publishers: [memoryPublisher()] });
let wished: WishedStage = { stage: "shadow", share: 0 };
let held: string | undefined;

const deposits = parallelWrites("deposits", {
  control: oldLedger.side,
  candidate: newLedger.side,
  id: (op: Deposit) => op.id,
  keys: (op: Deposit) => [op.account],
  invariants: { total: { control: oldLedger.total, candidate: newLedger.total } },
  rollout: { current: () => wished },
  laboratory,
  onEvent: ({ kind, reason }) => {
    if (kind === "held") held = reason;
  },
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const startedAt = Date.now();
  while (!(await holds())) {
    if (Date.now() - startedAt > 30_000) throw new Error(`Not within 30 s: ${String(holds)}`);
    await pause();
  }
}
const isFollowed = async (): Promise<boolean> => {
  const { lag } = await deposits.status();
  return lag.control.rows + lag.candidate.rows === 0;
};
const holds = (side: "control" | "candidate") => async (): Promise<boolean> =>
  (await deposits.status()).buckets[side] === 64;

const stop = new AbortController();
const working = deposits.work({ signal: stop.signal });

// A record that the follower has never seen is copied whole, so each account is opened before.
for (const account of ["ann", "bob", "cy"]) await deposits.write({ id: `open-${account}`, account, cents: 0 });
await until(isFollowed);

console.log("1. The old ledger books eleven deposits; the new one follows.");
for (let n = 1; n <= 10; n++)
  await deposits.write({ id: `d-${n}`, account: n % 2 === 0 ? "ann" : "bob", cents: n * 100 });
await deposits.write({ id: "d-11", account: "cy", cents: 10_000 });
await until(isFollowed);

console.log("2. All records are compared.");
const first = await deposits.reconcile();
for (const { kind, key } of first.findings) console.log(`   ${key} is ${kind}`);
for (const said of first.invariants) console.log(`   ${said}`);

console.log("3. The switch is asked for, and refused.");
wished = { stage: "live", share: 1 };
await until(() => held !== undefined);
console.log(`   ${held}`);
wished = { stage: "shadow", share: 0 };

console.log("4. The fault is mended, and the records are repaired.");
rule.interestOf = mended;
for (const { key } of first.findings)
  await deposits.repair(key, { by: "Ada", reason: "the interest was rounded down" });
const second = await deposits.reconcile();
console.log(
  `   ${second.keys} accounts compared, ${second.findings.length} differ, ${second.clean ? "clean" : "not clean"}`,
);

console.log("5. The authority moves to the new ledger; the old one follows.");
wished = { stage: "live", share: 1 };
await until(holds("candidate"));
const { by } = await deposits.write({ id: "d-12", account: "ann", cents: 1_000 });
console.log(`   d-12 is booked by ${by}`);
await until(isFollowed);

console.log("6. And back.");
wished = { stage: "shadow", share: 0 };
await until(holds("control"));
console.log(`   d-13 is booked by ${(await deposits.write({ id: "d-13", account: "bob", cents: 1_000 })).by}`);
await until(isFollowed);
stop.abort();
await working;
const last = await deposits.reconcile();
console.log(
  `   ${last.keys} accounts compared, ${last.clean ? "all equal" : "not equal"}: ${oldLedger.total()} and ${newLedger.total()} cents`,
);
await laboratory.close();
oldLedger.close();
newLedger.close();
