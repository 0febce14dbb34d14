import { patternOf } from "../model/path-pattern.ts";
import { wilson } from "./interval.ts";

/**
 * Whether a mismatch says something about the candidate:
 *
 * - `noise`: at most a third of these mismatches are the candidate's own; the others control has with itself
 * - `real`: the candidate stands out from control's two runs more often than one of these does
 * - `undecided`: too few re-runs, or something of both; it still counts as a mismatch
 */
export type NoiseVerdict = "noise" | "real" | "undecided";

/** What running control again after mismatches has shown about one kind of mismatch, or one path. */
export interface NoiseRate {
  /** A signature, or a path with array positions generalised. */
  readonly name: string;
  /** How often control was run again after a mismatch here. */
  readonly reruns: number;
  /** In how many of these control differed from itself here, too. */
  readonly differed: number;
  /** In how many of these the candidate agreed with control's second run, so that the first was the odd one. */
  readonly agreed: number;
  /** `differed / reruns`; `NaN` without re-runs. */
  readonly rate: number;
  /** Where the true rate lies, with 95 % confidence (Wilson). */
  readonly low: number;
  readonly high: number;
  readonly verdict: NoiseVerdict;
}

/** One place at which two runs differ, and what each shows there in one word: a type, `missing`, `null`, `threw`. */
export interface NoisePlace {
  /** With array positions generalised. */
  readonly path: string;
  /** The first run of control. */
  readonly control: string;
  /** The other run: the candidate, or control once more. */
  readonly other: string;
}

// More than so large a share of mismatches of the candidate's own is no noise.
const tolerated = 1 / 3;
// The chance that noise is ever called real, and the other way round, at one place.
const enough = Math.log(1 / 0.01);
const realStakes = [0.1, 0.3, 0.6, 0.99];
const noiseStakes = [0.15, 0.3, 0.6, 1.2];

const mostNames = 1_024;
const mostWords = 16;
// What is not all of a value's parts at once; ignoring anything else would ignore whatever comes below it.
const leaves = new Set(["string", "number", "boolean", "bigint", "null", "undefined", "missing", "Date"]);

/**
 * Bets on whether the candidate is the odd one among three runs on the same call: control's two and its own. While all that
 * differs is noise, all three are equally likely to be the odd one, so that the excess is 0 on average and no
 * stake grows. Always valid: the chance that a wrong bet ever grows 100-fold is 1 % (Ville).
 *
 * @see Q. McNemar, Psychometrika 12 (1947); I. Waudby-Smith, A. Ramdas, JRSS-B 86 (2024)
 */
class OddOneOut {
  reruns = 0;
  differed = 0;
  agreed = 0;
  readonly candidateWords = new Set<string>();
  readonly #real = new Float64Array(realStakes.length);
  readonly #noise = new Float64Array(noiseStakes.length);

  /**
   * @param own the share of the mismatch's places at which control's second run differs from its first
   * @param third the share of them at which the candidate differs from control's second run
   */
  add(own: number, third: number): void {
    this.reruns++;
    if (own === 1) this.differed++;
    if (third === 0) this.agreed++;
    const excess = third - own;
    for (let index = 0; index < realStakes.length; index++) {
      this.#real[index]! += Math.log1p(realStakes[index]! * excess);
      this.#noise[index]! += Math.log1p(noiseStakes[index]! * (tolerated - excess));
    }
  }

  /** The re-runs of both. */
  and(other: OddOneOut): OddOneOut {
    const both = new OddOneOut();
    both.reruns = this.reruns + other.reruns;
    both.differed = this.differed + other.differed;
    both.agreed = this.agreed + other.agreed;
    for (const word of [...this.candidateWords, ...other.candidateWords]) both.candidateWords.add(word);
    // Logarithms of products.
    both.#real.forEach((_, index) => (both.#real[index] = this.#real[index]! + other.#real[index]!));
    both.#noise.forEach((_, index) => (both.#noise[index] = this.#noise[index]! + other.#noise[index]!));
    return both;
  }

  /** @param isStrange whether the candidate shows what control never has: that is no noise, however unsteady control is */
  verdict(isStrange: boolean): NoiseVerdict {
    if (grown(this.#real) >= enough) return "real";
    return !isStrange && grown(this.#noise) >= enough ? "noise" : "undecided";
  }

  rate(name: string, isStrange: boolean): NoiseRate {
    const { reruns, differed, agreed } = this;
    const { low, high } = wilson(differed, reruns);
    return { name, reruns, differed, agreed, rate: differed / reruns, low, high, verdict: this.verdict(isStrange) };
  }
}

/** The logarithm of what the stakes have grown to on average. */
function grown(logs: Float64Array): number {
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, each) => sum + Math.exp(each - most), 0) / logs.length);
}

/**
 * What re-runs of control have shown so far. Bounded: beyond 1 024 signatures or paths, new ones are not kept, and
 * counted in {@link NoiseLedger.dropped}.
 */
export class NoiseLedger {
  readonly #signatures: Map<string, { readonly odd: OddOneOut; readonly places: readonly NoisePlace[] }> = new Map();
  readonly #paths: Map<string, OddOneOut> = new Map();
  /** What control was seen to show, by path. */
  readonly #controlWords: Map<string, Set<string>> = new Map();
  #dropped = 0;

