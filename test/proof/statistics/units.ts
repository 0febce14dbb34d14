import { EpochEvidence } from "../../../src/rollout/ramp/ramp-evidence.ts";
import { toleratedServed } from "../../../src/rollout/ramp/served-verdict.ts";
import { CandidateEvidence } from "../../../src/stats/candidate-evidence.ts";
import { unitsToCertify } from "../../../src/stats/evidence.ts";
import { FleetUnits } from "../../../src/stats/fleet-units.ts";
import { GateEvidence } from "../../../src/stats/gate-evidence.ts";
import { evidenceForReady } from "../../../src/stats/evidence.ts";
import { gates } from "../../../src/stats/gates.ts";
import { geometric, sample } from "../../stats/sample.ts";

const secret = "000102030405060708090a0b0c0d0e0f";
const windowMs = 60_000;
/** What a simulation never reaches: only readiness is looked at. */
const noAlarm = 1e12;
const risk = 0.01;
const tolerated = 0.01;

/** How often a key is called in a window, by its number. */
export type Weights = (key: number) => number;

/** A few customers make most of the traffic. */
export const heavy: Weights = (key) => 1 + Math.floor(100 / (key + 1));
/** Every customer comes 20 times in a row. */
export const bursts: Weights = () => 20;

/**
 * Whether a candidate at exactly the tolerated rate of units is ever called ready, on 50 keys a window for 60 windows. One
 * call of a bad unit is wrong, whichever.
 */
export function isFalselyReady(random: () => number, weights: Weights): boolean {
  const evidence = new CandidateEvidence({ secret, gates: [gates.mismatches(tolerated)], falseAlarmEvery: noAlarm });
  for (let window = 0; window < 60; window++) {
    for (let key = 0; key < 50; key++) {
      const calls = weights(key);
      const wrong = random() < tolerated ? Math.floor(random() * calls) : -1;
      for (let call = 0; call < calls; call++) {
        const kind = call === wrong ? "mismatch" : "match";
        evidence.record(sample({ kind, key: `k${key}`, at: window * windowMs + key * 1_000 + call }));
      }
    }
    const [gate] = evidence.verdict("v2", { risk, now: (window + 1) * windowMs }).gates;
    if (gate!.state === "ready") return true;
  }
  return false;
}

/** The same, in 50 processes that all see every key; their tables merge by OR. */
export function isFleetFalselyReady(random: () => number, processes = 50): boolean {
  const list = [gates.mismatches(tolerated)];
  const options = { gates: list, secret, mergeable: true, falseAlarmEvery: noAlarm };
  const all = Array.from({ length: processes }, () => new CandidateEvidence(options));
  const merging = new FleetUnits(list, windowMs, noAlarm);
  for (let window = 0; window < 60; window++) {
    for (let key = 0; key < 50; key++) {
      const wrong = random() < tolerated ? Math.floor(random() * processes) : -1;
      for (let call = 0; call < processes; call++) {
        const kind = call === wrong ? "mismatch" : "match";
        all[call]!.record(sample({ kind, key: `k${key}`, at: window * windowMs + key * 1_000 }));
      }
    }
    const reports = all.map((each) => each.mergeable());
    const { units, bad } = merging.merge(reports, (window + 1) * windowMs).gates["mismatch"]!;
    if (merging.folded) for (const each of all) each.forgetThrough(merging.folded.through);
    if (evidenceForReady(units, bad, tolerated) >= Math.log(1 / risk)) return true;
  }
  return false;
}

interface Step {
  readonly evidence: EpochEvidence;
  /** One call of a new key. */
  call(index: number, isBad: (served: boolean) => boolean): void;
  isReady(index: number): boolean;
}

/** A step at a share: 600 calls a window, each of a key of its own. */
function stepAt(share: number, max: number, random: () => number, callsAWindow = 600): Step {
  const minimumServed = 102;
  const options = {
    gates: [gates.mismatches(max)],
    unitWindowMs: windowMs,
    mergeable: false,
    onFault: () => undefined,
  };
  const evidence = new EpochEvidence({ ...options, secret, share, minimumServed, falseAlarmEvery: noAlarm });
  const at = (index: number): number => Math.floor((index * windowMs) / callsAWindow);
  return {
    evidence,
    call(index, isBad) {
      const served = random() < share;
      const kind = isBad(served) ? "mismatch" : "match";
      evidence.record(sample({ kind, key: `k${index}`, served, at: at(index) }));
    },
    isReady(index) {
      const terms = { risk, minimumUnits: 500, minimumKeys: 102, now: at(index + 1), elapsedMs: at(index + 1) };
      return evidence.verdict(terms).kind === "ready";
    },
  };
}

/** Whether a step of 1 % passes where the candidate is wrong in as many of its answers as is tolerated, and never in shadow. */
export function isServedFalselyReady(random: () => number, calls = 40_000): boolean {
  const [share, max] = [0.01, 0.001];
  const wrong = toleratedServed(max, share);
  const step = stepAt(share, max, random);
  for (let index = 0; index < calls; index++) {
    step.call(index, (served) => served && random() < wrong);
    if (index % 100 === 99 && step.isReady(index)) return true;
  }
  return false;
}

/** How many calls it takes until clean traffic is ready, as a multiple of what the formulas say. */
export function cleanRatio(share: number, max: number, random: () => number): number {
  const ofAll = unitsToCertify(0, max, risk);
  const ofServed = share === 0 ? 0 : Math.max(102, unitsToCertify(0, toleratedServed(max, share), risk)) / share;
  const needed = Math.max(ofAll, ofServed, 500);
  const step = stepAt(share, max, random, Math.ceil(needed / 12));
  for (let index = 0; index < 3 * needed; index++) {
    step.call(index, () => false);
    if (index % 16 === 15 && step.isReady(index)) return (index + 1) / needed;
  }
  return Infinity;
}

/** How many calls it takes until a jump to `rate` alarms, after a million good ones; 0.1 % tolerated, three gates. */
export function callsToAlarm(rate: number, random: () => number): number {
  const gate = new GateEvidence(0.001, 3e5);
  gate.addGood(1_000_000);
  for (let calls = 0; ;) {
    const next = geometric(random, rate);
    gate.addGood(next - 1);
    calls += next;
    if (gate.add(1)) return calls;
  }
}

/** In which window, from 1 on, 500 processes alarm together that see three wrong answers each; `undefined` where any alarms alone. */
export function windowOfMergedAlarm(): number | undefined {
  const list = [gates.mismatches()];
  const merging = new FleetUnits(list, windowMs, 3e5);
  const reports = Array.from({ length: 500 }, (_, index) => {
    const evidence = new CandidateEvidence({ gates: list, secret, mergeable: true, falseAlarmEvery: 3e5 });
    for (let call = 0; call < 3; call++) {
      evidence.record(sample({ kind: "mismatch", key: `k${index}-${call}`, at: index * 100 }));
    }
    return evidence;
  });
  if (reports.some(({ alarmed }) => alarmed !== undefined)) return undefined;
  for (let window = 1; window < 10; window++) {
    merging.merge(
      reports.map((each) => each.mergeable()),
      window * windowMs + 15_000,
    );
    if (merging.alarmed !== undefined) return window;
  }
  return undefined;
}

/** After how many units a gate alarms falsely at exactly the tolerated rate, at most 20 times what is promised. */
export function unitsToFalseAlarm(max: number, every: number, random: () => number): number {
  const gate = new GateEvidence(max, every);
  for (let units = 1; units <= 20 * every; units++) if (gate.add(random() < max ? 1 : 0)) return units;
  return 20 * every;
}
