import type { Result } from "../../model/result.ts";

// Lines that wait for the end of their minute.
const mostBytes = 8_000_000;
const mostSignatures = 4_096;

interface Stratum {
  /** How many results there were. */
  seen: number;
  readonly lines: { readonly text: string; readonly weight: number }[];
}

/**
 * Draws so many results of each experiment and kind, evenly from all that there are until they are taken.
 *
 * @see J. S. Vitter, "Random sampling with a reservoir", ACM TOMS 11 (1985), algorithm R
 */
export class Reservoir {
  readonly #most: number;
  readonly #random: () => number;
  readonly #strata = new Map<string, Stratum>();
  readonly #signatures = new Set<string>();
  #bytes = 0;

  /** @param most results of each experiment and kind */
  constructor(most: number, random: () => number) {
    this.#most = most;
    this.#random = random;
  }

  /** Whether a result has a mismatch whose kind was not met before; of the one met longest ago, the next is the first again. */
  isFirst(result: Result): boolean {
    let first = false;
    for (const kind of kindsOf(result)) {
      first = !this.#signatures.delete(kind) || first;
      this.#signatures.add(kind);
      if (this.#signatures.size > mostSignatures) this.#signatures.delete(this.#signatures.values().next().value!);
    }
    return first;
  }

  /** It could not be told that it was the first. */
  forget(result: Result): void {
    for (const kind of kindsOf(result)) this.#signatures.delete(kind);
  }

  /** Counts a result, and draws: the place that its line is to take, or `undefined` where it is left out. */
  draw({ experiment, kind, weight = 1 }: Result): ((text: string) => void) | undefined {
    // It was kept beside an earlier draw.
    if (weight === 0) return undefined;
    const key = JSON.stringify([experiment, kind]);
    let stratum = this.#strata.get(key);
    if (stratum === undefined) this.#strata.set(key, (stratum = { seen: 0, lines: [] }));
    stratum.seen += 1;
    const place = stratum.seen <= this.#most ? stratum.seen - 1 : Math.floor(this.#random() * stratum.seen);
    if (place >= this.#most) return undefined;
    const { lines } = stratum;
    return (text) => {
      const at = Math.min(place, lines.length);
      this.#bytes += text.length - (lines[at]?.text.length ?? 0);
      lines[at] = { text, weight };
    };
  }

  get isFull(): boolean {
    return this.#bytes > mostBytes;
  }

  /** All lines, each with the number of results that it stands for; the next draw begins. */
  take(): string[] {
    const taken: string[] = [];
    for (const { seen, lines } of this.#strata.values()) {
      for (const { text, weight } of lines) taken.push(withWeight(text, (weight * seen) / lines.length));
    }
    this.#strata.clear();
    this.#bytes = 0;
    return taken;
  }
}

function kindsOf({ experiment, candidates }: Result): string[] {
  return candidates.flatMap(({ name, comparison }) =>
    comparison.kind === "mismatch" ? [JSON.stringify([experiment, name, comparison.signature])] : [],
  );
}

/** A value cannot hold the first of these: a quotation mark in a name is written with a backslash. */
function withWeight(text: string, weight: number): string {
  return text.replace(/"weight":[^,}]+/, `"weight":${weight}`);
}
