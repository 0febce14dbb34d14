import type { Clock } from "../../model/clock.ts";
import type { Fault } from "../../model/fault.ts";
import type { Publisher } from "../../model/publisher.ts";
import type { StartRecord } from "../../model/start-record.ts";
import { callForeign } from "../runtime/promises.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** What a delivery needs from its laboratory. */
export interface DeliveryServices {
  readonly clock: Clock;
  /** From 0 up to 1, for jitter. */
  random(): number;
  /** The bytes that results may take, shared with other publishers; 64 MB of its own where it is left out. */
  readonly memory?: MemoryBudget;
  /** What the process is and does, for publishers that write it down. */
  start?(): StartRecord;
  /** Told of every fault, also repeated ones. */
  onFault(fault: Fault): void;
  /** Runs outside any request's context, so that no publisher runs or arms a timer as the tenant of a request. */
  detached<T>(run: () => T): T;
}

/** Tells a publisher of the laboratory that it joins. */
export function attachPublisher(
  publisher: Publisher,
  services: DeliveryServices,
  onFault: (error: unknown) => void,
): void {
  const attached = callForeign(() =>
    publisher.attach?.({
      onFault: (fault) => services.onFault({ publisher: publisher.name, ...fault }),
      ...(services.start && { start: () => services.start!() }),
    }),
  );
  if (attached.kind === "failed") onFault(attached.error);
  if (attached.kind === "waiting") attached.watch(() => undefined);
}

/** What a publisher takes beside single results, and whether it may get one twice. */
export interface Takes {
  readonly batches: boolean;
  readonly events: boolean;
  readonly tallies: boolean;
  readonly tallyBatches: boolean;
  readonly idempotent: boolean;
}

export function takesOf(publisher: Publisher): Takes {
  return {
    batches: publisher.publishBatch !== undefined,
    events: publisher.publishEvent !== undefined,
    tallies: publisher.publishTally !== undefined,
    tallyBatches: publisher.publishTallyBatch !== undefined,
    idempotent: publisher.idempotent === true,
  };
}
