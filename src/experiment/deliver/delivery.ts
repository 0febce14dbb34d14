import { backoffMs, type Backoff } from "../../model/backoff.ts";
import type { Cancel } from "../../model/clock.ts";
import type { Operation } from "../../model/fault.ts";
import type { DeliveryCounts, Publisher } from "../../model/publisher.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import type { RolloutEvent } from "../../model/rollout.ts";
import type { TallyRecord } from "../../model/tally-record.ts";
import { sliceMs } from "../../model/turn.ts";
import { Breaker, timeoutError } from "./publisher-backoff.ts";
import { callForeign, type Ended } from "../runtime/promises.ts";
import { later } from "../runtime/event-loop.ts";
import { Backlog, type Job } from "./backlog.ts";
import { DropCount } from "./drop-count.ts";
import { DeliveryEnd } from "./delivery-end.ts";
import { attachPublisher, takesOf, type DeliveryServices, type Takes } from "./delivery-services.ts";
import { MemoryBudget } from "./memory-budget.ts";

const publishTimeoutMs = 5_000;
const mostAttempts = 3;
const retries: Backoff = { firstMs: 200, mostMs: Infinity };
/** A flush does not wait for a minute's pause of the breaker. */
const longestPauseWhileAwaitedMs = 250;
const eventDropped = "An event was dropped: 100 events are waiting already";
const talliesDropped = "Exact counts were dropped: 20 000 records of them are waiting already";

