import { refuse } from "./errors.ts";
import type { UncheckedSide } from "./options.ts";
import type { OutboxStore, SideName, StreamOf } from "./outbox/store.ts";

/** A side, and the ways to run something in it. */
export interface Side extends UncheckedSide {
  readonly name: SideName;
  readonly store: OutboxStore;
  /** What is written while this side is the authority. */
  readonly stream: StreamOf;
  /** Runs a single statement: in no transaction where the store can. */
  readonly once: <Value>(work: (tx: unknown) => Promise<Value>) => Promise<Value>;
  /** Runs work in a transaction, and resolves with what it came to, whatever `transaction` itself resolves with. */
  readonly transact: <Value>(work: (tx: unknown) => Promise<Value>) => Promise<Value>;
}

/** @param place for error messages, such as `parallelWrites("payments")` */
export function sideOf(name: SideName, side: UncheckedSide, writesName: string, place: string): Side {
  const { outbox: store } = side;
  const transact = async <Value>(work: (tx: unknown) => Promise<Value>): Promise<Value> => {
    let came: { readonly value: Value } | undefined;
    // Not what `transaction` resolves with: it may resolve with nothing, or have run the work twice.
    await side.transaction(async (tx) => {
      came = undefined;
      came = { value: await work(tx) };
      return came.value;
    });
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
  return { ...side, name, store, stream: { name: writesName, side: name }, once, transact };
}
