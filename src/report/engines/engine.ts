import { parseLine } from "../../records/parse-line.ts";
import type { PresentedResult } from "../../records/record.ts";
import type { ReportModel } from "../model.ts";
import { Summary, type SummaryOptions } from "../summary.ts";

/** What a report of an engine leaves out. */
export type EngineQuery = Pick<SummaryOptions, "since" | "experiments">;

/** Where records are kept, and a report is made of them: to the byte the one that `summary` makes of the same records in files. */
export interface EvidenceEngine {
  /** @throws whatever the engine says where it cannot be read (it rejects) */
  summary(query?: EngineQuery): Promise<ReportModel>;
  /** Lets go of what the engine itself has opened. */
  close(): Promise<void>;
}

/** What an engine reads: its results are looked at where they are, and few of them are handed over. */
export interface Readings {
  /** Lines of all that is no whole result: tallies, starts, events and faults, and what holds no record, in any order. */
  others(): AsyncIterable<readonly string[]>;
  /** Results of processes that told no counts since then, each process's in the order in which they were made. */
  untold(since: number, summary: Summary): AsyncIterable<readonly PresentedResult[]>;
  /** When the first and the last of all results since then began; `undefined` where there are none. */
  span(since: number): Promise<{ readonly from: number; readonly to: number } | undefined>;
  /** By process that told counts since then, the results that came after the last ones. */
  uncounted(since: number, summary: Summary): Promise<ReadonlyMap<string, number>>;
  /** The first three results since then of each kind of mismatch of each candidate. */
  examples(since: number): AsyncIterable<readonly PresentedResult[]>;
}

// Before anything that has a time; whole, and no number that a database would not take.
const ever = -8_640_000_000_000_000;

/** The report of what an engine has. */
export async function modelOf(readings: Readings, query: EngineQuery = {}): Promise<ReportModel> {
  const summary = new Summary(query);
  const since = Math.ceil(query.since ?? ever);
  for await (const lines of readings.others()) {
    for (const line of lines) {
      if (line.trim() === "") continue;
      const { record, skipped } = parseLine(line);
      if (skipped !== undefined) summary.skip(skipped);
      if (record !== undefined) summary.add(record);
    }
  }
  for await (const results of readings.untold(since, summary)) for (const result of results) summary.add(result);
  const span = await readings.span(since);
  if (span !== undefined) summary.takeCounted(span, await readings.uncounted(since, summary));
  for await (const results of readings.examples(since)) for (const result of results) summary.show(result);
  return summary.model();
}
