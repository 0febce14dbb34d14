import type { WritesBehind, WritesHolder, WritesStanding } from "../model/writes-standing.ts";
import type { WritesServices } from "./services.ts";
import type { Side } from "./side.ts";
import { holdersOf, sideStatusOf, type SideStatus } from "./status.ts";

/** What a worker last read of both databases, for records, metrics and the store of a rollout. */
export interface ToldStanding {
  /** Reads both databases, or the one that can be read. Never rejects: where none can be read, what was read last stays. */
  look(): Promise<void>;
  /** What was read last; `undefined` before. */
  last(): WritesStanding | undefined;
}

export function toldStandingOf(services: Pick<WritesServices, "clock" | "sides" | "wish">): ToldStanding {
  const { clock, sides, wish } = services;
  let read: WritesStanding | undefined;
  return {
    async look() {
      const { stage, share } = wish.now();
      const [control, candidate] = await Promise.all([readable(sides.control), readable(sides.candidate)]);
      if (control === undefined && candidate === undefined) return;
      read = { at: clock.now(), stage, share, ...standingOf(control, candidate, clock.now()) };
    },
    last: () => read,
  };
}

async function readable(side: Side): Promise<SideStatus | undefined> {
  try {
    return await sideStatusOf(side);
  } catch {
    return undefined;
  }
}

/** In counts alone. @param at wall time in milliseconds since 1970 */
function standingOf(
  control: SideStatus | undefined,
  candidate: SideStatus | undefined,
  at: number,
): Pick<WritesStanding, "lag" | "holders" | "lastReconciliation"> {
  const holders = holdersOf(control?.fences, candidate?.fences);
  const { last } = (control ?? candidate)!;
  return {
    lag: {
      ...(control && { control: behindOf(control) }),
      ...(candidate && { candidate: behindOf(candidate) }),
    },
    holders: runsOf(holders),
    ...(last !== undefined && {
      lastReconciliation: { at: Math.round(at - last.ageMs), clean: last.clean, ...last.counts },
    }),
  };
}

function behindOf({ lag, skipped }: SideStatus): WritesBehind {
  return { ...lag, oldestMs: Math.round(lag.oldestMs), skipped };
}

function runsOf(holders: readonly WritesHolder[]): WritesStanding["holders"] {
  const runs: [WritesHolder, number][] = [];
  for (const holder of holders) {
    const run = runs.at(-1);
    if (run?.[0] === holder) run[1] += 1;
    else runs.push([holder, 1]);
  }
  return runs;
}
