/**
 * A sum of numbers that is the same in whatever order they are added: what each addition would round away is kept.
 *
 * @see J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic", Discrete & Computational Geometry 18 (1997)
 */
export class ExactSum {
  // Parts that do not overlap, from the smallest to the largest.
  #parts: number[] = [];

  add(number: number): void {
    const parts: number[] = [];
    let rest = number;
    for (const part of this.#parts) {
      const [large, small] = Math.abs(rest) < Math.abs(part) ? [part, rest] : [rest, part];
      rest = large + small;
      const lost = small - (rest - large);
      if (lost !== 0) parts.push(lost);
    }
    parts.push(rest);
    this.#parts = parts;
  }

  /** The number that is nearest to the sum; 0 where nothing was added. */
  get value(): number {
    const parts = this.#parts;
    let at = parts.length - 1;
    let sum = parts[at] ?? 0;
    let lost = 0;
    while (at > 0 && lost === 0) {
      const before = sum;
      const part = parts[(at -= 1)]!;
      sum = before + part;
      lost = part - (sum - before);
    }
    // Half of a last digit was lost: what is below it says where to round.
    if (at > 0 && lost !== 0 && Math.sign(lost) === Math.sign(parts[at - 1]!)) {
      const twice = 2 * lost;
      const other = sum + twice;
      if (other - sum === twice) sum = other;
    }
    return sum;
  }
}
