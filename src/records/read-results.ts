import { createReadStream } from "node:fs";
import { SidelaneError } from "../model/errors.ts";
import { checkOptions } from "../model/check-options.ts";
import type { PresentedResult } from "./record.ts";

/** A file's path, or what returns its text in pieces: a `Readable`, a web stream, the body of a response. */
export type ResultSource = string | AsyncIterable<string | Uint8Array>;

export interface ReadResultsOptions {
  /** Told of each line that holds no result, such as one torn by a kill; `line` counts from 1. */
  readonly onSkip?: (line: number) => void;
}

const longestLine = 16_000_000;
const remembered = 1_000;

/**
 * Reads back what `ndjsonPublisher` wrote, one result at a time, in constant memory. Skips torn lines, and yields a
 * line that was written twice once.
 *
 * @throws {SidelaneError} `invalid-state` while reading, when a line has a version that this release does not know
 * @example for await (const result of readResults('experiments.ndjson')) count(result.kind)
 */
export async function* readResults(
  source: ResultSource,
  options: ReadResultsOptions = {},
): AsyncGenerator<PresentedResult, void, undefined> {
  const pieces = typeof source === "string" ? createReadStream(source) : source;
  if (typeof pieces !== "object" || pieces === null || !(Symbol.asyncIterator in pieces)) {
    checkOptions("readResults").fail("source", "a path or an async iterable of text", source);
  }
  const recent = new RecentIds();
  let number = 0;
  for await (const line of linesOf(pieces)) {
    number += 1;
    if (line.trim() === "") continue;
    const result = parseLine(line, number);
    if (result === "other") continue;
    if (result === undefined) options.onSkip?.(number);
    else if (recent.isNew(result.id)) yield result;
  }
}

/** Without the ends of lines; what is longer than 16 MB is no line of ours, and comes out empty. */
async function* linesOf(pieces: AsyncIterable<string | Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    const text = typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    const lines = text.split("\n");
    lines[0] = rest + lines[0]!;
    rest = lines.pop()!;
    if (rest.length > longestLine) rest = "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/**
 * What every write begins with. JSON has a tab nowhere but between its parts, where ours has none: a value cannot make one, so
 * that it cannot pass for a line of its own behind a torn one.
 */
export const startOfWrite = "\t";

/** `other` for a whole line that holds no result: an event or a tally. */
function parseLine(line: string, number: number): PresentedResult | "other" | undefined {
  // A process wrote on after another one's torn line: the whole one is at the end.
  const result = parsed(line) ?? parsed(line.slice(line.lastIndexOf(startOfWrite) + 1));
  if (result === undefined) return undefined;
  const { v, id, type } = result as { v?: unknown; id?: unknown; type?: unknown };
  if (typeof v === "number" && v !== 1) {
    throw new SidelaneError("invalid-state", `readResults: expected version 1 in line ${number}, got ${v}`);
  }
  if (v === 1 && (type === "event" || type === "tally")) return "other";
  return v === 1 && typeof id === "string" ? (result as PresentedResult) : undefined;
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The last 1 000 ids: a retry repeats a batch of 100 at most. */
class RecentIds {
  readonly #ids = new Set<string>();

  isNew(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > remembered) for (const oldest of this.#ids) return this.#ids.delete(oldest);
    return true;
  }
}
