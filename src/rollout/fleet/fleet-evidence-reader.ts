import { isCount, isObject } from "../../model/plain-data.ts";
import type { WritesStanding } from "../../model/writes-standing.ts";
import { BitTable } from "../../stats/bit-table.ts";
import type { EvidenceTotals } from "../../stats/evidence-totals.ts";
import type { FoldedUnits } from "../../stats/window-units.ts";
import { isTable } from "../stores/shared.ts";
import type { Evidence, ProcessReport, ReportedUnits, Retired } from "../stores/store.ts";
import { nameIn, type ProcessRun } from "./process-run.ts";
import { readFolded, readReport, readTotals, sumOfTotals, withoutTotals } from "./read-evidence.ts";

/** A process that has not reported for so long is folded into one row with all the others. */
const silentAfterMs = 10 * 60_000;
/** So long a process that has ended is kept apart: longer than what is under way. */
const endedAfterMs = 60_000;
/** A process that was heard of within this time has to run the present epoch before a step is taken. */
const heardWithinMs = 60_000;
/** Of one that was silent, what was folded is remembered for so long; after 50 minutes without an answer it goes on under another id. */
const goneForMs = 60 * 60_000;
const mostGone = 5_000;

type Totals = Readonly<Record<string, EvidenceTotals>>;

/** What a judge folds, for the next one. */
interface Kept {
  readonly evidenceEpoch: number;
  readonly version?: string;
  readonly candidates: Totals;
  /** What is in `candidates` of processes that were silent and may come back, by their ids. */
  readonly gone: Readonly<Record<string, { readonly at: number; readonly candidates: Totals }>>;
  readonly folded: { readonly all?: FoldedUnits; readonly served?: FoldedUnits };
}

/** What is counted, whatever the time is. */
interface Counted {
  readonly reported: readonly ProcessReport[];
  readonly kept: Kept;
  readonly others: ReadEvidence["others"];
  readonly isAlone: boolean;
}

/** What was read last, and what that came to. */
interface LastRead {
  readonly rows: readonly ProcessReport[];
  readonly tables: readonly ReportedUnits[];
  readonly of: readonly unknown[];
  readonly is: Counted;
}

/** All evidence, read. */
export interface ReadEvidence {
  /** What other processes have seen of this version since this evidence began, ended ones included: the same list while that is the same. */
  readonly others: readonly { readonly candidates: Totals }[];
  /** Whether no other process has seen anything. */
  readonly isAlone: boolean;
  /** How parallel writes stand, as one of the processes read them last. */
  readonly writes: WritesStanding | undefined;
  /** Processes to be folded. */
  readonly silent: readonly ProcessReport[];
  /** Whether a process that was heard of lately runs another epoch. */
  isBehind(epoch: number): boolean;
  retired(folded: { readonly all: FoldedUnits | undefined; readonly served: FoldedUnits | undefined }): Retired;
}

/** Reads what all processes reported: what is no report is left out and told, since another program may have written it. */
export class FleetEvidenceReader {
  readonly #run: ProcessRun;
  readonly #onFault: (error: unknown) => void;
  readonly #told = new Set<string>();
  // What a store hands out again, since it has not changed, is not read again.
  readonly #rows = new WeakMap<object, ProcessReport>();
  readonly #tables = new WeakSet<ReportedUnits>();
  #kept: { readonly given: unknown; readonly is: Kept } | undefined = undefined;
  #last: LastRead | undefined = undefined;
  /** When each process was heard of, as far as it had reported at the last look. */
  #heardAt: ReadonlyMap<string, number> = new Map();

  constructor(run: ProcessRun, onFault: (error: unknown) => void) {
    this.#run = run;
    this.#onFault = onFault;
  }

