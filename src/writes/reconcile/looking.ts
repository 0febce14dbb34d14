import type { Comparison } from "../../model/comparison.ts";
import { confirmed } from "../confirm.ts";
import { inParallel } from "../in-parallel.ts";
import { byBytes } from "../outbox/byte-order.ts";
import type { SideName } from "../outbox/store.ts";
import type { Comparer } from "../comparer.ts";
import { checkedRecords, type CheckedRecords } from "../records/checked-records.ts";
import type { Digest, KeyRange, ScannedRecord } from "../records/record-store.ts";
import { otherSide, type WritesServices } from "../services.ts";
import type { Pace } from "./pace.ts";
import { readerOf } from "./reader.ts";

/** A record that differs: `missing` on the candidate, `extra` there, or `different`. */
export interface Finding {
  readonly kind: "missing" | "extra" | "different";
  readonly key: string;
  /** Absent where it was found before a process ended, and another one went on. */
  readonly comparison?: Comparison;
}

/** How far one reconciliation has come. */
export interface Progress {
  /** All keys up to here are looked at; `undefined` at the beginning. */
  readonly after: string | undefined;
  readonly keys: number;
  readonly found: number;
  readonly inconclusive: number;
  /** The first 100. */
  readonly findings: readonly Finding[];
}

const partsAtOnce = 16;
/** A range of so few records is read rather than divided. */
const fewRows = 4_096;
const suspectsAtOnce = 64;
const mostFindings = 100;
/** A side that lacks so many is not there yet: looking for more tells nothing. */
const mostToFind = 1_000;

interface Suspect {
  readonly key: string;
  readonly kind: Finding["kind"];
}

/** One look at all records, in the order of their keys. */
export class Looking {
  readonly #services: WritesServices;
  readonly #records: Readonly<Record<SideName, CheckedRecords>>;
  readonly #compare: Comparer;
  readonly #pace: Pace;
  readonly #signal: AbortSignal | undefined;
  readonly #keep: (progress: Progress) => Promise<void>;
  #suspects: Suspect[] = [];
  #after: string | undefined;
  #keys: number;
  #found: number;
  #inconclusive: number;
  readonly #findings: Finding[];

