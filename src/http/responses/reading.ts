/** Of one body: reading a quarter of a megabyte never comes to more. */
const mostValues = 200_000;

/** Thrown where a body has more in it than is read. */
export class TooMuch extends Error {}

/**
 * Counts what is read of one body: values of JSON, lines, fields. What decodes to much more than it was sent as would hold up everyone whose
 * request is at work.
 */
export class Reading {
  #left = mostValues;

  /** @throws {TooMuch} */
  take(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new TooMuch(`more than ${mostValues} values`);
  }

  /**
   * The parts of a text.
   *
   * @throws {TooMuch}
   */
  split(text: string, separator: string | RegExp): string[] {
    const parts = text.split(separator, this.#left + 2);
    this.#left -= parts.length - 1;
    this.take();
    return parts;
  }
}
