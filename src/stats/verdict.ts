import { alternativesFor, evidenceForReady, unitsToCertify, upperBound } from "./evidence.ts";

/** Where one gate stands. */
export interface GateReading {
  readonly name: string;
  /** The tolerated rate. */
  readonly max: number;
  /** Units that the gate could judge, of windows that have ended; and the bad ones of the present window. */
  readonly units: number;
  /** How many of them were bad. */
  readonly bad: number;
  /** `bad / units`; 0 without units. */
  readonly rate: number;
  /** What the true rate does not exceed, at the verdict's confidence, however often one looks. */
  readonly upperBound: number;
  /**
   * What `units` and `bad` are, where it is not units: `calls`, and then `upperBound` is the rate itself; `blocks` of 32 timed pairs; or
   * answers from `outside` in this step, and then `upperBound` is the last one.
   */
  readonly by?: "units" | "calls" | "blocks" | "outside";
  /** Of a gate from outside: its last answer; absent where there is none. */
  readonly last?: number;
  /** What the gate's answer leaves out, or why it has none, as half a sentence. */
  readonly note?: string;
  readonly state: Verdict["kind"];
  /** Whether the gate is only shown: the verdict does not go by it. */
  readonly dryRun?: true;
  /** How many further units, all good, would make it ready; 0 when it is. */
  readonly moreUnits: number;
  /** Wall time at which the alarmed regression began. */
  readonly regressedSince?: number;
  /** What the gate saw from then until it alarmed, and how much of it was bad. */
  readonly alarmedBy?: { readonly seen: number; readonly bad: number };
}

// More bad calls than so many times the tolerated rate are never ready, however few units they make.
const floodRatio = 10;
// From so many calls on, a share of them says something.
const enoughToTell = 100;

interface VerdictFacts {
  readonly candidate: string;
  /** How sure a `ready` is: 0.99 says that at most 1 in 100 unready candidates is ever called ready. */
  readonly confidence: number;
  readonly comparisons: number;
  /** Independent pieces of evidence: each key in each window counts once. */
  readonly units: number;
  readonly gates: readonly GateReading[];
  /** Each a sentence. */
  readonly reasons: readonly string[];
  /** What is known of the units that the candidate answered; absent where it answers nobody. */
  readonly served?: { readonly units: number; readonly gates: readonly GateReading[] };
  /** Why it will never be ready while calls go on like this, as a sentence; absent where more evidence may do. */
  readonly stalled?: string;
  /** Of a ramp that takes no step: paused, rolled back and latched, or switched off. The first of `reasons` says why. */
  readonly standing?: "paused" | "rolled-back" | "switched-off";
}

/** Whether the evidence allows the next step, and what it rests on. */
export type Verdict = VerdictFacts &
  (
    | { readonly kind: "ready" }
    /** There is enough evidence, and a gate sees more than it tolerates. */
    | { readonly kind: "not-ready" }
    | {
        readonly kind: "insufficient";
        /** `no-traffic`: no comparison at all; `too-few`: more units are needed; `too-short`: only time is missing. */
        readonly missing: "no-traffic" | "too-few" | "too-short";
        /** How many more units, if all of them are good. */
        readonly moreUnits: number;
        /** About how long that takes at the present rate, in milliseconds; absent when the rate is not known. */
        readonly moreMs?: number;
      }
    /** `gate` alarmed; the regression began about `since`, wall time in milliseconds. */
    | { readonly kind: "regressed"; readonly gate: string; readonly since: number }
  );

/** What a verdict is asked to hold to. */
export interface VerdictTerms {
  /** The chance of ever calling an unready candidate ready; 0.01 by default. */
  readonly risk?: number;
  /** Fewer units than this are never ready; 500 by default. */
  readonly minimumUnits?: number;
  /** A shorter time than this is never ready, in milliseconds; 0 by default. */
  readonly minimumTimeMs?: number;
  /** Fewer distinct keys than this are never ready; 0 by default. */
  readonly minimumKeys?: number;
  /** What is tolerated of each gate in place of its own rate; the rate itself by default. */
  readonly tolerated?: (max: number) => number;
  /** Wall time in milliseconds, by which windows end; that of the last comparison by default. */
  readonly now?: number;
  /** How long evidence has been gathered, in milliseconds; what the units span by default. */
  readonly elapsedMs?: number;
}

