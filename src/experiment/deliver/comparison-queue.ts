import type { Clock } from "../../model/clock.ts";
import type { Comparison } from "../../model/comparison.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import type { RolloutEvent } from "../../model/rollout.ts";
import { bytesOf } from "../../records/value-bytes.ts";
import { hidePath, present, type PresentedResult } from "../../records/present.ts";
import { compileRedaction } from "../../records/redaction.ts";
import type { Delivery } from "./delivery.ts";
import { ask, type Host } from "../define/services.ts";
import { later, TurnLatch } from "../runtime/event-loop.ts";
import type { Detached } from "../runtime/current-run.ts";
import type { Run } from "../run/run.ts";
import { Novelty, ResultQueue } from "./result-queue.ts";
import { measureResult, partOf } from "./result-size.ts";

const most = 1_000;
// Half of the 64 MB that a laboratory may keep: each of both parts below has a half of that.
const mostBytes = 16_000_000;
// A few calls of one turn are not measured: looking at values costs their callers time.
const unmeasured = 8;
const nodesLookedAt = 1_000;
const sliceMs = 10;
const redaction = compileRedaction();

/**
 * Runs that have ended and still have to be compared, or told to somebody. Emptied in a later turn of the event loop,
 * outside of every request's context, at most 10 ms a turn.
 *
 * At most 1 000 and about 16 MB wait. To make room, the oldest is compared at once: a match, or what a rule knows, is dropped
 * and counted, anything else is kept beside the others, of which again at most 1 000 and 16 MB.
 */
export class Outbox {
  readonly #clock: Clock;
  readonly #detached: Detached;
  readonly #prefix: string;
  #deliveries: readonly Delivery[] = [];
  #wanted: ReadonlySet<ResultKind> | "all" = new Set();
  #host: Host | undefined;
  #waiting: Run[] = [];
  /** Of those that wait and were measured. */
  readonly #sizes = new Map<Run, number>();
  #bytes = 0;
  /** Compared before their turn, and worth telling. */
  readonly #kept = new ResultQueue<Run>();
  #keptSoFar = 0;
  readonly #novelty = new Novelty();
  readonly #turnLatch = new TurnLatch();
  #number = 0;

  constructor(clock: Clock, detached: Detached) {
    this.#clock = clock;
    this.#detached = detached;
    this.#prefix = randomText();
  }

  /** @param wanted kinds that somebody wants to see, beyond mismatches */
  open(host: Host, deliveries: readonly Delivery[], wanted: ReadonlySet<ResultKind> | "all"): void {
    this.#host = host;
    this.#deliveries = deliveries;
    this.#wanted = wanted;
  }

  get length(): number {
    return this.#waiting.length + this.#kept.length;
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
    if (this.#waiting.length > unmeasured) {
      const bytes = bytesOf(partsOf(run), mostBytes, nodesLookedAt);
      this.#sizes.set(run, bytes);
      this.#bytes += bytes;
    }
    while (this.#waiting.length > most || (this.#bytes > mostBytes && this.#waiting.length > 1)) this.#makeRoom();
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

  #makeRoom(): void {
    const run = this.#waiting.shift()!;
    this.#forget(run);
    run.conclude();
    if (run.kind() === "match" || run.kind() === "ignored") {
      this.#refuse(run);
      return;
    }
    const result = run.result();
    this.#keptSoFar += 1;
    this.#kept.push(run, this.#keptSoFar, this.#novelty.worthOf(result));
    this.#kept.measure(Infinity, () => measureResult(result, mostBytes));
    while (this.#kept.length > most || (this.#kept.bytes > mostBytes && this.#kept.length > 1)) {
      this.#refuse(this.#kept.giveUp()!.item);
    }
  }

  #refuse(run: Run): void {
    for (const delivery of this.#deliveries) delivery.refuse(run.kind());
  }

  #forget(run: Run): void {
    this.#bytes -= this.#sizes.get(run) ?? 0;
    this.#sizes.delete(run);
  }

  #schedule(): void {
    if (!this.#turnLatch.ask(this.#clock.monotonic())) return;
    this.#detached(() => later(() => this.#turn()));
  }

  #turn(): void {
    this.#turnLatch.came();
    this.#drain(this.#clock.monotonic() + sliceMs);
    if (this.length > 0) this.#schedule();
  }

  #drain(until: number): void {
    for (let kept = this.#kept.shift(); kept !== undefined; kept = this.#kept.shift()) {
      this.#send(kept.item);
      if (this.#clock.monotonic() > until) return;
    }
    // Taken in one piece: what is added meanwhile has its own turn.
    const waiting = this.#waiting;
    this.#waiting = [];
    let taken = 0;
    for (const run of waiting) {
      taken += 1;
      this.#forget(run);
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

/** What a run holds on to. */
function partsOf({ control, trials, args, context }: Run): unknown[] {
  return [partOf(control), args, context, ...trials.map(({ outcome }) => partOf(outcome))];
}

/** Not by the laboratory's own chance, which two processes may have seeded alike. */
function randomText(): string {
  const numbers = globalThis.crypto?.getRandomValues(new Uint32Array(2)) ?? [Math.random() * 2 ** 32, Date.now()];
  return Array.from(numbers, (number) => Math.floor(number).toString(36)).join("");
}
