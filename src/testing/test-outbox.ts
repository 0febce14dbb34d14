import type { OutboxStore } from "../writes/index.ts";
import { entryOf, leaseMs, outboxLaws, stream, type OutboxTrial } from "./outbox-laws.ts";
import { outboxRowLaws } from "./outbox-row-laws.ts";
import { globalRunner, type TestRunner } from "./test-publisher.ts";

/** An outbox under test, freshly made, with nothing in it. */
export interface OpenedOutbox {
  readonly outbox: OutboxStore;
  /** Runs work in one transaction of its database, as a side of `parallelWrites` does. */
  readonly transaction: <Value>(work: (tx: never) => Promise<Value>) => Promise<Value>;
  /** Takes away what the test has left behind. */
  cleanUp?(): void | Promise<void>;
}

/** Makes an outbox. Called once for each test. */
export type OpenOutbox = () => OpenedOutbox | Promise<OpenedOutbox>;

/**
 * Registers the tests that every {@link OutboxStore} has to pass, by itself; two transactions at once are for tests of the
 * database.
 *
 * Fails by throwing, so that it runs under vitest, jest and `node:test` alike.
 *
 * @param name of the outbox, for the tests' titles
 * @param open makes an empty one for each test
 * @param runner by default the global `describe` and `it`
 * @example testOutbox('my outbox', () => ({ outbox: myOutbox(db), transaction: (work) => inTx(db, work) }))
 */
export function testOutbox(name: string, open: OpenOutbox, runner?: TestRunner): void {
  const { describe, it } = runner ?? globalRunner("testOutbox");
  describe(`${name}, like every outbox,`, () => {
    for (const [law, holds] of Object.entries({ ...outboxLaws, ...outboxRowLaws })) it(law, () => tried(open, holds));
  });
}

async function tried(open: OpenOutbox, holds: (trial: OutboxTrial) => Promise<void>): Promise<void> {
  const opened = await open();
  const { outbox } = opened;
  const transact = opened.transaction as OutboxTrial["transact"];
  try {
    await outbox.prepare();
    await holds({
      ...{ outbox, transact },
      enqueue: (id, keys = ["a"], of = stream) =>
        transact((tx) => outbox.enqueue(tx, { ...of, entry: entryOf(id, keys) })),
      take: (limit = 100) => transact((tx) => outbox.take(tx, { ...stream, limit, leaseMs })),
    });
  } finally {
    await opened.cleanUp?.();
  }
}
