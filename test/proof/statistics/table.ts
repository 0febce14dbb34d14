import { seeded } from "../../stats/sample.ts";
import { equallyFast, median, slowedBy, timePairs } from "./latency.ts";
import {
  bursts,
  callsToAlarm,
  cleanRatio,
  heavy,
  isFalselyReady,
  isFleetFalselyReady,
  isServedFalselyReady,
  unitsToFalseAlarm,
  windowOfMergedAlarm,
} from "./units.ts";

/** One promise, and what a simulation with a fixed seed found. */
export interface Finding {
  readonly what: string;
  readonly promised: string;
  readonly found: string;
  readonly holds: boolean;
}

const risk = 0.01;
const noWarmUp = { warmUp: { calls: 0, ms: 0 } };

/** How often something happens in so many runs, against what is promised; three standard errors are chance. */
function share(what: string, runs: number, happens: () => boolean): Finding {
  let times = 0;
  for (let run = 0; run < runs; run++) if (happens()) times++;
  const most = risk + 3 * Math.sqrt((risk * (1 - risk)) / runs);
  const found = `${Number(((100 * times) / runs).toPrecision(3))} % of ${runs} runs`;
  return { what, promised: "at most 1 %", found, holds: times / runs <= most };
}

function medianOf(what: string, runs: number, most: number, unit: string, of: () => number, least = 0): Finding {
  const middle = median(Array.from({ length: runs }, of));
  const promised = least === 0 ? `at most ${most} ${unit}` : `${least} to ${most} ${unit}`;
  const found = `median ${Number(middle.toPrecision(4))} ${unit} in ${runs} runs`;
  return { what, promised, found, holds: middle <= most && middle >= least };
}

/**
 * Every promise in numbers, simulated.
 *
 * @param scale 1 is the full size, of some minutes; a smaller number takes as many fewer runs
 */
export function* findings(scale: number): Generator<Finding> {
  const runs = (full: number, least = 5): number => Math.max(least, Math.round(full * scale));
  const random = seeded(20_261_129);

  yield share("ready at the tolerated rate: heavy keys", runs(1_000), () => isFalselyReady(random, heavy));
  yield share("ready at the tolerated rate: bursts of 20", runs(1_000), () => isFalselyReady(random, bursts));
  yield share("ready at the tolerated rate: 50 processes that share their keys", runs(100, 2), () =>
    isFleetFalselyReady(random),
  );
  yield share("a step of 1 % passes at the rate tolerated of its answers", runs(300), () =>
    isServedFalselyReady(random),
  );

  for (const max of [0.01, 0.001]) {
    const what = `clean traffic is ready in shadow, ${100 * max} % tolerated`;
    yield medianOf(what, runs(50, 3), 1.2, "times the units of the formula", () => cleanRatio(0, max, random));
  }
  for (const served of [0.01, 0.1, 0.5]) {
    const what = `clean traffic is ready at ${100 * served} % served, 0.1 % tolerated`;
    yield medianOf(what, runs(50, 3), 1.2, "times the units of the formula", () => cleanRatio(served, 0.001, random));
  }

  for (const [rate, calls] of [
    [0.5, 8],
    [0.05, 104],
    [0.01, 950],
  ] as const) {
    const what = `a jump to ${100 * rate} % wrong after a million good calls alarms`;
    yield medianOf(what, runs(2_000, 400), Math.ceil(1.2 * calls), "calls", () => callsToAlarm(rate, random));
  }
  const window = windowOfMergedAlarm();
  yield {
    what: "500 processes with three wrong answers each alarm together",
    promised: "at the first window that has closed",
    found: window === undefined ? "not at all, or one of them alone" : `at window ${window}`,
    holds: window === 1,
  };
  const [every, alarms] = [1_000, runs(2_000, 100)];
  let units = 0;
  for (let run = 0; run < alarms; run++) units += unitsToFalseAlarm(0.01, every, random);
  yield {
    what: "a gate alarms falsely at the tolerated rate, promised once in 1 000 units",
    promised: "once in 1 000 units or less often",
    found: `once in ${Math.round(units / alarms)} units, ${alarms} runs cut off at 20 000`,
    holds: units / alarms >= every,
  };

  for (const [name, process] of equallyFast(random)) {
    const pairs = runs(2_000_000, 50_000);
    let seen = 0;
    let rolledBack = 0;
    while (seen < pairs) {
      const end = timePairs(process, pairs - seen, "regressed");
      seen += end.pairs;
      if (end.kind === "regressed") rolledBack++;
    }
    // One call in 16 is a pair.
    const calls = 16 * seen;
    yield {
      what: `a candidate that is as fast is rolled back, ${name}`,
      promised: "at most once in 100 000 calls",
      found: `${rolledBack} times in ${(calls / 1e6).toPrecision(2)} million calls`,
      holds: rolledBack <= calls / 1e5,
    };
  }
  yield medianOf("30 % slower is rolled back", runs(2_000, 60), 4_096, "pairs", () => {
    const end = timePairs(slowedBy(1.3, random), 50_000, "regressed", noWarmUp);
    return end.kind === "regressed" ? end.pairs : Infinity;
  });
  yield medianOf("equal speed is ready", runs(2_000, 60), 2_048, "pairs", () => {
    const end = timePairs(slowedBy(1, random), 20_000, "ready", noWarmUp);
    return end.kind === "ready" ? end.pairs : Infinity;
  });
  yield share(
    "50 % slower is called ready",
    runs(2_000, 60),
    () => timePairs(slowedBy(1.5, random), 4_096, "ready", noWarmUp).kind === "ready",
  );
}
