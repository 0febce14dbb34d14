const most = 100;

/** Errors that no caller can be told any more; the first 100 are kept, the rest counted. Each is told once. */
export class UntoldErrors {
  #kept: Error[] = [];
  #more = 0;

  add(error: Error): void {
    if (this.#kept.length < most) this.#kept.push(error);
    else this.#more += 1;
  }

  /** All of them in one; `undefined` where there are none. */
  take(): AggregateError | undefined {
    const errors = this.#kept;
    if (errors.length === 0) return undefined;
    const count = errors.length + this.#more;
    const rest = this.#more > 0 ? `, of which the first ${errors.length} are in \`errors\`` : "";
    this.#kept = [];
    this.#more = 0;
    const calls = count === 1 ? "1 call" : `${count} calls`;
    const first = errors[0]!.message;
    return new AggregateError(
      errors,
      `${calls} did not match after the caller had its answer${rest}. The first: ${first}`,
    );
  }
}
