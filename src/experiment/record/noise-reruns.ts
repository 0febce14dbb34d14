import type { Clock } from "../../model/clock.ts";
import type { Comparison, Difference } from "../../model/comparison.ts";
import type { Outcome } from "../../model/observation.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import { judge, type Judgement } from "../../compare/judge.ts";
import { typeNameOf } from "../../compare/kinds/type-name.ts";
import { generalise } from "../../compare/signature.ts";
import type { MismatchGroups } from "../../stats/groups.ts";
import { hideGeneralPath } from "../../records/names-in-code.ts";
import { netMismatches, NoiseLedger, type NetMismatches, type NoisePlace, type NoiseRate } from "../../stats/noise.ts";
import { Attempt, type AttemptServices } from "../limits/attempt.ts";
import type { InFlight } from "../limits/in-flight.ts";
import { Mark } from "../runtime/current-run.ts";
import type { Counters } from "./counters.ts";

// A control that hangs must not be run again and again: so many may be open at once.
const mostOpen = 10;
const minuteMs = 60_000;

/** What control's second runs tell: which mismatches it has with itself, too. */
export interface NoiseReport {
  /** How often control ran once more, and how often it did not since the rate or a limit said so. */
  readonly reruns: number;
  readonly skipped: number;
  /** Second runs that timed out, or came to no outcome: nothing was learnt of them. */
  readonly timedOut: number;
  /** All mismatches, and those of kinds that are not noise. Published counts are always raw. */
  readonly mismatches: NetMismatches;
  /** By signature, and by generalized path: with `*` for keys that do not look like names in code, since they may be data. */
  readonly groups: readonly NoiseRate[];
  readonly paths: readonly NoiseRate[];
  /** Patterns for `compare.ignore` at the leaves that are noise. Nothing adds them but you. */
  readonly proposals: readonly string[];
}

type Mismatch = Extract<Comparison, { kind: "mismatch" }>;

/** Stands for a control that nobody can call again. */
export const notAgain: AnyFunction = () => undefined;

/** What control rejects with when it ran again, and nothing can be learnt of it. */
export const nothingLearnt: unique symbol = Symbol("nothing learnt");

/** A call whose control can be run again. */
export interface Rerunnable {
  readonly self: unknown;
  readonly args: unknown[];
  /** What it came to the first time. */
  readonly control: Outcome | undefined;
  readonly hooks: { readonly control: AnyFunction };
  readonly candidateRuns: readonly {
    readonly comparison: Comparison | undefined;
    readonly outcome: Outcome | undefined;
  }[];
  readonly plan: {
    readonly name: string;
    readonly timeoutMs: number;
    readonly judgement: Judgement;
    readonly counters: Counters;
    readonly services: AttemptServices & {
      readonly clock: Clock;
      readonly inFlight: InFlight;
      readonly maxInFlight: number;
      random(): number;
    };
  };
}

/** How noise is told from regressions: after a mismatch, control runs a second time. */
export interface NoiseOptions {
  /** Says that running control twice does no harm. Required, since noise runs it twice. */
  readonly controlIsReadOnly: true;
  /** Share of mismatches after which control runs once more; 1 by default. */
  readonly rate?: number;
  /** Such runs a minute at the most; 60 by default. */
  readonly max?: number;
}

/**
 * Runs control once more after a mismatch, after the candidate and outside every request: where it differs from its
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
  readonly #counts: RerunCounts = { open: 0, pending: 0, timedOut: 0 };

  constructor({ rate, max }: Required<NoiseOptions>) {
    this.#rate = rate;
    this.#max = max;
  }

  /** Second runs that have neither ended nor timed out. */
  get pending(): number {
    return this.#counts.pending;
  }

  /** Called in a turn of its own, with the mismatches of one run, of which there is at least one. */
  consider(run: Rerunnable, mismatches: readonly Mismatch[]): void {
    const { services } = run.plan;
    if (
      services.closed ||
      run.hooks.control === notAgain ||
      !this.#admits(services.clock.monotonic(), services.random) ||
      services.inFlight.count >= services.maxInFlight
    ) {
      this.#skipped += 1;
      return;
    }
    this.#inMinute += 1;
    this.#reruns += 1;
    new Rerun(run, this.#counts, (second) => this.#learn(run, mismatches, second)).start();
  }

  report(groups: MismatchGroups): NoiseReport {
    const ledger = this.#ledger;
    return {
      reruns: this.#reruns,
      skipped: this.#skipped,
      timedOut: this.#counts.timedOut,
      mismatches: netMismatches(groups.list(), (signature) => ledger.verdictOf(signature)),
      groups: ledger.groups(),
      paths: ledger.paths(hideGeneralPath),
      proposals: ledger.proposals(hideGeneralPath),
    };
  }

  #admits(now: number, random: () => number): boolean {
    if (now - this.#minute >= minuteMs) {
      this.#minute = now;
      this.#inMinute = 0;
    }
    if (this.#inMinute >= this.#max || this.#counts.open >= mostOpen) return false;
    return this.#rate >= 1 || random() < this.#rate;
  }

  /** Three runs on one call: where the candidate stands out from control's two, it is wrong; where one of control's does, it is noise. */
  #learn(run: Rerunnable, mismatches: readonly Mismatch[], second: Outcome): void {
    const { judgement, services } = run.plan;
    const now = services.clock.now();
    const own = judge(run.control!, second, judgement, now);
    if (own.kind === "inconclusive") return;
    const ownPlaces = own.kind === "mismatch" ? placesOf(own) : [];
    for (const { comparison, outcome } of run.candidateRuns) {
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

/** What one side shows at a place, in short. */
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

interface RerunCounts {
  /** Have not settled, even when their time is up. */
  open: number;
  /** Have neither settled nor timed out. */
  pending: number;
  timedOut: number;
}

/** Control, called once more. */
class Rerun extends Attempt {
  readonly #run: Rerunnable;
  readonly #counts: RerunCounts;
  readonly #settled: (outcome: Outcome) => void;
  #isPending = false;

  constructor(run: Rerunnable, counts: RerunCounts, settled: (outcome: Outcome) => void) {
    super();
    this.#run = run;
    this.#counts = counts;
    this.#settled = settled;
  }

  start(): void {
    const { plan, hooks, self, args } = this.#run;
    // Neither control nor a candidate of that name: code that skips side effects in a candidate skips them here.
    const mark = new Mark(plan.name, "control again");
    this.call(mark, hooks.control, self, args, plan.services.clock.monotonic());
  }

  protected get services(): AttemptServices {
    return this.#run.plan.services;
  }

  protected get timeoutMs(): number {
    return this.#run.plan.timeoutMs;
  }

  protected countInFlight(change: 1 | -1): void {
    this.#run.plan.services.inFlight.change(change);
    this.#counts.open += change;
    if (change === -1) return;
    this.#isPending = true;
    this.#counts.pending += 1;
  }

  // Counted for candidates alone.
  protected countStalled(): void {}

  protected returned(value: unknown): void {
    this.#over();
    this.#settled({ kind: "returned", value });
  }

  protected threw(error: unknown): void {
    if (error === nothingLearnt) {
      this.timedOut();
      return;
    }
    this.#over();
    this.#settled({ kind: "threw", error });
  }

  protected timedOut(): void {
    this.#counts.timedOut += 1;
    this.#over();
  }

  #over(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#counts.pending -= 1;
    this.#run.plan.counters.whenEnded?.();
  }
}
