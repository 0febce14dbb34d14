import client from "prom-client";
import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import type { WritesStanding } from "../../src/model/writes-standing.ts";
import { only } from "../../src/publishers/combine/index.ts";
import { prometheusPublisher } from "../../src/publishers/prometheus.ts";
import { ramp } from "../../src/rollout/index.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { fixedClock } from "../../src/testing/index.ts";

describe("prometheusPublisher with the real prom-client", () => {
  it("prints exactly these lines", async () => {
    const register = new client.Registry();
    const publisher = prometheusPublisher({ client, register, buckets: [0.01] });
    await publisher.publish(aResult({ control: { durationMs: 12 }, candidates: [{ durationMs: 8 }] }));
    publisher.onSkip!("find-user", "not sampled");
    publisher.onInFlight!("find-user", 1);
    publisher.onInFlight!("find-user", 1);
    publisher.onInFlight!("find-user", -1);
    expect((await register.metrics()).split("\n").filter((line) => !line.startsWith("#") && line !== "")).toEqual([
      'sidelane_results_total{experiment="find-user",candidate="candidate",kind="mismatch"} 1',
      'sidelane_behavior_duration_seconds_bucket{le="0.01",experiment="find-user",behavior="control",outcome="returned"} 0',
      'sidelane_behavior_duration_seconds_bucket{le="+Inf",experiment="find-user",behavior="control",outcome="returned"} 1',
      'sidelane_behavior_duration_seconds_sum{experiment="find-user",behavior="control",outcome="returned"} 0.012',
      'sidelane_behavior_duration_seconds_count{experiment="find-user",behavior="control",outcome="returned"} 1',
      'sidelane_behavior_duration_seconds_bucket{le="0.01",experiment="find-user",behavior="candidate",outcome="returned"} 1',
      'sidelane_behavior_duration_seconds_bucket{le="+Inf",experiment="find-user",behavior="candidate",outcome="returned"} 1',
      'sidelane_behavior_duration_seconds_sum{experiment="find-user",behavior="candidate",outcome="returned"} 0.008',
      'sidelane_behavior_duration_seconds_count{experiment="find-user",behavior="candidate",outcome="returned"} 1',
      'sidelane_skips_total{experiment="find-user",reason="not sampled"} 1',
      'sidelane_candidates_in_flight{experiment="find-user"} 1',
    ]);
  });

  it("uses the module's default registry if none is given", async () => {
    const publisher = prometheusPublisher({ client, prefix: "by_default" });
    await publisher.publish(aResult());
    expect(await client.register.metrics()).toContain("by_default_results_total{");
    client.register.clear();
  });

  it("keeps the number of series bounded, whatever the experiments are called", async () => {
    const register = new client.Registry();
    const publisher = prometheusPublisher({ client, register, maxLabelValues: 10 });
    for (let index = 0; index < 500; index++) await publisher.publish(aResult({ experiment: `e${index}` }));
    const lines = (await register.metrics()).split("\n").filter((line) => line.startsWith("sidelane_results_total"));
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toContain('experiment="(other)",candidate="candidate",kind="mismatch"} 490');
  });

  it("refuses a second publisher under the same names, and says how to mend it", () => {
    const register = new client.Registry();
    prometheusPublisher({ client, register });
    expect(() => prometheusPublisher({ client, register })).toThrow(/choose another prefix/);
    expect(() => prometheusPublisher({ client, register, prefix: "second" })).not.toThrow();
  });

  it.each([
    [{}, /import client from 'prom-client'/],
    [{ client: {} }, /expected `client.Counter` to be a function/],
    [{ client, register: {} }, /expected `register.getSingleMetric`/],
    [{ client, register: new client.Registry(), prefix: "no-dash" }, /expected `prefix` to be a name for metrics/],
    [{ client, register: new client.Registry(), buckets: [] }, /expected `buckets`/],
    [{ client, registry: 1 }, /did you mean `register`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => prometheusPublisher(options as never)).toThrow(message);
  });
});

