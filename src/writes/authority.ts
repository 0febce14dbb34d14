import type { Clock } from "../model/clock.ts";
import { eachByItself } from "./each-by-itself.ts";
import type { WritesEvent } from "./events.ts";
import type { Fence, SideName } from "./outbox/store.ts";
import type { Side } from "./side.ts";
import { keepsFollower, type Wish } from "./stage.ts";

/** How often a process that reads looks who the authority is. */
const lookEveryMs = 1_000;

/** How often a process makes the fences follow the wish. */
const alignEveryMs = 1_000;

/** Which side is the authority of each bucket, as far as this process knows; the fences decide. */
export interface Authority {
  /** Makes tables and fences where they are missing; once. Rejects, and tries again at the next call, while a side is down. */
  ready(): Promise<void>;
  /** The same, of one side. */
  readyOn(side: SideName): Promise<void>;
  /** Resolves once one side is ready, which says enough to begin with: what is down may be the one that follows. Rejects while neither is. */
  begun(): Promise<void>;
  /** The authority of a bucket, as far as is known. */
  of(bucket: number): SideName;
  /** Takes in what a fence said. */
  learn(side: SideName, fence: Fence): void;
  /** Reads all fences of both sides. */
  refresh(): Promise<void>;
  /** Reads all fences in the background, at most once a second. */
  look(): void;
  /** Makes the fences say whether operations are kept for the other side, as is wished; at most once a second. */
  align(): Promise<void>;
}

export function authorityOf(
  sides: Readonly<Record<SideName, Side>>,
  wish: Wish,
  clock: Clock,
  emit: (event: Omit<WritesEvent, "name" | "at">) => void,
): Authority {
  const known = new Map<number, SideName>();
  const all = [sides.control, sides.candidate];
  const founding = new Map<SideName, Promise<void>>();
  let isBegun = false;
  let lookedAt = -Infinity;
  let alignedAt = -Infinity;
  let aligning: Promise<void> | undefined;

  async function found(side: Side): Promise<void> {
    await side.store.prepare();
    const follows = keepsFollower(wish.now(), side.name);
    await side.transact((tx) => side.store.found(tx, { ...side.stream, follows }));
  }

  function readyOn(name: SideName): Promise<void> {
    const begun = founding.get(name);
    if (begun !== undefined) return begun;
    const begins = found(sides[name]).then(() => read(sides[name]));
    founding.set(name, begins);
    begins.catch(() => founding.delete(name));
    return begins;
  }

  async function read(side: Side): Promise<void> {
    for (const fence of await side.once((tx) => side.store.fences(tx, side.stream))) learn(side.name, fence);
  }

  const refresh = (): Promise<void> => eachByItself(all, read);

  /** A side's own fence decides whether it is the authority; what it says of the other is hearsay, and good enough to begin with. */
  function learn(_: SideName, fence: Fence): void {
    if (!fence.moving) known.set(fence.bucket, fence.authority);
  }

  async function makeFollow(side: Side): Promise<void> {
    await readyOn(side.name);
    const wished = keepsFollower(wish.now(), side.name);
    const fences = await side.once((tx) => side.store.fences(tx, side.stream));
    const differing = fences.filter(
      ({ authority, moving, follows }) =>
        authority === side.name &&
        !moving &&
        follows !== wished &&
        // What control has missed since `complete` it never gets: there is no way back.
        !(wished && side.name === "candidate"),
    );
    let changed = 0;
    for (const { bucket, epoch, ...fence } of differing) {
      const to = { ...fence, follows: wished, generation: fence.generation + Number(wished) };
      changed += Number(await side.transact((tx) => side.store.changeFence(tx, { ...side.stream, bucket, epoch, to })));
    }
    if (changed === 0) return;
    const entry = {
      kind: wished ? "following" : "not-following",
      subject: side.name,
      by: "rollout",
      reason: wish.now().stage,
    };
    await side.transact((tx) => side.store.note(tx, { ...side.stream, entry }));
    emit({
      kind: wished ? "following" : "not-following",
      authority: side.name,
      reason: `the stage is \`${wish.now().stage}\``,
    });
  }

  return {
    async ready() {
      await Promise.all(all.map(({ name }) => readyOn(name)));
    },
    readyOn,
    async begun() {
      if (isBegun) return;
      const both = all.map(({ name }) => readyOn(name));
      await Promise.any(both).catch(() => both[0]);
      isBegun = true;
    },
    of: (bucket) => known.get(bucket) ?? "control",
    learn,
    refresh,
    look() {
      if (clock.monotonic() - lookedAt < lookEveryMs) return;
      lookedAt = clock.monotonic();
      refresh().catch(() => undefined);
    },
    align() {
      if (aligning !== undefined) return aligning;
      if (clock.monotonic() - alignedAt < alignEveryMs) return Promise.resolve();
      alignedAt = clock.monotonic();
      aligning = eachByItself(all, makeFollow).finally(() => {
        aligning = undefined;
      });
      return aligning;
    },
  };
}
