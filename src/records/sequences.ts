// More gaps than this in one process are counted, and no longer filled by records that come late.
const mostGaps = 1_000;

/** Records of one process that have not come, one after another. */
export interface Gap {
  readonly process: string;
  /** The first and the last number that is missing. */
  readonly first: number;
  readonly last: number;
}

interface Sequence {
  next: number;
  gaps: { first: number; last: number }[];
}

/** Which numbered records of which process have come: one that comes twice counts once, and what is missing is known. */
export class Sequences {
  readonly #of = new Map<string, Sequence>();

  /** Whether a record has not come before. */
  isNew(process: string, n: number): boolean {
    let sequence = this.#of.get(process);
    if (sequence === undefined) this.#of.set(process, (sequence = { next: 1, gaps: [] }));
    if (n >= sequence.next) {
      if (n > sequence.next) sequence.gaps.push({ first: sequence.next, last: n - 1 });
      sequence.next = n + 1;
      return true;
    }
    const { gaps } = sequence;
    const index = gaps.findIndex(({ first, last }) => n >= first && n <= last);
    const gap = gaps[index];
    if (gap === undefined) return false;
    const rest = [
      { first: gap.first, last: n - 1 },
      { first: n + 1, last: gap.last },
    ].filter(({ first, last }) => first <= last);
    if (gaps.length < mostGaps || rest.length < 2) gaps.splice(index, 1, ...rest);
    return true;
  }

  /** What has not come. */
  gaps(): Gap[] {
    return [...this.#of].flatMap(([process, { gaps }]) => gaps.map((gap) => ({ process, ...gap })));
  }
}
