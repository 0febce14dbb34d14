/**
 * Which rates a gate is tested against, as multiples of the tolerated rate.
 */
export interface Alternatives {
  /** Below 1: rates that would make the candidate ready. */
  readonly better: readonly number[];
  /** What each of `better` is given at the start; adds up to 1. */
  readonly weights: readonly number[];
  /** Above 1: rates that would be a regression. */
  readonly worse: readonly number[];
}

// Rare events: from none at all to nearly tolerated, and from twice to a hundred times as many.
const rare: Alternatives = {
  better: [0, 0.1, 0.3, 0.6],
  weights: [0.3, 0.3, 0.25, 0.15],
  worse: [2, 5, 20, 100],
};
// Events as frequent as heads and tails, such as "the candidate was the slower one".
const frequent: Alternatives = {
  better: [0.3, 0.55, 0.75, 0.87, 0.94],
  weights: [0.2, 0.2, 0.2, 0.2, 0.2],
  worse: [1.06, 1.15, 1.35, 1.7, 1.95],
};

// Asked some hundred times a verdict: nothing is made for it.
const terms: number[] = [];

/** The alternatives that suit a tolerated rate. */
export function alternativesFor(max: number): Alternatives {
  return max <= 0.1 ? rare : frequent;
}

/**
 * How strongly units speak for a rate below the tolerated one: the logarithm of a mixture of likelihood ratios.
 *
 * At a true rate of `max` or more, the chance that it *ever* reaches `ln(1/risk)` is at most `risk`, however often one
 * looks (Ville's inequality). Penalties between 0 and 1 keep that, since the ratio is convex in them.
 *
 * @param bad the sum of the units' penalties, each from 0 to 1
 * @param max the tolerated rate, between 0 and 1
 * @see J. Ville (1939); H. Robbins, Ann. Math. Stat. 41 (1970); S. R. Howard et al., Ann. Stat. 49 (2021)
 */
export function evidenceForReady(
  units: number,
  bad: number,
  max: number,
  alternatives: Alternatives = alternativesFor(max),
): number {
  const { better, weights } = alternatives;
  let most = -Infinity;
  for (let index = 0; index < better.length; index++) {
    const term = Math.log(weights[index]!) + logRatio(units, bad, better[index]! * max, max);
    terms[index] = term;
    most = Math.max(most, term);
  }
  let sum = 0;
  for (let index = 0; index < better.length; index++) sum += Math.exp(terms[index]! - most);
  return most + Math.log(sum);
}

/** ln of how much likelier the units are at rate `q` than at `p`. */
export function logRatio(units: number, bad: number, q: number, p: number): number {
  // 0 · ln 0 is 0 here: a rate of zero says nothing against units without a bad one.
  const ofBad = bad === 0 ? 0 : bad * Math.log(q / p);
  return ofBad + (units === bad ? 0 : (units - bad) * (Math.log1p(-q) - Math.log1p(-p)));
}

/**
 * How many units in all certify a rate below `max`, when so many of them are bad.
 *
 * @param risk the chance of being wrong, such as 0.01
 * @returns a whole number; `bad` and more
 * @example unitsToCertify(0, 0.001, 0.01) // => 5226
 */
export function unitsToCertify(bad: number, max: number, risk: number): number {
  const target = Math.log(1 / risk);
  const enough = (units: number): boolean => evidenceForReady(units, bad, max) >= target;
  // Beyond the observed rate, evidence only grows with further good units.
  let low = Math.floor(bad / max);
  let high = low + 1;
  while (!enough(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * The rate that the true one does not exceed, with confidence `1 − risk` at every moment at once: the least tolerated
 * rate that these units would certify.
 *
 * @returns a fraction in [0, 1]; 1 when there are no units
 * @example upperBound(1000, 0, 0.05) // => 0.003469
 */
export function upperBound(units: number, bad: number, risk: number, alternatives: Alternatives = rare): number {
  if (units === 0) return 1;
  const target = Math.log(1 / risk);
  let low = bad / units;
  let high = 1;
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    // One mixture throughout: two would make the bound jump where they meet.
    if (evidenceForReady(units, bad, middle, alternatives) >= target) high = middle;
    else low = middle;
  }
  return high;
}
