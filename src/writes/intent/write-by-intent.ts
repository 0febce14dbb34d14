import { answerAgain, factsText, isConflict, NotTheAuthority, Overtaken } from "../attempt.ts";
import { SidelaneError } from "../../model/errors.ts";
import { eachByItself } from "../each-by-itself.ts";
import type { Operation } from "../operation.ts";
import type { FoundWrite } from "../options.ts";
import type { KnownId } from "../outbox/store.ts";
import type { WritesServices } from "../services.ts";
import type { Side } from "../side.ts";
import {
  claimIntent,
  intentsOf,
  releaseIntent,
  renewing,
  renewIntent,
  type Intent,
  type KeptIntent,
} from "./intents.ts";

const mostTries = 3;

/** What is known of an intent once its result was to be taken down. */
type Finished = { readonly kind: "taken-down" } | { readonly kind: "known"; readonly known: KnownId };

/**
 * Writes one operation on a side without transactions: its intent is kept first, and the fence asked; then the operation is
 * written; then its result is taken down, the operation with it, and the intent taken away. What a crash leaves between them is
 * decided by `lookup`, once the intent is older than a lease.
 */
export async function writeByIntent(
  services: WritesServices,
  side: Side,
  operation: Operation<unknown>,
): Promise<unknown> {
  const { id, digest, keys, text, bucket } = operation;
  const token = globalThis.crypto.randomUUID();
  const intent: Intent = { id, token, digest, keys, op: text, schema: services.schema, bucket };
  const known = await begin(services, side, intent);
  if (known !== undefined) return answerAgain(services, operation, known);
  let found: FoundWrite<unknown>;
  try {
    found = {
      result: await renewing(
        services.clock,
        services.options.leaseMs!,
        () => side.transact((tx) => renewIntent(side.store, tx, side.stream, intent)),
        () => side.write(operation.op, undefined, { facts: undefined, id }),
      ),
    };
  } catch (error) {
    found = await orThrow(side, intent, error);
  }
  const finished = await finish(services, side, intent, found);
  if (finished.kind === "taken-down" || finished.known.token === token) return found.result;
  return answerAgain(services, operation, finished.known);
}

/**
 * Keeps the intent, and enters by the fence only then: by what is committed once nobody else can be at the operation. A move of the
 * authority waits for intents.
 *
 * @returns what is known of its id already
 */
async function begin(services: WritesServices, side: Side, intent: Intent): Promise<KnownId | undefined> {
  const { store, stream } = side;
  if (!(await claim(side, intent))) {
    await decideOf(services, side, ({ id, keys }) => id === intent.id || keys.some((key) => intent.keys.includes(key)));
    throw new Overtaken();
  }
  try {
    const { fence, known } = await side.transact((tx) =>
      store.enter(tx, { ...stream, bucket: intent.bucket, id: intent.id }),
    );
    if (fence.authority !== side.name || fence.moving) throw new NotTheAuthority(fence);
    if (known !== undefined) await side.transact((tx) => giveUp(side, tx, intent));
    return known;
  } catch (error) {
    await side.transact((tx) => giveUp(side, tx, intent));
    throw isConflict(error) ? new Overtaken() : error;
  }
}

async function claim({ store, stream, transact }: Side, intent: Intent): Promise<boolean> {
  let isClaimed = false;
  try {
    await transact(async (tx) => {
      isClaimed = await claimIntent(store, tx, stream, intent);
      if (!isClaimed) throw new Overtaken();
    });
  } catch (error) {
    // What `transaction` rejects with may be an error of its own that wraps ours.
    if (isClaimed || !(error instanceof Overtaken || isConflict(error))) throw error;
  }
  return isClaimed;
}

/** What a failed write has left: whether it happened all the same; if not, its error is the caller's. */
async function orThrow(side: Side, intent: Intent, error: unknown): Promise<FoundWrite<unknown>> {
  let found: FoundWrite<unknown> | undefined;
  try {
    found = await side.lookup!(intent.id, JSON.parse(intent.op));
    if (found === undefined) await side.transact((tx) => giveUp(side, tx, intent));
  } catch {
    // The caller may come again with the same id, and workers ask.
    await side
      .transact((tx) => renewIntent(side.store, tx, side.stream, { ...intent, isInDoubt: true }))
      .catch(() => undefined);
    throw error;
  }
  if (found === undefined) throw error;
  return found;
}

