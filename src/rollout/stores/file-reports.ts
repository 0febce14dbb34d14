import { rm, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { isObject } from "../../model/plain-data.ts";
import { encode, entries, isMissing, put, sweep, textOf } from "./file-folder.ts";
import { mergedUnits, rowOf } from "./shared.ts";
import type { ProcessReport, Report, ReportedUnits } from "./store.ts";

// Within it, the judges of all experiments of a process read the folder once.
const scannedForMs = 1_000;
const keptForMs = 60 * 60_000;
const mostWindows = 60;

/** What one process reported of one experiment, with all its tables. */
export interface FiledReport {
  readonly row: ProcessReport;
  readonly units: readonly ReportedUnits[];
}

type Filed = Readonly<Record<string, FiledReport>>;

interface ReadFile {
  readonly stamp: string;
  readonly experiments: Filed;
}

/** The reports of all processes, one file for each: a process's own, which nobody else writes. */
export class FileReports {
  readonly #folder: string;
  readonly #own = new Map<string, Record<string, FiledReport>>();
  #read = new Map<string, ReadFile>();
  #scan: Promise<void> | undefined = undefined;
  #scannedAt = -Infinity;
  #unreadable: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes in what was reported, and writes it. @param through by experiment, the last window that a judge has folded */
  async add(reports: readonly Report[], now: number, through: ReadonlyMap<string, number>): Promise<void> {
    const processes = new Set(reports.map(({ process }) => process));
    for (const report of reports) {
      const { experiment, units } = report;
      const row = rowOf(report, now);
      const own = this.#own.get(row.process) ?? {};
      this.#own.set(row.process, own);
      const before = Object.hasOwn(own, experiment) ? own[experiment] : undefined;
      const isSame = before?.row.evidenceEpoch === row.evidenceEpoch && before.row.version === row.version;
      const all = mergedUnits([...(isSame ? before.units : []), ...units]);
      const newest = Math.max(...all.map(({ window }) => window));
      const after = Math.max(through.get(experiment) ?? -Infinity, newest - mostWindows);
      const filed = { row, units: all.filter(({ window }) => window > after) };
      Object.defineProperty(own, experiment, { value: filed, enumerable: true, configurable: true, writable: true });
    }
    for (const process of processes) {
      const own = this.#own.get(process)!;
      await put(this.#folder, `${encode(process)}.json`, JSON.stringify({ process, experiments: own }));
      if (Object.values(own).every(({ row }) => row.leaves === true)) this.#own.delete(process);
    }
    this.#scannedAt = -Infinity;
  }

  /** Every process's report of one experiment; a file that cannot be read is set aside, and told by its name in place of a report. */
  async of(experiment: string): Promise<readonly FiledReport[]> {
    await this.#rescan();
    const unreadable = this.#unreadable.map((process) => ({ row: { process } as ProcessReport, units: [] }));
    const found = [...this.#read.values()].flatMap(({ experiments }) =>
      Object.hasOwn(experiments, experiment) ? [experiments[experiment]!] : [],
    );
    return [...found, ...unreadable];
  }

  async #rescan(): Promise<void> {
    if (Date.now() - this.#scannedAt < scannedForMs && Date.now() >= this.#scannedAt) return;
    this.#scan ??= this.#readAll().finally(() => (this.#scan = undefined));
    await this.#scan;
  }

  async #readAll(): Promise<void> {
    const startedAt = Date.now();
    const names = await entries(this.#folder);
    await sweep(this.#folder, names);
    const read = new Map<string, ReadFile>();
    const unreadable: string[] = [];
    // A few at a time: of thousands, not all are to be open at once.
    const files = names.filter((name) => name.endsWith(".json"));
    for (let from = 0; from < files.length; from += 32) {
      await Promise.all(
        files.slice(from, from + 32).map(async (name) => {
          const file = await this.#file(name, startedAt);
          if (file === "unreadable") unreadable.push(name);
          else if (file) read.set(name, file);
        }),
      );
    }
    this.#read = read;
    this.#unreadable.push(...unreadable);
    this.#unreadable = this.#unreadable.slice(-20);
    this.#scannedAt = startedAt;
  }

  async #file(name: string, now: number): Promise<ReadFile | "unreadable" | undefined> {
    const path = join(this.#folder, name);
    try {
      const { mtimeMs, size, ino } = await stat(path);
      if (now - mtimeMs > keptForMs) {
        await rm(path, { force: true });
        return undefined;
      }
      const stamp = `${mtimeMs} ${size} ${ino}`;
      const before = this.#read.get(name);
      if (before?.stamp === stamp) return before;
      const text = await textOf(path);
      if (text === undefined) return undefined;
      const experiments = experimentsIn(text);
      if (experiments) return { stamp, experiments };
      await rename(path, `${path}.unreadable`);
      return "unreadable";
    } catch (error) {
      if (isMissing(error)) return undefined;
      return "unreadable";
    }
  }

  /** Removes what is filed of an experiment. */
  async forget(experiment: string): Promise<void> {
    for (const own of this.#own.values()) Reflect.deleteProperty(own, experiment);
    this.#scannedAt = -Infinity;
    await this.#rescan();
    for (const [name, { experiments }] of this.#read) {
      if (!Object.hasOwn(experiments, experiment)) continue;
      const others = Object.fromEntries(Object.entries(experiments).filter(([each]) => each !== experiment));
      await put(this.#folder, name, JSON.stringify({ experiments: others }));
    }
    this.#scannedAt = -Infinity;
  }
}

function experimentsIn(text: string): Filed | undefined {
  try {
    const { experiments } = JSON.parse(text) as { experiments: Filed };
    const isFiled = Object.values(experiments).every(({ row, units }) => isObject(row) && Array.isArray(units));
    return isFiled && isObject(experiments) ? experiments : undefined;
  } catch {
    return undefined;
  }
}
