import { describe, expect, it } from "vitest";
import { Laboratory, type LaboratoryOptions, type Result } from "../../../src/index.ts";
import type { Comparison } from "../../../src/model/comparison.ts";
import type { ResultKind } from "../../../src/model/result.ts";
import { worseOf } from "../../../src/experiment/run/make-result.ts";
import { fixedClock } from "../../../src/testing/index.ts";
import { held, turn } from "../../proof/held.ts";

const startMs = Date.UTC(2026, 0, 1);

function laboratory(options: LaboratoryOptions = {}) {
  const clock = fixedClock(startMs);
  const results: Result[] = [];
  const publishers = [{ name: "seen", publish: (result: Result) => void results.push(result) }];
  const lab = new Laboratory({ clock, publishers, ...options });
  const only = async (): Promise<Result> => {
    await lab.settled();
    await lab.flush();
    expect(results).toHaveLength(1);
    return results[0]!;
  };
  return { lab, clock, only };
}

describe("a result", () => {
  it("says who did what, when, and for how long", async () => {
    const { lab, clock, only } = laboratory();
    const [slow, slower] = [held<number>(), held<number>()];
    const price = lab.experiment("price", {
      control: () => (clock.advance(2), slow.promise),
      candidate: () => (clock.advance(3), slower.promise),
    });
    clock.advance(100);
    const answer = price();
    clock.advance(10);
    slow.resolve(1);
    expect(await answer).toBe(1);
    clock.advance(20);
    slower.resolve(1);
    await turn();
    clock.advance(1_000);
    expect(await only()).toStrictEqual({
      id: expect.any(String) as string,
      experiment: "price",
      startedAt: startMs + 100,
      served: "control",
      context: {},
      control: {
        name: "control",
        outcome: { kind: "returned", value: 1 },
        evidence: "live",
        durationMs: 15,
        syncMs: 2,
        offsetMs: 0,
      },
      candidates: [
        {
          name: "candidate",
          outcome: { kind: "returned", value: 1 },
          evidence: "live",
          durationMs: 33,
          syncMs: 3,
          offsetMs: 2,
          comparison: { kind: "match" },
        },
      ],
      kind: "match",
    });
  });

  it("says which version and build it is of, and which unit it belongs to, where that is known", async () => {
    const labels = { build: "41ab" };
    const { lab, only } = laboratory({ labels, pseudonymKey: "sixteen or more letters" });
    lab.experiment("price", { control: () => 1, candidate: () => 1, key: () => "Ada", rollout: "shadow" })();
    const result = await only();
    expect(result).toMatchObject({ build: "41ab", unit: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
    const plain = laboratory();
    plain.lab.experiment("price", { control: () => 1, candidate: () => 1 })();
    expect(Object.keys(await plain.only())).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/version|build|unit/)]),
    );
  });

  it("is frozen, with all that Sidelane itself has made of it", async () => {
    const { lab, only } = laboratory({ context: { shop: 1 } });
    lab.experiment("price", {
      control: () => 1,
      candidate: () => 2,
      key: () => "Ada",
      rollout: "shadow",
      context: { cart: 2 },
    })();
    const result = await only();
    const { control, candidates, context, rollout } = result;
    const [candidate] = candidates;
    const { comparison } = candidate;
    const differences = comparison.kind === "mismatch" ? comparison.differences : [];
    expect(differences).toHaveLength(1);
    const parts: unknown[] = [
      result,
      context,
      rollout,
      control,
      control.outcome,
      candidates,
      candidate,
      candidate.outcome,
    ];
    parts.push(comparison, differences, ...differences);
    expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true));
    expect(context).toEqual({ shop: 1, cart: 2 });
    expect(rollout).toStrictEqual({ stage: "shadow", share: 0, epoch: 1 });
  });

  it("shows returned values cleaned, and what was thrown as it is", async () => {
    const { lab, only } = laboratory();
    const boom = new Error("boom");
    const cleaned: unknown[] = [];
    lab.experiment("price", {
      control: () => "secret",
      candidates: {
        same: () => "secret",
        failing: (): string => {
          throw boom;
        },
      },
      clean: function (this: unknown, value) {
        cleaned.push(this);
        return `${value.length} letters`;
      },
    })();
    const { control, candidates, kind } = await only();
    const shown = { evidence: "cleaned", outcome: { kind: "returned", value: "6 letters" } };
    expect(control).toMatchObject(shown);
    expect(candidates).toMatchObject([
      { ...shown, name: "same", comparison: { kind: "match" } },
      { name: "failing", evidence: "live", outcome: { kind: "threw", error: boom } },
    ]);
    expect(candidates[1]!.outcome).toHaveProperty("error", boom);
    expect(Object.isFrozen(control.outcome)).toBe(true);
    expect(kind).toBe("mismatch");
    expect(cleaned).toEqual([undefined, undefined]);
  });

  describe("tells differences by what `clean` leaves:", () => {
    interface Patient {
      diagnosis: string;
      total: number;
    }

    async function comparisonOf(candidate: () => Patient, clean: (patient: Patient) => unknown): Promise<Comparison> {
      const { lab, only } = laboratory({ onFault: () => undefined });
      lab.experiment("patient", { control: (): Patient => ({ diagnosis: "flu", total: 1 }), candidate, clean })();
      return (await only()).candidates[0].comparison;
    }

    it("where the cleaned values differ, there", async () => {
      const comparison = await comparisonOf(
        () => ({ diagnosis: "cold", total: 2 }),
        ({ total }) => ({ total }),
      );
      expect(comparison).toMatchObject({
        kind: "mismatch",
        differences: [{ path: "$.total", kind: "value", control: 1, candidate: 2 }],
      });
    });

    it("where it could not be told, without the paths of what was cleaned away", async () => {
      const { lab, only } = laboratory();
      const at = (): { visits: Record<string, () => void> } => ({ visits: { "ada@example.org": () => undefined } });
      lab.experiment("patient", { control: at, candidate: at, clean: () => "seen" })();
      expect((await only()).candidates[0].comparison).toMatchObject({
        kind: "inconclusive",
        reason: expect.stringMatching(/^\$\.visits\.\* is opaque/) as string,
      });
    });

    it("where a comparer threw, without what it threw, which is a fault", async () => {
      const faults: unknown[] = [];
      const { lab, only } = laboratory({ onFault: ({ error }) => faults.push(error) });
      const compare = (patient: { diagnosis: string }): never => {
        throw new Error(`cannot compare ${patient.diagnosis}`);
      };
      lab.experiment("patient", {
        ...{ control: () => ({ diagnosis: "flu" }), candidate: () => ({ diagnosis: "cold" }) },
        ...{ compare, clean: () => "seen" },
      })();
      expect((await only()).candidates[0].comparison).toEqual({ kind: "inconclusive", reason: "comparer threw" });
      expect(faults.map(String)).toEqual(["Error: cannot compare flu"]);
    });

    it("where they do not, at the whole of them, with neither side", async () => {
      const comparison = await comparisonOf(
        () => ({ diagnosis: "cold", total: 1 }),
        ({ total }) => total,
      );
      expect(comparison).toMatchObject({ kind: "mismatch", differences: [{ path: "$", kind: "value" }] });
      expect(JSON.stringify(comparison)).not.toMatch(/cold|flu|diagnosis/);
    });

    it("where it throws, not at all", async () => {
      const comparison = await comparisonOf(
        () => ({ diagnosis: "cold", total: 1 }),
        () => {
          throw new Error("no");
        },
      );
      expect(JSON.stringify(comparison)).not.toMatch(/cold|flu|diagnosis/);
    });

    it("where one side threw, in words without the other's value", async () => {
      const comparison = await comparisonOf(
        () => {
          throw new Error("no");
        },
        ({ total }) => total,
      );
      expect(comparison).toMatchObject({ differences: [{ path: "$", kind: "type", control: "returned number: 1" }] });
    });
  });

  it("leaves out what could not be cleaned, and keeps how long it took", async () => {
    const { lab, clock, only } = laboratory({ onFault: () => undefined });
    lab.experiment("price", {
      control: () => (clock.advance(1), "secret"),
      candidate: () => (clock.advance(4), "secret"),
      clean: () => {
        throw new Error("cannot clean");
      },
    })();
    const { control, candidates } = await only();
    const omitted = { evidence: "omitted", outcome: { kind: "returned", value: undefined } };
    expect(control).toStrictEqual({ ...omitted, name: "control", durationMs: 1, syncMs: 1, offsetMs: 0 });
    expect(candidates[0]).toStrictEqual({
      ...omitted,
      name: "candidate",
      durationMs: 4,
      syncMs: 4,
      offsetMs: 1,
      comparison: { kind: "match" },
    });
    expect(lab.status().experiments["price"]!.faults).toEqual({ clean: 2 });
  });

  it.each([
    ["does", true],
    ["does not", false],
  ])("says whether a candidate that %s changes its arguments does so, where that is looked for", async (_, changes) => {
    const { lab, only } = laboratory();
    const read = ({ total }: { total: number }): number => total;
    lab.experiment("price", {
      control: read,
      candidate: (cart) => {
        const total = read(cart);
        if (changes) cart.total = 0;
        return total;
      },
      checkArguments: 1,
    })({ total: 7 });
    const [candidate] = (await only()).candidates;
    expect(candidate).toMatchObject({ argumentsMutated: changes, comparison: { kind: "match" } });
  });
});

describe("of two kinds of result", () => {
  const kinds: readonly ResultKind[] = ["match", "ignored", "inconclusive", "timed-out", "mismatch"];

  it("a mismatch is the worst, then comes what timed out, what could not be told, what is known, and a match", () => {
    for (const [rank, one] of kinds.entries()) {
      for (const [other, kind] of kinds.entries()) {
        expect(worseOf(one, kind)).toBe(kinds[Math.max(rank, other)]);
      }
    }
  });
});
