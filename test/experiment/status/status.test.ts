import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/index.ts";
import type { ExperimentStatus } from "../../../src/experiment/status/status.ts";
import { fixedClock } from "../../../src/testing/index.ts";

const untilMs = Date.UTC(2026, 0, 1, 0, 1);

function laboratory() {
  const clock = fixedClock(Date.UTC(2026, 0, 1));
  const lab = new Laboratory({ clock });
  return { lab, clock, status: (name = "price"): ExperimentStatus => lab.status().experiments[name]! };
}

const nothing = { started: 0, matched: 0, mismatched: 0, ignored: 0, inconclusive: 0, timedOut: 0, skips: {} };

describe("an experiment's status", () => {
  it("says nothing of what there is not: no calls, no rollout, no noise, no owner", () => {
    const { lab, status } = laboratory();
    lab.experiment("price", { control: () => 1, candidate: () => 1 });
    expect(status()).toStrictEqual({
      calls: 0,
      ...nothing,
      compared: 0,
      inFlight: 0,
      candidatesInFlight: 0,
      stalled: 0,
      served: 0,
      fellBack: 0,
      argumentsMutated: 0,
      faults: {},
      candidates: {
        candidate: {
          ...nothing,
          breaker: "closed",
          tally: expect.objectContaining({ version: 1 }) as unknown,
          verdict: expect.objectContaining({ kind: "insufficient", candidate: "candidate" }) as unknown,
        },
      },
      groups: [],
      cost: { meanPathMs: 0, capturedBytes: 0 },
      about: { overdue: false },
    });
  });

  it("counts every call by what came of it, and each candidate's runs", async () => {
    const { lab, clock, status } = laboratory();
    const answers: Readonly<Record<string, unknown>> = {
      mismatched: "other",
      ignored: "known",
      inconclusive: "broken",
    };
    const price = lab.experiment("price", {
      control: async (asked: string): Promise<unknown> => asked,
      candidates: {
        rules: async (asked): Promise<unknown> => {
          clock.advance(3);
          if (asked === "timed-out") await new Promise(() => undefined);
          return answers[asked] ?? asked;
        },
        sql: async (asked): Promise<unknown> => asked,
      },
      enabled: (asked) => asked !== "skipped",
      compare: (control, candidate) => {
        if (candidate === "broken") throw new Error("cannot tell");
        return control === candidate;
      },
      knownMismatches: [{ name: "known", when: (_, candidate) => candidate === "known" }],
      limits: { timeoutMs: 100 },
    });
    const asked = [
      "match",
      "match",
      "match",
      "mismatched",
      "ignored",
      "ignored",
      "inconclusive",
      "timed-out",
      "skipped",
    ];
    for (const each of asked) expect(await price(each)).toBe(each);
    expect(status()).toMatchObject({ inFlight: 1, candidatesInFlight: 1, stalled: 0 });
    clock.advance(200);
    await lab.settled();
    const counts = { matched: 3, mismatched: 1, ignored: 2, inconclusive: 1, timedOut: 1 };
    expect(status()).toMatchObject({
      calls: 9,
      started: 8,
      ...counts,
      skips: { "not-enabled": 1 },
      compared: 6,
      inFlight: 0,
      candidatesInFlight: 1,
      stalled: 1,
      faults: { compare: 1 },
      candidates: {
        rules: { started: 8, ...counts, skips: {}, tally: { kinds: { match: 3 } }, verdict: { candidate: "rules" } },
        sql: { started: 8, matched: 8, verdict: { candidate: "sql" } },
      },
      groups: [{ count: 1 }],
      cost: { meanPathMs: 3 },
    });
    expect(status().skips).toEqual({ "not-enabled": 1 });
  });

  it("tells where its rollout stands, who answered, and what noise there is", async () => {
    const { lab, status } = laboratory();
    const price = lab.experiment("price", {
      control: () => 1,
      candidate: () => 1,
      key: () => "Ada",
      rollout: "live",
    });
    price();
    lab.experiment("noisy", { control: () => 1, candidate: () => 1, noise: { controlIsReadOnly: true } });
    await lab.settled();
    expect(status().rollout).toStrictEqual({ stage: "live", share: 1, epoch: 1 });
    expect(status()).toMatchObject({ served: 1, fellBack: 0 });
    expect(status()).not.toHaveProperty("noise");
    expect(status("noisy").noise).toMatchObject({ reruns: 0, proposals: [] });
    expect(status("noisy")).not.toHaveProperty("rollout");
  });

  it("is overdue from the very moment on that it names", () => {
    const { lab, clock, status } = laboratory();
    const sides = { control: () => 1, candidate: () => 1 };
    lab.experiment("price", { ...sides, about: { owner: "payments", link: "JIRA-42", until: new Date(untilMs) } });
    lab.experiment("owned", { ...sides, about: { owner: "payments" } });
    lab.experiment("linked", { ...sides, about: { link: "JIRA-42" } });
    lab.experiment("dated", { ...sides, about: { until: untilMs } });
    clock.advance(59_999);
    expect(status().about).toStrictEqual({ owner: "payments", link: "JIRA-42", overdue: false });
    clock.advance(1);
    expect(status().about).toStrictEqual({ owner: "payments", link: "JIRA-42", overdue: true });
    expect(status("owned").about).toStrictEqual({ owner: "payments", overdue: false });
    expect(status("linked").about).toStrictEqual({ link: "JIRA-42", overdue: false });
    expect(status("dated").about).toStrictEqual({ overdue: true });
  });

  it("is a copy: changing it changes nothing", () => {
    const { lab, status } = laboratory();
    const price = lab.experiment("price", {
      control: () => 1,
      candidate: () => 1,
      enabled: () => {
        throw new Error("no");
      },
    });
    price();
    (status().faults as Record<string, number>)["enabled"] = 7;
    expect(status().faults).toEqual({ enabled: 1 });
  });
});
