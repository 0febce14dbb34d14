import { backoffMs, type Backoff } from "../model/backoff.ts";
import { carryingIds } from "./carry-ids.ts";
import { passGates, type Marks, type Passed } from "./gates.ts";
import { bucketCount, type BucketLag, type Fence, type SideName } from "./outbox/store.ts";
import type { Presence } from "./presence.ts";
import type { Comparer } from "./comparer.ts";
import { lookAhead, lookAtLast, type Looked } from "./recheck.ts";
import { otherSide, type Direction, type WritesServices } from "./services.ts";
import { wishedFor } from "./stage.ts";

/** Brings what is due of a bucket across, once. */
type Bring = (direction: Direction, bucket: number) => Promise<void>;

/** How many operations may be on their way when a bucket begins to move; writers wait until they are followed. */
const mostToDrain = 100;
const pauseMs = 5;
/** Of a bucket whose writers have waited in vain. */
const rest: Backoff = { firstMs: 5_000, mostMs: 60_000 };
const longestPauseMs = 5_000;
const lostAfterMs = 6_000;
/** How long buckets are moved before the worker follows again. */
const longestTurnMs = 250;
const tellEveryMs = 10_000;

/** Moves buckets to the authority that is wished, as far as the gates let it. */
export type Switch = () => Promise<void>;

/** Up to where a bucket's records were looked at, since a reconciliation. */
interface Seen extends Looked {
  readonly since: Marks | undefined;
  readonly marks: Marks;
}

/**
 * The authority of a bucket moves like this. Its side says that it is moving, from when on writers wait; what is on its way is
 * followed, and the records that were touched since all were compared are compared again; the new side says that it is the authority,
 * which is the commit point; then the old side says so too. Each is a compare-and-set of an epoch. Before the commit point the move can
 * be called back: by raising the new side's epoch first, so that who was about to commit no longer can. After it, any process finishes
 * the move.
 */
