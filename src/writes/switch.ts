import { bucketCount, type Fence, type SideName } from "./outbox/store.ts";
import { otherSide, type Direction, type WritesServices } from "./services.ts";
import { wishedFor } from "./stage.ts";

/** Brings what is due across, once. */
type Bring = (direction: Direction) => Promise<void>;

/** How many operations may be on their way when a bucket begins to move; writers wait until they are followed. */
const mostToDrain = 100;
const pauseMs = 5;
const longestDrainMs = 5_000;
const lostAfterMs = 6_000;
const dayMs = 24 * 60 * 60 * 1_000;
const mostMismatches = 1 / 10_000;

/** Moves buckets to the authority that is wished, as far as the gates let it. */
export type Switch = () => Promise<void>;

/**
 * The authority of a bucket moves like this. Its side says that it is moving, from when on writers wait; what is on its way is
 * followed; the new side says that it is the authority, which is the commit point; then the old side says so too. Each is a
 * compare-and-set of an epoch. Before the commit point the move can be called back: by raising the new side's epoch first, so that
 * who was about to commit no longer can. After it, any process finishes the move.
 */
export function switching(services: WritesServices, bring: Bring, mismatches: () => number): Switch {
  const { clock, sides, wish, emit, authority } = services;
  /** Since when this process has seen a bucket moving, in which epoch. */
  const seen = new Map<number, { readonly epoch: number; readonly at: number }>();
  let toldHeld = "";

  const fencesOf = (side: SideName): Promise<readonly Fence[]> =>
    sides[side].once((tx) => sides[side].store.fences(tx, sides[side].stream));

  function change(side: SideName, { bucket, epoch, ...fence }: Fence, to: Partial<Fence>): Promise<boolean> {
    const { store, stream, transact } = sides[side];
    return transact((tx) => store.changeFence(tx, { ...stream, bucket, epoch, to: { ...fence, ...to } }));
  }

  /** Why no bucket may leave this side now. */
  async function refusal(side: SideName): Promise<string | undefined> {
    const { store, stream, once } = sides[side];
    const { dead, blocked } = await once((tx) => store.count(tx, stream));
    if (dead > 0 || blocked > 0) return `${dead} operations are dead, and ${blocked} keys blocked`;
    if (side === "candidate") return undefined;
    const history = await once((tx) => store.history(tx, stream));
    const last = history.find(({ kind }) => kind === "reconciled");
    if (last === undefined) return "the records were never reconciled";
    if (last.subject !== "clean") return `the last reconciliation was not clean: ${last.reason}`;
    if (last.ageMs > dayMs) return "the last reconciliation is more than 24 h old";
    const since = history.slice(0, history.indexOf(last)).find(({ kind }) => voids.has(kind));
    if (since !== undefined) return `it was \`${since.kind}\` since the last reconciliation: ${since.subject}`;
    const share = mismatches();
    return share > mostMismatches ? `${(share * 100).toFixed(2)} % of what was read back differs` : undefined;
  }

  /** Moves one bucket. @returns why it stays, or `undefined` */
  async function move(bucket: number, from: Fence, to: Fence, target: SideName): Promise<string | undefined> {
    const old = otherSide(target);
    const { store, stream, once } = sides[old];
    const lag = (): Promise<number> => once((tx) => store.lagOf(tx, { ...stream, bucket }));
    const before = await lag();
    if (before > mostToDrain) return `${before} operations of bucket ${bucket} wait`;
    if (!(await change(old, from, { moving: true }))) return undefined;
    const moving: Fence = { ...from, moving: true, epoch: from.epoch + 1 };
    const startedAt = clock.monotonic();
    let left = await lag();
    while (left > 0 && clock.monotonic() - startedAt < longestDrainMs) {
      await bring({ from: sides[old], to: sides[target] });
      await services.sleep(pauseMs);
      left = await lag();
    }
    if (left > 0) {
      await callBack(moving, to, target);
      return `${left} operations of bucket ${bucket} were still on their way after 5 s`;
    }
    const follows = target === "control" || wish.now().stage !== "complete";
    if (await change(target, to, { authority: target, moving: false, follows })) {
      await change(old, moving, { authority: target, moving: false });
    }
    return undefined;
  }

  async function callBack(moving: Fence, to: Fence, target: SideName): Promise<void> {
    if (await change(target, to, {})) await change(otherSide(target), moving, { moving: false });
  }

  /** What a crash has left: finished after the commit point; called back before it, once its process must be gone. */
  async function mend(side: SideName, own: Fence, others: Fence): Promise<void> {
    const target = otherSide(side);
    if (others.authority === target) {
      await change(side, own, { authority: target, moving: false });
      return;
    }
    const since = seen.get(own.bucket);
    if (since?.epoch !== own.epoch) seen.set(own.bucket, { epoch: own.epoch, at: clock.monotonic() });
    else if (clock.monotonic() - since.at > lostAfterMs) await callBack(own, others, target);
  }

  return async () => {
    const [control, candidate] = await Promise.all([fencesOf("control"), fencesOf("candidate")]);
    const refusals = new Map<SideName, string | undefined>();
    let moved = 0;
    let held: string | undefined;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const [a, b] = [control[bucket]!, candidate[bucket]!];
      if (a.moving) await mend("control", a, b);
      if (b.moving) await mend("candidate", b, a);
      if (a.moving || b.moving || a.authority !== b.authority) continue;
      const target = wishedFor(wish.now(), bucket);
      if (a.authority === target) continue;
      const side = otherSide(target);
      const own = side === "control" ? a : b;
      if (!own.follows) held = `${target} does not follow`;
      else {
        if (!refusals.has(side)) refusals.set(side, await refusal(side));
        held = refusals.get(side) ?? (await move(bucket, own, side === "control" ? b : a, target));
      }
      if (held === undefined) moved += 1;
      // The gates are the same for all; a bucket that is busy leaves the others to themselves.
      if (refusals.get(side) !== undefined) break;
    }
    if (moved > 0) {
      await authority.refresh();
      emit({ kind: "moved", reason: `${moved} of ${bucketCount} buckets, for the stage \`${wish.now().stage}\`` });
    }
    if (held !== undefined && held !== toldHeld) emit({ kind: "held", reason: held });
    toldHeld = held ?? "";
  };
}

/** What a reconciliation says nothing about when it comes after it. */
const voids: ReadonlySet<string> = new Set(["skipped", "repaired", "following"]);
