// More gaps than this in one process are counted, and no longer filled by records that come late.
const mostGaps = 1_000;

/** Records of one process that have not come, one after another. */
export interface Gap {
  readonly process: string;
  /** The first and the last number that is missing. */
  readonly first: number;
  readonly last: number;
}

/** `from` and `to` are when the records around it were told: how long passed untold. */
interface OpenGap {
  readonly first: number;
  readonly last: number;
  readonly from: number;
  readonly to: number;
}

interface Sequence {
  next: number;
  /** When the record with the highest number was told. */
  toldAt: number;
  gaps: OpenGap[];
}

const minuteMs = 60_000;

/** Which numbered records of which process have come: one that comes twice counts once, and what is missing is known. */
export class Sequences {
  // Of a process that told nothing before, no time is known: from infinity on nothing passed.
  readonly #of = new Map<string, Sequence>();

  /** Whether a record has not come before. @param from when its process had told the last time, and `to` when it told this */
  isNew({ process, n, from, to }: { process: string; n: number; from: number; to: number }): boolean {
    let sequence = this.#of.get(process);
    if (sequence === undefined) this.#of.set(process, (sequence = { next: 1, toldAt: Infinity, gaps: [] }));
    if (n >= sequence.next) {
      if (n > sequence.next) {
        sequence.gaps.push({ first: sequence.next, last: n - 1, from: sequence.toldAt, to: from });
      }
      sequence.next = n + 1;
      sequence.toldAt = to;
      return true;
    }
    const { gaps } = sequence;
    const index = gaps.findIndex(({ first, last }) => n >= first && n <= last);
    const gap = gaps[index];
    if (gap === undefined) return false;
    const rest = [
      { first: gap.first, last: n - 1, from: gap.from, to: from },
      { first: n + 1, last: gap.last, from: to, to: gap.to },
    ].filter(({ first, last }) => first <= last);
    if (gaps.length < mostGaps || rest.length < 2) gaps.splice(index, 1, ...rest);
    return true;
  }

  /** What has not come. */
  gaps(): Gap[] {
    return [...this.#of].flatMap(([process, { gaps }]) => gaps.map(({ first, last }) => ({ process, first, last })));
  }

  /** About how many minutes the missing records covered: at least one for each gap. */
  lostMinutes(): number {
    const all = [...this.#of.values()].flatMap(({ gaps }) => gaps);
    return all.reduce((sum, { from, to }) => sum + Math.max(1, Math.round((to - from) / minuteMs)), 0);
  }
}