/** Takes an intent away that is not written, where it is still the same one. */
async function giveUp({ store, stream }: Side, tx: unknown, intent: Intent): Promise<void> {
  const own = (await intentsOf(store, tx, stream)).find(({ id }) => id === intent.id);
  if (own?.token === intent.token) await releaseIntent(store, tx, stream, intent);
}

/**
 * Takes down a written operation for the other side to follow, and its intent away.
 *
 * @throws {SidelaneError} `no-authority` where it was written after it had been decided that it is not, and the authority has moved
 */
async function finish(
  services: WritesServices,
  side: Side,
  intent: Intent,
  { result }: FoundWrite<unknown>,
): Promise<Finished> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await finishOnce(services, side, intent, factsText(services, result));
    } catch (error) {
      if (error instanceof TooLate) throw tooLate(services, side, error);
      if (error instanceof Overtaken || attempt === mostTries) throw error;
      await services.sleep(50 * attempt);
    }
  }
}

/** Written after it had been decided that it is not: by a process that had stood still for longer than a lease. */
class TooLate extends Error {}

async function finishOnce(
  services: WritesServices,
  side: Side,
  intent: Intent,
  facts: string | null,
): Promise<Finished> {
  const { store, stream } = side;
  const { id, bucket, digest, token } = intent;
  let came: Finished = { kind: "taken-down" };
  let stopped: Error | undefined;
  try {
    await side.transact(async (tx) => {
      came = { kind: "taken-down" };
      stopped = undefined;
      const { fence, known } = await store.enter(tx, { ...stream, bucket, id });
      if (known !== undefined) {
        await giveUp(side, tx, intent);
        came = { kind: "known", known };
        return;
      }
      const own = (await intentsOf(store, tx, stream)).find((each) => each.id === id);
      const isOwn = own?.token === token;
      if (own !== undefined && !isOwn) throw (stopped = new Overtaken());
      if (!isOwn && (fence.authority !== side.name || fence.moving)) throw (stopped = new TooLate(id));
      const isNew =
        fence.follows ?
          await store.enqueue(tx, { ...stream, entry: { ...intent, facts, generation: fence.generation } })
        : await store.remember(tx, { ...stream, id, token, digest, facts });
      if (!isNew) throw (stopped = new Overtaken());
      if (isOwn) await releaseIntent(store, tx, stream, intent);
    });
  } catch (error) {
    throw stopped ?? error;
  }
  return came;
}

function tooLate({ emit, place }: WritesServices, { name }: Side, { message: id }: TooLate): SidelaneError {
  const reason = `the operation ${JSON.stringify(id)} was written on ${name} after \`${name}.lookup\` had said that it is not, and the authority has moved since`;
  emit({ kind: "found", authority: name, id, reason });
  return new SidelaneError(
    "no-authority",
    `${place}: ${reason}. Both sides differ by it until a person repairs the records`,
  );
}

/** Decides what is in doubt of a side, for longer than a lease. */
export async function decideDoubts(services: WritesServices, side: Side): Promise<void> {
  await decideOf(services, side, () => true);
}

async function decideOf(services: WritesServices, side: Side, isMeant: (intent: KeptIntent) => boolean): Promise<void> {
  const kept = await side.once((tx) => intentsOf(side.store, tx, side.stream));
  const doubts = kept.filter(
    (intent) => (intent.isInDoubt === true || intent.ageMs >= services.options.leaseMs!) && isMeant(intent),
  );
  await eachByItself(doubts, async (intent) => {
    const found = await side.lookup!(intent.id, JSON.parse(intent.op));
    if (found === undefined) await side.transact((tx) => giveUp(side, tx, intent));
    else
      await finish(services, side, intent, found).catch((error: unknown) => {
        if (!(error instanceof Overtaken)) throw error;
      });
  });
}
