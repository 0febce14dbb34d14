import { Readable } from "node:stream";
import client from "prom-client";
import { describe, expect, it } from "vitest";
import { memoryPublisher } from "../../src/index.ts";
import type { RolloutEvent } from "../../src/model/rollout.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { prometheusPublisher } from "../../src/publishers/prometheus.ts";
import { readRecords } from "../../src/records/index.ts";
import { fixedClock } from "../../src/testing/index.ts";
import { keptText } from "../../src/testing/kept-text.ts";
import type { WritesEvent } from "../../src/writes/index.ts";
import { broken, toldBank } from "./told-bank.ts";
import { toldEvents } from "../../src/writes/told-events.ts";

describe("events of parallel writes", () => {
  it("reach the laboratory's publishers, as records and metrics, with nothing of records, operations or people", async () => {
    const lines: string[] = [];
    const memory = memoryPublisher();
    const register = new client.Registry();
    const prometheus = prometheusPublisher({ client, register });
    const all = toldBank([memory, prometheus, ndjsonPublisher({ stream: keptText(lines) })]);
    await broken(all);
    await all.laboratory.close();
    const metrics = await register.metrics();
    const stage = { stage: "shadow", share: 0, epoch: 0 };
    expect(memory.events).toMatchObject([
      {
        ...{ kind: "writes-dead", experiment: "payments", from: stage, to: stage, by: "writes" },
        reason: "its records wait until a person retries, repairs or skips it",
      },
      { kind: "writes-skipped", by: "writes", reason: "a person decided so" },
    ]);
    expect(metrics).toContain('sidelane_rollout_events_total{experiment="payments",kind="writes-dead"} 1');
    const records = [];
    for await (const record of readRecords(Readable.from(lines))) records.push(record);
    expect(records).toContainEqual(expect.objectContaining({ type: "event", kind: "writes-dead" }));
    expect(lines.join("")).not.toContain("s3cr3t");
  });

  it("are of each kind at most one a minute, which says how many there were, and tell the stage that is wished", () => {
    const clock = fixedClock();
    const told: Partial<RolloutEvent>[] = [];
    const tell = toldEvents(
      { announce: ({ kind, reason, stage }) => void told.push({ kind, reason, to: stage as never }) },
      { now: () => ({ stage: "ramp-down", share: 1 }), rollout: undefined },
      clock,
    );
    const dead: Pick<WritesEvent, "kind" | "reason"> = { kind: "dead", reason: "Key (name)=(ada) already exists" };
    for (let n = 0; n < 3; n++) tell(dead);
    tell({ kind: "moved", reason: "64 of 64 buckets, for the stage `live`" });
    clock.advance(60_000);
    tell(dead);
    clock.advance(60_000);
    tell(dead);
    const said = "its records wait until a person retries, repairs or skips it";
    const to = { stage: "live", share: 1 };
    expect(told).toEqual([
      { kind: "writes-dead", reason: said, to },
      { kind: "writes-moved", reason: "64 of 64 buckets, for the stage `live`", to },
      { kind: "writes-dead", reason: `${said}; 3 times since the last event`, to },
      { kind: "writes-dead", reason: said, to },
    ]);
  });
});