  /** Signatures and paths for which there was no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Counts one re-run.
   *
   * @param signature the mismatch after which control ran again
   * @param places where the candidate differs from control's first run
   * @param own where control's second run differs from its first; empty when it does not
   * @param third the paths at which the candidate differs from control's second run, generalised
   */
  record(signature: string, places: readonly NoisePlace[], own: readonly NoisePlace[], third: readonly string[]): void {
    for (const { path, control } of places) this.#show(path, control);
    for (const { path, control, other } of own) {
      this.#show(path, control);
      this.#show(path, other);
    }
    const mismatched = new Map(places.map((place) => [place.path, place]));
    let ownHere = 0;
    let thirdHere = 0;
    for (const [path, { other }] of mismatched) {
      const differed = own.some((each) => covers(each.path, path));
      const stays = third.some((each) => covers(each, path));
      if (differed) ownHere++;
      if (stays) thirdHere++;
      const odd = this.#oddAt(path);
      odd?.add(Number(differed), Number(stays));
      if (odd && odd.candidateWords.size < mostWords) odd.candidateWords.add(other);
    }
    const all = Math.max(1, mismatched.size);
    this.#oddOf(signature, places)?.add(ownHere / all, thirdHere / all);
  }

  /** By signature, in the order they came. */
  groups(): NoiseRate[] {
    return [...this.#signatures].map(([name, { odd, places }]) => odd.rate(name, this.#areStrange(places)));
  }

  /**
   * By generalized path, in the order they came.
   *
   * @param shown what is shown of a path; those that read the same then are one, counted together
   */
  paths(shown: (path: string) => string = asIs): NoiseRate[] {
    return [...this.#shownPaths(shown)].map(([name, { odd, isStrange }]) => odd.rate(name, isStrange));
  }

  verdictOf(signature: string): NoiseVerdict {
    const known = this.#signatures.get(signature);
    return known === undefined ? "undecided" : known.odd.verdict(this.#areStrange(known.places));
  }

  /**
   * Patterns for the leaves at which control differs from itself: to be looked at, and then added to `compare.ignore` by
   * hand. A whole object, a list or the answer itself is never proposed: what lies below it would go with it.
   */
  proposals(shown: (path: string) => string = asIs): string[] {
    const noisy = [...this.#shownPaths(shown)].filter(
      ([, { odd, isStrange, isLeaf }]) => isLeaf && odd.verdict(isStrange) === "noise",
    );
    return [...new Set(noisy.map(([name]) => patternOf(name)))].sort();
  }

  #show(path: string, word: string): void {
    let words = this.#controlWords.get(path);
    if (words === undefined) {
      if (this.#controlWords.size >= mostNames) return;
      this.#controlWords.set(path, (words = new Set()));
    }
    if (words.size < mostWords) words.add(word);
  }

  #shownPaths(shown: (path: string) => string): Map<string, ShownPath> {
    const together = new Map<string, ShownPath>();
    for (const [path, odd] of this.#paths) {
      const name = shown(path);
      const known = together.get(name);
      together.set(name, {
        odd: known === undefined ? odd : known.odd.and(odd),
        isStrange: this.#isStrangeAt(path, odd) || known?.isStrange === true,
        isLeaf: this.#isLeafAt(path, odd) && known?.isLeaf !== false,
      });
    }
    return together;
  }

  #isLeafAt(path: string, { candidateWords }: OddOneOut): boolean {
    const words = [...candidateWords, ...(this.#controlWords.get(path) ?? [])];
    return path !== "$" && words.every((word) => leaves.has(word));
  }

  #areStrange(places: readonly NoisePlace[]): boolean {
    return places.some(({ path, other }) => this.#controlWords.get(path)?.has(other) !== true);
  }

  #isStrangeAt(path: string, { candidateWords }: OddOneOut): boolean {
    const seen = this.#controlWords.get(path);
    return [...candidateWords].some((word) => seen?.has(word) !== true);
  }

  #oddAt(path: string): OddOneOut | undefined {
    let odd = this.#paths.get(path);
    if (odd === undefined) {
      if (this.#paths.size >= mostNames) {
        this.#dropped++;
        return undefined;
      }
      this.#paths.set(path, (odd = new OddOneOut()));
    }
    return odd;
  }

  #oddOf(signature: string, places: readonly NoisePlace[]): OddOneOut | undefined {
    let known = this.#signatures.get(signature);
    if (known === undefined) {
      if (this.#signatures.size >= mostNames) {
        this.#dropped++;
        return undefined;
      }
      this.#signatures.set(signature, (known = { odd: new OddOneOut(), places }));
    }
    return known.odd;
  }
}

/** Paths that are shown as one. */
interface ShownPath {
  readonly odd: OddOneOut;
  readonly isStrange: boolean;
  readonly isLeaf: boolean;
}

const asIs = (path: string): string => path;

/** Whether a path is another, or leads to it: who differs at `$.a` as a whole differs at `$.a.b`. */
function covers(own: string, path: string): boolean {
  return path === own || (path.startsWith(own) && /^[.[(]/.test(path.slice(own.length)));
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
