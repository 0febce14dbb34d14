import type { Cancel } from "../../model/clock.ts";
import { compared, isSame } from "../confirm.ts";
import type { Comparer } from "../comparer.ts";
import { directions, type WritesServices } from "../services.ts";
import { bothRecords, type BothRecords } from "../standing.ts";

/** Records that differ and are looked at again, at most; of others it cannot be told. */
const mostAtOnce = 1_000;

/** Looks at records again that differ, once control's changes cannot be behind it any more. */
export interface LookLater {
  /**
   * Whether records differ that may differ only because a change was not yielded yet. They are looked at again then, and `told` is called:
   * with both records where they stayed as they were, and with nothing where they did not.
   */
  needed(key: string, both: BothRecords | undefined, told: (both: BothRecords | undefined) => void): boolean;
  /** Gives up waiting, and resolves once all are told. */
  end(): Promise<void>;
}

export function lookLater(services: WritesServices, compare: Comparer): LookLater {
  const behindMs = services.sides.control.changes?.behindMs;
  const waiting = new Set<Promise<void>>();
  let ending = startOf();

  async function again(key: string, first: BothRecords): Promise<BothRecords | undefined> {
    const { ended } = ending;
    let cancel: Cancel = () => undefined;
    const waited = new Promise<false>((resolve) => {
      cancel = services.clock.after(behindMs!, () => resolve(false));
    });
    const isOver = await Promise.race([ended, waited]);
    cancel();
    if (isOver) return undefined;
    const both = await bothRecords(services, directions(services), key);
    return both !== undefined && isSame(first, both) ? both : undefined;
  }

  return {
    needed(key, both, told) {
      if (behindMs === undefined || both === undefined) return false;
      const kind = compared(both, compare)?.kind;
      if (kind === "match" || kind === "ignored") return false;
      if (waiting.size >= mostAtOnce) {
        told(undefined);
        return true;
      }
      const looking = again(key, both)
        .catch(() => undefined)
        .then(told);
      waiting.add(looking);
      void looking.finally(() => waiting.delete(looking));
      return true;
    },
    async end() {
      ending.end();
      ending = startOf();
      await Promise.all(waiting);
    },
  };
}

interface Ending {
  readonly ended: Promise<true>;
  readonly end: () => void;
}

function startOf(): Ending {
  let end = (): void => undefined;
  const ended = new Promise<true>((resolve) => (end = (): void => resolve(true)));
  return { ended, end: () => end() };
}
