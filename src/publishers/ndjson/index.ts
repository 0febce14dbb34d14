import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { aFunction, compiled, optionsOf, orElse, settle, where, type OptionTable } from "../../model/option-table.ts";
import type { Publisher } from "../../model/publisher.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import type { TallyRecord } from "../../model/tally-record.ts";
import { oneAfterAnother } from "../../model/one-after-another.ts";
import { weighted } from "../../records/drawn-result.ts";
import { OwnRecords } from "../../records/own-records.ts";
import { presentSteps, whenPresented } from "../../records/present.ts";
import type { LineRecord } from "../../records/record.ts";
import { inSlices, type Steps } from "../../records/in-slices.ts";
import { startOfWrite } from "../../records/parse-line.ts";
import { Reservoir } from "./reservoir.ts";
import { kindsRule, presentationOf, privacyTable } from "../../records/privacy-options.ts";
import type { RedactOptions } from "../../records/redaction.ts";
import { fileTarget, rotationTable, type Rotation } from "./file-target.ts";
import { streamTarget, type LineStream } from "./stream-target.ts";
import type { Target } from "./target.ts";

export type { Rotation } from "./file-target.ts";
export type { LineStream } from "./stream-target.ts";

/** What `ndjsonPublisher` takes: a file or a stream, and how it is written. */
export interface NdjsonPublisherOptions {
  /** The file to append to, made with its folders where they are missing. This or `stream`. */
  readonly path?: string;
  /** Such as `process.stdout`. It is never ended: it stays yours. */
  readonly stream?: LineStream;
  /** When a file is set aside for a new one. Without it, the file grows. */
  readonly rotate?: Rotation;
  /** Whether values, error messages and the context are written; `hidden` by default. */
  readonly values?: "shown" | "hidden";
  /** What is taken out of values that are shown, beside the usual secrets. */
  readonly redact?: RedactOptions;
  /** The kinds of results that are written as examples; all by default. Counts are of all kinds in any case. */
  readonly kinds?: readonly ResultKind[];
  /**
   * How many results of each experiment and kind are written in a minute, drawn evenly, beside the first mismatch of each kind; 100 by
   * default. `Infinity` writes each one at once.
   */
  readonly perMinute?: number;
  /** For the draw, numbers from 0 up to 1; `Math.random` by default. */
  readonly random?: () => number;
}

/** The options of `ndjsonPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const ndjsonTable: OptionTable<NdjsonPublisherOptions, "values" | "perMinute" | "random"> = {
  path: compiled("a file that can be written"),
  stream: compiled("a writable stream"),
  rotate: optionsOf("an object: `bytes`, `files`", rotationTable),
  kinds: kindsRule,
  perMinute: orElse(
    where(
      "a whole number of at least 1, or Infinity",
      (got) => got === Infinity || (Number.isSafeInteger(got) && Number(got) > 0),
    ),
    100,
  ),
  random: orElse(aFunction, Math.random),
  ...privacyTable,
};

/**
 * Writes records as lines of JSON, described in `docs/records.md`: exact counts of every call (`tally`) and faults at the end of each
 * minute and at the end, what happens to rollouts (`event`), what the process is (`start`), and results as examples. Of those the
 * first mismatch of each kind is written at once; of the others so many of each experiment and kind are drawn, and written with
 * the counts of their minute, each with the number of results that it stands for (`weight`).
 *
 * A line is never split over two writes, so that processes may share a file. A new file can be read by its owner alone (mode 0600).
 * What is written at once begins with a tab: no value can hold one, so that a whole line behind a torn one is known.
 *
 * A full disk, a closed pipe or a missing folder fails the publish, and it is tried again; a line may then appear twice, and
 * `readRecords` yields it once. A process that is killed may leave a torn line, which readers count and pass over.
 *
 * @throws {SidelaneError} `invalid-option`, also when the file cannot be opened for writing
 * @see https://github.com/ndjson/ndjson-spec
 */
