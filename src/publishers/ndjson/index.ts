import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { compiled, optionsOf, settle, type OptionTable } from "../../model/option-table.ts";
import type { Publisher } from "../../model/publisher.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import { presentSteps, whenPresented } from "../../records/present.ts";
import type { PresentedResult } from "../../records/record.ts";
import { inSlices, type Steps } from "../../records/in-slices.ts";
import { startOfWrite } from "../../records/read-results.ts";
import { kindsRule, presentationOf, privacyTable } from "../../records/privacy-options.ts";
import type { RedactOptions } from "../../records/redaction.ts";
import { fileTarget, rotationTable, type Rotation } from "./file-target.ts";
import { streamTarget, type LineStream } from "./stream-target.ts";
import type { Target } from "./target.ts";

export type { Rotation } from "./file-target.ts";
export type { LineStream } from "./stream-target.ts";

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
  /** The kinds of results that are written; all by default. */
  readonly kinds?: readonly ResultKind[];
}

export const ndjsonTable: OptionTable<NdjsonPublisherOptions, "values"> = {
  path: compiled("a file that can be written"),
  stream: compiled("a writable stream"),
  rotate: optionsOf("an object: `bytes`, `files`", rotationTable),
  kinds: kindsRule,
  ...privacyTable,
};

/**
 * Writes each result as one line of JSON, a {@link PresentedResult}: see its fields. A line is never split over two writes, so
 * that processes may share a file. A new file can be read by its owner alone (mode 0600).
 *
 * What happens to a rollout is a line `{ "v": 1, "type": "event", "event": {…} }`, and exact counts, every 60 s and at the end, one
 * `{ "v": 1, "type": "tally", "tally": {…} }`; `readResults` passes them over.
 *
 * What is written at once begins with a tab: no value can hold one, so that a whole line behind a torn one is known.
 *
 * A full disk, a closed pipe or a missing folder fails the publish, and it is tried again; a line may then appear twice, under
 * one id, and `readResults` yields it once. A process that is killed may leave a torn line, which readers skip.
 *
 * @throws {SidelaneError} `invalid-option`, also when the file cannot be opened for writing
 * @see https://github.com/ndjson/ndjson-spec
 */
export function ndjsonPublisher(options: NdjsonPublisherOptions): Publisher {
  const check: OptionCheck = checkOptions("ndjsonPublisher");
  const { kinds, ...privacy } = settle(check, ndjsonTable, options);
  const presentation = presentationOf(privacy, "ndjsonPublisher");
  let report: (error: unknown) => void = () => undefined;
  const target = targetOf(options, check, (error) => report(error));

  const written = (presented: PresentedResult): string => `${JSON.stringify(presented)}\n`;
  function* lineOf(result: Result): Steps<string> {
    return written(yield* presentSteps(result, presentation));
  }
  async function publishBatch(results: readonly Result[]): Promise<void> {
    if (results.length === 0) return;
    const lines = await inSlices(results, lineOf);
    await target.write(startOfWrite + lines.join(""));
  }
  return {
    name: "ndjson",
    idempotent: true,
    attach: (host) => void (report = (error) => host.onFault({ operation: "publish", error })),
    ...(kinds && { kinds }),
    publish: (result) => whenPresented(result, presentation, (each) => target.write(startOfWrite + written(each))),
    publishBatch,
    publishEvent: (event) => target.write(startOfWrite + `${JSON.stringify({ v: 1, type: "event", event })}\n`),
    publishTally: (tally) => target.write(startOfWrite + `${JSON.stringify({ v: 1, type: "tally", tally })}\n`),
    close: () => target.close(),
  };
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
