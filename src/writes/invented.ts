import { generalise } from "../compare/signature.ts";
import type { Comparison, Difference } from "../model/comparison.ts";
import { patternOf } from "../model/path-pattern.ts";
import type { WritesServices } from "./services.ts";

const fewest = 20;
/** Then it is counted anew: what begins to differ later is noticed as well. */
const most = 1_000;
const nearlyAll = 0.9;
const mostPaths = 200;
const mostShown = 5;

/**
 * Notices where nearly all records that are read back differ: each side makes what is there itself, an id, a time, a rate. Tells of it
 * once, with what to say against it.
 */
export function noticeInvented({ emit }: Pick<WritesServices, "emit">): (comparison: Comparison) => void {
  const times = new Map<string, number>();
  let looked = 0;
  let isTold = false;
  return (comparison) => {
    if (isTold || (comparison.kind !== "match" && comparison.kind !== "mismatch")) return;
    if (looked === most) {
      looked = 0;
      times.clear();
    }
    looked += 1;
    if (comparison.kind === "match") return;
    for (const path of new Set(comparison.differences.filter(isMade).map((each) => generalise(each.path)))) {
      if (times.has(path) || times.size < mostPaths) times.set(path, (times.get(path) ?? 0) + 1);
    }
    const found = [...times].filter(([, each]) => each >= looked * nearlyAll);
    if (looked < fewest || found.length === 0) return;
    isTold = true;
    emit({ kind: "invented", reason: proposalOf(found.slice(0, mostShown), looked) });
  };
}

/** A value of its own on either side, and not the record as a whole. */
function isMade({ path, kind, control, candidate }: Difference): boolean {
  return kind === "value" && path !== "$" && typeof control !== "object" && typeof candidate !== "object";
}

function proposalOf(found: readonly (readonly [string, number])[], looked: number): string {
  const paths = found.map(([path]) => path);
  const fewestTimes = Math.min(...found.map(([, times]) => times));
  const ignored = paths.map((path) => JSON.stringify(patternOf(path))).join(", ");
  return (
    `${fewestTimes} of ${looked} records that were read back differ at ${paths.join(", ")}: each side seems to make what is there. ` +
    `Hand the authority's to the follower by \`facts\`, or leave it out by \`compare: { ignore: [${ignored}] }\``
  );
}
