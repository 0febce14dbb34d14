/**
 * `npm run soak`: five minutes of steady load with everything going wrong that may go wrong, and the laws of conservation
 * looked at every second. `--seconds 60` for fewer. Ends with code 1 when a caller got anything but control's outcome, a
 * rejection went unhandled, a call or result is unaccounted for, or (from three minutes on) the event loop was held
 * for over 25 ms after its first 5 s, or the heap grows by more than 1 MB in ten minutes.
 */
import { Laboratory } from "../src/experiment/laboratory.ts";
import { residualsOf } from "../test/proof/residuals.ts";
import { largeExperiments, removeShown, showingPublishers } from "./soak-large.ts";
import { Stalls } from "./stalls.ts";

const callsPerSecond = 5_000;
const sampled = 0.2;
const slopeLimit = 1; // MB in ten minutes
const stallLimitMs = 25;
/** One call in so many has values that take long to look at, which are told with all that they hold. */
const largeEvery = 250;
// Before, what a fresh process learns (compiled code, filled histograms) still reads as growth, and takes longer.
const shortestForSlopeSeconds = 180;
// What runs for the first time is not compiled yet: told by itself.
const startingSeconds = 5;

const seconds = secondsFrom(process.argv);
const problems: string[] = [];
const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

interface Answer {
  readonly n: number;
  readonly lines: readonly number[];
}
const answerTo = (n: number): Answer => ({ n, lines: [n, n + 1] });
const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs).unref());

let published = 0;
const rotating: readonly (() => void | Promise<void>)[] = [
  () => undefined,
  () => pause(2),
  () => {
    throw new Error("publisher throws");
  },
  () => Promise.reject(new Error("publisher rejects")),
];
const laboratory = new Laboratory({
  publishers: [
    { name: "healthy", publish: () => undefined },
    {
      name: "rotating",
      // Every 500th hangs: more would make it do little else, at 5 s each.
      publish: () => (++published % 500 === 0 ? new Promise<void>(() => undefined) : rotating[published % 4]!()),
    },
    ...showingPublishers(),
  ],
  onFault: () => undefined,
});

let candidates = 0;
/** 2 % throw undefined; 0.1 % hang for 30 s, long after their time is up and the slot is all that they keep. */
function misbehave(): "throws" | "hangs" | undefined {
  candidates += 1;
  if (candidates % 50 === 0) return "throws";
  return candidates % 1_000 === 501 ? "hangs" : undefined;
}

const limits = { timeoutMs: 1_000 };
const synchronous = laboratory.experiment("synchronous", {
  control: control,
  candidate(n: number) {
    if (misbehave() === "throws") throw undefined;
    return n % 97 === 0 ? answerTo(n + 1) : answerTo(n);
  },
  sample: sampled,
  limits,
});
const asynchronous = laboratory.experiment("asynchronous", {
  control: async (n: number) => {
    await Promise.resolve();
    return control(n);
  },
  async candidate(n: number) {
    const misdeed = misbehave();
    if (misdeed === "throws") throw undefined;
    if (misdeed === "hangs") await pause(30_000);
    return n % 97 === 0 ? answerTo(n + 1) : answerTo(n);
  },
  sample: sampled,
  limits,
});

const large = largeExperiments(laboratory);

/** What control made last, or threw: callers are to get this very thing. */
const made = new Map<number, unknown>();
function control(n: number): Answer {
  const answer = answerTo(n);
  // One in a hundred throws, and what is thrown may be undefined.
  const thrown = n % 200 === 0 ? undefined : answer;
  if (n % 100 === 0) {
    made.set(n, thrown);
    throw thrown;
  }
  made.set(n, answer);
  return answer;
}

let calls = 0;
let wrong = 0;
function check(n: number, ended: "returned" | "threw", what: unknown): void {
  if ((ended === "threw") !== (n % 100 === 0) || what !== made.get(n) || !made.has(n)) wrong += 1;
  made.delete(n);
}

function callOnce(): void {
  const n = (calls += 1);
  if (n % largeEvery === 0) large[(n / largeEvery) % large.length]!(n);
  if (n % 2 === 0) {
    try {
      check(n, "returned", synchronous(n));
    } catch (error) {
      check(n, "threw", error);
    }
    return;
  }
  asynchronous(n).then(
    (value) => check(n, "returned", value),
    (error: unknown) => check(n, "threw", error),
  );
}

