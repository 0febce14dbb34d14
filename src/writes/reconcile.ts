import type { Comparison } from "../model/comparison.ts";
import { aNumber, aWhole, orElse, where, type OptionTable } from "../model/option-table.ts";
import { messageOf, refuse } from "./errors.ts";
import { byBytes } from "./outbox/byte-order.ts";
import type { ScannedRecord } from "./options.ts";
import type { Comparer } from "./read-back.ts";
import { directions, type WritesServices } from "./services.ts";
import type { Side } from "./side.ts";
import { bothRecords } from "./standing.ts";

export interface ReconcileOptions {
  /** Begins anew so many milliseconds after the last one has ended, until `signal` is aborted; once, without it. */
  readonly everyMs?: number;
  /** The most records that are read in a second, of both sides together; 20 000 by default. */
  readonly rowsPerSecond?: number;
  /** Ends the comparison where it is, and the repetition with it. */
  readonly signal?: AbortSignal;
}

export const reconcileTable: OptionTable<ReconcileOptions, "rowsPerSecond"> = {
  everyMs: aWhole({ min: 1 }),
  rowsPerSecond: orElse(aNumber({ min: 1 }), 20_000),
  signal: where("an AbortSignal", (got) => got instanceof AbortSignal),
};

/** A record that differs: `missing` on the candidate, `extra` there, or `different`. */
export interface Finding {
  readonly kind: "missing" | "extra" | "different";
  readonly key: string;
  readonly comparison: Comparison;
}

/** What one reconciliation came to. */
export interface Reconciliation {
  /** Whether all was looked at, and nothing differs. */
  readonly clean: boolean;
  /** Keys that were looked at. */
  readonly keys: number;
  /** The first 100 of them. */
  readonly findings: readonly Finding[];
  readonly moreFindings: number;
  /** Keys that differed at first and kept moving, or could not be compared. */
  readonly inconclusive: number;
  /** The invariants that differ, or could not be looked at, and how. */
  readonly invariants: readonly string[];
}

const pageSize = 500;
const mostFindings = 100;
const standsTimes = 3;
const mostLooks = 10;
const pauseMs = 20;

/**
 * Compares all records of both sides, and the invariants; notes in the history what it came to.
 *
 * @throws {SidelaneError} `invalid-state` without `records` on both sides, or where keys are in another order than their bytes
 */
export async function reconcileOnce(
  services: WritesServices,
  compare: Comparer,
  { rowsPerSecond, signal }: { readonly rowsPerSecond: number; readonly signal: AbortSignal | undefined },
): Promise<Reconciliation> {
  const { authority, place, sides, emit } = services;
  await authority.ready();
  for (const { name, records } of [sides.control, sides.candidate]) {
    if (records === undefined)
      refuse("invalid-state", `${place}.reconcile`, `\`${name}.records\` is needed to look at all of them`);
  }
  const findings: Finding[] = [];
  let [keys, found, inconclusive] = [0, 0, 0];
  const pace = pacing(services, rowsPerSecond);
  const control = reader(services, sides.control, pace);
  const candidate = reader(services, sides.candidate, pace);
  let [a, b] = [await control(), await candidate()];
  while ((a !== undefined || b !== undefined) && signal?.aborted !== true) {
    keys += 1;
    const order = orderOf(a, b);
    const key = (order <= 0 ? a : b)!.key;
    if (order !== 0 || compare(a!.record, b!.record).kind !== "match") {
      const finding = await confirmed(services, compare, key, order);
      if (finding === "inconclusive") inconclusive += 1;
      else if (finding !== undefined && ++found <= mostFindings) findings.push(finding);
    }
    if (order <= 0) a = await control();
    if (order >= 0) b = await candidate();
  }
  const invariants = await differingInvariants(services);
  const isWhole = signal?.aborted !== true;
  const clean = isWhole && found === 0 && inconclusive === 0 && invariants.length === 0;
  const reason = `${keys} keys, ${found} findings, ${inconclusive} inconclusive, ${invariants.length} invariants`;
  if (isWhole) {
    const entry = { kind: "reconciled", subject: clean ? "clean" : "not clean", by: "reconcile", reason };
    for (const side of [sides.control, sides.candidate]) {
      await side.transact((tx) => side.store.note(tx, { ...side.stream, entry }));
    }
    if (!clean) emit({ kind: "found", reason: [reason, ...invariants].join("; ") });
  }
  return { clean, keys, findings, moreFindings: found - findings.length, inconclusive, invariants };
}

