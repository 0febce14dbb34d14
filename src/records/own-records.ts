import type { PublisherHost } from "../model/publisher.ts";
import type { RolloutEvent } from "../model/rollout.ts";
import type { StartedExperiment, StartRecord } from "../model/start-record.ts";
import type { CandidateTally, TallyRecord } from "../model/tally-record.ts";
import type { EventRecord, FaultRecord, LineRecord } from "./record.ts";
import { redactedEvent, redactedText } from "./redacted-event.ts";

// What carries records may refuse a large one: a message of Kafka's holds 1 MB.
const mostInOne = 500;

/** The records beside results that a publisher writes: starts, tallies, faults and events. */
export class OwnRecords {
  #start: (() => StartRecord) | undefined = undefined;
  // As it was asked for last, and as it was written last.
  #asked: StartRecord | undefined = undefined;
  #last: StartRecord | undefined = undefined;
  readonly #told = new Map<string, StartedExperiment>();

  attach(host: PublisherHost): void {
    if (host.start) this.#start = () => host.start!();
  }

  /** What to write before anything else: what the process is, and the experiments that are new since that was told. */
  news(): readonly StartRecord[] {
    const start = this.#start?.();
    if (start === undefined || start === this.#last) return [];
    this.#asked = start;
    const experiments = Object.entries(start.experiments).filter(([name, each]) => this.#told.get(name) !== each);
    if (this.#last !== undefined && experiments.length === 0) return [];
    const parts = [experiments.slice(0, mostInOne)];
    for (let at = mostInOne; at < experiments.length; at += mostInOne)
      parts.push(experiments.slice(at, at + mostInOne));
    return parts.map((part) => ({ ...start, experiments: Object.fromEntries(part) }));
  }

  /** It was written. */
  told(news: readonly StartRecord[]): void {
    for (const { experiments } of news) {
      for (const [name, each] of Object.entries(experiments)) this.#told.set(name, each);
    }
    if (news.length > 0) this.#last = this.#asked;
  }

  event(event: RolloutEvent): EventRecord {
    const start = this.#start?.();
    return {
      ...({ v: 2, type: "event" } as const),
      ...(start && { process: start.process }),
      ...(start?.build !== undefined && { build: start.build }),
      ...redactedEvent(event),
    };
  }

  /** Faults stand in lines of their own. */
  tallies(tallies: readonly TallyRecord[]): LineRecord[] {
    return tallies.flatMap((tally): LineRecord[] => {
      const own = "publishers" in tally;
      const counts = own ? tally.faults : (tally.of?.faults ?? {});
      const line: TallyRecord =
        own ?
          { ...tally, faults: {} }
        : redactedTally(tally.of ? { ...tally, of: { ...tally.of, faults: {} } } : tally);
      return Object.keys(counts).length === 0 ? [line] : [line, faultOf(tally, counts)];
    });
  }
}

/** What people and gates from outside say is free text: it is looked at for secrets. */
function redactedTally(tally: CandidateTally): CandidateTally {
  const { standing, outside } = tally;
  if (standing === undefined && outside === undefined) return tally;
  return {
    ...tally,
    ...(standing && { standing: { ...standing, reason: redactedText(standing.reason) } }),
    ...(outside && { outside: outside.map((each) => ({ ...each, reason: redactedText(each.reason) })) }),
  };
}

function faultOf(tally: TallyRecord, counts: Readonly<Record<string, number>>): FaultRecord {
  const { v, process, build, n, from, to } = tally;
  return {
    ...({ v, type: "fault", process } as const),
    ...(build !== undefined && { build }),
    ...{ n, from, to },
    ...("experiment" in tally && { experiment: tally.experiment }),
    counts,
  };
}