describe("parallel writes", () => {
  const behind = { rows: 3, oldestMs: 1_500, dead: 1, blocked: 2, skipped: 4 };
  const first: WritesStanding = {
    ...{ at: 60_000, stage: "ramp", share: 0.25, lag: { control: behind, candidate: { ...behind, rows: 0 } } },
    holders: [
      ["candidate", 16],
      ["moving", 1],
      ["control", 47],
    ],
    lastReconciliation: { at: 30_500, clean: false, keys: 9, findings: 1 },
  };

  async function linesOf(...told: readonly WritesStanding[]): Promise<readonly string[]> {
    const register = new client.Registry();
    let standing = first;
    const clock = fixedClock();
    const lab = new Laboratory({ clock, publishers: [prometheusPublisher({ client, register })] });
    lab.comparison("payments", { writes: () => standing });
    for (standing of told) await clock.advanceAsync(60_000);
    await lab.close();
    return (await register.metrics()).split("\n").filter((line) => /^sidelane_writes/.test(line));
  }

  it("are gauges by side, of their experiment", async () => {
    expect(await linesOf(first)).toEqual([
      'sidelane_writes_lag{experiment="payments",side="control"} 3',
      'sidelane_writes_lag{experiment="payments",side="candidate"} 0',
      'sidelane_writes_lag_seconds{experiment="payments",side="control"} 1.5',
      'sidelane_writes_lag_seconds{experiment="payments",side="candidate"} 1.5',
      'sidelane_writes_dead{experiment="payments",side="control"} 1',
      'sidelane_writes_dead{experiment="payments",side="candidate"} 1',
      'sidelane_writes_blocked{experiment="payments",side="control"} 2',
      'sidelane_writes_blocked{experiment="payments",side="candidate"} 2',
      'sidelane_writes_skipped{experiment="payments",side="control"} 4',
      'sidelane_writes_skipped{experiment="payments",side="candidate"} 4',
      'sidelane_writes_buckets{experiment="payments",side="control"} 47',
      'sidelane_writes_buckets{experiment="payments",side="candidate"} 16',
      'sidelane_writes_buckets{experiment="payments",side="moving"} 1',
      'sidelane_writes_buckets{experiment="payments",side="unknown"} 0',
      'sidelane_writes_last_reconciliation_timestamp_seconds{experiment="payments"} 30.5',
      'sidelane_writes_last_reconciliation_clean{experiment="payments"} 0',
      'sidelane_writes_read_timestamp_seconds{experiment="payments",side="control"} 60',
      'sidelane_writes_read_timestamp_seconds{experiment="payments",side="candidate"} 60',
    ]);
  });

  it("leave what is said of a side that could not be read as old as it is", async () => {
    const lines = await linesOf(first, { ...first, at: 120_000, lag: { control: { ...behind, rows: 9 } } });
    expect(lines.filter((line) => /writes_(?:lag|read_timestamp_seconds)\{/.test(line))).toEqual([
      'sidelane_writes_lag{experiment="payments",side="control"} 9',
      'sidelane_writes_lag{experiment="payments",side="candidate"} 0',
      'sidelane_writes_read_timestamp_seconds{experiment="payments",side="control"} 120',
      'sidelane_writes_read_timestamp_seconds{experiment="payments",side="candidate"} 60',
    ]);
  });
});

describe("rollouts and exact counts", () => {
  it("are of the version that was called, also where its results were dropped", async () => {
    const register = new client.Registry();
    const publisher = prometheusPublisher({ client, register });
    const lab = new Laboratory({ publishers: [only("mismatch", publisher)], clock: fixedClock() });
    const both = { control: () => 1, candidate: () => 1, key: () => "ada" };
    const first = lab.experiment("price", { ...both, rollout: ramp({ version: "v1" }) });
    for (let call = 0; call < 3; call++) first();
    lab.experiment("price", { ...both, candidate: () => 2, rollout: ramp({ version: "v2" }), replace: true })();
    await lab.close();
    const lines = (await register.metrics()).split("\n").filter((line) => line.startsWith("sidelane_results_total{"));
    expect(lines.map((line) => line.slice(line.indexOf("kind=")))).toEqual([
      'kind="match",version="v1"} 3',
      'kind="mismatch",version="v2"} 1',
    ]);
  });

  it("are written as gauges and counters, and results that were dropped are counted by tallies", async () => {
    const register = new client.Registry();
    const publisher = prometheusPublisher({ client, register });
    const latency = { version: 2, count: 0, zero: 0, sumMs: 0, maxMs: 0, buckets: [] } as const;
    await publisher.publish(aResult({ kind: "match" }));
    const origin = { v: 2, type: "tally", process: "p", from: 0, to: 60_000 } as const;
    await publisher.publishTally!({
      ...{ ...origin, n: 1, experiment: "price", candidate: "candidate", epoch: 3, served: false },
      of: {
        ...{ calls: 10, started: 9, skips: {}, answered: 3, fellBack: 1, newGroups: 2, faults: { publish: 1 } },
        ...{ inFlight: 0, kept: 2, rollout: { stage: "ramp", share: 0.25, epoch: 3 }, synchronized: true },
      },
      counts: { match: 7, ignored: 0, inconclusive: 0, "timed-out": 0, mismatch: 2 },
      ...{ candidateErrors: 0, controlErrors: 0, latency: { control: latency, candidate: latency } },
      ...{ groups: {}, otherGroups: 0, verdict: "insufficient", mismatchUpperBound: 0.5, unitsMissing: 400 },
    });
    await publisher.publishTally!({
      ...{ ...origin, n: 2, faults: { publish: 2 } },
      publishers: {
        ndjson: {
          accepted: 9,
          published: 4,
          failed: 0,
          dropped: { "queue-full": 5, "too-large": 0, "breaker-open": 0, closed: 0 },
        },
      },
    });
    const text = await register.metrics();
    for (const line of [
      'sidelane_rollout_share{experiment="price"} 0.25',
      'sidelane_rollout_stage{experiment="price",stage="ramp"} 1',
      'sidelane_rollout_stage{experiment="price",stage="off"} 0',
      'sidelane_verdict{experiment="price",candidate="candidate",state="insufficient"} 1',
      'sidelane_mismatch_upper_bound{experiment="price",candidate="candidate"} 0.5',
      'sidelane_units_missing{experiment="price",candidate="candidate"} 400',
      'sidelane_served_total{experiment="price"} 3',
      'sidelane_fell_back_total{experiment="price"} 1',
      'sidelane_groups{experiment="price"} 2',
      'sidelane_new_groups_total{experiment="price"} 2',
      'sidelane_publisher_dropped_total{publisher="ndjson",reason="queue-full"} 5',
      'sidelane_faults_total{operation="publish"} 3',
      'sidelane_synchronized{experiment="price"} 1',
      'sidelane_results_total{experiment="price",candidate="candidate",kind="mismatch"} 2',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(/sidelane_results_total\{experiment="price",candidate="\w+",kind="match"\} [78]\n/);
  });
});
