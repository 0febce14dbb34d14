import type { LineRecord } from "./record.ts";

/**
 * What every write begins with. JSON has a tab nowhere but between its parts, where ours has none: a value cannot make one, so
 * that it cannot pass for a line of its own behind a torn one.
 */
export const startOfWrite = "\t";

/** Why a line, or a part of one, holds no record: it is no whole JSON object of ours, or of a version or type that is not known. */
export type SkippedLine = "torn" | "version" | "type";

/**
 * Reads one line.
 *
 * @returns the record, or why there is none; with `torn` where a torn line stands before the record
 */
export function parseLine(line: string): { readonly record?: LineRecord; readonly skipped?: SkippedLine } {
  // What an editor or a shell has put before the first line of a file.
  const whole = parsed(line.startsWith("\ufeff") ? line.slice(1) : line);
  if (whole !== undefined) return recordOf(whole);
  // A process wrote on after another one's torn line: the whole one is at the end.
  const at = line.lastIndexOf(startOfWrite);
  const behind = at < 0 ? undefined : parsed(line.slice(at + 1));
  return behind === undefined ? { skipped: "torn" } : { ...recordOf(behind), skipped: "torn" };
}

const isText = (value: unknown): boolean => typeof value === "string";

// What a reader may count on of each type.
const holds: Readonly<Record<string, (fields: Readonly<Record<string, unknown>>) => boolean>> = {
  result: ({ id, experiment, kind, control, candidates }) =>
    isText(id) && isText(experiment) && isText(kind) && isObject(control) && Array.isArray(candidates),
  tally: (fields) =>
    isText(fields["process"]) &&
    isCount(fields["n"]) &&
    isCount(fields["to"]) &&
    ("publishers" in fields ? isObject(fields["publishers"]) : isCandidate(fields)),
  event: ({ experiment, kind, at, from, to }) =>
    isText(experiment) && isText(kind) && Number.isFinite(at) && isObject(from) && isObject(to),
  start: ({ process, experiments, labels, versions }) =>
    isText(process) && isObject(experiments) && isObject(labels) && isObject(versions),
  fault: ({ process, n, counts }) => isText(process) && isCount(n) && isCounts(counts),
};

function recordOf(fields: Readonly<Record<string, unknown>>): {
  readonly record?: LineRecord;
  readonly skipped?: SkippedLine;
} {
  const { v, type } = fields;
  if (v !== 2) return { skipped: typeof v === "number" ? "version" : "torn" };
  if (typeof type !== "string") return { skipped: "torn" };
  if (!Object.hasOwn(holds, type)) return { skipped: "type" };
  return holds[type]!(fields) ? { record: fields as unknown as LineRecord } : { skipped: "torn" };
}

function isCandidate({ experiment, candidate, counts, latency, groups }: Readonly<Record<string, unknown>>): boolean {
  return (
    isText(experiment) &&
    isText(candidate) &&
    isCounts(counts) &&
    isCounts(groups) &&
    isObject(latency) &&
    isObject(latency["control"]) &&
    isObject(latency["candidate"])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isCounts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(isCount);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
