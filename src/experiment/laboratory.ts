import { systemClock, type Cancel } from "../model/clock.ts";
import { SidelaneError } from "../model/errors.ts";
import { checkOptions } from "../model/check-options.ts";
import type { Rollout } from "../model/rollout.ts";
import type { FlushReport } from "../model/publisher.ts";
import type { StartRecord } from "../model/start-record.ts";
import { Counters } from "./record/counters.ts";
import { planOf } from "./define/compile-experiment.ts";
import { Delivery } from "./deliver/delivery.ts";
import { faultHandler, type Services } from "./define/services.ts";
import { bindRollout, closeRollout, rolloutsEnd } from "./bind-rollout.ts";
import { checkEnd, checkLaboratory, type LaboratoryOptions } from "./define/laboratory-options.ts";
import { environmentSwitch } from "./runtime/environment-switch.ts";
import { nextTurn } from "./runtime/event-loop.ts";
import { openServices, publishersOf, wantedBy } from "./open-services.ts";
import type { ExperimentPlan } from "./define/experiment-plan.ts";
import { reportOf } from "./status/text-report.ts";
import { safeClock, safeRandom } from "./runtime/safe-clock.ts";
import { Science } from "./call/science.ts";
import { startOf } from "./status/start.ts";
import { TallyRecords } from "./status/tally-records.ts";
import { statusOf, type ExperimentStatus, type LaboratoryStatus } from "./status/status.ts";
import type { ExperimentMaker, ScienceMaker } from "./define/definition.ts";
import type { UncheckedDefinition } from "./define/options.ts";
import { comparisonMaker } from "./call/begin.ts";
import { isBusy, somethingEnds } from "./plans-in-use.ts";
import { wrap } from "./call/wrap.ts";
import type { ComparisonMaker } from "./reported/comparison-call.ts";

declare global {
  // As in TypeScript's `esnext.disposable`, for programs that are checked without that library and without Node's types.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
  interface AsyncDisposable {
    [Symbol.asyncDispose](): PromiseLike<void>;
  }
}

const closeTimeoutMs = 5_000;

/**
 * What experiments share: publishers, switch, limits, clock, and an end.
 *
 * @throws {SidelaneError} `invalid-definition` for an option that it cannot take
 */
