import type { Clock } from "../../model/clock.ts";
import type { Comparison } from "../../model/comparison.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import type { RolloutEvent } from "../../model/rollout.ts";
import { compileRedaction, hidePath, present, type PresentedResult } from "../../records/present.ts";
import type { Delivery } from "./delivery.ts";
import { ask, type Host } from "../define/services.ts";
import { later, TurnLatch } from "../runtime/event-loop.ts";
import type { Detached } from "../runtime/current-run.ts";
import type { Run } from "../run/run.ts";

const most = 1_000;
const sliceMs = 10;
const redaction = compileRedaction();

/**
 * Runs that have ended and still have to be compared, or told to somebody. Emptied in a later turn of the event loop,
 * outside of every request's context, at most 10 ms a turn.
 *
 * At most 1 000 wait: of the oldest one more is compared at once, and its result is dropped and counted.
 */
export class Outbox {
  readonly #clock: Clock;
  readonly #detached: Detached;
  readonly #prefix: string;
  #deliveries: readonly Delivery[] = [];
  #wanted: ReadonlySet<ResultKind> | "all" = new Set();
  #host: Host | undefined;
  #waiting: Run[] = [];
  readonly #turnLatch = new TurnLatch();
  #number = 0;

  constructor(clock: Clock, random: () => number, detached: Detached) {
    this.#clock = clock;
    this.#detached = detached;
    this.#prefix = Math.floor(random() * 2 ** 42).toString(36);
  }

  /** @param wanted kinds that somebody wants to see, beyond mismatches */
  open(host: Host, deliveries: readonly Delivery[], wanted: ReadonlySet<ResultKind> | "all"): void {
    this.#host = host;
    this.#deliveries = deliveries;
    this.#wanted = wanted;
  }

  get length(): number {
    return this.#waiting.length;
  }

  wants(kind: ResultKind): boolean {
    return this.#wanted === "all" || this.#wanted.has(kind);
  }

  nextId(): string {
    this.#number += 1;
    return `${this.#prefix}-${this.#number}`;
  }

  add(run: Run): void {
    this.#waiting.push(run);
    if (this.#waiting.length > most) this.#dropOldest();
    this.#schedule();
  }

  event(event: RolloutEvent): void {
    this.#detached(() => {
      for (const delivery of this.#deliveries) delivery.acceptEvent(event);
    });
  }

  /** Everything that waits now is compared and handed to the publishers' queues, before this returns. */
  empty(): void {
    this.#detached(() => this.#drain(Infinity));
  }

  #dropOldest(): void {
    const run = this.#waiting.shift()!;
    run.conclude();
    for (const delivery of this.#deliveries) delivery.refuse(run.kind());
  }

  #schedule(): void {
    if (!this.#turnLatch.ask(this.#clock.monotonic())) return;
    this.#detached(() => later(() => this.#turn()));
  }

  #turn(): void {
    this.#turnLatch.came();
    this.#drain(this.#clock.monotonic() + sliceMs);
    if (this.#waiting.length > 0) this.#schedule();
  }

  #drain(until: number): void {
    // Taken in one piece: what is added meanwhile has its own turn.
    const waiting = this.#waiting;
    this.#waiting = [];
    let taken = 0;
    for (const run of waiting) {
      taken += 1;
      this.#send(run);
      if (this.#clock.monotonic() > until) break;
    }
    this.#waiting = [...waiting.slice(taken), ...this.#waiting];
  }

  #send(run: Run): void {
    const host = this.#host!;
    try {
      run.conclude();
      const { plan } = run;
      if (run.kind() === "mismatch") this.#file(run);
      const { afterRun } = run.hooks;
      if (afterRun !== undefined) ask(host, plan, "afterRun", afterRun, undefined, [run.result()]);
      if (!this.wants(run.kind())) return;
      const result = run.result();
      for (const delivery of this.#deliveries) delivery.accept(result);
    } catch (error) {
      host.fault("internal", error, run.plan);
    }
  }

  /** Files a mismatch under its kind, and looks whether control agrees with itself. */
  #file(run: Run): void {
    const { plan } = run;
    const result: Result = run.result();
    const mismatches: Extract<Comparison, { kind: "mismatch" }>[] = [];
    const drawn = (): PresentedResult => present(result, { values: "hidden", redaction });
    result.candidates.forEach(({ comparison }, index) => {
      if (comparison.kind !== "mismatch") return;
      // Noise is looked for in the values themselves, not in what `clean` leaves of them.
      mismatches.push(run.trials[index]!.comparison as typeof comparison);
      const places = comparison.differences.slice(0, 5).map(({ path, kind }) => ({ path: hidePath(path), kind }));
      const isNew = plan.groups.record(comparison.signature, places, result.startedAt, drawn);
      if (isNew && plan.onNewMismatch) ask(plan.host, plan, "onNewMismatch", plan.onNewMismatch, undefined, [result]);
    });
    plan.noise?.consider(run, mismatches);
  }
}
