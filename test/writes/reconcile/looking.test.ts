import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/index.ts";
import { memoryOutbox, parallelWrites, type RecordStore } from "../../../src/writes/index.ts";

const rows = 10_000_000;
const keyOf = (at: number): string => String(at).padStart(8, "0");

interface Virtual {
  readonly records: RecordStore<number>;
  readonly queries: { digests: number; scans: number };
  readonly read: (key: string) => number | undefined;
}

/** Ten million records that are worked out when they are asked for: that of `at` is `at`, but for one. */
function virtual(odd?: { readonly at: number; readonly record: number | undefined }): Virtual {
  const queries = { digests: 0, scans: 0 };
  const has = (at: number): boolean => at < rows && !(odd?.at === at && odd.record === undefined);
  const recordOf = (at: number): number => (odd?.at === at ? odd.record! : at);
  const range = (after: string | undefined, to: string | undefined): [number, number] => [
    after === undefined ? 0 : Number(after) + 1,
    Math.min(rows - 1, to === undefined ? rows - 1 : Number(to)),
  ];
  const within = (from: number, to: number): boolean => odd !== undefined && odd.at >= from && odd.at <= to;
  const digest = (from: number, to: number): { to: string; count: number; sums: [bigint, bigint] } => {
    const sum = ((BigInt(from) + BigInt(to)) * BigInt(to - from + 1)) / 2n;
    const change = within(from, to) ? BigInt((odd!.record ?? 0) - odd!.at) : 0n;
    const count = to - from + 1 - (within(from, to) && odd!.record === undefined ? 1 : 0);
    return { to: keyOf(to), count, sums: [sum + change, 0n] };
  };
  return {
    queries,
    read: (key) => (has(Number(key)) ? recordOf(Number(key)) : undefined),
    records: {
      scan({ after, to, limit }) {
        queries.scans += 1;
        const [from, last] = range(after, to);
        const page: { key: string; record: number }[] = [];
        for (let at = from; at <= last && page.length < limit; at++) {
          if (has(at)) page.push({ key: keyOf(at), record: recordOf(at) });
        }
        return page;
      },
      digests({ after, to, parts }) {
        queries.digests += 1;
        const [from, last] = range(after, to);
        if (from > last) return [];
        const size = Math.ceil((last - from + 1) / parts);
        const starts = Array.from({ length: Math.ceil((last - from + 1) / size) }, (_, part) => from + part * size);
        return starts.map((start) => digest(start, Math.min(last, start + size - 1)));
      },
    },
  };
}

function over(control: Virtual, candidate: Virtual): ReturnType<typeof parallelWrites> {
  const side = ({ records, read }: Virtual): object => {
    const outbox = memoryOutbox();
    return { transaction: outbox.transaction, write: () => undefined, read, records, outbox };
  };
  return parallelWrites("numbers", {
    ...{ control: side(control), candidate: side(candidate) },
    ...{ id: (op: { id: string }) => op.id, keys: (op: { id: string }) => [op.id], laboratory: new Laboratory() },
  } as never);
}

const rowsPerSecond = 1e12;

