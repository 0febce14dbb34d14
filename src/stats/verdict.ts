import { grouped, howMany, instant, percent, span } from "../model/figures.ts";
import { enoughToTell, nounOf, readGate, type GateEvidence, type GateReading } from "./gate-reading.ts";

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
  readonly gates: readonly GateEvidence[];
}

/**
 * Reads evidence. Pure; may be asked after every call without raising the risk.
 *
 * A gate is `not-ready` once it has as many units as would certify a faultless candidate and its rate is still above
 * what it tolerates; while its rate is below, it is `insufficient` until the evidence suffices.
 */
export function verdictOf(input: VerdictInput): Verdict {
  const { tolerated, risk = 0.01 } = input;
  const all = input.gates.map((gate) => readGate(tolerated ? { ...gate, max: tolerated(gate.max) } : gate, risk));
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
  return `${name} (dry run): ${state}, ${percent(rate)} of ${howMany(units, nounOf(reading))}, ${percent(max)} tolerated.`;
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
      `${regressed.name} alarms: ${Math.round(bad)} of the last ${howMany(seen, nounOf(regressed))} since ${instant(since)}, ${percent(regressed.max)} tolerated.`,
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
          `${name}: ${percent(rate)} of ${howMany(judged, nounOf(reading))}, at most ${percent(max)} tolerated.`
        : `${name}: ${percent(badCalls / calls)} of ${howMany(calls, "call")}, more than ten times the ${percent(max)} tolerated.`;
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
      return `${name}: at most ${percent(bound)}${sure} after ${howMany(judged, nounOf(reading))}; ${percent(max)} tolerated${more}.`;
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
    : moreUnits > 0 && moreUnits === moreKeys ?
      [`On ${howMany(keys, "key")} so far, and ${grouped(minimumKeys)} are needed.`]
    : moreUnits > 0 ?
      [
        `${howMany(moreUnits, "more unit")} without a bad one needed${moreMs === undefined ? "" : `, about ${span(moreMs)} at the present rate`}.`,
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
    return `None of ${howMany(comparisons, "comparison")} could tell whether the candidate is right.`;
  }
  const broken = gates.find(({ calls, failed = 0 }) => calls === 0 && failed >= enoughToTell);
  if (broken) return `${broken.name}: the gate failed in each of ${howMany(broken.failed!, "call")}, and says nothing.`;
  const mute = gates.find(({ silence }) => silence !== undefined);
  if (mute) return `${mute.name}: ${mute.silence}.`;
  const silent = gates.find(({ calls, remembers }) => calls === 0 && units >= 500 && remembers !== true);
  return silent && `${silent.name}: the gate could judge none of ${howMany(comparisons, "comparison")}.`;
}

// A block has 32 pairs, and one call in 16 is a pair.
const unitsPerBlock = 512;

/** About how many units the missing evidence of a gate takes. */
function inUnits({ by, moreUnits, units: blocks }: GateReading, units: number): number {
  if (by !== "blocks" || moreUnits === 0) return moreUnits;
  return Math.ceil(moreUnits * Math.min(unitsPerBlock, blocks === 0 ? unitsPerBlock : units / blocks));
}

function aboveCalls(name: string, rate: number, calls: number, max: number): string {
  return `${name}: ${percent(rate)} of ${howMany(calls, "call")}, at most ${percent(max)} tolerated.`;
}
