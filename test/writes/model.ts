import fc from "fast-check";
import { Laboratory, memoryPublisher } from "../../src/index.ts";
import { fixedClock, type FixedClock } from "../../src/testing/index.ts";
import { AlreadyWrittenError, parallelWrites, type ParallelWrites, type WishedStage } from "../../src/writes/index.ts";
import {
  differencesBetween,
  empty,
  type Account,
  type Booking,
  type Ledger,
  type LedgerOptions,
  type Payment,
} from "./ledger.ts";
import { memoryLedger, sqliteLedger } from "./ledgers.ts";

const person = { by: "Ada", reason: "as the model says" };
type Kind = "memory" | "sqlite";

const kinds: Readonly<Record<Kind, (options: LedgerOptions) => Ledger>> = {
  memory: memoryLedger,
  sqlite: sqliteLedger,
};

/** What has to be true, kept in plain maps. */
export interface Model {
  readonly accounts: Map<string, Account>;
  readonly written: Payment[];
  /** Keys that a person has left an operation out on, until they are repaired. */
  readonly left: Set<string>;
}

export function emptyModel(): Model {
  return { accounts: new Map(), written: [], left: new Set() };
}

/** What goes wrong with a side from now on. */
interface Trouble {
  /** So many writes fail that may succeed later. */
  failing: number;
  /** Operations that no further try brings across. */
  readonly refused: Set<string>;
  /** So many transactions commit, and their answer is lost. */
  lost: number;
  /** Nothing can be reached. */
  isDown: boolean;
}

const noTrouble = (): Trouble => ({ failing: 0, refused: new Set(), lost: 0, isDown: false });

class Refused extends Error {}

/** Two ledgers under `parallelWrites`, whose time stands still but for {@link System.pass}. */
export class System {
  readonly clock: FixedClock = fixedClock();
  readonly laboratory: Laboratory = new Laboratory({ publishers: [memoryPublisher()] });
  readonly troubles: Readonly<Record<"control" | "candidate", Trouble>> = {
    control: noTrouble(),
    candidate: noTrouble(),
  };
  readonly control: Ledger;
  readonly candidate: Ledger;
  readonly payments: ParallelWrites<Payment, Booking>;
  wished: WishedStage = { stage: "shadow", share: 0 };

  constructor(kind: Kind) {
    this.control = this.#ledger(kind, "control");
    this.candidate = this.#ledger(kind, "candidate");
    this.payments = parallelWrites("payments", {
      control: this.#side(this.control, "control"),
      candidate: this.#side(this.candidate, "candidate"),
      id: (op: Payment) => op.paymentId,
      keys: (op: Payment) => [op.from, op.to],
      facts: ({ id }: Booking) => ({ entryId: id }),
      permanent: (error) => error instanceof Refused,
      rollout: { current: () => this.wished },
      laboratory: this.laboratory,
      clock: this.clock,
      random: () => 0.5,
    });
  }

