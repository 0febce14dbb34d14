import { describe, expect, it } from "vitest";
import { compileRules } from "../../src/compare/rules/rules.ts";
import { Laboratory } from "../../src/index.ts";
import type { Comparison } from "../../src/model/comparison.ts";
import { noticeInvented } from "../../src/writes/invented.ts";
import { parallelWrites, type WritesEvent } from "../../src/writes/index.ts";
import { pay } from "./bank.ts";
import type { Ledger, Payment } from "./ledger.ts";
import { memoryLedger } from "./ledgers.ts";

/** What is told of these comparisons, one after the other. */
function told(comparisons: readonly Comparison[]): string[] {
  const reasons: string[] = [];
  const notice = noticeInvented({ emit: ({ reason }) => void reasons.push(reason) });
  for (const comparison of comparisons) notice(comparison);
  return reasons;
}

const differing = (path: string, control: unknown = 1, candidate: unknown = 2): Comparison => ({
  ...({ kind: "mismatch", signature: "s" } as const),
  differences: [{ path, kind: "value", control, candidate }],
});
const times = (count: number, comparison: Comparison): Comparison[] => Array.from({ length: count }, () => comparison);

describe("records that each side makes a part of", () => {
  it("cause one event, with a proposal", async () => {
    const [control, candidate] = [memoryLedger({ name: "old" }), memoryLedger({ name: "new" })];
    let made = 0;
    const stamped = ({ side }: Ledger): object => ({
      ...side,
      read: (key: string) => ({ ...(side.read(key, undefined) as object), bookings: [{ stamp: `s-${++made}` }] }),
    });
    const events: WritesEvent[] = [];
    const laboratory = new Laboratory({ publishers: [] });
    const payments = parallelWrites("payments", {
      ...{ control: stamped(control), candidate: stamped(candidate), laboratory },
      id: (op: Payment) => op.paymentId,
      keys: (op: Payment) => [op.from, op.to],
      onEvent: (event: WritesEvent) => void events.push(event),
    } as never);
    for (let n = 0; n < 20; n++) await payments.write(pay(`a${n}`, `b${n}`));
    const stop = new AbortController();
    const working = payments.work({ signal: stop.signal });
    for (let waited = 0; waited < 400 && events.length === 0; waited++) await new Promise((r) => setTimeout(r, 10));
    stop.abort();
    await working;
    await laboratory.close();
    expect(events).toMatchObject([
      {
        kind: "invented",
        reason:
          "20 of 20 records that were read back differ at $.bookings[*].stamp: each side seems to make what is there. " +
          'Hand the authority\'s to the follower by `facts`, or leave it out by `compare: { ignore: ["$.bookings[*].stamp"] }`',
      },
    ]);
  });

  it("cause none before there are 20, where one in five is equal, or where they differ as a whole", () => {
    expect(told(times(19, differing("$.id")))).toEqual([]);
    expect(told(times(20, differing("$.id")))).toHaveLength(1);
    expect(told([...times(20, { kind: "match" }), ...times(80, differing("$.id"))])).toEqual([]);
    expect(told(times(50, differing("$")))).toEqual([]);
    expect(told(times(50, differing("$.list", [1], { a: 1 })))).toEqual([]);
  });

  it("are proposed as what `ignore` takes, where a path repeats", () => {
    const [reason] = told(times(20, differing("$.children[0].children[1].children[0].id")));
    const [, pattern] = /ignore: \[(".*")\]/.exec(reason!) ?? [];
    expect(JSON.parse(pattern!)).toBe("$.children[*].**.id");
    expect(() => compileRules({ ignore: [JSON.parse(pattern!) as string] }, "x")).not.toThrow();
  });

  it("are noticed after many that were equal", () => {
    expect(told([...times(1_000, { kind: "match" }), ...times(20, differing("$.at"))])).toHaveLength(1);
  });
});