  /** @param keep called now and then with how far it has come */
  constructor(
    services: WritesServices,
    compare: Comparer,
    {
      pace,
      signal,
      keep,
    }: { pace: Pace; signal: AbortSignal | undefined; keep: (progress: Progress) => Promise<void> },
    { after, keys, found, inconclusive, findings }: Progress,
  ) {
    this.#services = services;
    const { place, sides } = services;
    this.#records = {
      control: checkedRecords(place, sides.control),
      candidate: checkedRecords(place, sides.candidate),
    };
    this.#compare = compare;
    this.#pace = pace;
    this.#signal = signal;
    this.#keep = keep;
    this.#after = after;
    this.#keys = keys;
    this.#found = found;
    this.#inconclusive = inconclusive;
    this.#findings = [...findings];
  }

  get progress(): Progress {
    return {
      ...{ after: this.#after, keys: this.#keys, found: this.#found, inconclusive: this.#inconclusive },
      findings: this.#findings,
    };
  }

  /** Whether it ends before all is looked at. */
  get isCut(): boolean {
    return this.#signal?.aborted === true || this.#found >= mostToFind;
  }

  /** Looks at all that it has not looked at yet. */
  async all(): Promise<void> {
    const { control, candidate } = this.#services.sides;
    const canDivide = control.records!.digests !== undefined && candidate.records!.digests !== undefined;
    const range = { after: this.#after, to: undefined };
    if (canDivide) await this.#divide(range, "control");
    else await this.#merge(range);
  }

  /** Compares digests, and divides what differs until it is short enough to be read. */
  async #divide(range: KeyRange, by: SideName): Promise<void> {
    const other = otherSide(by);
    const parts = await this.#digests(by, range, partsAtOnce);
    if (parts.length < 2) return this.#merge(range);
    for (let index = 0; index < parts.length && !this.isCut; index++) {
      const part = parts[index]!;
      const after = index === 0 ? range.after : parts[index - 1]!.to;
      // What the other side has beyond the last one belongs to the last part.
      const to = index === parts.length - 1 ? range.to : part.to;
      const [theirs] = await this.#digests(other, { after, to }, 1);
      const [ours, others] = [Number(part.count), Number(theirs?.count ?? 0)];
      if (theirs !== undefined && isSame(part, theirs)) {
        this.#keys += ours;
        await this.#reached(part.to);
      } else if (Math.max(ours, others) <= fewRows) await this.#merge({ after, to });
      else await this.#divide({ after, to }, others > ours ? other : by);
    }
  }

  async #digests(side: SideName, range: KeyRange, parts: number): Promise<readonly Digest[]> {
    const digests = await this.#records[side].digests({ ...range, parts });
    const rows = digests.reduce((sum, { count }) => sum + Number(count), 0);
    await this.#pace(rows);
    return digests;
  }

  /** Reads both sides' records of a range, and compares them one by one. */
  async #merge(range: KeyRange): Promise<void> {
    const control = readerOf(this.#records.control, range, this.#pace);
    const candidate = readerOf(this.#records.candidate, range, this.#pace);
    let last: string | undefined;
    while (!this.isCut) {
      if (control.isEmpty || candidate.isEmpty || this.#suspects.length >= suspectsAtOnce) {
        await this.#confirm();
        if (last !== undefined) await this.#reached(last);
        await Promise.all([control.fill(), candidate.fill()]);
      }
      const [ours, theirs] = [control.peek(), candidate.peek()];
      if (ours === undefined && theirs === undefined) break;
      const order = orderOf(ours, theirs);
      last = (order <= 0 ? ours : theirs)!.key;
      this.#keys += 1;
      if (order < 0) this.#suspects.push({ key: last, kind: "missing" });
      else if (order > 0) this.#suspects.push({ key: last, kind: "extra" });
      else if (!this.#isEqual(ours!.record, theirs!.record)) this.#suspects.push({ key: last, kind: "different" });
      if (order <= 0) control.next();
      if (order >= 0) candidate.next();
    }
    await this.#confirm();
    if (last !== undefined && !this.isCut) await this.#reached(last);
  }

  #isEqual(control: unknown, candidate: unknown): boolean {
    const { kind } = this.#compare(control, candidate);
    return kind === "match" || kind === "ignored";
  }

  /** What only seemed to differ, since it was on its way, is none. */
  async #confirm(): Promise<void> {
    const suspects = this.#suspects;
    this.#suspects = [];
    const confirmations = new Map<string, Awaited<ReturnType<typeof confirmed>>>();
    await inParallel(suspects, 16, async ({ key }) => {
      confirmations.set(key, await confirmed(this.#services, this.#compare, key));
    });
    for (const { key, kind } of suspects) {
      const comparison = confirmations.get(key);
      if (comparison === "inconclusive") this.#inconclusive += 1;
      else if (comparison !== undefined && ++this.#found <= mostFindings)
        this.#findings.push({ kind, key, comparison });
    }
  }

  async #reached(key: string): Promise<void> {
    this.#after = key;
    await this.#keep(this.progress);
  }
}

function orderOf(a: ScannedRecord<unknown> | undefined, b: ScannedRecord<unknown> | undefined): number {
  if (a === undefined) return 1;
  return b === undefined ? -1 : byBytes(a.key, b.key);
}

function isSame(a: Digest, b: Digest): boolean {
  const whole = ({ count, sums }: Digest): bigint[] => [count, ...sums].map(BigInt);
  const [ours, theirs] = [whole(a), whole(b)];
  return ours.every((each, index) => each === theirs[index]);
}