/** Everything that a verdict is made of. */
export interface VerdictInput extends VerdictTerms {
  readonly candidate: string;
  readonly comparisons: number;
  readonly units: number;
  /** Units of this process, and the time that they span: the present rate. */
  readonly ownUnits: number;
  readonly spanMs: number;
  /** Distinct keys; each call without one counts. */
  readonly keys: number;
  /** How long the present window still lasts, in milliseconds. */
  readonly openMs: number;
  readonly gates: readonly {
    readonly name: string;
    readonly max: number;
    readonly by?: "units" | "calls" | "blocks" | "outside";
    /** Whether it may need many calls for its first answer; then `silence` says why it will have none. */
    readonly remembers?: boolean;
    readonly dryRun?: boolean;
    readonly silence?: string;
    readonly note?: string;
    /** Calls in which the gate failed to say anything. */
    readonly failed?: number;
    readonly units: number;
    readonly bad: number;
    /** Good units of the present window, which count when it has ended. */
    readonly open: number;
    readonly calls: number;
    readonly badCalls: number;
    readonly regressedSince?: number;
    readonly alarmedBy?: { readonly seen: number; readonly bad: number };
  }[];
}

/**
 * Reads evidence. Pure; may be asked after every call without raising the risk.
 *
 * A gate is `not-ready` once it has as many units as would certify a faultless candidate and its rate is still above
 * what it tolerates; while its rate is below, it is `insufficient` until the evidence suffices.
 */
export function verdictOf(input: VerdictInput): Verdict {
  const { tolerated, risk = 0.01 } = input;
  const all = input.gates.map((gate) => read(tolerated ? { ...gate, max: tolerated(gate.max) } : gate, risk));
  const dry = all.filter(({ dryRun }) => dryRun === true);
  if (dry.length === 0) return verdictBy(input, all);
  const acting = { ...input, gates: input.gates.filter(({ dryRun }) => dryRun !== true) };
  const verdict = verdictBy(
    acting,
    all.filter(({ dryRun }) => dryRun !== true),
  );
  return { ...verdict, gates: all, reasons: [...verdict.reasons, ...dry.map(dryReason)] };
}

function dryReason(reading: GateReading): string {
  const { name, state, rate, units, max } = reading;
  return `${name} (dry run): ${state}, ${percent(rate)} of ${count(units, nounOf(reading))}, ${percent(max)} tolerated.`;
}

