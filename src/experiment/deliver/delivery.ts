import type { Cancel, Clock } from "../../model/clock.ts";
import type { Fault, Operation } from "../../model/fault.ts";
import type { DeliveryCounts, DropReason, Publisher } from "../../model/publisher.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import type { RolloutEvent } from "../../model/rollout.ts";
import { DeliveryEnd } from "./delivery-end.ts";
import { DropCount } from "./drop-count.ts";
import { Breaker } from "./publisher-backoff.ts";
import { callForeign, type Ended } from "../runtime/promises.ts";
import { later } from "../runtime/event-loop.ts";
import { Novelty, ResultQueue } from "./result-queue.ts";
import { measureResult } from "./result-size.ts";

const mostResults = 1_000;
const mostBytes = 8_000_000;
const mostEvents = 100;
const batchSize = 100;
const publishTimeoutMs = 5_000;
const mostAttempts = 3;
const firstRetryMs = 200;
/** A flush does not wait for a minute's pause of the breaker. */
const longestPauseWhileAwaitedMs = 250;
const sliceMs = 10;

/** What a delivery needs from its laboratory. */
export interface DeliveryServices {
  readonly clock: Clock;
  /** From 0 up to 1, for jitter. */
  random(): number;
  /** Told of every fault, also repeated ones. */
  onFault(fault: Fault): void;
  /** Runs outside of any request's context, so that no publisher runs or arms a timer as the tenant of a request. */
  detached<T>(run: () => T): T;
}

interface Job {
  readonly results: readonly Result[];
  readonly event: RolloutEvent | undefined;
  /** The running number of its first result; `Infinity` for an event. */
  readonly number: number;
  failures: number;
}

/**
 * One publisher behind its own bounded queue: at most 1 000 results and 8 MB wait. When there is no room, matches go
 * first, then what a rule knows, then the newest of what is like others, and last the first of a new kind. All are counted,
 * and told as one fault a minute.
 *
 * One publish at a time, each of at most 5 s; batches of at most 100 where the publisher takes batches. What fails is
 * tried again (twice) only where the publisher says that it is `idempotent`. A publisher that keeps rejecting or hanging
 * gets pauses, in which results wait. One that answers synchronously is called in a plain loop.
 *
 * At every moment: accepted = published + failed + dropped + queued.
 */
export class Delivery {
  readonly name: string;
  readonly #publisher: Publisher;
  readonly #services: DeliveryServices;
  readonly #kinds: ReadonlySet<string> | undefined;
  readonly #batches: boolean;
  readonly #idempotent: boolean;
  readonly #takesEvents: boolean;
  readonly #queue = new ResultQueue<Result>();
  readonly #novelty = new Novelty();
  readonly #events: RolloutEvent[] = [];
  readonly #breaker: Breaker;
  readonly #dropped: DropCount;
  readonly #end: DeliveryEnd;
  #accepted = 0;
  #published = 0;
  #failed = 0;
  /** `calling`: inside the publisher's own code; `busy`: it returned a promise; `paused`: a timer is set for the next try. */
  #phase: "idle" | "scheduled" | "calling" | "busy" | "paused" = "idle";
  #job: Job | undefined;
  #cancelTimer: Cancel | undefined;
  #closed = false;

