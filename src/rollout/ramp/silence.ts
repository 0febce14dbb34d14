/** What a ramp that gathers nothing reports. */
export interface Silence {
  readonly kind: "stalled" | "no-traffic";
  readonly reason: string;
}

/** Notices that no comparison comes: a candidate that is never compared is a finding, not a success. */
export class SilenceWatch {
  readonly #quietAfterMs: number;
  // When a comparison last came, how many calls there were by then, and whether it was told.
  #quietSince = 0;
  #sampled = false;
  #callsBefore = 0;
  #told = false;

  constructor(quietAfterMs: number) {
    this.#quietAfterMs = quietAfterMs;
  }

  /** From here on, time and calls count. */
  begin(now: number, calls: number): void {
    this.#sampled = this.#told = false;
    this.#quietSince = now;
    this.#callsBefore = calls;
  }

  sampled(): void {
    this.#sampled = true;
  }

  /** What there is to tell now; once for each silence. @param expected whether comparisons are to come at all */
  check(now: number, calls: number, expected: boolean): Silence | undefined {
    if (this.#sampled || !expected) {
      this.begin(now, calls);
      return undefined;
    }
    const quietMs = now - this.#quietSince;
    if (this.#told || quietMs < this.#quietAfterMs) return undefined;
    this.#told = true;
    const called = calls - this.#callsBefore;
    const seconds = Math.round(quietMs / 1000);
    return called > 0 ?
        { kind: "stalled", reason: `${called} calls in ${seconds} s, and not one of them was compared.` }
      : { kind: "no-traffic", reason: `Not called for ${seconds} s.` };
  }
}
