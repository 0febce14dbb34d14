import type { Comparison, Difference } from "../../model/comparison.ts";
import type { Outcome } from "../../model/observation.ts";
import type { OptionCheck } from "../../model/check-options.ts";
import { judge } from "../../compare/judge.ts";
import { typeNameOf } from "../../compare/kinds/type-name.ts";
import { generalise } from "../../compare/signature.ts";
import type { MismatchGroups } from "../../stats/groups.ts";
import { netMismatches, NoiseLedger, type NetMismatches, type NoisePlace, type NoiseRate } from "../../stats/noise.ts";
import { Deadline } from "../limits/deadlines.ts";
import { mayFollow, watch } from "../runtime/promises.ts";
import { callAs, Mark } from "../runtime/current-run.ts";
import type { Run } from "../run/run.ts";
import type { NoiseOptions, UncheckedDefinition } from "../define/options.ts";

// A control that hangs must not be run again and again: so many may be open at once.
const mostOpen = 10;
const minuteMs = 60_000;

/** What control's second runs tell: which mismatches it has with itself, too. */
export interface NoiseReport {
  /** How often control ran once more, and how often it did not since the rate or a limit said so. */
  readonly reruns: number;
  readonly skipped: number;
  /** Second runs that timed out: nothing was learnt of them. */
  readonly timedOut: number;
  /** All mismatches, and those of kinds that are not noise. Published counts are always raw. */
  readonly mismatches: NetMismatches;
  /** By signature, and by generalized path. */
  readonly groups: readonly NoiseRate[];
  readonly paths: readonly NoiseRate[];
  /** Patterns for `compare.ignore` at the leaves that are noise. Nothing adds them but you. */
  readonly proposals: readonly string[];
}

type Mismatch = Extract<Comparison, { kind: "mismatch" }>;

/** @throws {SidelaneError} `invalid-definition`, where control may not be run twice */
export function noiseRuns(check: OptionCheck, { noise }: UncheckedDefinition): NoiseRuns | undefined {
  if (noise === undefined) return undefined;
  const unchecked: unknown = noise;
  check.object("noise", unchecked);
  check.known(noise, ["controlIsReadOnly", "rate", "max"], "noise.");
  if (unchecked["controlIsReadOnly"] !== true) {
    check.fail("noise.controlIsReadOnly", "true", unchecked["controlIsReadOnly"], "Noise runs control a second time");
  }
  if (noise.rate !== undefined) check.number("noise.rate", noise.rate, { max: 1 });
  if (noise.max !== undefined) check.number("noise.max", noise.max, { integer: true });
  return new NoiseRuns(noise);
}

/**
 * Runs control once more after a mismatch, after the candidate and outside of every request: where it differs from its
 * own first outcome as often as the candidate does, the mismatch says nothing about the candidate.
 */
export class NoiseRuns {
  readonly #rate: number;
  readonly #max: number;
  readonly #ledger = new NoiseLedger();
  #minute = -Infinity;
  #inMinute = 0;
  #reruns = 0;
  #skipped = 0;
  #timedOut = 0;
  #unsettled = 0;
  /** Second runs that have neither ended nor timed out. */
  pending = 0;

  constructor({ rate = 1, max = 60 }: Omit<NoiseOptions, "controlIsReadOnly">) {
    this.#rate = rate;
    this.#max = max;
  }

  /** Called in a turn of its own, with the mismatches of one run, of which there is at least one. */
  consider(run: Run, mismatches: readonly Mismatch[]): void {
    const { host } = run.plan;
    if (host.closed || !this.#admits(host.clock.monotonic(), host.random) || host.inFlight.count >= host.maxInFlight) {
      this.#skipped += 1;
      return;
    }
    this.#inMinute += 1;
    this.#reruns += 1;
    this.#runAgain(run, (second) => this.#learn(run, mismatches, second));
  }

  report(groups: MismatchGroups): NoiseReport {
    const ledger = this.#ledger;
    return {
      reruns: this.#reruns,
      skipped: this.#skipped,
      timedOut: this.#timedOut,
      mismatches: netMismatches(groups.list(), (signature) => ledger.verdictOf(signature)),
      groups: ledger.groups(),
      paths: ledger.paths(),
      proposals: ledger.proposals(),
    };
  }

  #admits(now: number, random: () => number): boolean {
    if (now - this.#minute >= minuteMs) {
      this.#minute = now;
      this.#inMinute = 0;
    }
    if (this.#inMinute >= this.#max || this.#unsettled >= mostOpen) return false;
    return this.#rate >= 1 || random() < this.#rate;
  }

  #runAgain({ plan, hooks, self, args }: Run, settled: (outcome: Outcome) => void): void {
    const { host } = plan;
    // Neither control nor a candidate of that name: whoever keeps still in a candidate does so here.
    const mark = new Mark(plan.name, "control again");
    let given: unknown;
    try {
      given = callAs(mark, host.trackRuns, hooks.control, self, args);
    } catch (error) {
      settled({ kind: "threw", error });
      return;
    }
    if (!mayFollow(given)) {
      settled({ kind: "returned", value: given });
      return;
    }
    let open = true;
    this.pending += 1;
    this.#unsettled += 1;
    host.inFlight.change(1);
    const end = (): boolean => {
      if (!open) return false;
      open = false;
      this.pending -= 1;
      plan.counters.whenEnded?.();
      return true;
    };
    const deadline = new Deadline(() => {
      if (!end()) return;
      this.#timedOut += 1;
      mark.timeOut();
    });
    host.deadlines.add(deadline, plan.timeoutMs, host.clock.monotonic());
    const came = (outcome: Outcome): void => {
      host.deadlines.remove(deadline);
      host.inFlight.change(-1);
      this.#unsettled -= 1;
      if (end()) settled(outcome);
    };
    watch(
      given,
      (value) => came({ kind: "returned", value }),
      (error) => came({ kind: "threw", error }),
      mark,
      host.trackRuns,
    );
  }

  /** Three runs on one call: where the candidate stands out from control's two, it is wrong; where one of control's does, it is noise. */
  #learn(run: Run, mismatches: readonly Mismatch[], second: Outcome): void {
    const { judgement, host } = run.plan;
    const now = host.clock.now();
    const own = judge(run.control!, second, judgement, now);
    if (own.kind === "inconclusive") return;
    const ownPlaces = own.kind === "mismatch" ? placesOf(own) : [];
    for (const { comparison, outcome } of run.trials) {
      if (comparison?.kind !== "mismatch" || !mismatches.includes(comparison)) continue;
      const third = judge(second, outcome!, judgement, now);
      if (third.kind === "inconclusive") continue;
      const paths = third.kind === "mismatch" ? third.differences.map(({ path }) => generalise(path)) : [];
      this.#ledger.record(comparison.signature, placesOf(comparison), ownPlaces, paths);
    }
  }
}

function placesOf({ differences }: Mismatch): NoisePlace[] {
  return differences.map((difference) => ({
    path: generalise(difference.path),
    control: wordOf(difference, "control"),
    other: wordOf(difference, "candidate"),
  }));
}

/** What one side shows at a place, in a word. */
function wordOf(difference: Difference, side: "control" | "candidate"): string {
  const { path, kind } = difference;
  if (kind === "length" || kind === "order" || kind === "opaque" || kind === "unreadable") return kind;
  if (!(side in difference)) return "missing";
  const shown = difference[side];
  // At the top a difference in type may be told in words.
  if (path === "$" && kind === "type" && typeof shown === "string" && /^(threw|returned) /.test(shown)) {
    return shown.startsWith("threw") ? "threw" : "returned";
  }
  return typeNameOf(shown);
}