function verdictBy(input: VerdictInput, gates: readonly GateReading[]): Verdict {
  const { candidate, comparisons, units, keys, risk = 0.01 } = input;
  const { minimumUnits = 500, minimumTimeMs = 0, minimumKeys = 0 } = input;
  const elapsedMs = input.elapsedMs ?? (Number.isFinite(input.spanMs) ? input.spanMs : 0);
  const stalled = stallOf(input, gates);
  const facts = {
    ...{ candidate, confidence: 1 - risk, comparisons, units, gates },
    ...(stalled !== undefined && { stalled }),
  };

  const regressed = gates.find(({ state }) => state === "regressed");
  if (regressed) {
    const since = regressed.regressedSince!;
    const { seen, bad } = regressed.alarmedBy ?? { seen: regressed.units, bad: regressed.bad };
    const reasons = [
      `${regressed.name} alarms: ${Math.round(bad)} of the last ${count(seen, nounOf(regressed))} since ${clockOf(since)}, ${percent(regressed.max)} tolerated.`,
    ];
    return { kind: "regressed", ...facts, gate: regressed.name, since, reasons };
  }
  if (comparisons === 0) {
    const moreUnits = Math.max(minimumUnits, ...gates.map((gate) => inUnits(gate, 0)));
    const reasons = ["The candidate has not been compared once."];
    return { kind: "insufficient", ...facts, missing: "no-traffic", moreUnits, reasons };
  }
  const above = gates.filter(({ state }) => state === "not-ready");
  if (above.length > 0) {
    const reasons = above.map((reading) => {
      const { name, by, rate, units: judged, max } = reading;
      if (by === "calls") return aboveCalls(name, rate, judged, max);
      const { calls, badCalls } = input.gates.find((each) => each.name === name)!;
      return rate >= max ?
          `${name}: ${percent(rate)} of ${count(judged, nounOf(reading))}, at most ${percent(max)} tolerated.`
        : `${name}: ${percent(badCalls / calls)} of ${count(calls, "call")}, more than ten times the ${percent(max)} tolerated.`;
    });
    return { kind: "not-ready", ...facts, reasons };
  }

  const moreKeys = Math.max(0, minimumKeys - keys);
  const moreUnits = Math.max(0, minimumUnits - units, moreKeys, ...gates.map((gate) => inUnits(gate, units)));
  // Enough units are there, and some may yet turn bad.
  const settling = gates.some(({ state, moreUnits: more }) => state !== "ready" && more === 0);
  const moreTimeMs = Math.max(0, minimumTimeMs - elapsedMs, settling ? Math.max(1, input.openMs) : 0);
  if (moreUnits === 0 && moreTimeMs === 0) {
    const reasons = gates.map((reading) => {
      const { name, upperBound: bound, units: judged, max, note, by } = reading;
      const sure = by === "calls" ? "" : ` with ${percent(1 - risk)} confidence`;
      const more = note === undefined ? "" : `; ${note}`;
      return `${name}: at most ${percent(bound)}${sure} after ${count(judged, nounOf(reading))}; ${percent(max)} tolerated${more}.`;
    });
    return { kind: "ready", ...facts, reasons };
  }
  // The units span one interval fewer than there are of them.
  const perUnitMs = input.ownUnits > 1 && input.spanMs > 0 ? input.spanMs / (input.ownUnits - 1) : undefined;
  const share = units === 0 ? 1 : input.ownUnits / units;
  const unitsMs = perUnitMs === undefined ? undefined : moreUnits * perUnitMs * share;
  const moreMs =
    moreUnits === 0 ? moreTimeMs
    : unitsMs === undefined ? undefined
    : Math.max(unitsMs, moreTimeMs);
  const reasons =
    stalled !== undefined ? [stalled]
    : moreUnits > 0 && moreUnits === moreKeys ? [`On ${count(keys, "key")} so far, and ${minimumKeys} are needed.`]
    : moreUnits > 0 ?
      [
        `${count(moreUnits, "more unit")} without a bad one needed${moreMs === undefined ? "" : `, about ${span(moreMs)} at the present rate`}.`,
      ]
    : [`${span(moreTimeMs)} more needed.`];
  return {
    kind: "insufficient",
    ...facts,
    missing: moreUnits > 0 ? "too-few" : "too-short",
    moreUnits,
    ...(moreMs !== undefined && { moreMs }),
    reasons,
  };
}

/** What keeps a candidate from ever being ready, however long it goes on like this. */
function stallOf({ comparisons, units, gates }: VerdictInput, readings: readonly GateReading[]): string | undefined {
  const above = readings.find(({ by, state }) => by === "calls" && state === "not-ready");
  if (above) return aboveCalls(above.name, above.rate, above.units, above.max);
  if (units === 0 && comparisons >= enoughToTell) {
    return `None of ${count(comparisons, "comparison")} could tell whether the candidate is right.`;
  }
  const broken = gates.find(({ calls, failed = 0 }) => calls === 0 && failed >= enoughToTell);
  if (broken) return `${broken.name}: the gate failed in each of ${count(broken.failed!, "call")}, and says nothing.`;
  const mute = gates.find(({ silence }) => silence !== undefined);
  if (mute) return `${mute.name}: ${mute.silence}.`;
  const silent = gates.find(({ calls, remembers }) => calls === 0 && units >= 500 && remembers !== true);
  return silent && `${silent.name}: the gate could judge none of ${count(comparisons, "comparison")}.`;
}

// A block has 32 pairs, and one call in 16 is a pair.
const unitsPerBlock = 512;

