import { wilson } from "./interval.ts";

/**
 * Whether a mismatch says something about the candidate:
 *
 * - `noise`: control differs from itself about as often
 * - `real`: control hardly ever differs from itself where the candidate differs
 * - `undecided`: too few re-runs, or something of both; it still counts as a mismatch
 */
export type NoiseVerdict = "noise" | "real" | "undecided";

/** What running control again after mismatches has shown about one kind of mismatch, or one path. */
export interface NoiseRate {
  /** A signature, or a path with array positions generalised. */
  readonly name: string;
  /** How often control was run again after a mismatch here. */
  readonly reruns: number;
  /** In how many of these it differed from itself here, too. */
  readonly differed: number;
  /** `differed / reruns`; `NaN` without re-runs. */
  readonly rate: number;
  /** Where the true rate lies, with 95 % confidence (Wilson). */
  readonly low: number;
  readonly high: number;
  readonly verdict: NoiseVerdict;
}

/**
 * The line between both. Where noise is all there is, a mismatch comes from control's unsteady run as often as from the
 * candidate's, so that at least one re-run of two differs; where there is no noise, none does. 1/3 lies between.
 */
const threshold = 1 / 3;

/** Decides by Wilson's 95 % interval: `noise` when it lies above 1/3, `real` when it lies below. */
export function noiseRate(name: string, differed: number, reruns: number): NoiseRate {
  const { low, high } = wilson(differed, reruns);
  const verdict =
    low > threshold ? "noise"
    : high < threshold ? "real"
    : "undecided";
  return { name, reruns, differed, rate: differed / reruns, low, high, verdict };
}

/** Counts at one place. */
interface Tally {
  reruns: number;
  differed: number;
}

const mostNames = 1_024;

/**
 * What re-runs of control have shown so far. Bounded: beyond 1 024 signatures or paths, new ones are not kept, and
 * counted in {@link NoiseLedger.dropped}.
 */
export class NoiseLedger {
  readonly #signatures: Map<string, Tally> = new Map();
  readonly #paths: Map<string, Tally> = new Map();
  #dropped = 0;

  /** Signatures and paths for which there was no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Counts one re-run.
   *
   * @param signature the mismatch after which control ran again
   * @param paths where that mismatch was, generalised
   * @param ownPaths where control's second outcome differs from its first, generalised; empty when it does not
   */
  record(signature: string, paths: readonly string[], ownPaths: readonly string[]): void {
    const mismatched = new Set(paths);
    let all = mismatched.size > 0;
    for (const path of mismatched) {
      const differed = ownPaths.some((own) => covers(own, path));
      all &&= differed;
      this.#count(this.#paths, path, differed);
    }
    // A mismatch is noise only where control is unsteady at every place of it.
    this.#count(this.#signatures, signature, all);
  }

  /** By signature, in the order they came. */
  groups(): NoiseRate[] {
    return rates(this.#signatures);
  }

  /** By generalised path, in the order they came. */
  paths(): NoiseRate[] {
    return rates(this.#paths);
  }

  verdictOf(signature: string): NoiseVerdict {
    const tally = this.#signatures.get(signature);
    return tally === undefined ? "undecided" : noiseRate(signature, tally.differed, tally.reruns).verdict;
  }

  /** Patterns for the paths where control differs from itself: to be looked at, and then added to `compare.ignore` by hand. */
  proposals(): string[] {
    const noisy = this.paths().filter(({ verdict }) => verdict === "noise");
    return [...new Set(noisy.map(({ name }) => patternOf(name)))].sort();
  }

  #count(tallies: Map<string, Tally>, name: string, differed: boolean): void {
    let tally = tallies.get(name);
    if (tally === undefined) {
      if (tallies.size >= mostNames) {
        this.#dropped++;
        return;
      }
      tallies.set(name, (tally = { reruns: 0, differed: 0 }));
    }
    tally.reruns++;
    if (differed) tally.differed++;
  }
}

function rates(tallies: ReadonlyMap<string, Tally>): NoiseRate[] {
  return [...tallies].map(([name, { differed, reruns }]) => noiseRate(name, differed, reruns));
}

/** Whether a path is another, or leads to it: who differs at `$.a` as a whole differs at `$.a.b`. */
function covers(own: string, path: string): boolean {
  return path === own || (path.startsWith(own) && /^[.[(]/.test(path.slice(own.length)));
}

// A quoted key, in which parentheses mean nothing; or a group that repeats.
const repeated = /"(?:[^"\\]|\\.)*"|\(((?:[^()"]|"(?:[^"\\]|\\.)*")*)\)\+/g;

/** `$(.children[*])+.name`, any number of levels down, is `$.children[*].**.name` as a pattern. */
function patternOf(path: string): string {
  return path.replace(repeated, (whole, inner: string | undefined) => (inner === undefined ? whole : `${inner}.**`));
}

/** Mismatches as counted, and without those of kinds that are noise. */
export interface NetMismatches {
  readonly raw: number;
  readonly net: number;
}

/** Takes off what is noise. Kinds that are undecided stay in both counts. */
export function netMismatches(
  groups: readonly { readonly signature: string; readonly count: number }[],
  verdictOf: (signature: string) => NoiseVerdict,
): NetMismatches {
  let raw = 0;
  let net = 0;
  for (const { signature, count } of groups) {
    raw += count;
    if (verdictOf(signature) !== "noise") net += count;
  }
  return { raw, net };
}
