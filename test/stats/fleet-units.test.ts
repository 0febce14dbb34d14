import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CandidateEvidence } from "../../src/stats/candidate-evidence.ts";
import type { EvidenceOptions } from "../../src/stats/evidence-totals.ts";
import { evidenceForReady } from "../../src/stats/evidence.ts";
import { FleetUnits } from "../../src/stats/fleet-units.ts";
import { gates as gatesOf } from "../../src/stats/gates.ts";
import { countsAt, distinctKeys, levelFor } from "../../src/stats/units.ts";
import { sample, seeded } from "./sample.ts";

const secret = "000102030405060708090a0b0c0d0e0f";
const minute = 60_000;
const gates = [gatesOf.mismatches(0.01)];

const process = (more: EvidenceOptions = {}): CandidateEvidence =>
  new CandidateEvidence({ gates, secret, mergeable: true, ...more });
const fleet = (every = 1e5): FleetUnits => new FleetUnits(gates, minute, every);
const see = (evidence: CandidateEvidence, key: string | undefined, at: number, isBad = false): void =>
  evidence.record(sample({ key, at, kind: isBad ? "mismatch" : "match" }));
/** As it comes out of a store. */
const reports = (all: readonly CandidateEvidence[]): ReturnType<CandidateEvidence["mergeable"]>[] =>
  JSON.parse(JSON.stringify(all.map((each) => each.mergeable())));

describe("the units of a fleet", () => {
  it("are those of one process that sees it all, however calls are spread", () => {
    const seen = fc.record({
      process: fc.nat(4),
      key: fc.nat(30).map((key) => `customer-${key}`),
      window: fc.nat(3),
      isBad: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 150 }), (calls) => {
        const inOrder = calls.sort((a, b) => a.window - b.window);
        const all = process();
        const several = Array.from({ length: 5 }, () => process());
        for (const { process: who, key, window, isBad } of inOrder) {
          see(all, key, window * minute, isBad);
          see(several[who]!, key, window * minute, isBad);
        }
        const merged = fleet().merge(reports(several), 4 * minute);
        const { units } = all.totals();
        expect(merged.units).toBe(units);
        expect(merged.gates["mismatch"]?.bad ?? 0).toBe(all.totals().gates["mismatch"]!.bad);
        expect(merged.gates["mismatch"]?.units ?? 0).toBe(units);
      }),
    );
  });

  it("of a window that has not ended are its bad ones; good ones may still turn bad", () => {
    const [one, other] = [process(), process()];
    see(one, "a", 10);
    see(one, "b", 10);
    see(other, "b", 20, true);
    const merged = fleet().merge(reports([one, other]), 30);
    expect(merged).toMatchObject({ units: 2, open: { mismatch: 1 }, gates: { mismatch: { units: 1, bad: 1 } } });
  });

  it("under unlike secrets, or at unlike levels, are those of the group with most of them", () => {
    const strange = process({ secret: "f".repeat(32) });
    const known = [process(), process()];
    for (let key = 0; key < 30; key++) see(strange, `s${key}`, 0, true);
    for (let key = 0; key < 40; key++) see(known[key % 2]!, `k${key}`, 0);
    const merged = fleet().merge(reports([strange, ...known]), minute);
    expect(merged).toMatchObject({ units: 40, gates: { mismatch: { units: 40, bad: 0 } } });
    const tables = reports(known);
    const level = { ...tables[1]!, windows: tables[1]!.windows.map((each) => ({ ...each, level: 1 })) };
    expect(fleet().merge([tables[0]!, level], minute).units).toBe(20);
  });

  it("that are calls without a key add up", () => {
    const [one, other] = [process(), process()];
    for (let call = 0; call < 30; call++) see(call % 2 ? one : other, undefined, call, call === 3);
    expect(fleet().merge(reports([one, other]), 60)).toMatchObject({
      units: 30,
      gates: { mismatch: { units: 30, bad: 1 } },
    });
  });

  it("of old windows are kept as sums, which a process that comes later takes over", () => {
    const [one, other] = [process(), process()];
    const [first, second] = [fleet(), fleet()];
    let last = 0;
    for (let window = 0; window < 30; window++) {
      for (let key = 0; key < 10; key++) {
        see(one, `k${key}`, window * minute, key === 0);
        see(other, `k${key + 5}`, window * minute);
      }
      const now = (window + 1) * minute;
      last = first.merge([...reports([one, other])], now).units;
      if (first.folded) for (const each of [one, other]) each.forgetThrough(first.folded.through);
    }
    expect(last).toBe(30 * 15);
    expect(reports([one])[0]!.windows.length).toBeLessThan(8);
    const late = second.merge(
      [...reports([one, other]), { ...process().mergeable(), folded: first.folded! }],
      30 * minute,
    );
    expect(late).toMatchObject({ units: 30 * 15, gates: { mismatch: { units: 30 * 15, bad: 30 } } });
  });

  it("are not led astray by a report that makes no sense", () => {
    const good = process();
    for (let key = 0; key < 20; key++) see(good, `k${key}`, 0);
    const [report] = reports([good]);
    const odd = { ...report!.windows[0]!, seen: "!!", gates: { mismatch: { bad: "~" } } };
    const windows = [odd, { ...odd, window: NaN }, { ...odd, window: 0.5 }];
    expect(fleet().merge([report!, { ...report!, windows }], minute)).toMatchObject({
      units: 20,
      gates: { mismatch: { units: 20, bad: 0 } },
    });
  });

  it("merged only where something is new or a window has ended are those merged at every look", () => {
    const call = fc.record({
      afterMs: fc.constantFrom(0, 1_000, 9_000, 25_000, 70_000),
      process: fc.nat(2),
      key: fc.option(fc.nat(12).map(String), { nil: undefined }),
      isBad: fc.boolean(),
      looks: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const all = Array.from({ length: 3 }, () => process({ falseAlarmEvery: 1e12 }));
        const [always, dueOnly] = [fleet(50), fleet(50)];
        let now = 0;
        for (const { afterMs, process: who, key, isBad, looks } of calls) {
          now += afterMs;
          see(all[who]!, key, now, isBad);
          const given = reports(all);
          let last = dueOnly.merge(given, now);
          expect(last).toEqual(always.merge(given, now));
          for (let look = 0; look < looks; look++) {
            now += 10_000;
            if (dueOnly.isDue(now)) last = dueOnly.merge(given, now);
            expect(last).toEqual(always.merge(given, now));
            expect(dueOnly.alarmed).toEqual(always.alarmed);
          }
        }
      }),
    );
  });

  it("alarm together at the first closed window of what no process has seen enough of", () => {
    const merging = fleet(3e5);
    const all: CandidateEvidence[] = [];
    for (let index = 0; index < 6; index++) {
      const short = process();
      for (let call = 0; call < 3; call++) see(short, `k${index}-${call}`, index * 10_000, true);
      expect(short.alarmed).toBeUndefined();
      all.push(short);
    }
    merging.merge(reports(all), minute);
    expect(merging.alarmed).toBeUndefined();
    merging.merge(reports(all), minute + 15_000);
    expect(merging.alarmed).toEqual({ gate: "mismatch", since: 0 });
  });
});