/** About how many units the missing evidence of a gate takes. */
function inUnits({ by, moreUnits, units: blocks }: GateReading, units: number): number {
  if (by !== "blocks" || moreUnits === 0) return moreUnits;
  return Math.ceil(moreUnits * Math.min(unitsPerBlock, blocks === 0 ? unitsPerBlock : units / blocks));
}

function nounOf({ by }: Pick<GateReading, "by">): string {
  return (
    by === "calls" ? "call"
    : by === "blocks" ? "block of 32 pairs"
    : "unit"
  );
}

function aboveCalls(name: string, rate: number, calls: number, max: number): string {
  return `${name}: ${percent(rate)} of ${count(calls, "call")}, at most ${percent(max)} tolerated.`;
}

/** A gate that goes by calls compares the share itself: no test, and no alarm. */
function readCalls({ name, max, calls, badCalls, dryRun }: VerdictInput["gates"][number]): GateReading {
  const rate = calls === 0 ? 0 : badCalls / calls;
  const ready = calls > 0 && rate <= max;
  const state =
    ready ? "ready"
    : calls >= enoughToTell ? "not-ready"
    : "insufficient";
  const moreUnits = ready ? 0 : Math.max(1, Math.ceil(badCalls / max) - calls);
  const facts = {
    name,
    max,
    by: "calls",
    units: calls,
    bad: badCalls,
    rate,
    upperBound: rate,
    state,
    moreUnits,
  } as const;
  return dryRun ? { ...facts, dryRun } : facts;
}

function read(gate: VerdictInput["gates"][number], risk: number): GateReading {
  if (gate.by === "calls") return readCalls(gate);
  const { name, max, by, units, bad, open, calls, badCalls, regressedSince } = gate;
  const rate = units === 0 ? 0 : bad / units;
  // One customer that is always wrong is a single unit a window, and many calls.
  const flooded = badCalls > floodRatio * max * calls;
  const ready = !flooded && units > 0 && evidenceForReady(units, bad, max) >= Math.log(1 / risk);
  const state =
    regressedSince !== undefined ? "regressed"
    : ready ? "ready"
    : (flooded || rate >= max) && units >= unitsToCertify(0, max, risk) ? "not-ready"
    : "insufficient";
  return {
    name,
    max,
    units,
    bad,
    rate,
    upperBound: upperBound(units, bad, risk, alternativesFor(max)),
    state,
    moreUnits: ready ? 0 : Math.max(open > 0 && !flooded ? 0 : 1, unitsToCertify(bad, max, risk) - units - open),
    ...(by !== undefined && { by }),
    ...(gate.dryRun === true && { dryRun: true }),
    ...((gate.silence ?? gate.note) !== undefined && { note: (gate.silence ?? gate.note)! }),
    ...(regressedSince !== undefined && { regressedSince }),
    ...(gate.alarmedBy !== undefined && { alarmedBy: gate.alarmedBy }),
  };
}

/** When, in UTC, to the second. */
function clockOf(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** A share for people: three significant digits, and more where these would make all of what is not. */
export function percent(share: number): string {
  const whole = Number((share * 100).toPrecision(3));
  if (whole !== 100 || share >= 1) return `${whole} %`;
  // As many nines as it takes.
  const digits = Math.min(15, Math.ceil(-Math.log10(1 - share)) - 1);
  return `${Math.floor(share * 10 ** (digits + 2)) / 10 ** digits} %`;
}

/** A duration for people, in its largest unit of which there is at least one. */
export function span(durationMs: number): string {
  const units: readonly (readonly [string, number])[] = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
  ];
  for (const [unit, ms] of units) {
    if (durationMs >= ms) return `${Number((durationMs / ms).toPrecision(2))} ${unit}`;
  }
  return `${Math.ceil(durationMs)} ms`;
}

function count(number: number, noun: string): string {
  const digits = String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, " ");
  const plural = noun.includes(" of ") ? noun.replace(" of ", "s of ") : `${noun}s`;
  return `${digits} ${number === 1 ? noun : plural}`;
}
