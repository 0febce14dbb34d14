import { readRecords, type ReadRecordsOptions } from "./read-records.ts";
import type { ResultSource } from "./read-lines.ts";
import type { PresentedResult } from "./record.ts";

/** What `readResults` takes besides the lines. */
export type ReadResultsOptions = ReadRecordsOptions;

// A first one that was drawn as well follows within the same minute.
const remembered = 10_000;

/**
 * Reads back the results that `ndjsonPublisher` wrote, one at a time, in constant memory, each once: one that was kept as the first
 * of its kind and drawn as well comes with weight 0. Passes over torn lines, and whatever is no result.
 *
 * @throws {SidelaneError} `invalid-option` while reading, where there is neither a path nor an iterable; and whatever the source throws
 * @example for await (const result of readResults('experiments.ndjson')) count(result.kind)
 */
export async function* readResults(
  source: ResultSource,
  options: ReadResultsOptions = {},
): AsyncGenerator<PresentedResult, void, undefined> {
  const firsts = new Set<string>();
  for await (const record of readRecords(source, options)) {
    if (record.type !== "result" || firsts.has(record.id)) continue;
    if (record.first === true) {
      firsts.add(record.id);
      if (firsts.size > remembered) for (const oldest of firsts) if (firsts.delete(oldest)) break;
    }
    yield record;
  }
}
