import type { Clock } from "../../model/clock.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import type { RolloutEvent } from "../../model/rollout.ts";
import { bytesOf } from "../../records/value-bytes.ts";
import { later, nextTurn, TurnLatch } from "../runtime/event-loop.ts";
import type { Detached } from "../runtime/current-run.ts";
import { measureResult } from "../../records/result-bytes.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Delivery } from "./delivery.ts";
import { Novelty, ResultQueue } from "./result-queue.ts";

/** Something that has ended, and still has to be compared or handed on. */
export interface Comparable {
  /** Compares what was put off, and counts. Once: after that it does nothing. */
  conclude(): void;
  /** Concludes, and hands the result on. Never throws. */
  finish(receivers: Receivers): void;
  /** After `conclude`. */
  kind(): ResultKind;
  /** After `conclude`: the same each time. */
  result(): Result;
  /** The values and outcomes that it holds on to. */
  parts(): unknown[];
}

/** Who takes results. */
export interface Receivers {
  wants(kind: ResultKind): boolean;
  accept(result: Result): void;
}

const most = 1_000;
// The calls of one turn are not measured while they are few: looking at values costs time.
const unmeasured = 64;
const nodesLookedAt = 1_000;
const sliceMs = 10;
/** Half of what may wait for a publisher, who gets a turn before the next ones come. */
const mostATurn = 500;

/**
 * Runs that have ended and still have to be compared or handed on. Emptied in a later turn of the event loop,
 * outside every request's context, at most 10 ms and 500 calls a turn.
 *
 * At most 1 000 wait, and take half of the laboratory's bytes. To make room, the oldest is compared at once: a match, or what a
 * rule knows, is dropped and counted, anything else is kept beside the others, at most 1 000 and within the same bytes.
 */
export class ComparisonQueue implements Receivers {
  readonly #clock: Clock;
  readonly #detached: Detached;
  readonly #memory: MemoryBudget;
  #prefix: string | undefined;
  #deliveries: readonly Delivery[] = [];
  #wanted: ReadonlySet<ResultKind> | "all" = new Set();
  #waiting: Comparable[] = [];
  /** Of those that wait and were measured. */
  readonly #sizes = new Map<Comparable, number>();
  /** Compared before their turn, and worth telling. */
  readonly #kept = new ResultQueue<Comparable>();
  #keptSoFar = 0;
  readonly #novelty = new Novelty();
  readonly #turnLatch = new TurnLatch();
  #number = 0;
  /** What makes a monotonic stamp one of wall time, while a turn goes on. */
  #wallMs: number | undefined = undefined;

  constructor(clock: Clock, detached: Detached, memory: MemoryBudget) {
    this.#clock = clock;
    this.#detached = detached;
    this.#memory = memory;
  }

  /** @param wanted kinds that a publisher asks for, beyond mismatches */
  open(deliveries: readonly Delivery[], wanted: ReadonlySet<ResultKind> | "all"): void {
    this.#deliveries = deliveries;
    this.#wanted = wanted;
  }

  get length(): number {
    return this.#waiting.length + this.#kept.length;
  }

  wants(kind: ResultKind): boolean {
    return this.#wanted === "all" || this.#wanted.has(kind);
  }

  accept(result: Result): void {
    for (const delivery of this.#deliveries) delivery.accept(result);
  }

  /** Of all ids of this process's laboratory. Drawn with the first one: a Worker has no chance before a request. */
  get prefix(): string {
    return (this.#prefix ??= randomText());
  }

  nextId(): string {
    this.#number += 1;
    return `${this.prefix}-${this.#number}`;
  }

  /** The wall time of a monotonic stamp; both clocks are read once a turn. */
  wallTimeOf(stamp: number): number {
    return stamp + (this.#wallMs ?? this.#readWallMs());
  }

  /** @param now the monotonic stamp of this moment */
  add(run: Comparable, now: number): void {
    this.#waiting.push(run);
    if (this.#waiting.length > unmeasured) {
      const bytes = bytesOf(run.parts(), this.#memory.maxBytes, nodesLookedAt);
      this.#sizes.set(run, bytes);
      this.#memory.waitingBytes += bytes;
    }
    while (this.#waiting.length > most || (this.#memory.waitsTooMuch && this.#waiting.length > 1)) this.#makeRoom();
    this.#schedule(now);
  }

  event(event: RolloutEvent): void {
    this.#detached(() => {
      for (const delivery of this.#deliveries) delivery.acceptEvent(event);
    });
  }

  /**
   * Everything that waits now is compared and handed to the publishers' queues: up to 500 before this returns, and as many more in
   * each turn that follows, so that publishers who answer at once lose none of them.
   */
  async empty(): Promise<void> {
    for (let left = this.length; left > mostATurn; left -= mostATurn) {
      this.#detached(() => this.#drain(Infinity, mostATurn));
      await nextTurn();
    }
    this.#detached(() => this.#drain(Infinity, Infinity));
  }

  #readWallMs(): number {
    return this.#clock.now() - this.#clock.monotonic();
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
    const before = this.#kept.bytes;
    this.#keptSoFar += 1;
    this.#kept.push(run, this.#keptSoFar, this.#novelty.worthOf(result));
    this.#kept.measure(Infinity, () => measureResult(result, this.#memory.maxBytes));
    this.#memory.waitingBytes += this.#kept.bytes - before;
    while (this.#kept.length > most || (this.#memory.waitsTooMuch && this.#kept.length > 1)) {
      const given = this.#kept.giveUp()!;
      this.#memory.waitingBytes -= given.bytes ?? 0;
      this.#refuse(given.item);
    }
  }

  #refuse(run: Comparable): void {
    for (const delivery of this.#deliveries) delivery.refuse(run.kind());
  }

  #forget(run: Comparable): void {
    this.#memory.waitingBytes -= this.#sizes.get(run) ?? 0;
    this.#sizes.delete(run);
  }

  #schedule(now: number): void {
    if (!this.#turnLatch.ask(now)) return;
    this.#detached(() => later(() => this.#turn()));
  }

  #turn(): void {
    this.#turnLatch.came();
    // A publisher that answers at once is called within.
    this.#detached(() => this.#drain(this.#clock.monotonic() + sliceMs, mostATurn));
    if (this.length > 0) this.#schedule(this.#clock.monotonic());
  }

  #drain(until: number, most: number): void {
    this.#wallMs = this.#readWallMs();
    this.#finishSome(until, most);
    this.#wallMs = undefined;
  }

  #finishSome(until: number, most: number): void {
    let taken = 0;
    for (let kept = this.#kept.shift(); kept !== undefined; kept = this.#kept.shift()) {
      this.#memory.waitingBytes -= kept.bytes ?? 0;
      kept.item.finish(this);
      taken += 1;
      if (taken >= most || this.#clock.monotonic() > until) return;
    }
    // Taken in one piece: what is added meanwhile has its own turn.
    const waiting = this.#waiting;
    this.#waiting = [];
    let first = 0;
    for (const run of waiting) {
      first += 1;
      this.#forget(run);
      run.finish(this);
      taken += 1;
      if (taken >= most || this.#clock.monotonic() > until) break;
    }
    this.#waiting = [...waiting.slice(first), ...this.#waiting];
  }
}

/** Not by the laboratory's own chance, which two processes may have seeded alike. */
function randomText(): string {
  const numbers = globalThis.crypto?.getRandomValues(new Uint32Array(2)) ?? [Math.random() * 2 ** 32, Date.now()];
  return Array.from(numbers, (number) => Math.floor(number).toString(36)).join("");
}