export function switching(services: WritesServices, presence: Presence, compare: Comparer, bring: Bring): Switch {
  const { clock, sides, wish, emit, authority } = services;
  /** Of buckets that stayed: up to where their records were looked at again since the last reconciliation. */
  const looked = new Map<number, Seen>();
  /** Buckets whose writers have waited in vain, why, and when they may have to again. */
  const vain = new Map<number, { readonly times: number; readonly until: number; readonly held: string }>();
  /** Since when this process has seen a bucket moving, in which epoch. */
  const seen = new Map<number, { readonly epoch: number; readonly at: number }>();
  /** The bucket to begin with: workers that begin at once do not all move the same one. */
  let next = Math.floor(services.random() * bucketCount) % bucketCount;
  let toldFound: string | undefined;
  const carry = carryingIds(services);
  let told: { readonly what: string | undefined; readonly at: number } = { what: undefined, at: 0 };

  const fencesOf = (side: SideName): Promise<readonly Fence[]> =>
    sides[side].once((tx) => sides[side].store.fences(tx, sides[side].stream));

  function change(side: SideName, { bucket, epoch, ...fence }: Fence, to: Partial<Fence>): Promise<boolean> {
    const { store, stream, transact } = sides[side];
    return transact((tx) => store.changeFence(tx, { ...stream, bucket, epoch, to: { ...fence, ...to } }));
  }

  /** Whether a finding keeps a bucket where it is: there has to be a way back from a candidate that records wrongly. */
  function heldBy(found: string | undefined, target: SideName): string | undefined {
    if (found === undefined || target === "candidate") return found;
    if (found !== toldFound) emit({ kind: "found", authority: "candidate", reason: found });
    toldFound = found;
    return undefined;
  }

  /** Moves one bucket. @returns why it stays, or `undefined` */
  async function move(
    bucket: number,
    from: Fence,
    to: Fence,
    target: SideName,
    since: Marks | undefined,
  ): Promise<string | undefined> {
    const direction = { from: sides[otherSide(target)], to: sides[target] };
    const { store, stream, once, name: old } = direction.from;
    const lag = (): Promise<BucketLag> => once((tx) => store.lagOf(tx, { ...stream, bucket }));
    const between = (): Promise<void> => bring(direction, bucket);
    const marks = await marksNow();
    const checked = looked.get(bucket);
    const isLater = checked !== undefined && isSame(checked.since, since);
    const first = isLater ? checked.marks : (since ?? marks);
    const ahead = await lookAhead(services, compare, { bucket, since: first }, between);
    const found = typeof ahead === "string" ? heldBy(ahead, target) : undefined;
    if (found !== undefined) return found;
    const moved = typeof ahead === "string" ? [] : ahead.moving;
    const now: Seen = { since, marks, moving: [...new Set([...(isLater ? checked.moving : []), ...moved])] };
    looked.set(bucket, now);
    const { rows, failed, oldestMs } = await lag();
    if (rows > mostToDrain || failed > 0) {
      return waiting(bucket, { rows, failed, oldestMs });
    }
    if (!(await change(old, from, { moving: true }))) return undefined;
    const moving: Fence = { ...from, moving: true, epoch: from.epoch + 1 };
    looked.delete(bucket);
    let held: string | undefined = "it failed";
    try {
      held = await drained(direction, lag, bucket, target, now);
    } finally {
      if (held !== undefined) {
        const times = (vain.get(bucket)?.times ?? 0) + 1;
        vain.set(bucket, { times, held, until: clock.monotonic() + backoffMs(rest, times, services.random) });
        await callBack(moving, to, target);
      }
    }
    if (held !== undefined) return held;
    vain.delete(bucket);
    const follows = target === "control" || wish.now().stage !== "complete";
    if (await change(target, to, { authority: target, moving: false, follows })) {
      await change(old, moving, { authority: target, moving: false });
    }
    return undefined;
  }

  /** While writers wait: all is followed, and what was touched meanwhile is equal. @returns why not */
  async function drained(
    direction: Direction,
    lag: () => Promise<BucketLag>,
    bucket: number,
    target: SideName,
    { marks, moving }: Seen,
  ): Promise<string | undefined> {
    const until = clock.monotonic() + longestPauseMs;
    for (;;) {
      const left = await lag();
      const { rows } = left;
      if (rows === 0) break;
      if (left.failed > 0) return waiting(bucket, left);
      if (clock.monotonic() >= until) return `${rows} operations of bucket ${bucket} were still on their way after 5 s`;
      await bring(direction, bucket);
      await services.sleep(pauseMs);
    }
    return heldBy(await lookAtLast(services, compare, { bucket, since: marks, moving, until }), target);
  }

  async function marksNow(): Promise<Marks> {
    const [control, candidate] = await Promise.all(
      [sides.control, sides.candidate].map(({ once, store, stream }) => once((tx) => store.mark(tx, stream))),
    );
    return { control: control!, candidate: candidate! };
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

  /** Tells why buckets stay, once, and again after a while. */
  function tellHeld(held: string | undefined): void {
    const what = held?.replaceAll(/\d+/g, "");
    if (held !== undefined && (what !== told.what || clock.monotonic() - told.at > tellEveryMs)) {
      emit({ kind: "held", reason: held });
      told = { what, at: clock.monotonic() };
    } else if (held === undefined) told = { what: undefined, at: 0 };
  }

  return async () => {
    const [control, candidate] = await Promise.all([fencesOf("control"), fencesOf("candidate")]);
    const gates = new Map<SideName, Passed>();
    let moved = 0;
    let held: string | undefined;
    // Whatever holds the others: writers wait for what a crash has left.
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const [a, b] = [control[bucket]!, candidate[bucket]!];
      if (a.moving) await mend("control", a, b);
      if (b.moving) await mend("candidate", b, a);
    }
    const startedAt = clock.monotonic();
    const first = next;
    for (let at = 0; at < bucketCount; at++) {
      // What other buckets have taken down is to be followed, too: the rest is for the next time.
      if (clock.monotonic() - startedAt > longestTurnMs) break;
      const bucket = (first + at) % bucketCount;
      next = (bucket + 1) % bucketCount;
      const [a, b] = [control[bucket]!, candidate[bucket]!];
      if (a.moving || b.moving || a.authority !== b.authority) continue;
      const target = wishedFor(wish.now(), bucket);
      if (a.authority === target) continue;
      const own = target === "candidate" ? a : b;
      if (!own.follows) {
        held ??= `${target} does not follow`;
        continue;
      }
      const passed = gates.get(target) ?? (await passGates(services, presence, target));
      gates.set(target, passed);
      if (passed.held !== undefined) {
        // The gates are the same for all.
        held = passed.held;
        break;
      }
      const carries = target === "candidate" ? await carry(control) : undefined;
      if (carries !== undefined) {
        held = carries;
        break;
      }
      const resting = vain.get(bucket);
      if (resting !== undefined && resting.until > clock.monotonic()) {
        held ??= resting.held;
        continue;
      }
      const stays = await move(bucket, own, target === "candidate" ? b : a, target, passed.since);
      if (stays === undefined) moved += 1;
      held ??= stays;
    }
    if (moved > 0) {
      await authority.refresh();
      emit({ kind: "moved", reason: `${moved} of ${bucketCount} buckets, for the stage \`${wish.now().stage}\`` });
    }
    tellHeld(held);
  };
}

function waiting(bucket: number, { rows, failed, oldestMs }: BucketLag): string {
  return `${rows} operations of bucket ${bucket} wait, ${failed} of which have failed, the oldest for ${oldestMs} ms`;
}

function isSame(a: Marks | undefined, b: Marks | undefined): boolean {
  return a?.control === b?.control && a?.candidate === b?.candidate;
}
