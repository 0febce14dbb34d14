import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import {
  aBoolean,
  aFunction,
  aNumber,
  aText,
  aWhole,
  optionsOf,
  orElse,
  required,
  settle,
  type OptionRule,
  type OptionTable,
} from "../model/option-table.ts";
import type { Result } from "../model/result.ts";
import type { Sample } from "../model/rollout.ts";
import type { GateJudge } from "./gate-judge.ts";
import { TimedPairs } from "./timed-pairs.ts";

/** What a candidate must keep to: a penalty for each comparison, and the mean penalty that is tolerated. */
export interface Gate {
  readonly name: string;
  /** The tolerated mean penalty, between 0 and 1, both excluded; of a gate from outside, the highest answer that is tolerated. */
  readonly max: number;
  /**
   * `units`, the default: a test on units, which rolls back where it alarms. `calls`: the share of calls itself is held against
   * `max`; above it the candidate is never ready, and nothing is rolled back. `blocks`: each penalty is a unit of its own, whatever
   * the key, and sums up many calls. `outside`: nothing is seen here, and `outside` says who is asked.
   */
  readonly by?: "units" | "calls" | "blocks" | "outside";
  /** Of a gate by `outside`: what is asked, how often, and after how many answers above `max` in a row it alarms. */
  readonly outside?: {
    readonly ask: () => PromiseLike<number> | number;
    readonly everyMs: number;
    readonly alarmAfter: number;
  };
  /** Judged and shown, and never acting: neither keeps a candidate from being ready nor alarms. Any gate may be one: `{ ...gates.slower(), dryRun: true }`. */
  readonly dryRun?: boolean;
  /** 0 where a match of two returned values is good, whatever else is known of it: so many may be counted at once. */
  readonly matched?: 0;
  /** From 0 (good) to 1 (bad); `undefined` when the comparison says nothing about this gate. */
  penalty(sample: Sample): number | undefined;
  /** For a gate that remembers: a judge for one body of evidence, asked in place of the gate. */
  begin?(): GateJudge;
}

/** A tolerated rate. */
const rateRule: OptionRule = {
  takes: "a rate between 0 and 1, both excluded",
  check: (check, option, got) => {
    if (typeof got === "number" && got > 0 && got < 1) return;
    const mend = got === 0 ? "No number of calls proves a rate of zero; 0.0001 takes some 50 000" : "";
    check.fail(option, rateRule.takes, got, mend);
  },
};

const warmUpTable: OptionTable<NonNullable<SlowerOptions["warmUp"]>, "calls" | "ms"> = {
  calls: orElse(aWhole(), 200),
  ms: orElse(aNumber(), 10_000),
};

export const slowerTable: OptionTable<SlowerOptions, keyof SlowerOptions> = {
  ratio: orElse(aNumber({ min: 1 }), 1.1),
  marginMs: orElse(aNumber(), 1),
  max: orElse(rateRule, 0.5),
  warmUp: orElse(optionsOf("how long nothing is judged", warmUpTable), {}),
};

export const customGateTable: OptionTable<GateDefinition> = {
  name: required(aText),
  max: required(rateRule),
  of: required(aFunction),
};

export const externalGateTable: OptionTable<ExternalGate, "alarmAfter"> = {
  name: required(aText),
  max: required(aNumber({ min: -Infinity })),
  ask: required(aFunction),
  everyMs: required(aNumber({ min: 100, max: 2 ** 31 - 1 })),
  alarmAfter: orElse(aWhole({ min: 1 }), 2),
  dryRun: aBoolean,
};

/**
 * Tolerates a share of mismatches, 0.1 % by default. A candidate that timed out counts as one; a comparison that was
 * `inconclusive` says nothing, and an `ignored` difference is none.
 *
 * @param max the tolerated share, between 0 and 1
 * @throws {SidelaneError} `invalid-option` when `max` is not
 */
function mismatches(max = 0.001): Gate {
  rateRule.check(checkOptions("gates.mismatches"), "max", max);
  return {
    name: "mismatch",
    max,
    matched: 0,
    penalty({ kind, aboutControl }) {
      if (kind === "match" || kind === "ignored") return 0;
      // A candidate that timed out beside a control that did, too, is no worse than that.
      return kind === "inconclusive" || aboutControl === "timed-out" ? undefined : 1;
    },
  };
}