  #ledger(kind: Kind, name: "control" | "candidate"): Ledger {
    return kinds[kind]({
      name,
      clock: this.clock,
      copies: true,
      onWrite: (op) => {
        const trouble = this.troubles[name];
        if (trouble.refused.has(op.paymentId)) throw new Refused(`${name} refuses ${op.paymentId}`);
        if (trouble.failing === 0) return;
        trouble.failing -= 1;
        throw new Error(`${name} fails`);
      },
    });
  }

  #side({ side }: Ledger, name: "control" | "candidate"): Ledger["side"] {
    const { transaction } = side;
    const guarded: Ledger["side"]["transaction"] = async (work) => {
      const trouble = this.troubles[name];
      if (trouble.isDown) throw new Error(`${name} cannot be reached`);
      const value = await transaction(work);
      if (trouble.lost === 0) return value;
      trouble.lost -= 1;
      throw new Error(`${name} does not answer`);
    };
    return { ...side, transaction: guarded };
  }

  /** One worker works for so long, and ends. */
  async pass(ms: number): Promise<void> {
    const stop = new AbortController();
    const working = this.payments.work({ signal: stop.signal });
    await this.clock.advanceAsync(ms);
    stop.abort();
    // It may be in its pause.
    await Promise.all([working, this.clock.advanceAsync(1_000)]);
    await this.laboratory.settled();
  }

  /** Two workers at once, one of which ends in the middle of what it does. */
  async passWithTwo(ms: number): Promise<void> {
    const stop = new AbortController();
    const working = this.payments.work({ signal: stop.signal, concurrency: 1 });
    const other = this.pass(ms);
    await Promise.resolve();
    stop.abort();
    await Promise.all([working, other]);
  }

  /** Operations that no try brings across until a person does something, the oldest first. */
  async dead(): Promise<readonly string[]> {
    const { transaction, outbox } = this.control.side;
    await outbox.prepare();
    const rows = await transaction((tx) => outbox.find(tx, { name: "payments", side: "control" }));
    return rows.map(({ id }) => id);
  }

  heal(): void {
    for (const trouble of Object.values(this.troubles)) {
      trouble.failing = trouble.lost = 0;
      trouble.isDown = false;
      trouble.refused.clear();
    }
  }

  async close(): Promise<void> {
    await this.laboratory.close();
    await this.control.close();
    await this.candidate.close();
  }
}

type Command = fc.AsyncCommand<Model, System>;

/** A command that may be given at any time. */
function command(name: string, run: (model: Model, system: System) => Promise<void> | void): Command {
  return {
    check: () => true,
    run: async (model, system) => {
      await run(model, system);
      // What is lost is lost to the next transaction, or to none.
      if (!name.startsWith("lose")) system.troubles.control.lost = system.troubles.candidate.lost = 0;
      await holds(model, system);
    },
    toString: () => name,
  };
}

/** What holds at any time: control has every payment once, in order; the candidate has the first so many of each account. */
async function holds(model: Model, { control, candidate }: System): Promise<void> {
  const [ours, theirs] = [await control.accounts(), await candidate.accounts()];
  assertSame(ours, Object.fromEntries(model.accounts), "control's accounts");
  for (const [key, { payments }] of Object.entries(theirs)) {
    if (model.left.has(key)) continue;
    const expected = model.accounts.get(key)?.payments.slice(0, payments.length) ?? [];
    assertSame(payments, expected, `the candidate's payments of ${key}`);
  }
}

