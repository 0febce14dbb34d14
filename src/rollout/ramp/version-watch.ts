import type { ReportedTotals } from "../stores/store.ts";

const returnsAfterMs = 10 * 60_000;

/**
 * Notices, for a process of an older version, that no process of the present one is left. Time is this process's own, and a
 * report is a sign of life where it is not the one that was there before: two clocks are never compared.
 */
export class VersionWatch {
  #heardAt = NaN;
  #version: string | undefined;
  readonly #stamps = new Map<string, number>();

  /**
   * Takes a look at what other processes reported last.
   *
   * @param version the present version
   * @param now monotonic milliseconds
   * @returns whether it has not been heard of for 10 minutes
   */
  isGone(version: string | undefined, reports: readonly ReportedTotals[], now: number): boolean {
    if (version !== this.#version || Number.isNaN(this.#heardAt)) {
      this.#version = version;
      this.#heardAt = now;
      this.#stamps.clear();
    }
    for (const { process, version: reported, at = 0 } of reports) {
      if (reported !== version || this.#stamps.get(process) === at) continue;
      this.#stamps.set(process, at);
      this.#heardAt = now;
    }
    return now - this.#heardAt >= returnsAfterMs;
  }

  /** This process's own version is the present one. */
  reset(): void {
    this.#heardAt = NaN;
  }
}