function orderOf(a: ScannedRecord<unknown> | undefined, b: ScannedRecord<unknown> | undefined): number {
  if (a === undefined) return 1;
  return b === undefined ? -1 : byBytes(a.key, b.key);
}

/** Waits so that no more than that many rows are read in a second. */
function pacing({ clock, sleep }: WritesServices, rowsPerSecond: number): (rows: number) => Promise<void> {
  let freeAt = clock.monotonic();
  return async (rows) => {
    freeAt = Math.max(freeAt, clock.monotonic()) + (rows * 1_000) / rowsPerSecond;
    const waitMs = freeAt - clock.monotonic();
    if (waitMs > 10) await sleep(waitMs);
  };
}

/** One record after the other, a page at a time. */
function reader(
  { place }: WritesServices,
  side: Side,
  pace: (rows: number) => Promise<void>,
): () => Promise<ScannedRecord<unknown> | undefined> {
  let page: readonly ScannedRecord<unknown>[] = [];
  let at = 0;
  let after: string | undefined;
  let isLast = false;
  return async () => {
    if (at === page.length) {
      if (isLast) return undefined;
      page = await side.records!.scan({ after, limit: pageSize });
      isLast = page.length < pageSize;
      at = 0;
      await pace(page.length);
      if (page.length === 0) return undefined;
    }
    const next = page[at++]!;
    if (after !== undefined && byBytes(after, next.key) >= 0) {
      const mend = 'Order by the bytes of the keys: `COLLATE "C"` in PostgreSQL';
      refuse(
        "invalid-state",
        `${place}.reconcile`,
        `\`${side.name}.records.scan\` returned ${JSON.stringify(next.key)} after ${JSON.stringify(after)}. ${mend}`,
      );
    }
    after = next.key;
    return next;
  };
}

/** A difference counts when it stands three times while nothing on the key is on its way. */
async function confirmed(
  services: WritesServices,
  compare: Comparer,
  key: string,
  order: number,
): Promise<Finding | "inconclusive" | undefined> {
  let stood = 0;
  for (let look = 1; look <= mostLooks; look++) {
    const comparison = await compareKey(services, compare, key);
    if (comparison?.kind === "match" || comparison?.kind === "ignored") return undefined;
    if (comparison?.kind === "mismatch" && ++stood === standsTimes) {
      const kind =
        order < 0 ? "missing"
        : order > 0 ? "extra"
        : "different";
      return { kind, key, comparison };
    }
    await services.sleep(pauseMs);
  }
  return "inconclusive";
}

/** `undefined` where the key moves, or a side cannot be read. */
async function compareKey(services: WritesServices, compare: Comparer, key: string): Promise<Comparison | undefined> {
  const both = await bothRecords(services, directions(services), key);
  if (both?.control.kind !== "returned" || both.candidate.kind !== "returned") return undefined;
  return compare(both.control.value, both.candidate.value);
}

async function differingInvariants(services: WritesServices): Promise<readonly string[]> {
  const differing: string[] = [];
  for (const [name, { control, candidate }] of Object.entries(services.options.invariants ?? {})) {
    let said: string | undefined = "operations were on their way all the time";
    for (let look = 1; look <= mostLooks; look++) {
      try {
        if ((await lagOf(services)) === 0) {
          const [a, b] = await Promise.all([control(), candidate()]);
          said =
            Object.is(a, b) || String(a) === String(b) ? undefined : `control ${String(a)}, candidate ${String(b)}`;
          if (said === undefined) break;
        }
      } catch (error) {
        said = messageOf(error);
      }
      await services.sleep(pauseMs);
    }
    if (said !== undefined) differing.push(`${name}: ${said}`);
  }
  return differing;
}

async function lagOf(services: WritesServices): Promise<number> {
  let rows = 0;
  for (const { from } of directions(services)) {
    rows += (await from.once((tx) => from.store.count(tx, from.stream))).rows;
  }
  return rows;
}
