import { checkOptions } from "../model/check-options.ts";

/** A file's path, or what returns its text in pieces: a `Readable`, a web stream, the body of a response. */
export type ResultSource = string | AsyncIterable<string | Uint8Array>;

// No line of ours is longer. What is longer is passed over without being kept.
const longestLine = 16_000_000;
const pieceBytes = 1 << 18;

/**
 * The lines of a text, without their ends, as many at once as a piece holds; `undefined` stands for one of more than 16 MB.
 *
 * @throws {SidelaneError} `invalid-option` where there is neither a path nor an iterable
 */
export async function* readLines(
  source: ResultSource,
  place: string,
): AsyncGenerator<readonly (string | undefined)[], void, undefined> {
  const pieces = typeof source === "string" ? await piecesOf(source) : source;
  if (typeof pieces !== "object" || pieces === null || !(Symbol.asyncIterator in pieces)) {
    checkOptions(place).fail("source", "a path or an async iterable of text", source);
  }
  const decoder = new TextDecoder();
  let rest = "";
  let tooLong = false;
  for await (const piece of pieces) {
    const text = typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    const lines: (string | undefined)[] = text.split("\n");
    lines[0] = tooLong ? undefined : rest + lines[0]!;
    tooLong &&= lines.length === 1;
    rest = lines.length === 1 && tooLong ? "" : (lines.pop() ?? "");
    if (rest.length > longestLine) {
      tooLong = true;
      rest = "";
    }
    if (lines.length > 0 && !(lines.length === 1 && tooLong && lines[0] === undefined)) yield lines;
  }
  if (tooLong) yield [undefined];
  else if (rest !== "") yield [rest];
}

// Loaded for a path alone: a report of a laboratory runs where there are no files.
async function piecesOf(path: string): Promise<AsyncIterable<string | Uint8Array>> {
  const { createReadStream } = await import("node:fs");
  return createReadStream(path, { highWaterMark: pieceBytes });
}
