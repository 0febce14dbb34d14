import { SidelaneError } from "../../model/errors.ts";
import { isObject } from "../../model/plain-data.ts";
import { mergedWindows } from "../../stats/merge-windows.ts";
import type { RolloutState } from "../state.ts";
import type { ProcessReport, Report, ReportedUnits, Sync, SyncedState } from "./store.ts";

/** What stands for tables that are none, of which the judge tells. */
const unreadable: ReportedUnits = { window: -1, level: 0, fingerprint: "", seen: "unreadable", gates: {} };

/** Merges tables of all calls, and those of what the candidate answered. What is no table, since another program wrote it, is one `unreadable`. */
export function mergedUnits(given: readonly ReportedUnits[]): readonly ReportedUnits[] {
  const units = given.filter((each) => isTable(each) && each.seen !== unreadable.seen);
  const served = units.filter((each) => each.served === true);
  const all = units.filter((each) => each.served !== true);
  const tables = [...mergedWindows(all), ...mergedWindows(served).map(asServed)];
  return units.length === given.length ? tables : [...tables, unreadable];
}

function asServed(table: ReportedUnits): ReportedUnits {
  return table.served === true ? table : { ...table, served: true };
}

/** Whether something is a table of units, as far as can be told without reading its places. */
export function isTable(given: unknown): given is ReportedUnits {
  if (!isObject(given)) return false;
  const { window, level, fingerprint, seen, gates } = given;
  if (!Number.isSafeInteger(window) || !Number.isSafeInteger(level) || !isObject(gates)) return false;
  if (typeof fingerprint !== "string" || typeof seen !== "string") return false;
  return Object.values(gates).every(
    (gate) =>
      isObject(gate) && typeof gate["bad"] === "string" && ["string", "undefined"].includes(typeof gate["seen"]),
  );
}

/** What was answered to one report by itself; without `now` where that was refused. */
export interface AnsweredAlone {
  readonly now?: number;
  readonly answer: SyncedState;
}

/**
 * An exchange of which each report was answered by itself: what is refused of one experiment stops nobody else.
 *
 * @param answered in the order of the reports
 * @throws where all are refused
 */
export function syncOf(reports: readonly Report[], answered: readonly AnsweredAlone[]): Sync {
  const states = Object.create(null) as Record<string, SyncedState>;
  for (const [index, { experiment }] of reports.entries())
    states[experiment] = { ...states[experiment], ...answered[index]!.answer };
  const times = answered.flatMap(({ now }) => now ?? []);
  if (times.length === 0 && answered.length > 0) throw answered[0]!.answer.failed;
  return { now: Math.max(...times), states };
}

export function oldFence(experiment: string): SidelaneError {
  return new SidelaneError(
    "invalid-state",
    `collect(${JSON.stringify(experiment)}): expected the present judge's fence, got an older one. Another process judges by now`,
  );
}

/** What a store keeps of a report beside its tables. @param at when it came, by the store's clock */
export function rowOf(
  { process, epoch, evidenceEpoch, version, leaves, candidates, writes }: Report,
  at: number,
): ProcessReport {
  return {
    ...{ process, epoch, evidenceEpoch, at, candidates },
    ...(version !== undefined && { version }),
    ...(leaves === true && { leaves }),
    ...(writes !== undefined && { writes }),
  };
}

/** What texts are as JSON: one that was among them the last time is not read again, so nobody changes what is returned. */
export class ReadTexts {
  #read = new Map<string, unknown>();

  /** @param texts all that there are: what others were is forgotten */
  all(texts: readonly string[], read: (text: string) => unknown = json): readonly unknown[] {
    const before = this.#read;
    this.#read = new Map();
    return texts.map((text) => {
      const value = before.has(text) ? before.get(text) : read(text);
      this.#read.set(text, value);
      return value;
    });
  }

  /** Knows what a text is without reading it. */
  know(text: string, value: unknown): void {
    this.#read.set(text, value);
  }
}

/** What a judge last read of an experiment. */
export class ReadEvidenceTexts {
  readonly rows: ReadTexts = new ReadTexts();
  readonly tables: ReadTexts = new ReadTexts();
  readonly kept: ReadTexts = new ReadTexts();
}

/** What a text is as JSON; `undefined` where it is none. */
export function json(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

// PostgreSQL takes less than 8 000 bytes, and a unit of text may be three of them.
const mostNews = 2_600;

/** The news of a change: whose, and how much the candidate does from here on, as far as that is short enough. */
export function newsOf(experiment: string, next: RolloutState): string {
  const { id, stage, share, compare, candidateVersion } = next;
  const name = escaped(experiment);
  const news = name + JSON.stringify({ id, stage, share, compare, candidateVersion });
  return news.length > mostNews ? name : news;
}

/** What {@link newsOf} wrote: the experiment, and what is said of its state. An escaped name has no brace. */
export function newsIn(text: string): readonly [experiment: string, heard?: unknown] {
  const end = text.indexOf("{");
  return end < 0 ? [unescaped(text)] : [unescaped(text.slice(0, end)), json(text.slice(end))];
}

/** A name without what databases have no text for, or take for something else: NUL, halves of characters, braces. */
export function escaped(name: string): string {
  return name.replace(
    /[\\\0{}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (unit) => `\\${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The name that was {@link escaped}. */
export function unescaped(name: string): string {
  return name.replace(/\\([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
