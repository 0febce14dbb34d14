import { describe, expect, it } from "vitest";
import { sentryPublisher } from "../../src/publishers/sentry.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { sentryInMemory } from "./sentry-in-memory.ts";

/** An envelope is lines of JSON: its header, an item's header, the item. */
function eventsOf(sent: readonly string[]): Record<string, unknown>[] {
  return sent.map((envelope) => JSON.parse(envelope.split("\n")[2]!) as Record<string, unknown>);
}

describe("sentryPublisher with Sentry's real client", () => {
  it("sends one event a mismatching candidate, grouped by signature", async () => {
    const { client, sent } = sentryInMemory();
    const publisher = sentryPublisher({ client });
    const result = aResult({ startedAt: 1_767_225_600_500, candidates: [{}, { comparison: { kind: "match" } }] });
    await publisher.publish(result);
    await publisher.flush!();
    const comparison = result.candidates[0].comparison as { signature: string };
    const events = eventsOf(sent);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      message: "find-user: candidate differs at $.total (value)",
      level: "warning",
      logger: "sidelane",
      timestamp: 1_767_225_600.5,
      fingerprint: ["sidelane", "find-user", "candidate", comparison.signature],
      tags: {
        "sidelane.experiment": "find-user",
        "sidelane.candidate": "candidate",
        "sidelane.kind": "mismatch",
        "sidelane.signature": comparison.signature,
      },
      contexts: {
        sidelane: {
          id: result.id,
          controlMs: 12,
          candidateMs: 8,
          differences: ['{"path":"$.total","kind":"value","controlType":"number","candidateType":"number"}'],
        },
      },
    });
    expect(JSON.stringify(events)).not.toContain("Ada");
  });

  it("asks only for mismatches, or for the kinds it is given", async () => {
    const { client, sent } = sentryInMemory();
    expect(sentryPublisher({ client }).kinds).toEqual(["mismatch"]);
    const publisher = sentryPublisher({ client, kinds: ["timed-out"] });
    await publisher.publish(aResult({ kind: "timed-out" }));
    await publisher.flush!();
    expect(eventsOf(sent)[0]).toMatchObject({
      fingerprint: ["sidelane", "find-user", "candidate", "timed-out timed-out"],
    });
  });

  it("rejects a flush that left events on their way", async () => {
    const publisher = sentryPublisher({ client: { captureEvent: () => "id", flush: async () => false } });
    await expect(publisher.flush!()).rejects.toThrow("events were still on their way");
  });

  it.each([
    [{ client: undefined }, /Sentry.getClient\(\)/],
    [{ client: {} }, /expected `client.captureEvent`/],
    [{ client: { captureEvent() {} }, kinds: [] }, /expected `kinds`/],
    [{ client: { captureEvent() {} }, kinds: ["wrong"] }, /expected `kinds\[0\]`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => sentryPublisher(options as never)).toThrow(message);
  });
});
