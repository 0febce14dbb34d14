import { answerAgain, factsText, FenceFailed, isConflict, NotTheAuthority, Overtaken } from "./attempt.ts";
import { refuse } from "./errors.ts";
import { writeByIntent } from "./intent/write-by-intent.ts";
import type { Operation } from "./operation.ts";
import type { KnownId } from "./outbox/store.ts";
import { otherSide, type WritesServices } from "./services.ts";
import type { Side } from "./side.ts";
import { keepsFollower } from "./stage.ts";
import { takeDown } from "./take-down.ts";

/** How long a write waits for an authority that moves. */
const longestWaitMs = 5_000;

/** What one attempt has come to before its commit. */
type Attempt = Written | { readonly kind: "known"; readonly known: KnownId } | undefined;

interface Written {
  readonly kind: "written";
  readonly result: unknown;
}

/** Writes one operation on its authority, and takes it down for the follower in the same transaction. */
export async function write(services: WritesServices, op: unknown): Promise<unknown> {
  const { authority, clock, sides, place } = services;
  if (sides.control.changes !== undefined) {
    const mend = "Write to control as before: `work` reads what it has committed";
    refuse("invalid-state", `${place}.write`, `control is followed by its \`changes\`. ${mend}`);
  }
  const operation = services.operationOf(op);
  await authority.begun();
  const startedAt = clock.monotonic();
  let side = sides[authority.of(operation.bucket)];
  for (let attempt = 1; ; attempt++) {
    try {
      await authority.readyOn(side.name);
      return await (side.lookup === undefined ? writeOn : writeByIntent)(services, side, operation);
    } catch (error) {
      const isLost = error instanceof Overtaken || (error instanceof FenceFailed && isConflict(error.cause));
      if (error instanceof FenceFailed && !isLost) throw error.cause;
      if (!(error instanceof NotTheAuthority) && !isLost) throw error;
      if (clock.monotonic() - startedAt >= longestWaitMs) {
        const mend = "It is being moved, or its fences disagree: `status()` says who holds what. Nothing was written";
        return refuse(
          "no-authority",
          place,
          `no side took the operation ${JSON.stringify(operation.id)} within 5 s. ${mend}`,
        );
      }
      if (error instanceof NotTheAuthority) {
        authority.learn(side.name, error.fence);
        side = sides[error.fence.moving ? authority.of(operation.bucket) : otherSide(side.name)];
      }
      // The other side at once; then more and more slowly, as the authority is on its way.
      if (attempt > 1) await services.sleep(Math.min(5 * 2 ** (attempt - 2), 100));
    }
  }
}

async function writeOn(services: WritesServices, side: Side, operation: Operation<unknown>): Promise<unknown> {
  const token = globalThis.crypto.randomUUID();
  let came: Attempt;
  /** By whichever run of the work: a `transaction` may run it again after a commit whose answer was lost. */
  let written: Written | undefined;
  let keeps = false;
  // What the caller's `transaction` rejects with may be an error of its own that wraps ours.
  let ours: NotTheAuthority | Overtaken | FenceFailed | undefined;
  const stop = (error: NotTheAuthority | Overtaken | FenceFailed): never => {
    ours = error;
    throw error;
  };
  try {
    await side.transact(async (tx) => {
      came = ours = undefined;
      const { fence, known } = await side.store
        .enter(tx, { ...side.stream, bucket: operation.bucket, id: operation.id })
        .catch((cause: unknown) => stop(new FenceFailed("the fence cannot be read", { cause })));
      if (fence.authority !== side.name || fence.moving) stop(new NotTheAuthority(fence));
      keeps = fence.follows;
      if (known !== undefined) {
        came = known.token === token && written !== undefined ? written : { kind: "known", known };
        return;
      }
      const result = await side.write(operation.op, tx, { facts: undefined, id: operation.id });
      const facts = factsText(services, result);
      const isFirst = await takeDown(services, side, operation, { tx, fence, token, facts }).catch((error: unknown) =>
        // The heads of keys are ours: with a snapshot from before another's commit on one of them nothing of the caller's is wrong.
        isConflict(error) ? stop(new Overtaken()) : Promise.reject(error as Error),
      );
      if (!isFirst) stop(new Overtaken());
      came = written = { kind: "written", result };
    });
  } catch (error) {
    if (ours !== undefined && written === undefined) throw ours;
    return afterFailure(services, side, operation, { token, written, error: ours ?? error });
  }
  if (keeps !== keepsFollower(services.wish.now(), side.name)) void services.authority.align().catch(() => undefined);
  const done = came as Exclude<Attempt, undefined>;
  return done.kind === "written" ? done.result : answerAgain(services, operation, done.known);
}

/**
 * What a failed transaction has left: its commit may have succeeded, with the answer lost; or another one of the same id was
 * first, which the caller's own statements have run into.
 */
async function afterFailure(
  services: WritesServices,
  side: Side,
  operation: Operation<unknown>,
  { token, written, error }: { readonly token: string; readonly written: Written | undefined; readonly error: unknown },
): Promise<unknown> {
  let known: KnownId | undefined;
  try {
    known = await side.once((tx) => side.store.known(tx, { ...side.stream, id: operation.id }));
  } catch {
    throw error;
  }
  if (known === undefined) throw error;
  if (known.token === token && written !== undefined) return written.result;
  return answerAgain(services, operation, known);
}