describe("keys that twenty processes share, bad as often as is tolerated", () => {
  it("make nobody ready, though each key is seen by all of them", () => {
    const random = seeded(4711);
    let ready = 0;
    for (let run = 0; run < 3; run++) {
      const all = Array.from({ length: 20 }, () => process({ falseAlarmEvery: 1e12 }));
      const merging = fleet(1e12);
      let most = -Infinity;
      for (let window = 0; window < 60; window++) {
        for (let key = 0; key < 50; key++) {
          const isBad = random() < 0.01;
          for (let call = 0; call < 20; call++) see(all[Math.floor(random() * 20)]!, `k${key}`, window * minute, isBad);
        }
        const { units, bad } = merging.merge(reports(all), (window + 1) * minute).gates["mismatch"]!;
        if (merging.folded) for (const each of all) each.forgetThrough(merging.folded.through);
        most = Math.max(most, evidenceForReady(units, bad, 0.01));
      }
      if (most >= Math.log(100)) ready++;
    }
    expect(ready).toBe(0);
  });
});

describe("a window with more keys than a table tells apart", () => {
  it("counts a share of them that was fixed before, and their rate is right", () => {
    const evidence = process({ falseAlarmEvery: 1e12 });
    const random = seeded(5);
    for (let window = 0; window < 8; window++) {
      for (let key = 0; key < 60_000; key++) see(evidence, `w${window}-${key}`, window * minute, random() < 0.006);
    }
    const windows = evidence.mergeable().windows;
    expect(windows.map(({ level }) => level)).toEqual([0, 4, 4, 4, 4, 4, 4, 4]);
    const { units, bad } = fleet().merge([{ ...evidence.mergeable(), windows: windows.slice(1) }], 8 * minute).gates[
      "mismatch"
    ]!;
    expect(units).toBeGreaterThan(7 * 3_000);
    expect(units).toBeLessThan(7 * 6_554);
    expect(bad / units).toBeGreaterThan(0.0045);
    expect(bad / units).toBeLessThan(0.0078);
    expect(evidenceForReady(units, bad, 0.01)).toBeGreaterThan(Math.log(100));
  });

  it("has a level that follows from how much of the last table was used", () => {
    expect([0, 6_553, 6_554, 13_107, 13_108, 1e6].map(levelFor)).toEqual([0, 0, 1, 1, 2, 8]);
    expect(distinctKeys(6_232, 0)).toBeCloseTo(6_553, -2);
    expect(distinctKeys(65_536, 3)).toBeGreaterThan(8 * 65_536);
    expect([countsAt(0, -1), countsAt(1, 1), countsAt(1, -1), countsAt(2, 0x40000000)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
