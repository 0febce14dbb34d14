import { backoffMs, type Backoff } from "../model/backoff.ts";
import { aWhole, orElse, where, type OptionTable } from "../model/option-table.ts";
import { tellFailure } from "../model/silence.ts";
import { Turns } from "../model/turns.ts";
import { messageOf } from "./errors.ts";
import { DeadOperation, follow } from "./follow.ts";
import type { OutboxRow, Postponed } from "./outbox/store.ts";
import type { Comparer } from "./comparer.ts";
import type { ReadBack } from "./read-back.ts";
import type { Presence } from "./presence.ts";
import { directions, type Direction, type WritesServices } from "./services.ts";
import { switching } from "./switch.ts";
import type { Side } from "./side.ts";
import { alarmOfLag } from "./lag-alarm.ts";
import { maintenance, type Contained } from "./maintenance.ts";
import type { ToldStanding } from "./told-standing.ts";

/** How a worker works. */
export interface WorkOptions {
  /** Operations that are brought across at once; 8 by default. Those on one key go one after the other. */
  readonly concurrency?: number;
  /** Ends the worker: what it has begun is finished first. */
  readonly signal?: AbortSignal;
}

export const workTable: OptionTable<WorkOptions, "concurrency"> = {
  concurrency: orElse(aWhole({ min: 1, max: 1_000 }), 8),
  signal: where("an AbortSignal", (got) => got instanceof AbortSignal),
};

const backoff: Backoff = { firstMs: 100, mostMs: 60_000 };
/** While a side cannot be reached, its operations are due again after so long. */
const shortDelayMs = 100;
const mostTries = 10;
const rowsAtOnce = 200;
const shortestPauseMs = 5;
const longestPauseMs = 250;

/** A direction, and how long it rests because its follower cannot be reached. */
interface Watched {
  readonly direction: Direction;
  failures: number;
  restsUntil: number;
}

/** What a worker needs to look at records. */
export interface Comparing {
  readonly presence: Presence;
  readonly told: ToldStanding;
  readonly compare: Comparer;
  readonly readBack: ReadBack;
}

/** Follows both directions until the signal is aborted. Any number of workers may do it at once, in any number of processes. */
export async function work(
  services: WritesServices,
  { presence, told, compare, readBack }: Comparing,
  { concurrency, signal }: { readonly concurrency: number; readonly signal: AbortSignal },
): Promise<void> {
  const { clock } = services;
  const watched: Watched[] = directions(services).map((direction) => ({ direction, failures: 0, restsUntil: 0 }));
  /** What was brought across while buckets moved: read back only once writers need not wait any more. */
  const moved: Brought[] = [];
  const bring = async (direction: Direction, bucket: number): Promise<void> => {
    const each = watched.find(({ direction: { from } }) => from.name === direction.from.name)!;
    moved.push(await round(services, each, concurrency, bucket));
  };
  const failing = new Set<string>();
  const contained: Contained = async (part, run) => {
    try {
      await run();
      failing.delete(part);
    } catch (error) {
      if (failing.size === 0) services.emit({ kind: "worker", reason: `${part}: ${messageOf(error)}` });
      failing.add(part);
    }
  };
  const moveOn = switching(services, presence, compare, bring);
  const keepUp = maintenance(services, presence, told, moveOn, contained);
  const alarm = alarmOfLag(services, contained, signal);
  let pauseMs = shortestPauseMs;
  while (!signal.aborted) {
    let found = 0;
    await keepUp();
    for (const { followed } of moved.splice(0)) await readBack(followed);
    for (const each of watched) {
      if (each.restsUntil > clock.monotonic()) continue;
      const { from } = each.direction;
      await contained(`following ${from.name}`, async () => {
        await services.authority.readyOn(from.name);
        const { taken, followed } = await round(services, each, concurrency);
        await readBack(followed);
        found += taken;
      });
    }
    pauseMs = found > 0 ? shortestPauseMs : Math.min(pauseMs * 2, longestPauseMs);
    if (found < rowsAtOnce / 4) await services.sleep(pauseMs, signal);
  }
  await readBack.end();
  await alarm;
}

/** What one round has come to. */
interface Brought {
  /** How many rows were taken. */
  readonly taken: number;
  /** Those that are on the follower now, also where another attempt or a copy brought them: who did may not have read them back. */
  readonly followed: readonly OutboxRow[];
}

/** Takes what is due, of one bucket or of all, and brings it across. */
async function round(
  services: WritesServices,
  watched: Watched,
  concurrency: number,
  bucket?: number,
): Promise<Brought> {
  const { direction } = watched;
  const { from } = direction;
  const leaseMs = services.options.leaseMs!;
  const of = { ...from.stream, limit: rowsAtOnce, leaseMs, ...(bucket !== undefined && { bucket }) };
  const rows = await from.once((tx) => from.store.take(tx, of));
  const batch = new Batch(services, watched);
  if (rows.length > 0) {
    await inChains(rows, concurrency, (row) => batch.bring(row));
    await batch.settle();
  }
  return { taken: rows.length, followed: batch.followed };
}

