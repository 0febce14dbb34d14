import type { Cancel } from "../../model/clock.ts";
import { freezeAll } from "../../model/freeze-all.ts";
import type { DeliveryCounts } from "../../model/publisher.ts";
import type { PublisherTally, TallyRecord } from "../../model/tally-record.ts";
import { inSlices } from "../../records/in-slices.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";
import type { Services } from "../define/services.ts";
import type { Counters } from "../record/counters.ts";
import { isNothing, minus, nonZero } from "./added.ts";
import { PlanTallies } from "./plan-tallies.ts";

const everyMs = 60_000;

/** What tallies are made of, and who is told. */
export interface TallySources {
  readonly services: Services;
  plans(): readonly ExperimentPlan[];
  publishers(): Readonly<Record<string, DeliveryCounts>>;
  readonly unassigned: Counters;
  /** Those that take tallies. */
  readonly receivers: readonly { acceptTallies(tallies: readonly TallyRecord[]): void }[];
}

/**
 * Tells publishers what was counted since the last time: at the end of each minute of the wall clock, when an experiment is
 * replaced, and at the end.
 */
export class TallyRecords {
  readonly #of: TallySources;
  readonly #plans = new WeakMap<ExperimentPlan, PlanTallies>();
  #publishers: Readonly<Record<string, PublisherTally>> = {};
  #faults: Readonly<Record<string, number>> = {};
  #n = 0;
  #toldAt: number;
  #cancel: Cancel | undefined;

  constructor(of: TallySources) {
    this.#of = of;
    this.#toldAt = of.services.clock.now();
    if (of.receivers.length > 0) this.#schedule();
  }

  /** Tells everything that was added so far, before this returns. */
  tell(end = false): void {
    if (this.#of.receivers.length === 0) return;
    const from = this.#toldAt;
    for (const plan of this.#of.plans()) this.#tellOf(plan, from);
    this.#tellOfProcess(from, end);
  }

  /** Tells the rest, and nothing more. */
  end(): void {
    this.#cancel?.();
    this.tell(true);
  }

  #schedule(): void {
    const { services } = this.#of;
    const { clock } = services;
    const delayMs = everyMs - (((clock.now() % everyMs) + everyMs) % everyMs || 0);
    this.#cancel = services.detached(() =>
      clock.after(delayMs, () => {
        if (services.closed) return;
        this.#schedule();
        void this.#tellInSlices();
      }),
    );
  }

  /** Of thousands of experiments at most some 10 ms in one turn of the event loop. */
  async #tellInSlices(): Promise<void> {
    const from = this.#toldAt;
    const tellOf = (plan: ExperimentPlan): void => this.#tellOf(plan, from);
    await inSlices(
      this.#of.plans(),
      // One step, with nothing to pause in.
      function* (plan) {
        tellOf(plan);
      },
      true,
    );
    if (!this.#of.services.closed) this.#tellOfProcess(from, false);
  }

  #tellOf(plan: ExperimentPlan, from: number): void {
    let tallies = this.#plans.get(plan);
    if (tallies === undefined) this.#plans.set(plan, (tallies = new PlanTallies(plan)));
    this.#send(tallies.take(), from);
  }

  #tellOfProcess(from: number, end: boolean): void {
    const publishers = this.#publisherChanges();
    const faults = { ...this.#of.unassigned.faults } as Readonly<Record<string, number>>;
    const added = nonZero(minus(faults, this.#faults));
    this.#faults = faults;
    this.#send([{ publishers, faults: added, ...(end && { end: true as const }) }], from);
    this.#toldAt = this.#of.services.clock.now();
  }

  #send(records: readonly object[], from: number): void {
    if (records.length === 0) return;
    const { services, receivers } = this.#of;
    const { build } = services.labels;
    const to = services.clock.now();
    const tallies = records.map((record) => {
      this.#n += 1;
      return freezeAll({
        ...({ v: 2, type: "tally", process: services.comparisonQueue.prefix } as const),
        ...(build !== undefined && { build }),
        ...{ n: this.#n, from, to },
        ...record,
      } as TallyRecord);
    });
    services.detached(() => {
      for (const receiver of receivers) receiver.acceptTallies(tallies);
    });
  }

  #publisherChanges(): Readonly<Record<string, PublisherTally>> {
    const changes: [string, PublisherTally][] = [];
    const totals: [string, PublisherTally][] = [];
    for (const [name, { accepted, published, failed, dropped }] of Object.entries(this.#of.publishers())) {
      const total = { accepted, published, failed, dropped };
      totals.push([name, total]);
      const before = Object.hasOwn(this.#publishers, name) ? this.#publishers[name]! : undefined;
      const counts = minus({ accepted, published, failed }, before ?? {});
      const drops = nonZero(minus(dropped, before?.dropped ?? {}));
      if (!isNothing(counts) || !isNothing(drops)) changes.push([name, { ...counts, dropped: drops }]);
    }
    this.#publishers = Object.fromEntries(totals);
    return Object.fromEntries(changes);
  }
}
