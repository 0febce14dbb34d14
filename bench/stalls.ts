import { readFileSync } from "node:fs";

/**
 * How long the event loop was kept from a timer, told by the processor time of its thread: a machine that does other work is no stall,
 * and neither are the threads of the collector and the compiler.
 */
export class Stalls {
  longestMs = 0;
  /** How many took longer than the limit. */
  count = 0;
  readonly #limitMs: number;
  #at = processorMs();
  readonly #timer: NodeJS.Timeout;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#timer = setInterval(() => this.#look(), 1).unref();
  }

  /** What was done since the last look is nobody's stall. */
  forgive(): void {
    this.#at = processorMs();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = processorMs();
    const tookMs = now - this.#at;
    this.#at = now;
    if (tookMs > this.#limitMs) this.count += 1;
    this.longestMs = Math.max(this.longestMs, tookMs);
  }
}

/** Of this thread, on Linux; elsewhere of the whole process. */
function processorMs(): number {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
}
