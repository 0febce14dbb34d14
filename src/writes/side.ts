import { checkOptions } from "../model/check-options.ts";
import type { Changes } from "./changes/changes-side.ts";
import { changesSideTable } from "./changes/changes-table.ts";
import { refuse } from "./errors.ts";
import { storeOfIntents } from "./intent/intents.ts";
import type { FoundWrite, UncheckedSide, WriteSide } from "./options.ts";
import { Unplanned } from "./outbox/planned-statements.ts";
import type { OutboxStore, SideName, StreamOf } from "./outbox/store.ts";

type Functions = Pick<WriteSide<unknown, unknown, unknown, unknown, unknown>, "write" | "read" | "copy" | "records">;

/** A side, and the ways to run something in the database that its outbox is in. */
export interface Side extends Functions {
  readonly name: SideName;
  readonly store: OutboxStore;
  /** What is written while this side is the authority. */
  readonly stream: StreamOf;
  /** Of a side without transactions, whose outbox is in the other side's database. */
  readonly lookup?: (id: string, op: unknown) => PromiseLike<FoundWrite<unknown> | undefined>;
  /** Of a control that is followed by what it says it has committed. */
  readonly changes?: { readonly source: Changes<unknown>; readonly behindMs: number };
  /** Runs a single statement: in no transaction where the store can. */
  readonly once: <Value>(work: (tx: unknown) => Promise<Value>) => Promise<Value>;
  /** Runs work in a transaction, and resolves with what it came to, whatever `transaction` itself resolves with. */
  readonly transact: <Value>(work: (tx: unknown) => Promise<Value>) => Promise<Value>;
}

/**
 * Both sides; one without transactions is kept in the outbox of the other.
 *
 * @param place for error messages, such as `parallelWrites("payments")`
 * @throws {SidelaneError} `invalid-definition`
 */
export function sidesOf(
  given: Readonly<Record<SideName, UncheckedSide>>,
  writesName: string,
  place: string,
): Readonly<Record<SideName, Side>> {
  const check = checkOptions(place, "invalid-definition");
  for (const [name, { outbox, transaction, lookup }] of Object.entries(given)) {
    if (outbox !== "intent") {
      check.function(`${name}.transaction`, transaction);
      if (lookup === undefined) continue;
      check.fail(
        `${name}.lookup`,
        "left out where there is an outbox",
        lookup,
        "What commits together is never in doubt",
      );
    }
    if (typeof lookup !== "function") {
      const mend =
        "Say `lookup: (id) => …`: what `write` returned for it as `{ result }`, or undefined where it is not written and never will be";
      check.fail(
        `${name}.lookup`,
        "a function, since a crash leaves a write without transaction in doubt",
        lookup,
        mend,
      );
    }
    if (transaction === undefined) continue;
    check.fail(
      `${name}.transaction`,
      'left out with `outbox: "intent"`',
      transaction,
      "What has transactions has an outbox",
    );
  }
  const { control, candidate } = given;
  if (control.outbox === "intent" && candidate.outbox === "intent") {
    const mend = "What is kept of a side with `intent` is kept in the other's outbox";
    return check.fail("candidate.outbox", 'an outbox, where control has "intent"', "intent", mend);
  }
  return {
    control: sideOf("control", control, candidate, { writesName, place }),
    candidate: sideOf("candidate", candidate, control, { writesName, place }),
  };
}

function sideOf(
  name: SideName,
  side: UncheckedSide,
  other: UncheckedSide,
  { writesName, place }: { readonly writesName: string; readonly place: string },
): Side {
  const { write, read, copy, records } = side as Functions;
  const keeping = (side.outbox === "intent" ? other : side) as WriteSide<unknown, unknown, unknown, unknown, unknown>;
  const store = side.outbox === "intent" ? storeOfIntents(keeping.outbox) : keeping.outbox;
  const transact = async <Value>(work: (tx: unknown) => Promise<Value>): Promise<Value> => {
    let came: { readonly value: Value } | undefined;
    let isUnplanned = false;
    // Not what `transaction` resolves with: it may resolve with nothing, or have run the work twice.
    const once = (): Promise<Value> =>
      keeping.transaction(async (tx) => {
        came = undefined;
        try {
          came = { value: await work(tx) };
        } catch (error) {
          isUnplanned = error instanceof Unplanned;
          throw error;
        }
        return came.value;
      });
    try {
      await once();
    } catch (error) {
      // Its own error may be in one of the caller's.
      if (!isUnplanned) throw error;
      isUnplanned = false;
      await once();
    }
    if (came === undefined) {
      const mend = "It has to reject when its work does, and to wait for it";
      return refuse(
        "invalid-definition",
        place,
        `\`${name}.transaction\` resolved without having run its work. ${mend}`,
      );
    }
    return came.value;
  };
  const once = store.outside?.bind(store) ?? transact;
  return {
    ...{ name, store, once, transact, write, read, stream: { name: writesName, side: name } },
    ...(copy !== undefined && { copy }),
    ...(records !== undefined && { records }),
    ...(side.changes !== undefined && {
      changes: { source: side.changes, behindMs: side.behindMs ?? changesSideTable.behindMs.byDefault },
    }),
    ...(side.outbox === "intent" && { lookup: async (id: string, op: unknown) => side.lookup(id, op) }),
  };
}