  read(evidence: Evidence, epoch: number, version: string | undefined, candidate: string): ReadEvidence {
    const rows = evidence.reports.flatMap((each) => this.#row(each));
    this.#tellShared(rows);
    const { id } = this.#run;
    const { now } = evidence;
    const ofOthers = rows.filter(({ process }) => process !== id);
    const tables = evidence.units.flatMap((each) => (each.version === version ? each.units : []));
    const { reported, kept, others, isAlone } = this.#counted(
      ofOthers,
      tables,
      evidence.kept,
      epoch,
      version,
      candidate,
    );
    const silent = ofOthers.filter(({ at, leaves }) => now - at > (leaves === true ? endedAfterMs : silentAfterMs));
    return {
      others,
      isAlone,
      silent,
      writes: lastRead(rows),
      isBehind: (present) =>
        rows.some((row) => row.leaves !== true && now - row.at <= heardWithinMs && row.epoch !== present),
      retired: (folded) => {
        const gone = silent.filter((row) => reported.includes(row));
        const { all, served } = folded;
        const mayReturn = gone.filter(({ leaves }) => leaves !== true);
        const next: Kept = {
          evidenceEpoch: epoch,
          ...(version !== undefined && { version }),
          candidates: gone.reduce<Totals>((sum, row) => sumOfTotals(sum, row.candidates), kept.candidates),
          gone: Object.fromEntries(
            [
              ...Object.entries(kept.gone).filter(([, { at }]) => now - at < goneForMs),
              ...mayReturn.map(({ process, candidates }) => [process, { at: now, candidates }] as const),
            ].slice(-mostGone),
          ),
          folded: { ...(all && { all }), ...(served && { served }) },
        };
        const through = Math.min(all?.through ?? Infinity, served?.through ?? Infinity);
        return {
          processes: silent.map(({ process }) => process),
          ...(Number.isFinite(through) && { through }),
          kept: next,
        };
      },
    };
  }

  /** What counts of what was read: the same as at the last look where that was the same. */
  #counted(
    rows: readonly ProcessReport[],
    tables: readonly ReportedUnits[],
    ...of: readonly [kept: unknown, epoch: number, version: string | undefined, candidate: string]
  ): Counted {
    const last = this.#last;
    const id = this.#run.id;
    if (last && areSame(last.rows, rows) && areSame(last.tables, tables) && areSame(last.of, [id, ...of]))
      return last.is;
    const [given, epoch, version, candidate] = of;
    const reported = rows.filter((row) => row.evidenceEpoch === epoch && row.version === version);
    const present = [id, ...reported.map(({ process }) => process)];
    const kept = withoutReturned(this.#readKept(given, epoch, version), present);
    const name = [candidate, ...reported, kept].reduce<string>(
      (found, each) =>
        typeof each === "object" && found === "candidate" ? (Object.keys(each.candidates)[0] ?? found) : found,
      candidate,
    );
    const isAlone =
      reported.every(({ candidates }) => Object.keys(candidates).length === 0) && kept.candidates[name] === undefined;
    const folded = withTables(kept.candidates[name], kept.folded, this.#readable(tables));
    const others = [...reported, { candidates: { [name]: folded } }];
    const is = { reported, kept, others, isAlone };
    this.#last = { rows, tables, of: [id, ...of], is };
    return is;
  }

  #readKept(given: unknown, epoch: number, version: string | undefined): Kept {
    const last = this.#kept;
    if (last && last.given === given && last.is.evidenceEpoch === epoch && last.is.version === version) return last.is;
    const read = readKept(given, epoch, version);
    if (!read) this.#tell("kept", "What judges folded cannot be read: it is left out of the evidence");
    const is = read ?? nothingKept(epoch, version);
    this.#kept = { given, is };
    return is;
  }

  #row(given: object): readonly ProcessReport[] {
    const row = this.#rows.get(given) ?? readReport(given);
    if (row) {
      this.#rows.set(given, row);
      return [row];
    }
    const name = String((given as { process?: unknown } | null)?.process).slice(0, 100);
    this.#tell(`report ${name}`, `A report of process ${JSON.stringify(name)} is none: it is left out of the evidence`);
    return [];
  }

  /** Two that report in turn under one name run at once; one that was started again has ended the other's reports. */
  #tellShared(rows: readonly ProcessReport[]): void {
    const live = rows.filter(({ process, at }) => at > (this.#heardAt.get(process) ?? Infinity));
    const names = new Set<string>();
    for (const { process } of live) {
      const name = nameIn(process);
      if (name === undefined) continue;
      if (names.has(name)) {
        const message = `Two processes that run at once have the name ${JSON.stringify(name)}: they are counted as two. Give each its own \`process\`, or none`;
        this.#tell(`name ${name}`, message);
      }
      names.add(name);
    }
    this.#heardAt = new Map(rows.map(({ process, at }) => [process, at]));
  }

  #readable(tables: readonly ReportedUnits[]): readonly ReportedUnits[] {
    return tables.filter((table) => {
      if (this.#tables.has(table)) return true;
      const isRead =
        isTable(table) &&
        BitTable.isReadable(table.seen) &&
        Object.values(table.gates).every(({ bad, seen = "" }) => BitTable.isReadable(bad) && BitTable.isReadable(seen));
      if (isRead) this.#tables.add(table);
      else this.#tell("units", "A table of units cannot be read: it is left out of the evidence");
      return isRead;
    });
  }

  /** Once for each: it will be there with the next look, too. */
  #tell(about: string, message: string): void {
    if (this.#told.has(about) || this.#told.size >= 1_000) return;
    this.#told.add(about);
    this.#onFault(new Error(message));
  }
}

