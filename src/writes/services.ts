import type { Clock } from "../model/clock.ts";
import type { Authority } from "./authority.ts";
import type { WritesEvent } from "./events.ts";
import type { Operation } from "./operation.ts";
import type { UncheckedWrites } from "./options.ts";
import type { SideName } from "./outbox/store.ts";
import type { Side } from "./side.ts";
import type { Wish } from "./stage.ts";

/** What the parts of one `parallelWrites` share. */
export interface WritesServices {
  readonly name: string;
  /** For error messages, such as `parallelWrites("payments")`. */
  readonly place: string;
  readonly options: UncheckedWrites;
  readonly sides: Readonly<Record<SideName, Side>>;
  readonly schema: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly wish: Wish;
  readonly authority: Authority;
  readonly operationOf: (op: unknown) => Operation<unknown>;
  /** The bucket of a partition. */
  readonly bucketOf: (partition: string | undefined) => number;
  readonly emit: (event: Omit<WritesEvent, "name" | "at">) => void;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** One side and the one that follows it. */
export interface Direction {
  readonly from: Side;
  readonly to: Side;
}

export function otherSide(side: SideName): SideName {
  return side === "control" ? "candidate" : "control";
}

export function directions({ sides }: Pick<WritesServices, "sides">): readonly Direction[] {
  return [
    { from: sides.control, to: sides.candidate },
    { from: sides.candidate, to: sides.control },
  ];
}
