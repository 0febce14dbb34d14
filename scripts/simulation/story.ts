import type { Clock } from "../../src/model/clock.ts";
import type { RolloutEvent } from "../../src/model/rollout.ts";
import type { RampOptions } from "../../src/rollout/ramp/ramp-options.ts";
import { gates } from "../../src/stats/gates.ts";
import type { Deed, Quality } from "./fleet.ts";

/** A fleet, wherever its processes are. */
export interface Crew {
  readonly clock: Clock;
  readonly processes: number;
  set(experiment: string, quality: Quality): void;
  ask(experiment: string, deed: Deed): Promise<void>;
  /** In how many processes the candidate answers. */
  serving(experiment: string): number;
  /** All events so far. */
  readonly told: readonly RolloutEvent[];
}

/** How long what is told takes, in milliseconds. */
export interface Pace {
  /** For how long a candidate that is wrong as often as is tolerated is looked at, before its evidence is thrown away. */
  readonly trialMs: number;
  /** For how long a candidate is right before it is wrong. */
  readonly goodMs: number;
  /** The least time of a step. */
  readonly stepMs: number;
  /** How often each process asks the store. */
  readonly pollMs: number;
  /** How often it is looked at whether nobody is served any more. */
  readonly everyMs: number;
}

/** A change for the worse, and how long it took until the candidate answered nowhere. */
export interface Detection {
  readonly change: string;
  /** Absent: not within ten minutes. */
  readonly afterMs?: number;
}

/** What came of it all. */
export interface Outcome {
  /** How often evidence was gathered on a candidate that is wrong as often as is tolerated, and how often that was called ready. */
  readonly trials: number;
  readonly falseReadies: number;
  readonly detections: readonly Detection[];
  /** Rollbacks of candidates that were right. */
  readonly falseRollbacks: number;
  /** When a candidate that was right throughout came to answer everybody; absent where it did not. */
  readonly liveAfterMs?: number;
}

const tolerated = 0.001;
const atLimit = "as wrong as is tolerated";
const good = "right throughout";
const worsens = "right, then wrong";
/** What becomes of it, in turn. */
export const changes: Readonly<Record<string, (processes: number) => Quality>> = {
  "5 % wrong in every process": (processes) => ({ rate: 0.05, processes }),
  "50 % wrong in one process of ten": (processes) => ({ rate: 0.5, processes: Math.ceil(processes / 10) }),
  "1 % wrong in every process": (processes) => ({ rate: 0.01, processes }),
};
const longestMs = 600_000;
// Between this clock and the store's.
const slackMs = 100;

export const experiments: readonly string[] = [atLimit, good, worsens];

export function rampOf(experiment: string, { stepMs, pollMs }: Pace): RampOptions {
  return {
    ...{ checkEveryMs: pollMs, staleAfterMs: Math.max(60_000, 2 * pollMs) },
    gates: [gates.mismatches(tolerated), gates.errors()],
    steps: [0.05, 0.25, 0.5],
    minimumTimeMs: stepMs,
    ...(experiment === atLimit && { onRegression: "notify" }),
    ...(experiment === good && { onReady: "advance" }),
  };
}

/**
 * Begins the story of a fleet, which goes on for as long as its clock does.
 *
 * @param onEnd where what a person asks for is refused
 * @returns what came of it so far
 */
export function begin(crew: Crew, pace: Pace, random: () => number, onEnd: (error: unknown) => void): () => Outcome {
  const { clock } = crew;
  const startedAt = clock.now();
  const detections: Detection[] = [];
  const wrong: { readonly from: number; until: number }[] = [];
  let trials = 0;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  /** What a person asks for; again where the store failed, which may have taken it all the same. */
  async function ask(experiment: string, deed: Deed): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await crew.ask(experiment, deed);
        return;
      } catch (error) {
        const isStore = /The store failed|not in the store yet/.test(String(error));
        if (!isStore && attempt > 0) return;
        if (!isStore || attempt >= 10) throw error;
        await pause(2 * pace.pollMs);
      }
    }
  }

  async function limit(): Promise<void> {
    crew.set(atLimit, { rate: tolerated, processes: crew.processes });
    for (;;) {
      await pause(pace.trialMs);
      trials++;
      // Evidence begins afresh.
      await ask(atLimit, "rollback");
      await ask(atLimit, "clear");
    }
  }

  async function worsen(): Promise<void> {
    const all = Object.entries(changes);
    for (let turn = 0; ; turn++) {
      const [change, of] = all[turn % all.length]!;
      await ask(worsens, "advance");
      // At any moment of a minute.
      await pause(pace.goodMs + 60_000 * random());
      while (crew.serving(worsens) < crew.processes) await pause(pace.everyMs);
      const span = { from: clock.now(), until: Infinity };
      wrong.push(span);
      crew.set(worsens, of(crew.processes));
      while (crew.serving(worsens) > 0 && clock.now() - span.from < longestMs) await pause(pace.everyMs);
      const isOut = crew.serving(worsens) === 0;
      span.until = clock.now();
      detections.push({ change, ...(isOut && { afterMs: clock.now() - span.from }) });
      crew.set(worsens, { rate: 0, processes: 0 });
      if (!isOut) await ask(worsens, "rollback");
      await ask(worsens, "clear");
    }
  }

  limit().catch(onEnd);
  worsen().catch(onEnd);
  const isFalse = ({ kind, by, experiment, at }: RolloutEvent): boolean =>
    kind === "rolled-back" &&
    by === "ramp" &&
    !(experiment === worsens && wrong.some(({ from, until }) => at >= from - slackMs && at <= until + slackMs));
  return () => {
    const live = crew.told.find(({ experiment, to }) => experiment === good && to.stage === "live");
    return {
      trials,
      falseReadies: crew.told.filter(({ kind, experiment }) => kind === "ready" && experiment === atLimit).length,
      detections: [...detections],
      falseRollbacks: crew.told.filter(isFalse).length,
      ...(live !== undefined && { liveAfterMs: live.at - startedAt }),
    };
  };
}
