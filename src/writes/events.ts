import type { WritesEventKind } from "../model/writes-remark.ts";
import type { SideName } from "./outbox/store.ts";

/** What parallel writes say of themselves while they work; each kind at most once until it has ended. */
export interface WritesEvent {
  readonly kind: WritesEventKind;
  /** That of `parallelWrites`. */
  readonly name: string;
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
  /** The side that is authority of what it is about. */
  readonly authority?: SideName;
  /** The operation. */
  readonly id?: string;
  readonly keys?: readonly string[];
  /** A person's name. */
  readonly by?: string;
  readonly reason: string;
}
