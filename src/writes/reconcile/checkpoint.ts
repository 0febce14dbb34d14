import { voidedBy } from "../last-reconciliation.ts";
import type { WritesServices } from "../services.ts";
import type { Marks } from "../gates.ts";
import type { Progress } from "./looking.ts";

/** A reconciliation that has begun. */
export interface Begun {
  readonly run: string;
  readonly marks: Marks;
  readonly progress: Progress;
}

interface Kept extends Begun {
  /** Whether its process has given it up. */
  readonly isFree: boolean;
}

const prefix = "progress:";
const keptEveryMs = 5_000;
/** A process that keeps nothing for so long is gone, or stands. */
const lostAfterMs = 30_000;
const tooOldAfterMs = 3_600_000;

/** Keeps how far one has come in control's database, and takes it away once it is over. */
export interface Checkpoint {
  readonly keep: (progress: Progress) => Promise<void>;
  /** Lets another one go on, at once. */
  readonly free: (progress: Progress) => Promise<void>;
  readonly remove: () => Promise<void>;
}

export function checkpointOf({ clock, sides }: WritesServices, { run, marks }: Begun): Checkpoint {
  const { once, store, stream } = sides.control;
  let keptAt = clock.monotonic();
  async function put(progress: Progress, isFree: boolean): Promise<void> {
    keptAt = clock.monotonic();
    const findings = progress.findings.map(({ kind, key }) => ({ kind, key }));
    const value: Kept = { run, marks, progress: { ...progress, findings }, isFree };
    await once((tx) => store.keep(tx, { ...stream, item: `${prefix}${run}`, value: JSON.stringify(value) }));
  }
  return {
    keep: async (progress) => {
      if (clock.monotonic() - keptAt >= keptEveryMs) await put(progress, false);
    },
    free: (progress) => put(progress, true),
    remove: () => once((tx) => store.keep(tx, { ...stream, item: `${prefix}${run}`, value: null })),
  };
}

/** One that was given up in the last hour, or whose process is gone; nothing has voided what it has seen. */
export async function unfinished({ sides }: WritesServices): Promise<Begun | undefined> {
  const { once, store, stream } = sides.control;
  let found: Kept | undefined;
  for (const { item, value, ageMs } of await once((tx) => store.kept(tx, { ...stream, prefix }))) {
    const kept = JSON.parse(value) as Kept;
    if (!kept.isFree && ageMs < lostAfterMs) continue;
    const isUsable = found === undefined && ageMs < tooOldAfterMs && (await isValid(kept.run));
    if (isUsable) found = kept;
    else await once((tx) => store.keep(tx, { ...stream, item, value: null }));
  }
  if (found !== undefined) {
    const taken: Kept = { ...found, isFree: false };
    await once((tx) => store.keep(tx, { ...stream, item: `${prefix}${taken.run}`, value: JSON.stringify(taken) }));
  }
  return found;

  async function isValid(run: string): Promise<boolean> {
    for (const side of [sides.control, sides.candidate]) {
      const history = await side.once((tx) => side.store.history(tx, side.stream));
      if (voidedBy(history, run).length > 0) return false;
    }
    return true;
  }
}