describe("reconciling ten million records with digests", () => {
  it.each([
    ["different", { at: 7_654_321, record: 5 }],
    ["missing", { at: 12, record: undefined }],
    ["missing", { at: rows - 1, record: undefined }],
  ] as const)("finds one that is %s by at most 100 queries", async (kind, odd) => {
    const [control, candidate] = [virtual(), virtual(odd)];
    const came = await over(control, candidate).reconcile({ rowsPerSecond });
    expect(came).toMatchObject({ clean: false, complete: true, findings: [{ kind, key: keyOf(odd.at) }] });
    expect(came.keys).toBe(rows);
    const all = [control, candidate].map(({ queries: { digests, scans } }) => digests + scans);
    expect(all[0]! + all[1]!).toBeLessThanOrEqual(100);
  });

  it("reads none where all are equal", async () => {
    const [control, candidate] = [virtual(), virtual()];
    expect(await over(control, candidate).reconcile({ rowsPerSecond })).toMatchObject({ clean: true, keys: rows });
    expect(control.queries).toEqual({ digests: 1, scans: 0 });
    expect(candidate.queries).toEqual({ digests: 16, scans: 0 });
  });

  it("goes on where another ended, once its signal was aborted", async () => {
    const [control, candidate] = [virtual(), virtual({ at: 11, record: 5 })];
    const numbers = over(control, candidate);
    const stop = new AbortController();
    const digests = candidate.records.digests!.bind(candidate.records);
    candidate.records.digests = (range) => {
      if (candidate.queries.digests === 40) stop.abort();
      return digests(range);
    };
    const first = await numbers.reconcile({ rowsPerSecond, signal: stop.signal });
    expect(first).toMatchObject({ clean: false, complete: false, moreFindings: 0 });
    expect((await numbers.status()).lastReconciliation).toBeUndefined();
    const before = candidate.queries.digests;
    const second = await numbers.reconcile({ rowsPerSecond });
    expect(second).toMatchObject({ clean: false, complete: true, keys: rows, findings: [{ key: keyOf(11) }] });
    expect(candidate.queries.digests - before).toBeLessThanOrEqual(17);
    expect(await numbers.reconcile({ rowsPerSecond })).toMatchObject({ keys: rows, complete: true });
  });

  it("refuses digests in another order than that of the bytes of keys", async () => {
    const [control, candidate] = [virtual(), virtual()];
    control.records.digests = () => [
      { to: "b", count: 1, sums: [1, 1] },
      { to: "B", count: 1, sums: [1, 1] },
    ];
    await expect(over(control, candidate).reconcile({ rowsPerSecond })).rejects.toMatchObject({
      code: "invalid-state",
      message: expect.stringContaining('returned "B" after "b"') as string,
    });
  });
});

describe("reconciling a side that is being restored", () => {
  it("ends after 1 000 records that are missing, and is not clean", async () => {
    const [control, candidate] = [virtual(), virtual()];
    candidate.records.scan = () => [];
    candidate.records.digests = () => [];
    const numbers = over(control, { ...candidate, read: () => undefined });
    const came = await numbers.reconcile({ rowsPerSecond });
    expect(came).toMatchObject({ clean: false, complete: false });
    expect(came.findings).toHaveLength(100);
    expect(came.moreFindings).toBeGreaterThanOrEqual(900);
  }, 60_000);

  it("tells of its error by an event, and tries again, where it is done over and over", async () => {
    const [control, candidate] = [virtual(), virtual()];
    const digests = candidate.records.digests!.bind(candidate.records);
    let failures = 1;
    candidate.records.digests = (range) => {
      if (failures-- > 0) throw new Error("the database system is starting up");
      return digests(range);
    };
    const stop = new AbortController();
    const events: string[] = [];
    const outbox = [memoryOutbox(), memoryOutbox()];
    const side = ({ records, read }: Virtual, at: number): object => ({
      ...{ transaction: outbox[at]!.transaction, write: () => undefined, read, records, outbox: outbox[at] },
    });
    const numbers = parallelWrites("numbers", {
      ...{ control: side(control, 0), candidate: side(candidate, 1), id: String, keys: () => ["a"] },
      ...{
        laboratory: new Laboratory(),
        onEvent: ({ kind, reason }: { kind: string; reason: string }) => events.push(`${kind}: ${reason}`),
      },
    } as never);
    const reconciling = numbers.reconcile({ rowsPerSecond, everyMs: 10, signal: stop.signal });
    while ((await numbers.status()).lastReconciliation === undefined) await new Promise((r) => setTimeout(r, 5));
    stop.abort();
    await reconciling;
    expect(events[0]).toBe("unreconciled: Error: the database system is starting up");
  });
});

describe("reconciling sides that list fewer records than they are asked for", () => {
  it("asks for those behind them, until there are none", async () => {
    const rowsOf = (changed?: number): Virtual => {
      const made = virtual(changed === undefined ? undefined : { at: changed, record: -1 });
      const { scan } = made.records;
      // As an API that lists at most 100 at a time, whatever `limit` says.
      const records: RecordStore<number> = {
        scan: ({ after, to, limit }) => scan({ after, to: to ?? keyOf(2_499), limit: Math.min(limit, 100) }),
      };
      return { ...made, records };
    };
    const came = await over(rowsOf(), rowsOf(2_345)).reconcile({ rowsPerSecond });
    expect(came).toMatchObject({ keys: 2_500, findings: [{ kind: "different", key: keyOf(2_345) }] });
  });
});
