import type { Gate } from "../../stats/gates.ts";
import type { Verdict } from "../../stats/verdict.ts";

/** The verdict of a judge's last look: on the same evidence it is not worked out again. */
export class LastVerdict {
  readonly #isSteady: boolean;
  #last: Verdict | undefined = undefined;

  constructor(gates: readonly Gate[]) {
    // What others are asked, and what a gate remembers, may be another answer at any time.
    this.#isSteady = gates.every(({ by, begin }) => by !== "outside" && begin === undefined);
  }

  /** Begins a look, whose verdict is worked out where it is asked for. @param isSame whether the evidence is that of the last look */
  look(isSame: boolean, judge: () => Verdict): () => Verdict {
    if (!isSame || !this.#isSteady || waitsForTime(this.#last)) this.#last = undefined;
    return () => (this.#last ??= judge());
  }
}

function waitsForTime(verdict: Verdict | undefined): boolean {
  return verdict?.kind === "insufficient" && verdict.missing === "too-short";
}
