import type { SkippedLine } from "../records/parse-line.ts";
import { Once, recordBatches } from "../records/read-records.ts";
import type { ResultSource } from "../records/read-lines.ts";
import type { LineRecord, PresentedResult } from "../records/record.ts";
import type { StartRecord } from "../model/start-record.ts";
import type { ProcessTally, TallyRecord } from "../model/tally-record.ts";
import { count, ExperimentSum, named } from "./experiment-sum.ts";
import type { ReportModel, ReportProcess } from "./model.ts";

// Results that are kept to be shown, of all experiments together.
const mostExamples = 5_000;

/** What a report leaves out. */
export interface SummaryOptions {
  /** Only what came later, in milliseconds since 1970. */
  readonly since?: number;
  /** Only these experiments. */
  readonly experiments?: readonly string[];
  /** Told of each line that holds no record, and why; `line` counts from 1 in each source. */
  readonly onSkip?: (line: number, why: SkippedLine, source: ResultSource) => void;
}

/** Where a report's records come from: a path or a text in pieces, several of them, or records. */
export type SummarySource = ResultSource | readonly ResultSource[] | Iterable<LineRecord>;

/**
 * All evidence that records hold, in one pass and in memory that does not grow with their number. Verdicts are worked out again from
 * the units, and equal those of the process that wrote them; of several processes, a key that many of them saw is one unit.
 *
 * @throws {SidelaneError} `invalid-option` for what is no source; and whatever a source throws while it is read
 * @example (await summary('experiments.ndjson')).experiments['price']?.candidates['candidate']?.verdict.kind
 */
export async function summary(lines: SummarySource, options: SummaryOptions = {}): Promise<ReportModel> {
  const sum = new Summary(options);
  const sources: readonly unknown[] = typeof lines === "object" && Symbol.iterator in lines ? [...lines] : [lines];
  for (const each of sources) {
    if (isRecord(each)) sum.add(each);
    else await sum.read(each as ResultSource);
  }
  return sum.model();
}

function isRecord(source: unknown): source is LineRecord {
  return typeof source === "object" && source !== null && "type" in source && "v" in source;
}

type Writable<Frozen> = { -readonly [Field in keyof Frozen]: Frozen[Field] };

/** A report in the making. */
export class Summary {
  readonly #options: SummaryOptions;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #once = new Once();
  readonly #room = { left: mostExamples };
  readonly #experiments = new Map<string, ExperimentSum>();
  readonly #processes = new Map<string, Writable<ReportProcess>>();
  readonly #tallied = new Set<string>();
  readonly #uncounted = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  readonly #dropped = new Map<string, Map<string, number>>();
  readonly #failed = new Map<string, number>();
  readonly #skipped = { torn: 0, version: 0, type: 0 };
  #from = Infinity;
  #to = -Infinity;
  /** Records so far, those that came twice or were left out included. */
  records = 0;

  constructor(options: SummaryOptions = {}) {
    this.#options = options;
    this.#wanted = options.experiments && new Set(options.experiments);
  }

  /** Adds all records of a source. */
  async read(source: ResultSource): Promise<void> {
    const onSkip = (line: number, why: SkippedLine): void => {
      this.#skipped[why] += 1;
      this.#options.onSkip?.(line, why, source);
    };
    for await (const records of recordBatches(source, onSkip, "summary"))
      for (const record of records) this.add(record);
  }

