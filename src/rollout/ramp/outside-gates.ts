import type { Cancel, Clock } from "../../model/clock.ts";
import type { Gate } from "../../stats/gates.ts";
import type { GateReading } from "../../stats/gate-reading.ts";
import type { Verdict } from "../../stats/verdict.ts";

/** What gates from outside need of their ramp. */
export interface OutsideHost {
  /** Whether an answer would say anything now. */
  asks(): boolean;
  /** A gate that acts alarms. */
  alarmed(): void;
  now(): number;
  onFault(error: unknown): void;
}

// So often in a row without an answer, and people are told.
const manyFailures = 3;

/** One gate, and what it was answered in this step. */
class OutsideGate {
  readonly gate: Gate;
  readonly terms: NonNullable<Gate["outside"]>;
  /** The last answer; absent before the first one, and where the gate could not be asked since. */
  last: number | undefined = undefined;
  answers = 0;
  above = 0;
  aboveInARow = 0;
  aboveSince = NaN;
  failures = 0;
  /** What set the alarm off: so many answers in a row. Once it alarms, it does for the rest of the step. */
  alarmedBy: { readonly answers: number; readonly last: number } | undefined = undefined;
  // Whichever question was asked last: answers to others are not heard.
  #turn = 0;
  #waits = false;

  constructor(gate: Gate, terms: NonNullable<Gate["outside"]>) {
    this.gate = gate;
    this.terms = terms;
  }

  forget(): void {
    this.#turn++;
    this.#waits = false;
    this.last = this.alarmedBy = undefined;
    this.answers = this.above = this.aboveInARow = this.failures = 0;
  }

  /** Asks. Never rejects. */
  async ask(host: OutsideHost): Promise<void> {
    const { name, max } = this.gate;
    if (this.#waits) this.#failed(host, new Error(`Gate ${name} did not answer within ${this.terms.everyMs} ms`));
    const turn = ++this.#turn;
    this.#waits = true;
    let answer: unknown;
    try {
      answer = await this.terms.ask();
      if (typeof answer !== "number" || !Number.isFinite(answer)) {
        throw new TypeError(`Gate ${name} was answered ${String(answer)}, which is no number`);
      }
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#waits = false;
      this.#failed(host, error);
      return;
    }
    if (turn !== this.#turn) return;
    this.#waits = false;
    this.last = answer;
    this.answers++;
    this.failures = 0;
    if (answer <= max) {
      this.aboveInARow = 0;
      return;
    }
    this.above++;
    if (this.aboveInARow++ === 0 && this.alarmedBy === undefined) this.aboveSince = host.now();
    if (this.alarmedBy !== undefined || this.aboveInARow < this.terms.alarmAfter) return;
    this.alarmedBy = { answers: this.aboveInARow, last: answer };
    if (this.gate.dryRun !== true) host.alarmed();
  }

  #failed(host: OutsideHost, error: unknown): void {
    this.failures++;
    this.last = undefined;
    host.onFault(error);
  }

  reading(): GateReading {
    const { last, alarmedBy, answers: units, above: bad } = this;
    const { name, max, dryRun } = this.gate;
    const state =
      alarmedBy !== undefined ? "regressed"
      : last === undefined ? "insufficient"
      : last > max ? "not-ready"
      : "ready";
    return {
      ...{ name, max, by: "outside", units, bad, rate: units === 0 ? 0 : bad / units, upperBound: last ?? 1 },
      ...{ state, moreUnits: 0 },
      ...(last !== undefined && { last }),
      ...(dryRun === true && { dryRun }),
      ...(alarmedBy && {
        regressedSince: this.aboveSince,
        alarmedBy: { seen: alarmedBy.answers, bad: alarmedBy.answers },
      }),
    };
  }

  reason(): string {
    const { name, max, dryRun } = this.gate;
    return `${name}${dryRun === true ? " (dry run)" : ""}${this.#said()}, at most ${max} tolerated.`;
  }

  #said(): string {
    const { last, failures, alarmedBy } = this;
    if (alarmedBy)
      return ` alarms: above it in ${alarmedBy.answers} answers in a row, ${alarmedBy.last} in the last of them`;
    if (last !== undefined) return `: ${last}`;
    return failures === 0 ? ": no answer in this step so far" : `: no answer, ${failures} times in a row`;
  }
}

