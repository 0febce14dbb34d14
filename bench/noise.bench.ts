// Which rule tells a regression from control's own unsteadiness? Run: npx tsx bench/noise.bench.ts
//
// Every run of a behavior is unsteady on its own, so that two runs of control differ at the given rate. A regression
// makes the candidate wrong in its share of calls. `A` is control, `B` the candidate, `C` control once more.
import { NoiseLedger, type NoiseVerdict } from "../src/stats/noise.ts";

const calls = 10_000;
const trials = 200;
const mostReruns = 100;

/** Mulberry32 (Tommy Ettinger, public domain): the figures are the same in every run. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seeded(20_261_123);

interface Scenario {
  readonly about: string;
  /** How often two runs of control differ. */
  readonly noise: number;
  /** In how many calls the candidate is wrong. */
  readonly regression: number;
}

interface Call {
  readonly mismatch: boolean;
  /** Runs control again: does it differ from its first run, and does the candidate differ from it? */
  rerun(): { readonly own: boolean; readonly third: boolean };
}

function makeCall({ noise, regression }: Scenario): Call {
  // Two runs differ when at least one of them is unsteady: 1 - (1 - q)² = noise.
  const unsteady = 1 - Math.sqrt(1 - noise);
  const control = random() < unsteady;
  const candidate = random() < unsteady || random() < regression;
  return {
    mismatch: control || candidate,
    rerun() {
      const second = random() < unsteady;
      return { own: control || second, third: candidate || second };
    },
  };
}

interface Answer {
  readonly verdict: NoiseVerdict;
  readonly reruns: number;
}

/** Diffy's published rule: raw differences against control's own, relative and absolute, without a test of significance. */
function diffySays(raw: number, noise: number, total: number): NoiseVerdict {
  if (raw <= noise) return "noise";
  const relative = (raw - noise) / (raw + noise);
  return relative > 0.2 && (raw - noise) / total > 0.0003 ? "real" : "noise";
}

function diffyAlways(scenario: Scenario): Answer {
  let raw = 0;
  let noise = 0;
  for (let n = 0; n < calls; n++) {
    const call = makeCall(scenario);
    if (call.mismatch) raw++;
    if (call.rerun().own) noise++;
  }
  return { verdict: diffySays(raw, noise, calls), reruns: calls };
}

function diffySampled(scenario: Scenario): Answer {
  let raw = 0;
  let noise = 0;
  let reruns = 0;
  for (let n = 0; n < calls; n++) {
    const call = makeCall(scenario);
    if (call.mismatch) raw++;
    if (random() >= 0.01) continue;
    reruns++;
    if (call.rerun().own) noise++;
  }
  // Counts of different bases become comparable as rates.
  return { verdict: diffySays(raw / calls, reruns === 0 ? 0 : noise / reruns, 1), reruns };
}

function sidelane(scenario: Scenario): Answer {
  const ledger = new NoiseLedger();
  let reruns = 0;
  // Re-runs are limited: after the last one, further calls tell nothing new.
  for (let n = 0; n < calls && reruns < mostReruns; n++) {
    const call = makeCall(scenario);
    if (!call.mismatch) continue;
    reruns++;
    const { own, third } = call.rerun();
    const place = { path: "$.path", control: "number", other: "number" };
    ledger.record("path", [place], own ? [place] : [], third ? ["$.path"] : []);
  }
  return { verdict: ledger.verdictOf("path"), reruns };
}

const rules = [
  { about: "Diffy, control twice on 100 %", ask: diffyAlways },
  { about: "Diffy on rates, control twice on 1 %", ask: diffySampled },
  { about: "Sidelane, control again on mismatch", ask: sidelane },
];

const scenarios: readonly Scenario[] = [
  { about: "noise 0.1 %", noise: 0.001, regression: 0 },
  { about: "noise 2 %", noise: 0.02, regression: 0 },
  { about: "1 % regression, no noise", noise: 0, regression: 0.01 },
  { about: "1 % regression, noise 0.1 %", noise: 0.001, regression: 0.01 },
  { about: "30 % regression, noise 10 %", noise: 0.1, regression: 0.3 },
];

const percent = (part: number): string => `${((100 * part) / trials).toFixed(1)} %`;

console.log(`${calls} calls, ${trials} trials each, node ${process.version}`);
console.log("| scenario | rule | real | noise | undecided | extra runs |\n|---|---|---|---|---|---|");
for (const scenario of scenarios) {
  for (const { about, ask } of rules) {
    const counts = { real: 0, noise: 0, undecided: 0 };
    let reruns = 0;
    for (let trial = 0; trial < trials; trial++) {
      const answer = ask(scenario);
      counts[answer.verdict]++;
      reruns += answer.reruns;
    }
    const { real, noise, undecided } = counts;
    const cells = [
      scenario.about,
      about,
      percent(real),
      percent(noise),
      percent(undecided),
      Math.round(reruns / trials),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
