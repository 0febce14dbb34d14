import type { CpuBudget } from "../../experiment/limits/cpu-budget.ts";
import { match, type Comparison } from "../../model/comparison.ts";
import type { Clock } from "../../model/clock.ts";
import { Turns } from "../../model/turns.ts";
import { compareLookedAt, makeReady } from "../responses/compare-responses.ts";
import { lookAt, type CapturedResponse, type LookedAt } from "../responses/looked-at.ts";
import { haveSameBody, haveSameBytes, haveSameHead } from "../responses/same-answer.ts";
import type { ComparableResponse, CompiledResponseRules } from "../responses/response-rules.ts";

/** What is reported of a side that answered. It is made comparable together with the other side's. */
export interface ReportedResponse {
  readonly side: LookedAt;
  /** The side that it will be compared with; absent where there is none to be compared with. */
  other?: LookedAt;
}

/** Is told what control and a candidate came to, and how many events their streams had. */
export type Compared = (
  comparison: Comparison,
  control: CapturedResponse,
  candidate: CapturedResponse,
  events?: { readonly control: number; readonly candidate: number },
) => void;

function eventsOf({ shown: { body } }: LookedAt): number {
  return Array.isArray(body) ? body.length : 0;
}

/** What is decoded is many times as large as what came: so few pairs at once. */
const mostDecoding = 4;

/** Compares the responses of one handler, within its share of the event loop. */
export class ResponseComparer {
  readonly rules: CompiledResponseRules;
  readonly #budget: CpuBudget;
  readonly #clock: Clock;
  readonly #compared: Compared;
  readonly #told = new WeakSet<LookedAt>();
  readonly #sides = new WeakMap<ComparableResponse, LookedAt>();
  /** Of pairs that are made ready, by the one that was first. */
  readonly #ready = new WeakMap<LookedAt, { readonly other: LookedAt; readonly made: Promise<void> }>();
  readonly #decoding = new Turns(mostDecoding);

  /** @param compared told every comparison of control with the candidate */
  constructor(rules: CompiledResponseRules, budget: CpuBudget, clock: Clock, compared: Compared) {
    this.rules = rules;
    this.#budget = budget;
    this.#clock = clock;
    this.#compared = compared;
  }

  lookAt(response: CapturedResponse, side: "control" | "candidate"): LookedAt {
    return lookAt(response, this.rules, side);
  }

  /** For `prepareComparable`. */
  prepare({ side, other }: ReportedResponse): ComparableResponse | Promise<ComparableResponse> {
    this.#sides.set(side.shown, side);
    if (other === undefined || haveSameBody(side, other)) return side.shown;
    let ready = this.#ready.get(other);
    if (ready?.other !== side) {
      ready = { other, made: this.#decoding.take(() => makeReady(side, other, this.rules)) };
      this.#ready.set(side, ready);
    }
    return ready.made.then(() => side.shown);
  }

  /** For `compare`. */
  readonly compare = (control: ComparableResponse, candidate: ComparableResponse): Comparison => {
    const [one, other] = [this.#sides.get(control), this.#sides.get(candidate)];
    if (one === undefined || other === undefined)
      return { kind: "inconclusive", reason: "no response of this handler" };
    const startedAt = this.#clock.monotonic();
    const comparison = compareLookedAt(one, other, this.rules, this.#budget.has(startedAt));
    this.#budget.spend(this.#clock.monotonic() - startedAt);
    for (const side of [one, other]) {
      this.#ready.delete(side);
      // Far larger than what is kept; after a mismatch `noise` may need it once more.
      if (comparison.kind !== "mismatch") delete side.decoded;
    }
    // Noise compares a candidate's response once more, with control's second one.
    if (other.role === "candidate" && !this.#told.has(other)) {
      this.#told.add(other);
      this.#compared(comparison, one.captured, other.captured, { control: eventsOf(one), candidate: eventsOf(other) });
    }
    return comparison;
  };

  /** Whether two responses match at first sight. */
  matches(control: CapturedResponse, candidate: CapturedResponse): boolean {
    return haveSameHead(control, candidate, this.rules.headers) && haveSameBytes(control, candidate);
  }

  /** They do, and that is all that is known of them. */
  matched(control: CapturedResponse, candidate: CapturedResponse): void {
    this.#compared(match, control, candidate);
  }
}