/**
 * Tolerates a share of calls in which the candidate threw or timed out and control did not, 0.1 % by default. Where nobody
 * can see whether control failed, as of a lazy thenable, the call says nothing.
 *
 * @param max the tolerated share, between 0 and 1
 * @throws {SidelaneError} `invalid-option` when `max` is not
 */
function errors(max = 0.001): Gate {
  rateRule.check(checkOptions("gates.errors"), "max", max);
  return {
    name: "candidate-error",
    max,
    matched: 0,
    penalty({ kind, candidateThrew, controlThrew, aboutControl, fellBack }) {
      if (fellBack === "slow") return 1;
      // Nobody knows whether control failed as well; or it was told before.
      if (aboutControl === "unseen" || aboutControl === "late") return undefined;
      if (kind === "timed-out") return aboutControl === "timed-out" ? 0 : 1;
      return candidateThrew && !controlThrew ? 1 : 0;
    },
  };
}

/**
 * Tolerates a share of calls that could not be compared (`inconclusive`), 5 % by default. It goes by calls: above the share
 * the candidate is never ready and a ramp says `stalled`, since what was not looked at is no match; nothing is rolled back.
 * Calls that a candidate answers alone are not looked at on purpose, and do not count.
 *
 * @param max the tolerated share, between 0 and 1
 * @throws {SidelaneError} `invalid-option` when `max` is not
 */
function inconclusive(max = 0.05): Gate {
  rateRule.check(checkOptions("gates.inconclusive"), "max", max);
  return {
    name: "inconclusive",
    max,
    by: "calls",
    matched: 0,
    penalty: ({ kind, aboutControl }) =>
      aboutControl === "absent" || aboutControl === "pending" ? undefined
      : kind === "inconclusive" ? 1
      : 0,
  };
}

/** Settings of `gates.slower`. */
export interface SlowerOptions {
  /** How many times control's duration is still fast enough; 1.1 by default. */
  readonly ratio?: number;
  /** What is tolerated on top, in milliseconds; 1 by default. */
  readonly marginMs?: number;
  /** The tolerated share of blocks of 32 pairs in which the candidate is slower than that on average; 0.5 by default. */
  readonly max?: number;
  /**
   * What is left out at the beginning of a step and of a version in each process: so many calls, and so long after the first one in
   * milliseconds; 200 calls and 10 seconds by default.
   */
  readonly warmUp?: { readonly calls?: number; readonly ms?: number };
}

/**
 * Tolerates a candidate that is not slower than `ratio` times control plus a margin: 10 % and 1 ms by default. One call in 16 is
 * timed as a pair, in an order that is drawn, while the candidate's synchronous part is at most 1 ms at p99; otherwise the
 * gate cannot tell, and says so. Under `order: "random"` every call is a pair. Each 32 pairs make a block, a block is slow where the candidate's
 * mean is, and the share of slow blocks is tested. Pairs in which one side threw say nothing; one that timed out took as long.
 *
 * It says nothing of a candidate that takes less than the margin, and says that it does not.
 *
 * @throws {SidelaneError} `invalid-option` when a number is out of its range
 */
function slower(options: SlowerOptions = {}): Gate {
  const { ratio, marginMs, max, warmUp } = settle(checkOptions("gates.slower"), slowerTable, options);
  const { calls, ms } = settle(checkOptions("gates.slower"), warmUpTable, warmUp, "warmUp");
  return {
    name: "slower-than",
    max,
    by: "blocks",
    // A single call tells nothing.
    penalty: () => undefined,
    begin: () => new TimedPairs({ ratio, marginMs, warmUp: { calls, ms } }),
  };
}

/** A gate of your own. */
export interface GateDefinition {
  /** Identifies the gate in verdicts; unique within a rollout. Lower case, words joined by hyphens. */
  readonly name: string;
  /** The tolerated mean penalty, between 0 and 1, both excluded. */
  readonly max: number;
  /** A result's penalty: from 0 (good) to 1 (bad), or `undefined` when it says nothing. Called on the caller's path. */
  readonly of: (result: Result) => number | undefined;
}

/**
 * Makes a gate of a function of the result. What it throws, or returns outside [0, 1], is a counted fault, and the
 * comparison then says nothing about the gate. It makes every compared call build its whole result.
 *
 * @throws {SidelaneError} `invalid-option` when the name, `max` or the function is missing
 * @example gates.custom({ name: "no-empty", max: 0.01, of: (result) => (result.candidates[0].outcome.kind === "threw" ? 1 : 0) }).max // => 0.01
 */