/** Gates that are asked elsewhere, such as a query or an error budget: what they answer stands beside what was seen here. */
export class OutsideGates {
  readonly #gates: readonly OutsideGate[];
  readonly #host: OutsideHost;

  constructor(gates: readonly Gate[], host: OutsideHost) {
    this.#gates = gates.flatMap((gate) => (gate.outside === undefined ? [] : [new OutsideGate(gate, gate.outside)]));
    this.#host = host;
  }

  /** Asks each gate now and every `everyMs`. */
  start(clock: Clock): Cancel {
    const cancels = new Map<OutsideGate, Cancel>();
    const ask = (each: OutsideGate): void => {
      if (this.#host.asks()) void each.ask(this.#host);
      cancels.set(
        each,
        clock.after(each.terms.everyMs, () => ask(each)),
      );
    };
    for (const each of this.#gates) ask(each);
    return () => {
      for (const cancel of cancels.values()) cancel();
    };
  }

  /** Another step or version: earlier answers say nothing about it. */
  forget(): void {
    for (const each of this.#gates) each.forget();
  }

  /** Where each stands, for records. */
  states(): readonly { readonly name: string; readonly state: string; readonly reason: string }[] {
    return this.#gates.map((each) => ({ name: each.gate.name, state: each.reading().state, reason: each.reason() }));
  }

  /** A verdict on what was seen here, with what was answered elsewhere: the worse of both. */
  added(verdict: Verdict): Verdict {
    if (this.#gates.length === 0) return verdict;
    const all = this.#gates.map((each) => ({ of: each, reading: each.reading() }));
    const facts = { ...verdict, gates: [...verdict.gates, ...all.map(({ reading }) => reading)] };
    const acting = all.filter(({ reading }) => reading.dryRun !== true);
    const reasonsOf = (state: GateReading["state"]): string[] =>
      acting.filter(({ reading }) => reading.state === state).map(({ of }) => of.reason());
    const shown = all.filter(({ reading }) => reading.dryRun === true).map(({ of }) => of.reason());
    const regressed = acting.find(({ reading }) => reading.state === "regressed");
    if (verdict.kind === "regressed" || regressed === undefined) return this.#unalarmed(facts, reasonsOf, shown);
    const { name, regressedSince } = regressed.reading;
    return {
      ...facts,
      kind: "regressed",
      gate: name,
      since: regressedSince!,
      reasons: [regressed.of.reason(), ...shown],
    };
  }

  #unalarmed(verdict: Verdict, reasonsOf: (state: GateReading["state"]) => string[], shown: string[]): Verdict {
    const { kind, reasons } = verdict;
    if (kind === "regressed") return { ...verdict, reasons: [...reasons, ...shown] };
    const above = reasonsOf("not-ready");
    if (above.length > 0) {
      const before = kind === "not-ready" ? reasons : [];
      return { ...verdict, kind: "not-ready", reasons: [...before, ...above, ...shown] };
    }
    const silent = reasonsOf("insufficient");
    const broken = this.#gates.find(({ failures, gate }) => failures >= manyFailures && gate.dryRun !== true);
    const stalled = verdict.stalled ?? broken?.reason();
    const facts = { ...verdict, ...(stalled !== undefined && { stalled }) };
    if (kind === "ready" && silent.length > 0) {
      return { ...facts, kind: "insufficient", missing: "too-short", moreUnits: 0, reasons: [...silent, ...shown] };
    }
    const held = kind === "ready" ? reasonsOf("ready") : [];
    return { ...facts, reasons: [...reasons, ...held, ...shown] };
  }
}
