import { lastReconciliation } from "./last-reconciliation.ts";
import type { WritesServices } from "./services.ts";
import type { WishedStage } from "./stage.ts";

/** What was read back since the last clean reconciliation. */
export interface ReadBackCounts {
  readonly compared: number;
  readonly mismatched: number;
}

/** What a process says of itself. */
export interface ProcessSaid extends WishedStage, ReadBackCounts {
  readonly id: string;
}

/** Says now and then, in control's database, on which stage this process is, so that no bucket moves before all are. */
export interface Presence {
  /** In the background, at most thrice in `heardWithinMs`. */
  beat(): void;
  /** What each process said that was heard lately, this one first, as it stands now. */
  all(): Promise<readonly [ProcessSaid, ...ProcessSaid[]]>;
  /** Forgets those that were not heard for long. */
  tidy(): Promise<void>;
}

const prefix = "process:";
const forgottenAfterMs = 3_600_000;

/** @param counts what this process has read back since it began */
export function presenceOf(services: WritesServices, counts: () => ReadBackCounts): Presence {
  const { clock, options, wish, authority } = services;
  const { once, store, stream } = services.sides.control;
  const id = globalThis.crypto.randomUUID();
  const heardWithinMs = options.heardWithinMs!;
  let base: ReadBackCounts = { compared: 0, mismatched: 0 };
  let run: string | undefined;
  let saidAt = -Infinity;

  /** Counts begin anew with each clean reconciliation: what differed before it is mended. */
  async function own(): Promise<ProcessSaid> {
    const last = await lastReconciliation(services.sides.control);
    const now = counts();
    if (last?.clean === true && last.run !== run) {
      if (run !== undefined || last.ageMs < heardWithinMs) base = now;
      run = last.run;
    }
    const { stage, share } = wish.now();
    const since = { compared: now.compared - base.compared, mismatched: now.mismatched - base.mismatched };
    return { id, stage, share, ...since };
  }

  async function say(): Promise<void> {
    await authority.readyOn("control");
    const value = JSON.stringify(await own());
    await once((tx) => store.keep(tx, { ...stream, item: `${prefix}${id}`, value }));
  }

  return {
    beat() {
      if (clock.monotonic() - saidAt < heardWithinMs / 3) return;
      saidAt = clock.monotonic();
      // A process that is not heard is taken for gone; the fences hold without it.
      say().catch(() => undefined);
    },
    async all() {
      const kept = await once((tx) => store.kept(tx, { ...stream, prefix }));
      const others = kept
        .filter(({ item, ageMs }) => ageMs <= heardWithinMs && item !== `${prefix}${id}`)
        .map(({ value }) => JSON.parse(value) as ProcessSaid);
      return [await own(), ...others];
    },
    async tidy() {
      for (const { item, ageMs } of await once((tx) => store.kept(tx, { ...stream, prefix }))) {
        if (ageMs > forgottenAfterMs) await once((tx) => store.keep(tx, { ...stream, item, value: null }));
      }
    },
  };
}