/** Rows that share a key go one after the other, others side by side. */
async function inChains(
  rows: readonly OutboxRow[],
  concurrency: number,
  bring: (row: OutboxRow) => Promise<void>,
): Promise<void> {
  const lastOf = new Map<string, Promise<void>>();
  const turns = new Turns(concurrency);
  await Promise.all(
    rows.map((row) => {
      const before = row.keys.map((key) => lastOf.get(key) ?? Promise.resolve());
      const done = Promise.all(before).then(() => turns.take(() => bring(row)));
      for (const key of row.keys) lastOf.set(key, done);
      return done;
    }),
  );
}

/** What became of the rows that were taken together. */
class Batch {
  /** Those that are on the follower now. */
  readonly followed: OutboxRow[] = [];
  readonly #services: WritesServices;
  readonly #watched: Watched;
  readonly #postponed: Postponed[] = [];
  readonly #dead: { readonly row: OutboxRow; readonly error: unknown }[] = [];
  /** How long each key has to wait for one that failed in this batch. */
  readonly #delays = new Map<string, number>();
  #isDown = false;

  constructor(services: WritesServices, watched: Watched) {
    this.#services = services;
    this.#watched = watched;
  }

  /** Never rejects. */
  async bring(row: OutboxRow): Promise<void> {
    const waitsFor = Math.max(0, ...row.keys.map((key) => this.#delays.get(key) ?? 0));
    if (waitsFor > 0 || this.#isDown) {
      this.#postpone(row, Math.max(waitsFor, this.#isDown ? shortDelayMs : 0), {});
      return;
    }
    try {
      const came = await follow(this.#services, this.#watched.direction, row);
      if (came === "waits") {
        this.#postpone(row, Math.min(10 * 2 ** Math.min(row.waits, 10), 1_000), { waits: row.waits + 1 });
        return;
      }
      this.followed.push(row);
      this.#isUp();
    } catch (error) {
      await this.#fail(row, error);
    }
  }

  #postpone(row: OutboxRow, delayMs: number, to: Partial<Postponed>): void {
    const { id, attempts, waits, error } = row;
    this.#postponed.push({ id, attempts, waits, error, delayMs, ...to });
    for (const key of row.keys) this.#delays.set(key, Math.max(delayMs, this.#delays.get(key) ?? 0));
  }

  async #fail(row: OutboxRow, error: unknown): Promise<void> {
    const attempts = row.attempts + 1;
    const isPermanent = error instanceof DeadOperation || this.#isPermanent(error);
    // Of a side that cannot be reached no operation dies, however long that lasts.
    if (!isPermanent && !(await this.#areReachable(row))) {
      this.#rest(error);
      this.#postpone(row, shortDelayMs, { error: messageOf(error) });
      return;
    }
    if (isPermanent || attempts >= mostTries) {
      this.#dead.push({ row: { ...row, attempts }, error });
      // Those behind it are not due as long as it is dead.
      for (const key of row.keys) this.#delays.set(key, shortestPauseMs);
      return;
    }
    this.#postpone(row, backoffMs(backoff, attempts, this.#services.random), { attempts, error: messageOf(error) });
  }

  #isPermanent(error: unknown): boolean {
    try {
      const said: unknown = this.#services.options.permanent?.(error);
      tellFailure(said);
      return said === true;
    } catch {
      return false;
    }
  }

  async #areReachable({ id, op }: OutboxRow): Promise<boolean> {
    const { from, to } = this.#watched.direction;
    const reach = async (side: Side): Promise<void> => {
      await side.transact((tx) => side.store.positions(tx, { ...from.stream, keys: [] }));
      if (side === to) await side.lookup?.(id, JSON.parse(op));
    };
    try {
      await Promise.all([reach(from), reach(to)]);
      return true;
    } catch {
      return false;
    }
  }

  #rest(error: unknown): void {
    if (this.#isDown) return;
    this.#isDown = true;
    const { clock, emit, random } = this.#services;
    const watched = this.#watched;
    watched.failures += 1;
    watched.restsUntil = clock.monotonic() + backoffMs(backoff, watched.failures, random);
    const { from } = watched.direction;
    if (watched.failures === 1) emit({ kind: "follower-down", authority: from.name, reason: messageOf(error) });
  }

  #isUp(): void {
    if (this.#watched.failures === 0) return;
    this.#watched.failures = 0;
    const { from } = this.#watched.direction;
    this.#services.emit({ kind: "follower-up", authority: from.name, reason: "an operation was brought across" });
  }

  /** Says in the outbox what became of each row: only now, when the follower has committed. */
  async settle(): Promise<void> {
    const { from } = this.#watched.direction;
    const { store, stream } = from;
    if (this.followed.length > 0) {
      const ids = this.followed.map(({ id }) => id);
      await from.once((tx) => store.acknowledge(tx, { ...stream, ids }));
    }
    if (this.#postponed.length > 0) {
      await from.transact((tx) => store.postpone(tx, { ...stream, rows: this.#postponed }));
    }
    for (const { row, error } of this.#dead) {
      const reason = messageOf(error);
      await from.transact((tx) => store.bury(tx, { ...stream, id: row.id, attempts: row.attempts, error: reason }));
      this.#services.emit({ kind: "dead", authority: from.name, id: row.id, keys: row.keys, reason });
    }
  }
}
