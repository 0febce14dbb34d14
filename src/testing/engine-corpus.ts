import { Laboratory } from "../experiment/laboratory.ts";
import { toPublisher, type Publisher, type PublisherLike } from "../model/publisher.ts";
import type { TallyRecord } from "../model/tally-record.ts";
import { ramp } from "../rollout/ramp/ramp.ts";
import type { WritesStanding } from "../model/writes-standing.ts";
import { standing } from "./store-writes.ts";
import { fixedClock } from "./fixed-clock.ts";
import { seededRandom } from "./seeded-random.ts";

/** How much evidence a corpus holds. */
export interface CorpusSize {
  readonly experiments: number;
  readonly processes: number;
  readonly minutes: number;
  /** A minute and experiment. */
  readonly calls: number;
}

export const corpusSize: CorpusSize = { experiments: 20, processes: 6, minutes: 8, calls: 12 };

const price = (n: number): unknown => ({ order: n, total: n * 1.2, lines: [{ sku: `s${n % 5}`, price: n }] });

function candidateOf(experiment: number, version: string): (n: number) => unknown {
  return (n) => {
    if ((n + experiment) % 11 === 0) return { order: n, total: String(n * 1.2), lines: [] };
    if (version === "v3" && n % 7 === 3) return { order: n, total: n * 1.2 + 1, lines: [{ sku: "s", price: "n" }] };
    if (n % 29 === 5) throw new RangeError("no such order");
    return price(n);
  };
}

/**
 * Writes what a fleet tells in some minutes: processes of three versions, rollouts with events, keys that several of them saw, faults, a
 * parallel writes that three of them look at, a process that was killed before its first counts and one after them, records that never came, and some that came twice.
 *
 * @param receivers each makes a publisher; called once for each process
 */
export async function writeCorpus(
  receivers: readonly (() => PublisherLike)[],
  size: CorpusSize = corpusSize,
): Promise<void> {
  const clock = fixedClock(Date.UTC(2026, 0, 5, 9));
  const random = seededRandom(28);
  const fleet = Array.from({ length: size.processes }, (_, index) => {
    const version = `v${1 + (index % 3)}`;
    const life = { ended: false };
    const publishers = receivers.map((receiver, place) =>
      unreliable(toPublisher(receiver(), "receiver"), `receiver ${place}`, life),
    );
    const lab = new Laboratory({
      ...{ clock, random, publishers, onFault: () => undefined },
      pseudonymKey: "a key of the corpus, of 32 or more characters",
      labels: { build: `build-${version}`, region: index % 2 === 0 ? "north" : "south" },
    });
    const calls = Array.from({ length: size.experiments }, (_, number) => {
      const steers = number % 4 === 0;
      const rollout =
        steers ? ramp({ steps: [0.2, 0.6], onReady: "advance", minimumTimeMs: 60_000, version }) : undefined;
      return lab.experiment(`experiment ${number}`, {
        control: price,
        candidate: candidateOf(number, version),
        key: (n: number) => `customer ${n % 40}`,
        enabled: (n: number) => n % 13 !== 6,
        ...(number % 5 === 3 && { sample: 0.5 }),
        ...(rollout && { rollout }),
        ...(number % 6 === 1 && {
          knownMismatches: [{ name: "new fee", paths: ["$.fee"], until: "2026-01-05T09:03Z" }],
        }),
        about: { owner: "pricing", ...(number % 6 === 0 && { until: "2026-01-04" }) },
      });
    });
    // Three of them have a worker, and read at one moment what differs.
    const writes = (): WritesStanding => ({ ...standing(clock.now()), share: index / 4 });
    if (index < 3) lab.comparison("payments", { writes });
    return { lab, calls, index, life };
  });
  for (let minute = 0; minute < size.minutes; minute++) {
    for (const { lab, calls, index, life } of fleet) {
      for (const call of calls) for (let n = 0; n < size.calls; n++) attempt(() => call(minute * 100 + index + n));
      await lab.settled();
      await lab.flush();
      life.ended ||= isKilled(index, minute, size);
    }
    for (let second = 0; second < 60; second += 20) {
      await clock.advanceAsync(20_000);
      // What is written takes real time, and by this clock it must take none.
      for (const { lab } of fleet) await lab.flush();
    }
  }
  for (const { lab } of fleet) await lab.close();
}

/** One process is killed within its first minute and one in its third: nothing more of them is written. */
function isKilled(index: number, minute: number, { processes }: CorpusSize): boolean {
  return (index === processes - 1 && minute === 0) || (index === processes - 2 && minute === 2);
}

function attempt(call: () => unknown): void {
  try {
    call();
  } catch {
    // A candidate that answers may throw.
  }
}

/** Loses some records of counts, and delivers others twice. */
function unreliable(publisher: Publisher, name: string, life: { readonly ended: boolean }): Publisher {
  const isOneOf = ({ n, process }: TallyRecord, of: number, rest: number): boolean =>
    (n + process.length) % of === rest;
  const { publishTally, publishBatch } = publisher;
  return {
    name,
    ...(publisher.attach && { attach: (host) => publisher.attach!(host) }),
    ...(publisher.flush && { flush: () => publisher.flush!() }),
    ...(publisher.close && { close: () => publisher.close!() }),
    publish: (result) => (life.ended ? undefined : publisher.publish(result)),
    publishEvent: (event) => (life.ended ? undefined : publisher.publishEvent?.(event)),
    ...(publishBatch && {
      async publishBatch(results) {
        if (life.ended) return;
        await publishBatch.call(publisher, results);
        if (publisher.idempotent === true && results.length % 3 === 0) await publishBatch.call(publisher, results);
      },
    }),
    async publishTally(tally) {
      if (life.ended || isOneOf(tally, 23, 7)) return;
      await publishTally?.call(publisher, tally);
      if (isOneOf(tally, 17, 3)) await publishTally?.call(publisher, tally);
    },
  };
}