  add(record: LineRecord): void {
    this.records += 1;
    if (!this.#once.isNew(record)) return;
    try {
      this.#take(record);
    } catch {
      // It has the shape of a record, and holds what none of ours does.
      this.#skipped.torn += 1;
    }
  }

  /** Counts a text that holds no record. */
  skip(why: SkippedLine): void {
    this.#skipped[why] += 1;
  }

  /** The processes that told counts so far. */
  processesTold(): readonly string[] {
    return [...this.#tallied];
  }

  /** Whether a process told counts so far, so that its results are examples. */
  hasTold(process: string): boolean {
    return this.#tallied.has(process);
  }

  /** Until when a process told counts. @returns milliseconds since 1970 */
  toldUntil(process: string): number {
    return this.#processes.get(process)?.to ?? -Infinity;
  }

  /**
   * Takes results that are in the counts of their processes as a whole.
   *
   * @param span when the first and the last of them began, in milliseconds since 1970
   * @param uncounted how many came after the last counts, by process
   */
  takeCounted(span: { readonly from: number; readonly to: number }, uncounted: ReadonlyMap<string, number>): void {
    this.#saw(span.from, span.to);
    for (const [process, results] of uncounted) count(this.#uncounted, process, results);
  }

  /** Keeps a result that is in the counts of its process to show for what it is an example of. */
  show(result: PresentedResult): void {
    this.#of(result.experiment)?.addResult(result, true);
  }

  #take(record: LineRecord): void {
    const { since = -Infinity } = this.#options;
    switch (record.type) {
      case "start":
        this.#start(record);
        return;
      case "tally":
        if (record.to >= since) this.#addTally(record);
        return;
      case "fault":
        if (record.to >= since) this.#addFault(record.experiment, record.counts);
        return;
      case "event":
        if (record.at < since) return;
        this.#saw(record.at, record.at);
        this.#of(record.experiment)?.addEvent(record);
        return;
      case "result":
        if (Math.round(record.startedAt) >= since) this.#addResult(record);
    }
  }

  #start({ process: id, build, at, labels, versions, experiments }: StartRecord): void {
    const process = this.#process(id, at, at);
    Object.assign(process, { labels, ...(build !== undefined && { build }) });
    if (versions.sidelane !== undefined) process.sidelane = versions.sidelane;
    if (versions.node !== undefined) process.node = versions.node;
    for (const [name, started] of Object.entries(experiments)) this.#of(name)?.start(started, at, id);
    if (at >= (this.#options.since ?? -Infinity)) this.#saw(at, at);
  }

  #addTally(tally: TallyRecord): void {
    this.#saw(tally.from, tally.to);
    const process = this.#process(tally.process, tally.from, tally.to);
    if (tally.build !== undefined) process.build = tally.build;
    this.#uncounted.delete(tally.process);
    if (!this.#tallied.has(tally.process)) {
      this.#tallied.add(tally.process);
      for (const each of this.#experiments.values()) each.isTallied(tally.process);
    }
    if ("publishers" in tally) this.#addProcess(tally, process);
    else this.#of(tally.experiment)?.addTally(tally);
  }

  #addProcess({ publishers, end }: ProcessTally, process: Writable<ReportProcess>): void {
    if (end === true) process.ended = true;
    for (const [name, { failed, dropped }] of Object.entries(publishers)) {
      if (failed > 0) count(this.#failed, name, failed);
      for (const [reason, times] of Object.entries(dropped)) {
        let reasons = this.#dropped.get(name);
        if (reasons === undefined) this.#dropped.set(name, (reasons = new Map<string, number>()));
        count(reasons, reason, times);
      }
    }
  }

  #addFault(experiment: string | undefined, counts: Readonly<Record<string, number>>): void {
    if (experiment !== undefined) this.#of(experiment)?.addFaults(counts);
    else for (const [operation, times] of Object.entries(counts)) count(this.#faults, operation, times);
  }

  #addResult(result: PresentedResult): void {
    const { process, startedAt } = result;
    const isTallied = process !== undefined && this.#tallied.has(process);
    this.#saw(Math.round(startedAt), Math.round(startedAt));
    if (isTallied && result.weight > 0) {
      const { to } = this.#processes.get(process)!;
      if (Math.round(startedAt) > Math.round(to)) count(this.#uncounted, process, 1);
    }
    this.#of(result.experiment)?.addResult(result, isTallied);
  }

  #process(id: string, from: number, to: number): Writable<ReportProcess> {
    let process = this.#processes.get(id);
    if (process === undefined) this.#processes.set(id, (process = { labels: {}, from, to, ended: false }));
    process.from = Math.min(process.from, from);
    process.to = Math.max(process.to, to);
    return process;
  }

  #saw(from: number, to: number): void {
    this.#from = Math.min(this.#from, from);
    this.#to = Math.max(this.#to, to);
  }

  #of(name: string): ExperimentSum | undefined {
    if (this.#wanted !== undefined && !this.#wanted.has(name)) return undefined;
    let experiment = this.#experiments.get(name);
    if (experiment === undefined) this.#experiments.set(name, (experiment = new ExperimentSum(this.#room)));
    return experiment;
  }

  /** What all records so far come to. Once, at the end. */
  model(): ReportModel {
    const { torn, version, type } = this.#skipped;
    const gaps = this.#once.sequences.gaps();
    const anything = Number.isFinite(this.#to);
    return {
      version: 1,
      ...(anything && { from: this.#from, to: this.#to }),
      processes: named(new Map([...this.#processes].map(([id, each]) => [id, processOf(each)]))),
      experiments: named(
        new Map([...this.#experiments].map(([name, each]) => [name, each.report(anything ? this.#to : 0)])),
      ),
      faults: named(this.#faults),
      lost: {
        lines: torn + version + type,
        ...{ torn, versions: version, types: type },
        records: gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0),
        minutes: this.#once.sequences.lostMinutes(),
        dropped: named(new Map([...this.#dropped].map(([name, reasons]) => [name, named(reasons)]))),
        failed: named(this.#failed),
        uncounted: [...this.#uncounted.values()].reduce((sum, each) => sum + each, 0),
      },
    };
  }
}

/** With its parts in one order, whichever came first. */
function processOf({ build, labels, sidelane, node, from, to, ended }: ReportProcess): ReportProcess {
  return {
    ...(build !== undefined && { build }),
    labels,
    ...(sidelane !== undefined && { sidelane }),
    ...(node !== undefined && { node }),
    ...{ from, to, ended },
  };
}
