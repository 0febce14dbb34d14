import type { CliIo } from "./io.ts";

const everyMs = 250;
const width = 24;

/** A bar on the terminal while files are read: bytes, rate, time left. */
export class Progress {
  readonly #io: CliIo;
  readonly #total: number | undefined;
  readonly #startedAt: number;
  #bytes = 0;
  #shownAt: number;
  #shown = false;

  /** @param total in bytes; `undefined` where nobody knows */
  constructor(io: CliIo, total: number | undefined) {
    this.#io = io;
    this.#total = total;
    this.#startedAt = this.#shownAt = io.now();
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (!this.#io.showsProgress) return;
    const now = this.#io.now();
    if (now - this.#shownAt < everyMs) return;
    this.#shownAt = now;
    this.#shown = true;
    this.#io.err(`\r${this.#line(now)}\u001b[K`);
  }

  end(): void {
    if (this.#shown) this.#io.err("\r\u001b[K");
  }

  #line(now: number): string {
    const rate = this.#bytes / Math.max(1, now - this.#startedAt);
    const read = `${megabytes(this.#bytes)}, ${megabytes(rate * 1_000)}/s`;
    if (!this.#total) return read;
    const share = Math.min(1, this.#bytes / this.#total);
    const full = Math.round(share * width);
    const left = rate > 0 ? `, ${Math.ceil((this.#total - this.#bytes) / rate / 1_000)} s left` : "";
    return `${"█".repeat(full)}${"░".repeat(width - full)} ${Math.floor(share * 100)} % of ${megabytes(this.#total)}, ${read}${left}`;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
