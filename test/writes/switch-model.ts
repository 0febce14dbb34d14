import fc from "fast-check";
import type { SideName } from "../../src/writes/index.ts";
import { differencesBetween } from "./ledger.ts";
import { account, assertSame, book, type Model, type System } from "./model.ts";

type Command = fc.AsyncCommand<Model, System>;

/** Which side is the authority; without partitions it is that of the first bucket. `undefined` while it moves. */
async function authorityOf({ control, candidate }: System): Promise<SideName | undefined> {
  for (const [name, { side }] of Object.entries({ control, candidate }) as [SideName, System["control"]][]) {
    const { transaction, outbox } = side;
    await outbox.prepare();
    const [fence] = await transaction((tx) => outbox.fences(tx, { name: "payments", side: name }));
    // Before the first operation there are none: it is control.
    if ((fence?.authority ?? "control") === name && fence?.moving !== true) return name;
  }
  return undefined;
}

function command(name: string, run: (model: Model, system: System) => Promise<void> | void): Command {
  return {
    check: () => true,
    run: async (model, system) => {
      await run(model, system);
      if (!name.startsWith("lose")) system.troubles.control.lost = system.troubles.candidate.lost = 0;
      await holds(model, system);
    },
    toString: () => name,
  };
}

/** What holds at any time: one side has every payment once, in order, and the other the first so many of each account. */
async function holds(model: Model, system: System): Promise<void> {
  const authority = (await authorityOf(system)) ?? "control";
  const [ours, theirs] =
    authority === "control" ? [system.control, system.candidate] : [system.candidate, system.control];
  if ((await authorityOf(system)) === undefined) return;
  assertSame(await ours.accounts(), Object.fromEntries(model.accounts), `the accounts of ${authority}`);
  for (const [key, { payments }] of Object.entries(await theirs.accounts())) {
    const expected = model.accounts.get(key)?.payments.slice(0, payments.length) ?? [];
    assertSame(payments, expected, `the follower's payments of ${key}`);
  }
}

const write = fc
  .tuple(account, account, fc.integer({ min: 1, max: 99 }))
  .filter(([from, to]) => from !== to)
  .map(([from, to, cents]) =>
    command(`write ${from} ${to} ${cents}`, async (model, system) => {
      const op = { paymentId: `p-${model.written.length}-${system.clock.now()}-${cents}`, from, to, cents };
      // A bucket may be in the middle of a move that a worker has left, which the write waits for.
      let isOver = false;
      const writing = system.payments.write(op).then(
        () => true,
        () => false,
      );
      const written = writing.finally(() => (isOver = true));
      for (let waited = 0; waited < 8_000 && !isOver; waited += 100) await system.clock.advanceAsync(100);
      // An answer that is lost is found by its id; where that cannot be read, the ledgers tell.
      const isWritten = await written;
      const isBooked = [...(await system.control.entries()), ...(await system.candidate.entries())].some((entry) =>
        entry.startsWith(`${op.paymentId}=`),
      );
      if (isWritten && !isBooked) throw new Error("what was answered is not written");
      if (isBooked) book(model, op);
    }),
  );

const trouble = fc.constantFrom("fail", "lose control", "lose candidate", "down", "up").map((what) =>
  command(what, (_, { troubles: { control, candidate } }) => {
    if (what === "fail") candidate.failing = 1;
    if (what === "lose control") control.lost = 1;
    if (what === "lose candidate") candidate.lost = 1;
    if (what === "down") candidate.isDown = true;
    if (what === "up") candidate.isDown = control.isDown = false;
  }),
);

const wish = fc.constantFrom("switch", "go back").map((what) =>
  command(what, (_, system) => {
    system.wished = what === "switch" ? { stage: "live", share: 1 } : { stage: "shadow", share: 0 };
  }),
);

const pass = fc
  .tuple(fc.constantFrom(20, 300, 5_000, 20_000), fc.boolean())
  .map(([ms, two]) =>
    command(`pass ${ms}${two ? " with two" : ""}`, (_, system) => (two ? system.passWithTwo(ms) : system.pass(ms))),
  );

const reconcile = fc.constant(
  command("reconcile", async (_, system) => {
    const { candidate, control } = system.troubles;
    // An answer that is lost is lost to it: what follows has none to lose.
    const mayFail = candidate.isDown || control.isDown || candidate.lost + control.lost > 0;
    let isOver = false;
    const reconciling = system.payments
      .reconcile()
      .then((came) => {
        // What differs on its way is no finding.
        assertSame(came.findings, [], "findings");
      })
      .catch((error: unknown) => {
        if (!mayFail) throw error;
      })
      .finally(() => (isOver = true));
    // What it rejects with is looked at once it is over.
    reconciling.catch(() => undefined);
    for (let waited = 0; waited < 60_000 && !isOver; waited += 100) await system.clock.advanceAsync(100);
    await reconciling;
  }),
);

/** Any course of writes, workers, switches and reconciliations. */
export function switchCourses(most: number): fc.Arbitrary<Iterable<Command>> {
  return fc.commands([write, write, trouble, wish, pass, pass, reconcile], { maxCommands: most, size: "max" });
}

/** All is mended; then the authority moves to the candidate, and back, and both sides have recorded the same. */
export async function endsSwitched(model: Model, system: System): Promise<void> {
  system.heal();
  system.wished = { stage: "shadow", share: 0 };
  await passUntil(system, async () => (await authorityOf(system)) === "control" && (await isFollowed(system)));
  let came: { readonly clean: boolean } | undefined;
  void system.payments.reconcile().then((done) => (came = done));
  for (let waited = 0; waited < 60_000 && came === undefined; waited += 100) await system.clock.advanceAsync(100);
  assertSame(came?.clean, true, "whether it was clean");
  for (const [target, stage, share] of [
    ["candidate", "live", 1],
    ["control", "shadow", 0],
  ] as const) {
    system.wished = { stage, share };
    await passUntil(system, async () => (await authorityOf(system)) === target);
    assertSame(await authorityOf(system), target, "the authority");
  }
  await holds(model, system);
  assertSame(await differencesBetween(system.control, system.candidate), [], "differences");
  assertSame(new Set(await system.control.entries()).size, model.written.length, "entries");
}

async function isFollowed({ payments }: System): Promise<boolean> {
  const { lag } = await payments.status();
  return lag.control.rows + lag.candidate.rows === 0;
}

/** As long as a follower or a bucket rests at most, and some more. */
async function passUntil(system: System, isSo: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 60 && !(await isSo()); round++) await system.pass(2_500);
}