/**
 * One publisher behind its own queue: at most 1 000 results wait, and what the laboratory's bytes leave room for. When there is no room, matches go
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
  readonly #takes: Takes;
  readonly #backlog: Backlog;
  readonly #breaker: Breaker;
  readonly #drops: DropCount;
  #accepted = 0;
  #published = 0;
  #failed = 0;
  /** `calling`: inside the publisher's own code; `busy`: it returned a promise; `paused`: a timer is set for the next try. */
  #phase: "idle" | "scheduled" | "calling" | "busy" | "paused" = "idle";
  #cancelTimer: Cancel | undefined;
  /** The last publish was over when it returned. */
  #answersAtOnce = false;
  readonly #ending: DeliveryEnd;
  #closed = false;

  /** @param publisher checked before, by `toPublisher` */
  constructor(publisher: Publisher, services: DeliveryServices) {
    this.name = publisher.name;
    this.#publisher = publisher;
    this.#services = services;
    this.#kinds = publisher.kinds && new Set(publisher.kinds);
    this.#takes = takesOf(publisher);
    this.#breaker = new Breaker(() => services.random());
    this.#drops = new DropCount(services.clock, (error) => this.#fault("publish", error));
    this.#backlog = new Backlog(services.memory ?? new MemoryBudget(), (reason, count) => {
      const noRoom = this.#breaker.open ? "breaker-open" : "queue-full";
      this.#drops.add(reason === "too-many" ? noRoom : reason, count);
      this.#resolveDrained();
    });
    this.#ending = new DeliveryEnd({
      services,
      publisher,
      accepted: () => this.#accepted,
      drain: () => {
        this.#resolveDrained();
        if (this.#ending.isAwaited) this.#tryNow();
      },
      abandon: () => this.#abandon(),
      onFault: (operation, error) => this.#fault(operation, error),
    });
    attachPublisher(publisher, services, (error) => this.#fault("internal", error));
  }

  /** Takes a result, outside every caller's path and context. Never throws; a publisher that answers at once may get it at once. */
  accept(result: Result): void {
    if (this.#kinds !== undefined && !this.#kinds.has(result.kind)) return;
    this.#accepted += 1;
    if (this.#ending.isClosing) {
      this.#drops.closed();
      return;
    }
    if (this.#answersAtOnce && this.#phase === "idle" && !this.#backlog.waits && this.#backlog.job === undefined) {
      this.#attempt(this.#backlog.begin(result, this.#accepted));
    } else {
      this.#backlog.add(result, this.#accepted);
      this.#bound();
    }
    if (this.#backlog.waits) this.#schedule();
  }

  /** Counts a result that was given up before it got here: too many were waiting. */
  refuse(kind: ResultKind): void {
    if (this.#kinds !== undefined && !this.#kinds.has(kind)) return;
    this.#accepted += 1;
    this.#drops.add("queue-full", 1);
  }

  /** Takes what happened to a rollout, where the publisher cares. At most 100 wait; they go before results. */
  acceptEvent(event: RolloutEvent): void {
    if (!this.#takes.events || this.#ending.isClosing) return;
    if (this.#backlog.addEvent(event)) this.#fault("publish", new Error(eventDropped));
    this.#schedule();
  }

  /** Takes exact counts, where the publisher cares. At most 20 000 wait; they go before results. */
  acceptTallies(tallies: readonly TallyRecord[]): void {
    if (!this.#takes.tallies || this.#ending.isClosing) return;
    if (this.#backlog.addTallies(tallies) > 0) this.#fault("publish", new Error(talliesDropped));
    this.#schedule();
  }

  counts(): DeliveryCounts {
    return {
      accepted: this.#accepted,
      published: this.#published,
      failed: this.#failed,
      dropped: this.#drops.counts(),
      queued: this.#backlog.length,
    };
  }

  /** As {@link DeliveryEnd.flush}. */
  flush(timeoutMs?: number): Promise<boolean> {
    return this.#ending.flush(timeoutMs);
  }

  /** As {@link DeliveryEnd.close}. */
  close(timeoutMs?: number): Promise<boolean> {
    return this.#ending.close(timeoutMs);
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
      const until = clock.monotonic() + sliceMs();
      while (this.#phase === "idle" && !this.#closed) {
        // A flush, or the end, is waited for and has no turn to spare.
        if (!this.#ending.isAwaited && this.#backlog.job === undefined && clock.monotonic() > until) {
          this.#goOnLater();
          break;
        }
        // While the breaker is open this is a probe: it should cost one result at most.
        const { tallyBatches } = this.#takes;
        const job = this.#backlog.next(this.#takes.batches && !this.#breaker.open, tallyBatches);
        if (job === undefined) break;
        this.#attempt(job);
      }
    });
  }

  /** A publisher that answers synchronously gets some 5 ms of each turn of the event loop. */
  #goOnLater(): void {
    if (!this.#backlog.waits) return;
    this.#phase = "scheduled";
    later(() => {
      if (this.#phase === "scheduled") this.#pump();
    });
  }

  #attempt(job: Job): void {
    this.#phase = "calling";
    const ended = callForeign(() => this.#send(job));
    this.#answersAtOnce = ended.kind === "done" && !this.#takes.batches;
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
      end({ kind: "failed", error: timeoutError(this.name, publishTimeoutMs) }, "timed out");
    });
    ended.watch((how) => end(how, "later"));
  }

  #send({ results, event, tallies }: Job): unknown {
    if (event !== undefined) return this.#publisher.publishEvent!(event);
    const [tally] = tallies;
    if (tally !== undefined) {
      const batches = this.#takes.tallyBatches;
      return batches ? this.#publisher.publishTallyBatch!([...tallies]) : this.#publisher.publishTally!(tally);
    }
    // A copy of the list: what a publisher does with it changes no count.
    return this.#takes.batches ? this.#publisher.publishBatch!([...results]) : this.#publisher.publish(results[0]!);
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
    const again = this.#takes.idempotent && when !== "timed out" && job.failures < mostAttempts;
    if (!again) {
      this.#failed += job.results.length;
      this.#finished();
    }
    if (this.#breaker.open) this.#ending.giveUp();
    const retryMs = again ? backoffMs(retries, job.failures, this.#services.random) : 0;
    const pauseMs = Math.max(retryMs, this.#breaker.pauseMs);
    if (pauseMs > 0) this.#pause(pauseMs);
  }

  #finished(): void {
    this.#backlog.ended();
    this.#resolveDrained();
  }

  #pause(pauseMs: number): void {
    const awaited = this.#ending.isAwaited || this.#ending.isClosing;
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

  #bound(): void {
    this.#backlog.bound(this.#phase === "busy" || this.#phase === "paused");
    this.#resolveDrained();
  }

  /** At the end of `close`: nothing is delivered any more, and late answers are ignored. */
  #abandon(): void {
    this.#closed = true;
    this.#clearTimer();
    const failed = this.#backlog.job?.results.length ?? 0;
    const dropped = this.#backlog.length - failed;
    this.#failed += failed;
    this.#drops.add("closed", dropped);
    this.#drops.tell();
    this.#backlog.clear();
    this.#resolveDrained();
  }

  #fault(operation: Operation, error: unknown, job?: Job): void {
    const experiment = job?.event?.experiment ?? (job?.results.length === 1 ? job.results[0]!.experiment : undefined);
    this.#services.onFault({ operation, error, publisher: this.name, ...(experiment !== undefined && { experiment }) });
  }

  #resolveDrained(): void {
    this.#ending.resolveUpTo(this.#backlog.oldest);
  }

  /** A caller waits: a pause ends here, so that it is tried at once. */
  #tryNow(): void {
    if (this.#phase === "busy" || this.#phase === "calling") return;
    this.#clearTimer();
    this.#pump();
  }

  #clearTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