  /** @param publisher checked before, by `toPublisher` */
  constructor(publisher: Publisher, services: DeliveryServices) {
    this.name = publisher.name;
    this.#publisher = publisher;
    this.#services = services;
    this.#kinds = publisher.kinds && new Set(publisher.kinds);
    this.#batches = publisher.publishBatch !== undefined;
    this.#idempotent = publisher.idempotent === true;
    this.#takesEvents = publisher.publishEvent !== undefined;
    this.#breaker = new Breaker(() => services.random());
    this.#dropped = new DropCount(services.clock, (error) => this.#fault("publish", error));
    this.#end = new DeliveryEnd({
      services,
      publisher,
      accepted: () => this.#accepted,
      drain: () => this.#drain(),
      abandon: () => this.#abandon(),
      onFault: (operation, error) => this.#fault(operation, error),
    });
    const attached = callForeign(() =>
      publisher.attach?.({ onFault: (fault) => services.onFault({ publisher: this.name, ...fault }) }),
    );
    if (attached.kind === "failed") this.#fault("internal", attached.error);
    if (attached.kind === "waiting") attached.watch(() => undefined);
  }

  /** Takes a result; called outside of every caller's path and context. Constant time, never throws. */
  accept(result: Result): void {
    if (this.#kinds !== undefined && !this.#kinds.has(result.kind)) return;
    this.#accepted += 1;
    if (this.#end.isClosing) {
      this.#dropped.closed();
      return;
    }
    this.#queue.push(result, this.#accepted, this.#novelty.worthOf(result));
    this.#bound();
    this.#schedule();
  }

  /** Counts a result that was given up before it got here: too many were waiting. */
  refuse(kind: ResultKind): void {
    if (this.#kinds !== undefined && !this.#kinds.has(kind)) return;
    this.#accepted += 1;
    this.#dropped.add("queue-full", 1);
  }

  /** Takes what happened to a rollout, where the publisher cares. At most 100 wait; they go before results. */
  acceptEvent(event: RolloutEvent): void {
    if (!this.#takesEvents || this.#end.isClosing) return;
    this.#events.push(event);
    if (this.#events.length > mostEvents) {
      this.#events.shift();
      this.#fault("publish", new Error("An event was dropped: 100 events are waiting already"));
    }
    this.#schedule();
  }

  counts(): DeliveryCounts {
    return {
      accepted: this.#accepted,
      published: this.#published,
      failed: this.#failed,
      dropped: this.#dropped.counts(),
      queued: this.#queue.length + (this.#job?.results.length ?? 0),
    };
  }

  /** See {@link DeliveryEnd.flush}. */
  flush(timeoutMs?: number): Promise<boolean> {
    return this.#end.flush(timeoutMs);
  }

  /** See {@link DeliveryEnd.close}. */
  close(timeoutMs?: number): Promise<boolean> {
    return this.#end.close(timeoutMs);
  }

  // ---- one publish at a time

  #schedule(): void {
    if (this.#phase !== "idle") return;
    this.#phase = "scheduled";
    // In a microtask, so that results of one turn become one batch.
    queueMicrotask(() => {
      if (this.#phase === "scheduled") this.#pump();
    });
  }

  #pump(): void {
    this.#phase = "idle";
    this.#services.detached(() => {
      const { clock } = this.#services;
      const until = clock.monotonic() + sliceMs;
      while (this.#phase === "idle" && !this.#closed) {
        // A flush, or the end, is waited for and has no turn to spare.
        if (!this.#end.isAwaited && this.#job === undefined && clock.monotonic() > until) {
          this.#goOnLater();
          break;
        }
        this.#job ??= this.#next();
        if (this.#job === undefined) break;
        this.#attempt(this.#job);
      }
    });
  }

  /** A publisher that answers synchronously gets 10 ms of each turn of the event loop. */
  #goOnLater(): void {
    if (this.#queue.length === 0 && this.#events.length === 0) return;
    this.#phase = "scheduled";
    later(() => {
      if (this.#phase === "scheduled") this.#pump();
    });
  }

  #next(): Job | undefined {
    const event = this.#events.shift();
    if (event !== undefined) return { results: [], event, number: Infinity, failures: 0 };
    const first = this.#queue.shift();
    if (first === undefined) return undefined;
    const results = [first.item];
    // While the breaker is open this is a probe: it should cost one result at most.
    const most = this.#batches && !this.#breaker.open ? batchSize : 1;
    while (results.length < most && this.#queue.length > 0) results.push(this.#queue.shift()!.item);
    return { results, event: undefined, number: first.number, failures: 0 };
  }

  #attempt(job: Job): void {
    this.#phase = "calling";
    const ended = callForeign(() => this.#send(job));
    if (ended.kind !== "waiting") {
      this.#phase = "idle";
      this.#ended(job, ended, "at once");
      return;
    }
    this.#phase = "busy";
    this.#bound();
    let open = true;
    const end = (how: Ended, when: "later" | "timed out"): void => {
      if (!open || this.#closed) return; // It settled after its time was up: it was counted then.
      open = false;
      this.#clearTimer();
      this.#phase = "idle";
      this.#ended(job, how, when);
      if (this.#phase === "idle") this.#pump();
    };
    this.#cancelTimer = this.#services.clock.after(publishTimeoutMs, () => {
      end({ kind: "failed", error: timeoutError(this.name) }, "timed out");
    });
    ended.watch((how) => end(how, "later"));
  }

  #send({ results, event }: Job): unknown {
    if (event !== undefined) return this.#publisher.publishEvent!(event);
    return this.#batches ? this.#publisher.publishBatch!(results) : this.#publisher.publish(results[0]!);
  }

  #ended(job: Job, how: Ended, when: "at once" | "later" | "timed out"): void {
    if (how.kind === "done") {
      this.#breaker.succeeded();
      this.#published += job.results.length;
      this.#finished();
      return;
    }
    this.#fault("publish", how.error, job);
    job.failures += 1;
    // A synchronous throw costs next to nothing, so that there is nothing to be spared from.
    if (when !== "at once") this.#breaker.failed();
    const again = this.#idempotent && when !== "timed out" && job.failures < mostAttempts;
    if (!again) {
      this.#failed += job.results.length;
      this.#finished();
    }
    if (this.#breaker.open) this.#end.giveUp();
    const retryMs = again ? firstRetryMs * 2 ** (job.failures - 1) * (0.5 + this.#services.random() / 2) : 0;
    const pauseMs = Math.max(retryMs, this.#breaker.pauseMs);
    if (pauseMs > 0) this.#pause(pauseMs);
  }

  #finished(): void {
    this.#job = undefined;
    this.#resolveDrained();
  }

  #pause(pauseMs: number): void {
    const awaited = this.#end.isAwaited || this.#end.isClosing;
    this.#phase = "paused";
    this.#bound();
    this.#cancelTimer = this.#services.clock.after(
      awaited ? Math.min(pauseMs, longestPauseWhileAwaitedMs) : pauseMs,
      () => {
        this.#cancelTimer = undefined;
        this.#pump();
      },
    );
  }

  // ---- what is lost is counted

  /** Gives up what is worth least until the rest fits; sizes only matter to those that have to wait. */
  #bound(): void {
    if (this.#phase === "busy" || this.#phase === "paused") {
      const tooLarge = this.#queue.measure(mostBytes, (result) => measureResult(result, mostBytes));
      if (tooLarge > 0) this.#dropped.add("too-large", tooLarge);
    }
    const inFlight = this.#job?.results.length ?? 0;
    const reason: DropReason = this.#breaker.open ? "breaker-open" : "queue-full";
    while (this.#queue.length > 0 && (this.#queue.length + inFlight > mostResults || this.#queue.bytes > mostBytes)) {
      this.#queue.giveUp();
      this.#dropped.add(reason, 1);
    }
    this.#resolveDrained();
  }

  /** At the end of `close`: nothing is delivered any more, and late answers are ignored. */
  #abandon(): void {
    this.#closed = true;
    this.#clearTimer();
    this.#failed += this.#job?.results.length ?? 0;
    this.#job = undefined;
    if (this.#queue.length > 0) this.#dropped.add("closed", this.#queue.length);
    this.#dropped.tell();
    this.#queue.clear();
    this.#events.length = 0;
    this.#resolveDrained();
  }

  #fault(operation: Operation, error: unknown, job?: Job): void {
    const experiment = job?.event?.experiment ?? (job?.results.length === 1 ? job.results[0]!.experiment : undefined);
    this.#services.onFault({ operation, error, publisher: this.name, ...(experiment !== undefined && { experiment }) });
  }

  /** Tells of what has ended, and tries the rest at once: a caller waits, so a pause ends here. */
  #drain(): void {
    this.#resolveDrained();
    if (!this.#end.isAwaited || this.#phase === "busy" || this.#phase === "calling") return;
    this.#clearTimer();
    this.#pump();
  }

  #resolveDrained(): void {
    if (!this.#end.isAwaited || this.#events.length > 0 || this.#job?.event !== undefined) return;
    this.#end.resolveUpTo(this.#job?.number ?? this.#queue.first?.number ?? Infinity);
  }

  #clearTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

function timeoutError(name: string): Error {
  const error = new Error(`Publisher ${JSON.stringify(name)} did not settle within ${publishTimeoutMs} ms`);
  error.name = "TimeoutError";
  return error;
}