let stalls = new Stalls(stallLimitMs);
let whileStarting: number | undefined;
const heap: { atSeconds: number; megabytes: number }[] = [];
function sampleHeap(atSeconds: number): void {
  (globalThis as { gc?: () => void }).gc?.();
  heap.push({ atSeconds, megabytes: process.memoryUsage().heapUsed / 1e6 });
  stalls.forgive();
}

function lookAtLaws(when: string): void {
  const residuals = residualsOf(laboratory.status());
  if (Object.keys(residuals).length > 0) problems.push(`${when}: unaccounted for: ${JSON.stringify(residuals)}`);
}

const startedAt = performance.now();
const elapsedSeconds = (): number => (performance.now() - startedAt) / 1_000;
let lookedAt = 0;
while (elapsedSeconds() < seconds) {
  // What a slow machine could not do in time is not made up for in one burst.
  const due = Math.min(Math.floor(elapsedSeconds() * callsPerSecond) - calls, callsPerSecond / 50);
  for (let index = 0; index < due; index++) callOnce();
  if (elapsedSeconds() - lookedAt >= 1) {
    lookedAt = elapsedSeconds();
    lookAtLaws(`after ${Math.round(lookedAt)} s`);
    sampleHeap(lookedAt);
  }
  if (whileStarting === undefined && elapsedSeconds() >= startingSeconds) {
    whileStarting = stalls.longestMs;
    stalls.end();
    stalls = new Stalls(stallLimitMs);
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const tookSeconds = elapsedSeconds();
stalls.end();
await laboratory.close({ timeoutMs: 3_000 });
removeShown();
lookAtLaws("after closing");

const slope = slopeOf(heap.filter(({ atSeconds }) => atSeconds > Math.min(seconds * 0.4, 120)));
const { experiments, publishers } = laboratory.status();
if (wrong > 0) problems.push(`${wrong} callers got something else than control's outcome`);
if (made.size > 0) problems.push(`${made.size} callers got nothing`);
if (unhandled.length > 0) problems.push(`${unhandled.length} rejections went unhandled: ${String(unhandled[0])}`);
if (publishers["healthy"]!.published !== publishers["healthy"]!.accepted)
  problems.push("the healthy publisher lost some");
if (seconds >= shortestForSlopeSeconds && slope * 600 > slopeLimit) {
  problems.push(`the heap grows by ${(slope * 600).toFixed(2)} MB in ten minutes`);
}
if (seconds >= shortestForSlopeSeconds && stalls.longestMs > stallLimitMs)
  problems.push(`the event loop was held for ${stalls.longestMs.toFixed(1)} ms`);
for (const [name, { matched, mismatched, timedOut }] of Object.entries(experiments)) {
  if (matched === 0 || mismatched === 0) problems.push(`${name}: nothing was compared`);
  if (name === "asynchronous" && timedOut === 0) problems.push("no candidate hung");
}
console.log(
  JSON.stringify({
    seconds: Math.round(tookSeconds),
    calls,
    callsPerSecond: Math.round(calls / tookSeconds),
    started: sum(Object.values(experiments).map(({ started }) => started)),
    timedOut: sum(Object.values(experiments).map(({ timedOut }) => timedOut)),
    publishers,
    stalls: stalls.count,
    longestStallMs: Number(stalls.longestMs.toFixed(1)),
    longestStallMsWhileStarting: Number(whileStarting?.toFixed(1)),
    heapMegabytes: Number(heap.at(-1)?.megabytes.toFixed(1)),
    heapSlopeMegabytesIn10Minutes: Number((slope * 600).toFixed(2)),
    problems,
  }),
);
process.exitCode = problems.length > 0 ? 1 : 0;

/** Least squares, in megabytes a second. */
function slopeOf(samples: readonly { atSeconds: number; megabytes: number }[]): number {
  const meanX = sum(samples.map(({ atSeconds }) => atSeconds)) / samples.length;
  const meanY = sum(samples.map(({ megabytes }) => megabytes)) / samples.length;
  const products = samples.map(({ atSeconds, megabytes }) => (atSeconds - meanX) * (megabytes - meanY));
  return sum(products) / sum(samples.map(({ atSeconds }) => (atSeconds - meanX) ** 2));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function secondsFrom(argv: readonly string[]): number {
  const at = argv.indexOf("--seconds");
  const given = at < 0 ? 300 : Number(argv[at + 1]);
  if (!(given > 0)) throw new Error(`Expected --seconds to be a number above 0, got ${argv[at + 1]}`);
  return given;
}
