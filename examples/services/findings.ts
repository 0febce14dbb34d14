import { faults, type Fault } from "./faults.ts";

interface Candidate {
  readonly outcome: { readonly kind: string };
  readonly comparison: { readonly kind: string; readonly differences?: readonly { readonly path: string }[] };
}

interface Line {
  readonly type: string;
  readonly id: string;
  readonly experiment?: string;
  readonly context?: { readonly route?: string };
  readonly candidates?: readonly Candidate[];
}

/** What a file of results holds of the faults that were planted. */
export interface Findings {
  readonly found: readonly { readonly fault: Fault; readonly times: number; readonly example: string }[];
  readonly missing: readonly Fault[];
  /** What differs and was not planted. */
  readonly invented: readonly string[];
}

/** Reads the results of the experiment `shop`. */
export function findingsOf(text: string): Findings {
  const times = new Map<Fault, number>();
  const invented = new Set<string>();
  const seen = new Set<string>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const { type, id, experiment, context, candidates = [] } = JSON.parse(line) as Line;
    if (type !== "result" || experiment !== "shop" || seen.has(id)) continue;
    seen.add(id);
    const here = new Set<Fault>();
    for (const shown of shownBy(candidates[0]!)) {
      const fault = faults.find(({ route, shows }) => route === context?.route && isBelow(shown, shows));
      if (fault === undefined) invented.add(`${context?.route ?? "(no route)"} ${shown}`);
      else here.add(fault);
    }
    for (const fault of here) times.set(fault, (times.get(fault) ?? 0) + 1);
  }
  return {
    found: [...times].map(([fault, count]) => ({ fault, times: count, example: fault.shows })),
    missing: faults.filter((fault) => !times.has(fault)),
    invented: [...invented],
  };
}

function shownBy({ outcome, comparison }: Candidate): readonly string[] {
  if (outcome.kind !== "returned") return [outcome.kind];
  if (comparison.kind !== "mismatch") return [];
  return comparison.differences!.map(({ path }) => path);
}

function isBelow(path: string, fault: string): boolean {
  return path === fault || path.startsWith(`${fault}.`) || path.startsWith(`${fault}[`);
}
