import { parseLine, type SkippedLine } from "./parse-line.ts";
import { readLines, type ResultSource } from "./read-lines.ts";
import type { LineRecord } from "./record.ts";
import { Sequences } from "./sequences.ts";

/** What `readRecords` takes besides the lines. */
export interface ReadRecordsOptions {
  /** Told of each line that holds no record, or that begins with a torn one, and why; `line` counts from 1. */
  readonly onSkip?: (line: number, why: SkippedLine) => void;
}

/**
 * Reads back what `ndjsonPublisher` wrote, one record at a time, in constant memory: results, tallies, events, starts and faults. Passes
 * over torn lines and those of an unknown version or type, and yields a line that was written twice once.
 *
 * @throws {SidelaneError} `invalid-option` while reading, where there is neither a path nor an iterable; and whatever the source throws
 * @example for await (const record of readRecords('experiments.ndjson')) if (record.type === 'event') console.log(record.reason)
 */
export async function* readRecords(
  source: ResultSource,
  options: ReadRecordsOptions = {},
): AsyncGenerator<LineRecord, void, undefined> {
  const once = new Once();
  for await (const records of recordBatches(source, options.onSkip, "readRecords")) {
    for (const record of records) if (once.isNew(record)) yield record;
  }
}

/** The records of each piece of a text, also those that come twice. */
export async function* recordBatches(
  source: ResultSource,
  onSkip: ReadRecordsOptions["onSkip"],
  place: string,
): AsyncGenerator<readonly LineRecord[], void, undefined> {
  let number = 0;
  for await (const lines of readLines(source, place)) {
    const records: LineRecord[] = [];
    for (const line of lines) {
      number += 1;
      if (line === undefined) onSkip?.(number, "torn");
      else if (line !== "" && line.trim() !== "") {
        const { record, skipped } = parseLine(line);
        if (skipped !== undefined) onSkip?.(number, skipped);
        if (record !== undefined) records.push(record);
      }
    }
    if (records.length > 0) yield records;
  }
}

const remembered = 1_000;

/** Tells records that come again: by number, or by id among the last 1 000, since a retry repeats a batch of 100 at most. */
export class Once {
  readonly #ids = new Set<string>();
  // The same in the order in which they came: finding the oldest in the set takes longer the more have left it.
  readonly #order: string[] = [];
  #oldest = 0;
  readonly sequences: Sequences = new Sequences();

  isNew(record: LineRecord): boolean {
    switch (record.type) {
      case "tally":
        return this.sequences.isNew(record);
      case "result":
        // The first of its kind may have been drawn as well, and then stands for others once more.
        return this.#isNew(record.first === true ? `first ${record.id}` : record.id);
      case "fault":
        return this.#isNew(`fault ${record.process} ${record.n}`);
      case "event":
        return this.#isNew(
          `event ${record.process} ${record.experiment} ${record.kind} ${record.at} ${record.to.epoch}`,
        );
      case "start":
        return true;
    }
  }

  #isNew(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#order.length < remembered) {
      this.#order.push(id);
      return true;
    }
    this.#ids.delete(this.#order[this.#oldest]!);
    this.#order[this.#oldest] = id;
    this.#oldest = (this.#oldest + 1) % remembered;
    return true;
  }
}