function custom(definition: GateDefinition): Gate {
  settle(checkOptions("gates.custom"), customGateTable, definition, "definition");
  const { name, max, of } = definition;
  return {
    name,
    max,
    penalty(sample) {
      const result = sample.result();
      return result && of(result);
    },
  };
}

/** A gate whose figure comes from elsewhere: a query, an error budget. */
export interface ExternalGate {
  /** Identifies the gate in verdicts; unique within a rollout. Lower case, words joined by hyphens. */
  readonly name: string;
  /** The highest answer that is tolerated, in whatever unit it has. */
  readonly max: number;
  /** Returns the figure. One that throws, rejects, does not answer within `everyMs` or returns no number is a counted fault. */
  readonly ask: () => PromiseLike<number> | number;
  /** How often it is asked, in milliseconds, by each process. */
  readonly everyMs: number;
  /** How many answers above `max` in a row alarm; 2 by default. One is enough to keep a step from being taken. */
  readonly alarmAfter?: number;
  /** Judged and shown, and never acting; `false` by default. */
  readonly dryRun?: boolean;
}

/**
 * Makes a gate of a figure from elsewhere, for a ramp. While the last answer is above `max`, or there is none in this step, no step is
 * taken; after `alarmAfter` answers above it in a row the gate alarms, as others do. Without an answer three times in a row the ramp says
 * `stalled`.
 *
 * @throws {SidelaneError} `invalid-option` when the name, `max`, `ask` or `everyMs` is missing
 * @example gates.external({ name: "error-budget", everyMs: 60_000, max: 0.5, ask: async () => Promise.resolve(0.2) }).by // => "outside"
 */
function external(definition: ExternalGate): Gate {
  const { name, max, ask, everyMs, alarmAfter, dryRun } = settle(
    checkOptions("gates.external"),
    externalGateTable,
    definition,
    "definition",
  );
  const outside = { ask, everyMs, alarmAfter };
  return { name, max, by: "outside", outside, penalty: () => undefined, ...(dryRun !== undefined && { dryRun }) };
}

/** What a candidate can be held to; several make the `gates` of a ramp. */
export const gates: {
  readonly mismatches: typeof mismatches;
  readonly errors: typeof errors;
  readonly inconclusive: typeof inconclusive;
  readonly slower: typeof slower;
  readonly custom: typeof custom;
  readonly external: typeof external;
} = Object.freeze({ mismatches, errors, inconclusive, slower, custom, external });

/**
 * Mismatches and candidate-only errors up to 0.1 %, no more than half of the blocks of 32 pairs slower by over 10 % and 1 ms,
 * and no more than 5 % of the calls inconclusive.
 */
export const defaultGates: readonly Gate[] = [mismatches(), errors(), slower(), inconclusive()];

/**
 * Checks a list of gates where a rollout is defined.
 *
 * @throws {SidelaneError} `invalid-option` when it is empty, holds something else, or two gates share a name
 */
export function checkGates(place: string, given: readonly Gate[]): void {
  const check: OptionCheck = checkOptions(place);
  if (!Array.isArray(given) || given.length === 0) check.fail("gates", "a list of at least one gate", given);
  if (given.every((each: Gate | null | undefined) => each?.dryRun === true)) {
    check.fail("gates", "at least one gate that acts", given, "`dryRun` leaves nothing to hold the candidate to");
  }
  const names = new Set<string>();
  given.forEach((each: Gate, index) => {
    const option = `gates[${index}]`;
    if (typeof each !== "object" || each === null) check.fail(option, "a gate such as `gates.mismatches()`", each);
    check.text(`${option}.name`, each.name);
    if (each.by !== undefined) check.oneOf(`${option}.by`, each.by, ["units", "calls", "blocks", "outside"]);
    if (each.by === "outside") {
      check.number(`${option}.max`, each.max, { min: -Infinity });
      check.object(`${option}.outside`, each.outside);
    } else rateRule.check(check, `${option}.max`, each.max);
    if (each.dryRun !== undefined) check.boolean(`${option}.dryRun`, each.dryRun);
    check.function(`${option}.penalty`, (each as { penalty?: unknown }).penalty);
    if (names.has(each.name)) check.fail(`${option}.name`, "a name that no other gate has", each.name);
    names.add(each.name);
  });
}