export class Laboratory implements AsyncDisposable {
  /** Wraps a control. The function that comes back has control's own type, and returns what control returns. */
  readonly experiment: ExperimentMaker;
  /** Runs an experiment once, at once, for closures inside a method. All calls under one name share one tally. */
  readonly science: ScienceMaker;
  /**
   * Defines an experiment that calls neither side: a program that has both outcomes, or makes them in ways that no wrapper can, begins a
   * call, learns who serves and whether to compare, and reports them.
   */
  readonly comparison: ComparisonMaker;
  readonly #services: Services;
  readonly #plans = new Map<string, ExperimentPlan>();
  readonly #science: Science;
  readonly #deliveries: readonly Delivery[];
  readonly #tallies: TallyRecords;
  readonly #unassigned = new Counters();
  readonly #killed = environmentSwitch() === "off";
  #replaced: readonly ExperimentPlan[] = [];
  // Until an experiment is defined.
  #started: StartRecord | undefined = undefined;
  #ending: Promise<void> | undefined;
  #closing: Promise<FlushReport> | undefined;
  constructor(options: LaboratoryOptions = {}) {
    checkLaboratory(options);
    const fault = faultHandler(options.onFault, this.#unassigned);
    const clock = safeClock(options.clock ?? systemClock, (error) => fault("clock", error));
    const random = safeRandom(options.random, (error) => fault("random", error));
    const publishers = publishersOf(options.publishers ?? []);
    this.#services = openServices(
      options,
      clock,
      random,
      fault,
      publishers,
      !this.#killed && options.enabled !== false,
    );
    this.#deliveries = publishers.map(
      (publisher) =>
        new Delivery(publisher, {
          clock,
          random,
          detached: this.#services.detached,
          memory: this.#services.memory,
          start: () => (this.#started ??= startOf(this.#services, [...this.#plans.values()])),
          onFault: (each) => fault(each.operation, each.error, undefined, each.publisher),
        }),
    );
    if (environmentSwitch() === "unknown") {
      const message = "SIDELANE is neither `on` nor `off` in the environment, and is taken for `on`";
      fault("internal", new SidelaneError("invalid-option", message));
    }
    this.#services.comparisonQueue.open(this.#deliveries, wantedBy(publishers));
    this.#tallies = new TallyRecords({
      services: this.#services,
      plans: () => this.#allPlans(),
      publishers: () => this.#counts(),
      unassigned: this.#unassigned,
      receivers: this.#deliveries.filter((_, index) => publishers[index]!.publishTally !== undefined),
    });
    this.#science = new Science(this.#services, (name, definition) => this.#add(name, definition));
    this.experiment = ((name: string, definition: never) => wrap(this.#add(name, definition))) as ExperimentMaker;
    this.comparison = comparisonMaker(this.#services, (plan, replaces) => this.#register(plan, replaces));
    this.science = ((name: string, definition: never) => this.#science.run(name, definition)) as ScienceMaker;
  }

  /** The kill switch: while `false`, every call runs its control alone. `SIDELANE=off` cannot be overruled. */
  get enabled(): boolean {
    return this.#services.open;
  }

  set enabled(enabled: boolean) {
    const services = this.#services;
    services.killed = !enabled || this.#killed;
    services.open = !services.killed && !services.closed;
  }

  /** Everything counted so far, as plain data. */
  status(): LaboratoryStatus {
    // Not by assignment: an experiment may be called `__proto__`.
    const experiments: Record<string, ExperimentStatus> = Object.fromEntries(
      [...this.#plans].map(([name, plan]) => [name, statusOf(plan)]),
    );
    return {
      enabled: this.#services.open,
      closed: this.#services.closed,
      candidatesInFlight: this.#services.inFlight.count,
      experiments,
      publishers: this.#counts(),
      memory: this.#services.memory.status(),
      faults: { ...this.#unassigned.faults },
    };
  }

  /** The rollout that an experiment was defined with; `undefined` without one, and without an experiment of that name. */
  readonly rollout = (name: string): Rollout | undefined => this.#plans.get(name)?.rollout;

  /**
   * One readable page about an experiment: stage, traffic, verdict and what is missing, latencies, kinds of mismatch,
   * faults, cost. Without a name, a page about each.
   *
   * @throws {SidelaneError} `invalid-option` when there is no experiment of that name
   */
  report(name?: string): string {
    if (name === undefined) return [...this.#plans.values()].map(reportOf).join("\n");
    const plan = this.#plans.get(name);
    if (plan !== undefined) return reportOf(plan);
    return checkOptions("report").fail(
      "name",
      "that of an experiment",
      name,
      `There are: ${[...this.#plans.keys()].join(", ") || "none"}`,
    );
  }

  /**
   * Waits until every run that has started has ended, been compared and been handed to the publishers.
   *
   * A candidate that hangs holds it until it times out. Calls of experiments that were replaced are waited for as well.
   * Keeps the process alive meanwhile, and costs no processor time.
   *
   * @throws {AggregateError} under `throwOnMismatch`: what could be thrown to no caller
   */
  async settled(): Promise<void> {
    while (this.#busy()) {
      if (this.#services.comparisonQueue.length > 0) await nextTurn();
      else await this.#somethingEnds();
    }
    if (this.#replaced.length > 0) this.#tallies.tell();
    this.#replaced = [];
    this.#throwUntold();
  }

  /**
   * Waits until what has ended so far is compared and published. Keeps the process alive meanwhile. Candidates that are
   * still running are not waited for; `settled` waits for them.
   *
   * @param options.timeoutMs 0 or more; without it 10 s, or until a publisher that keeps failing fails again
   */
  async flush(options: { readonly timeoutMs?: number } = {}): Promise<FlushReport> {
    checkEnd("flush", options);
    await this.#services.comparisonQueue.empty();
    const done = await Promise.all(this.#deliveries.map((delivery) => delivery.flush(options.timeoutMs)));
    return { complete: done.every(Boolean), publishers: this.#counts() };
  }

  /**
   * Ends the laboratory: from now on every call runs its control alone. Candidates in flight get until the deadline, then
   * they have timed out; what publishers have not taken by then is dropped and counted. Keeps the process alive until then.
   * A second call has the same answer. Under `throwOnMismatch` it rejects, after closing everything, with an
   * `AggregateError` of what could be thrown to no caller.
   *
   * @param options `timeoutMs`, 0 or more, is the deadline; 5 000 by default
   * @throws {SidelaneError} `invalid-option` (it rejects, and nothing is closed)
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<FlushReport> {
    try {
      checkEnd("close", options);
    } catch (error) {
      return Promise.reject(error);
    }
    return (this.#closing ??= this.#close(options.timeoutMs ?? closeTimeoutMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => undefined);
  }

  async #close(timeoutMs: number): Promise<FlushReport> {
    const services = this.#services;
    const deadline = services.clock.monotonic() + timeoutMs;
    services.open = false;
    services.closed = true;
    services.deferred.abandonAll();
    // Candidates get most of the time, publishers the rest and whatever candidates leave.
    await this.#runsEnd(timeoutMs * 0.6);
    services.deadlines.expireAll();
    await services.comparisonQueue.empty();
    await rolloutsEnd(services, [...this.#plans.values()], timeoutMs * 0.2);
    // What was published by then stands in the last counts.
    if (services.tells) await this.#flushed((deadline - services.clock.monotonic()) * 0.6);
    this.#tallies.end();
    const left = Math.max(0, deadline - services.clock.monotonic());
    const done = await Promise.all(this.#deliveries.map((delivery) => delivery.close(left)));
    this.#throwUntold();
    return { complete: done.every(Boolean), publishers: this.#counts() };
  }

  async #flushed(timeoutMs: number): Promise<void> {
    if (this.#deliveries.every((each) => each.counts().queued === 0)) return;
    await Promise.all(this.#deliveries.map((delivery) => delivery.flush(Math.max(0, timeoutMs))));
  }

  #throwUntold(): void {
    const error = this.#services.untold.take();
    if (error !== undefined) throw error;
  }

  async #runsEnd(timeoutMs: number): Promise<void> {
    const { clock, inFlight } = this.#services;
    if (inFlight.count === 0) return;
    let cancel: Cancel = () => undefined;
    await new Promise<void>((resolve) => {
      cancel = clock.after(timeoutMs, resolve, true);
      inFlight.whenNone(resolve);
    });
    cancel();
    // The last of them may have answered before its control.
    await nextTurn();
  }

  #busy(): boolean {
    return this.#services.comparisonQueue.length > 0 || this.#allPlans().some(isBusy);
  }

  /** Those that were replaced while calls of theirs were in flight, too. */
  #allPlans(): readonly ExperimentPlan[] {
    return [...this.#plans.values(), ...this.#replaced];
  }

  #somethingEnds(): Promise<void> {
    return (this.#ending ??= somethingEnds(this.#allPlans(), () => (this.#ending = undefined)));
  }

  #add(name: string, definition: UncheckedDefinition): ExperimentPlan {
    return this.#register(planOf(name, definition, this.#services), definition.replace === true);
  }

  #register(plan: ExperimentPlan, replaces: boolean): ExperimentPlan {
    const { name, place } = plan;
    if (this.#plans.has(name) && !replaces) {
      throw new SidelaneError(
        "name-taken",
        `${place}: this laboratory has an experiment of that name. Choose another; define it once, outside the class or function, where this runs once an instance or a call (a class field, a constructor, a handler), or use \`science\` there; or pass \`replace: true\` (hot reloading)`,
      );
    }
    const replaced = this.#plans.get(name);
    if (replaced && replaced.rollout !== plan.rollout) void closeRollout(replaced);
    if (replaced) this.#tallies.tell();
    if (replaced) this.#replaced = [...this.#replaced, replaced].filter(isBusy);
    bindRollout(plan);
    this.#plans.set(name, plan);
    this.#started = undefined;
    return plan;
  }

  #counts(): FlushReport["publishers"] {
    return Object.fromEntries(this.#deliveries.map((delivery) => [delivery.name, delivery.counts()]));
  }
}
