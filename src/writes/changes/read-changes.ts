import { backoffMs, type Backoff } from "../../model/backoff.ts";
import { describe } from "../../model/check-options.ts";
import { isConflict } from "../attempt.ts";
import { messageOf, refuse } from "../errors.ts";
import { jsonOf, type Operation } from "../operation.ts";
import type { Fence } from "../outbox/store.ts";
import type { WritesServices } from "../services.ts";
import type { Side } from "../side.ts";
import { takeDown } from "../take-down.ts";
import type { Change } from "./changes-side.ts";
import { inBatches } from "./in-batches.ts";
import { besideTaken } from "./taken-id.ts";

const backoff: Backoff = { firstMs: 100, mostMs: 60_000 };
/** Where the changes have ended. */
const pauseMs = 250;
const mostAtOnce = 100;
const mostTries = 3;

/** A change that can be kept. */
interface Readable {
  readonly change: Change<unknown>;
  readonly operation: Operation<unknown>;
  /** As JSON. */
  readonly facts: string | null;
}

/**
 * Reads what control says it has committed, until the signal is aborted, and keeps each change in the outbox in that order: its id once,
 * however often it comes, and however many read it. Only then is it acknowledged. What fails is read anew, more and more slowly:
 * nothing behind it is kept before. Never rejects.
 */
export async function readChanges(services: WritesServices, signal: AbortSignal): Promise<void> {
  const { authority, emit, random, sleep } = services;
  const { control } = services.sides;
  if (control.changes === undefined) return;
  let failures = 0;
  const isUp = (): void => {
    if (failures > 0) emit({ kind: "changes-up", authority: "control", reason: `after ${failures} failures in a row` });
    failures = 0;
  };
  while (!signal.aborted) {
    // What is given up is told so: a source may let one reader in at a time.
    const reading = new AbortController();
    const until = AbortSignal.any([signal, reading.signal]);
    let waitsMs = pauseMs;
    try {
      await authority.readyOn("control");
      const { source } = control.changes;
      const changes = typeof source === "function" ? source(until) : source;
      for await (const batch of inBatches(changes, mostAtOnce, until)) {
        if ((await keep(services, control, batch)) > 0) isUp();
      }
      isUp();
    } catch (error) {
      failures += 1;
      waitsMs = backoffMs(backoff, failures, random);
      if (failures === 1) emit({ kind: "changes-down", authority: "control", reason: messageOf(error) });
    } finally {
      reading.abort();
    }
    await sleep(waitsMs, signal);
  }
}

/** Keeps changes up to the first that cannot be kept, and acknowledges them. @returns how many were new */
async function keep(services: WritesServices, control: Side, batch: readonly Change<unknown>[]): Promise<number> {
  const readable: Readable[] = [];
  let failed: { readonly error: unknown } | undefined;
  for (const change of batch) {
    try {
      readable.push(readableOf(services, change));
    } catch (error) {
      failed = { error };
      break;
    }
  }
  const kept = readable.length === 0 ? 0 : await takeDownAll(services, control, readable);
  for (const { change } of readable) await change.acknowledge?.();
  if (failed !== undefined) throw failed.error;
  return kept;
}

function readableOf({ place, operationOf }: WritesServices, change: Change<unknown> | undefined): Readable {
  if (typeof change !== "object" || change === null || !("op" in change)) {
    const expected = "expected `changes` to yield `{ op, facts?, acknowledge? }`";
    return refuse("invalid-operation", place, `${expected}, got ${describe(change)}`);
  }
  const { op, facts } = change;
  const text = facts === undefined ? null : jsonOf(place, "`facts` of a change", facts);
  return { change, operation: operationOf(op), facts: text };
}

async function takeDownAll(services: WritesServices, control: Side, all: readonly Readable[]): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await takeDownOnce(services, control, all);
    } catch (error) {
      if (!isConflict(error) || attempt === mostTries) throw error;
      await services.sleep(50 * attempt);
    }
  }
}

async function takeDownOnce(services: WritesServices, control: Side, all: readonly Readable[]): Promise<number> {
  const { store, stream } = control;
  let kept = 0;
  await control.transact(async (tx) => {
    const fences = new Map<number, Fence>();
    kept = 0;
    for (const { operation, facts } of all) {
      const { bucket, id, digest } = operation;
      const fence = fences.get(bucket) ?? (await store.enter(tx, { ...stream, bucket, id })).fence;
      fences.set(bucket, fence);
      if (fence.authority !== "control") {
        throw new Error(`the candidate is the authority of bucket ${bucket}, and does not follow control's changes`);
      }
      const token = globalThis.crypto.randomUUID();
      if (await takeDown(services, control, operation, { tx, fence, token, facts })) {
        kept += 1;
        continue;
      }
      const known = await store.known(tx, { ...stream, id });
      if (known?.digest === digest) continue;
      // Dead in its turn: which of both is meant is a person's to say.
      const other = { ...operation, id: besideTaken(operation) };
      kept += Number(await takeDown(services, control, other, { tx, fence, token, facts }));
    }
  });
  return kept;
}