function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}

function lastRead(rows: readonly ProcessReport[]): WritesStanding | undefined {
  const read = rows.flatMap(({ writes }) => writes ?? []);
  return read.reduce<WritesStanding | undefined>((last, each) => (last && last.at >= each.at ? last : each), undefined);
}

function withTables(
  totals: EvidenceTotals | undefined,
  { all, served }: Kept["folded"],
  tables: readonly ReportedUnits[],
): EvidenceTotals {
  const nothing: EvidenceTotals = { comparisons: 0, units: 0, keys: 0, gates: {} };
  const part = (
    of: EvidenceTotals | undefined,
    windows: readonly ReportedUnits[],
    folded: FoldedUnits | undefined,
  ): EvidenceTotals => ({
    ...(of ?? nothing),
    mergeable: { unkeyed: of?.mergeable?.unkeyed ?? { units: 0, gates: {} }, windows, ...(folded && { folded }) },
  });
  return {
    ...part(
      totals,
      tables.filter((each) => each.served !== true),
      all,
    ),
    served: part(
      totals?.served,
      tables.filter((each) => each.served === true),
      served,
    ),
  };
}

function nothingKept(epoch: number, version: string | undefined): Kept {
  return { evidenceEpoch: epoch, ...(version !== undefined && { version }), candidates: {}, gone: {}, folded: {} };
}

/** @returns `undefined` where it cannot be read */
function readKept(given: unknown, epoch: number, version: string | undefined): Kept | undefined {
  const kept = given as Partial<Kept> | null | undefined;
  const none = nothingKept(epoch, version);
  if (kept?.evidenceEpoch !== epoch || kept.version !== version) return none;
  const candidates = isObject(kept.candidates) ? readTotals(kept.candidates) : undefined;
  const gone =
    isObject(kept.gone) ? Object.entries(kept.gone).map(([id, each]) => [id, readGone(each)] as const) : undefined;
  const { all, served } = isObject(kept.folded) ? kept.folded : {};
  const [ofAll, ofServed] = [readFolded(all), readFolded(served)];
  const isUnread = (all !== undefined && !ofAll) || (served !== undefined && !ofServed);
  if (!candidates || isUnread || !gone || gone.some(([, each]) => each === undefined)) return undefined;
  return {
    ...{ ...none, candidates, gone: Object.fromEntries(gone) as Kept["gone"] },
    folded: { ...(ofAll && { all: ofAll }), ...(ofServed && { served: ofServed }) },
  };
}

function readGone(given: unknown): Kept["gone"][string] | undefined {
  if (!isObject(given) || !isCount(given["at"]) || !isObject(given["candidates"])) return undefined;
  const candidates = readTotals(given["candidates"]);
  return candidates && { at: given["at"], candidates };
}

/** Without what was folded of processes that report again: their numbers are absolute. */
function withoutReturned(kept: Kept, present: readonly string[]): Kept {
  const back = present.filter((id) => Object.hasOwn(kept.gone, id));
  if (back.length === 0) return kept;
  return {
    ...kept,
    candidates: back.reduce<Totals>((sum, id) => withoutTotals(sum, kept.gone[id]!.candidates), kept.candidates),
    gone: Object.fromEntries(Object.entries(kept.gone).filter(([id]) => !back.includes(id))),
  };
}
