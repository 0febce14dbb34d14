import type { Gate } from "../../stats/gates.ts";
import { percent } from "../../model/figures.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";

// Above it, a rate is not one of rare events: how fast the candidate is, does not hang on who is served.
const rarest = 0.1;
const manyKeys = 1_000;

/** What is asked of the calls that the candidate answers. */
export interface ServedTerms {
  /** The share of keys that the candidate answers, from 0 to 1; 0 where it answers chosen ones. */
  readonly share: number;
  /** The fewest units that it has answered. */
  readonly minimumServed: number;
}

/** Whether a gate is held to what the candidate answered, too. */
export function holdsServed({ max, by = "units" }: Pick<Gate, "max" | "by">): boolean {
  return max <= rarest && by === "units";
}

/** What is tolerated of the answers themselves: 5 % at most, and less the more are exposed to them, down to the gate's own rate. */
export function toleratedServed(max: number, share: number): number {
  return Math.max(max, Math.min(0.05, max / share));
}

/** The terms of the verdict on what the candidate answered. */
export function servedTerms(terms: VerdictTerms, { share, minimumServed }: ServedTerms): VerdictTerms {
  return {
    ...terms,
    minimumUnits: minimumServed,
    minimumKeys: 0,
    minimumTimeMs: 0,
    tolerated: (max) => toleratedServed(max, share),
  };
}

const order: readonly Verdict["kind"][] = ["ready", "insufficient", "not-ready", "regressed"];

/**
 * The verdict on a step that serves callers: the worse of that on all calls and that on those that the candidate answered.
 *
 * @param keys distinct keys of all calls
 */
export function withServed(all: Verdict, served: Verdict, { share }: ServedTerms, keys: number): Verdict {
  const reasons = served.reasons.map((reason) => `Of what the candidate answered: ${reason}`);
  const facts = { served: { units: served.units, gates: served.gates } };
  // e⁻¹⁰: that by chance none of so many keys falls into the share. Of chosen keys, nobody knows how many there are.
  if (
    served.comparisons === 0 &&
    (share === 0 ? keys >= manyKeys : keys * share >= 10) &&
    order.indexOf(all.kind) < 2
  ) {
    const promised = share === 0 ? "Those chosen" : `${percent(share)} of the keys`;
    const stalled = `served: nobody is served. ${promised} are to be, and none of ${keys} was.`;
    return { ...insufficient(all, served, share), ...facts, stalled, reasons: [stalled] };
  }
  if (served.kind === "ready" || order.indexOf(all.kind) > order.indexOf(served.kind)) return { ...all, ...facts };
  if (served.kind !== "insufficient") return { ...served, ...ofAll(all), ...facts, reasons };
  return {
    ...insufficient(all, served, share),
    ...facts,
    reasons: all.kind === "ready" ? reasons : [...all.reasons, ...reasons],
  };
}

/** What is missing in both: of all calls, so many that the share of them suffices. */
function insufficient(all: Verdict, served: Verdict, share: number): Extract<Verdict, { kind: "insufficient" }> {
  const one = all.kind === "insufficient" ? all : undefined;
  const other = served.kind === "insufficient" ? served : undefined;
  const moreUnits = Math.max(one?.moreUnits ?? 0, Math.ceil((other?.moreUnits ?? 0) / (share || 1)));
  const moreMs = Math.max(one?.moreMs ?? 0, other?.moreMs ?? 0);
  const known = (one === undefined || one.moreMs !== undefined) && (other === undefined || other.moreMs !== undefined);
  const { candidate, confidence, comparisons, units, gates, stalled } = all;
  return {
    kind: "insufficient",
    ...{ candidate, confidence, comparisons, units, gates, reasons: all.reasons },
    ...(stalled !== undefined && { stalled }),
    missing:
      moreUnits > 0 ?
        one?.missing === "no-traffic" ?
          "no-traffic"
        : "too-few"
      : "too-short",
    moreUnits,
    ...(known && { moreMs }),
  };
}

function ofAll({ comparisons, units, gates, stalled }: Verdict): Pick<Verdict, "comparisons" | "units" | "gates"> {
  return { comparisons, units, gates, ...(stalled !== undefined && { stalled }) };
}