export function ndjsonPublisher(options: NdjsonPublisherOptions): Publisher {
  const check: OptionCheck = checkOptions("ndjsonPublisher");
  const { kinds, perMinute, random, ...privacy } = settle(check, ndjsonTable, options);
  const presentation = presentationOf(privacy, "ndjsonPublisher");
  let report: (error: unknown) => void = () => undefined;
  const target = targetOf(options, check, (error) => report(error));
  const records = new OwnRecords();
  const reservoir = perMinute === Infinity ? undefined : new Reservoir(perMinute, random);
  const inTurn = oneAfterAnother();
  // Taken from the reservoir, and not written yet.
  let drawn: string[] = [];

  const line = (record: LineRecord): string => `${JSON.stringify(record)}\n`;
  function* lineOf(result: Result): Steps<string> {
    return line(yield* presentSteps(result, presentation));
  }

  /** Everything at once, with what is new about the process before it. */
  async function write(lines: readonly string[]): Promise<void> {
    const news = records.news();
    if (news.length + lines.length === 0) return;
    await target.write(startOfWrite + [...news.map(line), ...lines].join(""));
    records.told(news);
  }

  const writeDrawn = (more: readonly string[] = []): Promise<void> =>
    inTurn(async () => {
      drawn = bounded([...drawn, ...(reservoir?.take() ?? [])], report);
      if (drawn.length + more.length === 0) return;
      await write([...drawn, ...more]);
      drawn = [];
    });

  /** At once, whatever is drawn; where it fails nothing has happened, so that it may be tried again. */
  async function writeFirsts(results: readonly Result[], by: Reservoir): Promise<void> {
    const firsts = results.filter((result) => result.first === true || by.isFirst(result));
    if (firsts.length === 0) return;
    try {
      const marked = firsts.map((result) => weighted(result, 0, true));
      await write(await inSlices(marked, lineOf));
    } catch (error) {
      firsts.forEach((result) => by.forget(result));
      throw error;
    }
  }

  async function publishBatch(results: readonly Result[]): Promise<void> {
    if (results.length === 0) return;
    if (reservoir === undefined) return write(await inSlices(results, lineOf));
    await writeFirsts(results, reservoir);
    const chosen = results.flatMap((result) => {
      const put = reservoir.draw(result);
      return put === undefined ? [] : [{ result, put }];
    });
    const texts = await inSlices(
      chosen.map(({ result }) => result),
      lineOf,
    );
    chosen.forEach(({ put }, index) => put(texts[index]!));
    // They were drawn, and are not to be drawn again: what fails here is told, and kept for the next time.
    if (reservoir.isFull) await writeDrawn().catch(report);
  }

  function publishTallyBatch(tallies: readonly TallyRecord[]): Promise<void> {
    const lines = records.tallies(tallies).map(line);
    // The last of those that are told together.
    const ends = tallies.some((tally) => "publishers" in tally);
    return ends ? writeDrawn(lines) : inTurn(() => write(lines));
  }

  return {
    name: "ndjson",
    idempotent: true,
    attach(host) {
      report = (error) => host.onFault({ operation: "publish", error });
      records.attach(host);
    },
    ...(kinds && { kinds }),
    publish: (result) =>
      reservoir === undefined ?
        whenPresented(result, presentation, (each) => write([line(each)]))
      : publishBatch([result]),
    publishBatch,
    publishEvent: (event) => write([line(records.event(event))]),
    publishTally: (tally) => publishTallyBatch([tally]),
    publishTallyBatch,
    flush: () => writeDrawn(),
    async close() {
      await writeDrawn();
      await target.close();
    },
  };
}

const mostDrawn = 8_000_000;

/** What could not be written waits, as long as it is not too much. */
function bounded(lines: readonly string[], report: (error: unknown) => void): string[] {
  let characters = 0;
  const kept = lines.filter((text) => (characters += text.length) <= mostDrawn);
  const lost = lines.length - kept.length;
  if (lost > 0) report(new Error(`${lost} drawn results were lost, since they could not be written`));
  return kept;
}

function targetOf(
  { path, stream, rotate }: NdjsonPublisherOptions,
  check: OptionCheck,
  onFault: (error: Error) => void,
): Target {
  if (stream !== undefined) {
    if (path !== undefined) check.fail("stream", "left out where `path` is given", stream);
    if (rotate !== undefined) check.fail("rotate", "left out where `stream` is given: only files rotate", rotate);
    return streamTarget(stream, check);
  }
  check.text("path", path);
  return fileTarget(path!, rotate, check, onFault);
}