export function assertSame(got: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(sorted(got)), JSON.stringify(sorted(expected))];
  if (one !== other) throw new Error(`${what}: expected ${other}, got ${one}`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function book(model: Model, op: Payment): void {
  model.written.push(op);
  for (const [key, cents] of [
    [op.from, -op.cents],
    [op.to, op.cents],
  ] as const) {
    const { cents: had, payments } = model.accounts.get(key) ?? empty;
    model.accounts.set(key, { cents: had + cents, payments: [...payments, op.paymentId] });
  }
}

export const account: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d");

const write = fc
  .tuple(account, account, fc.integer({ min: 1, max: 99 }), fc.boolean())
  .filter(([from, to]) => from !== to)
  .map(([from, to, cents, isRefused]) =>
    command(`write ${from} ${to} ${cents}${isRefused ? " refused" : ""}`, async (model, system) => {
      const op = { paymentId: `p-${model.written.length}-${system.clock.now()}-${cents}`, from, to, cents };
      if (isRefused) system.troubles.control.refused.add(op.paymentId);
      let isWritten = true;
      await system.payments.write(op).catch(() => (isWritten = false));
      if (isWritten && isRefused) throw new Error("what control refuses was written");
      if (isWritten) book(model, op);
    }),
  );

const writeAgain = fc.tuple(fc.nat(), fc.boolean()).map(([at, isOther]) =>
  command(`write again ${at}${isOther ? " as another" : ""}`, async ({ written }, system) => {
    const op = written[at % Math.max(1, written.length)];
    if (op === undefined) return;
    const error: unknown = await system.payments
      .write(isOther ? { ...op, cents: op.cents + 1 } : op)
      .then(() => undefined)
      .catch((caught: unknown) => caught);
    if (error === undefined) throw new Error("an id was written twice");
    if (system.troubles.control.isDown) return;
    const isRight = isOther ? (error as { code?: string }).code === "id-taken" : error instanceof AlreadyWrittenError;
    if (!isRight && !(error instanceof Error && error.message.includes("does not answer"))) throw error;
  }),
);

const trouble = fc.constantFrom("fail", "fail often", "lose control", "lose candidate", "down", "up").map((what) =>
  command(what, (_, { troubles: { control, candidate } }) => {
    if (what === "fail") candidate.failing = 1;
    if (what === "fail often") candidate.failing = 12;
    if (what === "lose control") control.lost = 1;
    if (what === "lose candidate") candidate.lost = 1;
    if (what === "down") candidate.isDown = true;
    if (what === "up") candidate.isDown = control.isDown = false;
  }),
);

const refuseNext = fc.nat().map((at) =>
  command(`refuse ${at}`, ({ written }, { troubles }) => {
    const op = written[at % Math.max(1, written.length)];
    if (op !== undefined) troubles.candidate.refused.add(op.paymentId);
  }),
);

const pass = fc
  .tuple(fc.constantFrom(0, 20, 300, 5_000, 70_000), fc.boolean())
  .map(([ms, two]) =>
    command(`pass ${ms}${two ? " with two" : ""}`, (_, system) => (two ? system.passWithTwo(ms) : system.pass(ms))),
  );

const stand = fc.constantFrom(1_000, 60_000, 86_400_000).map((ms) =>
  command(`stand ${ms}`, (_, { clock }) => {
    clock.advance(ms);
  }),
);

const persons = fc.tuple(fc.constantFrom("retry", "skip", "repair"), account, fc.nat()).map(([what, key, at]) =>
  command(`${what} ${what === "repair" ? key : at}`, async (model, system) => {
    const { candidate } = system.troubles;
    if (candidate.isDown || candidate.lost > 0 || system.troubles.control.lost > 0) return;
    const dead = await system.dead();
    const id = dead[at % Math.max(1, dead.length)];
    if (what === "repair") {
      const touched = model.written.filter(
        ({ paymentId, from, to }) => dead.includes(paymentId) && [from, to].includes(key),
      );
      if (!model.accounts.has(key)) return;
      await system.payments.repair(key, person);
      for (const each of [key, ...touched.flatMap(({ from, to }) => [from, to])]) model.left.delete(each);
      return;
    }
    if (id === undefined) return;
    candidate.refused.delete(id);
    if (what === "retry") {
      await system.payments.retry(id, person);
      return;
    }
    const { from, to } = model.written.find(({ paymentId }) => paymentId === id)!;
    await system.payments.skip(id, person);
    model.left.add(from).add(to);
  }),
);

/** Any course of events. @param most how many at most */
export function courses(most: number): fc.Arbitrary<Iterable<Command>> {
  return fc.commands([write, write, writeAgain, trouble, refuseNext, pass, pass, stand, persons], {
    maxCommands: most,
    size: "max",
  });
}

/** Everything is mended and followed: then both sides have recorded the same. */
export async function ends(model: Model, system: System): Promise<void> {
  system.heal();
  for (let round = 0; round < 20; round++) {
    for (const id of await system.dead()) await system.payments.retry(id, person);
    await system.pass(130_000);
    const { lag } = await system.payments.status();
    if (lag.control.rows === 0) break;
  }
  for (const key of model.left) await system.payments.repair(key, person);
  model.left.clear();
  await system.pass(1_000);
  const { lag } = await system.payments.status();
  assertSame(lag.control.rows, 0, "operations that are not followed");
  await holds(model, system);
  assertSame(await differencesBetween(system.control, system.candidate), [], "differences");
  const booked = await system.control.entries();
  assertSame(new Set(booked).size, model.written.length, "entries of control");
}
