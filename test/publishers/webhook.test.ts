import { describe, expect, it } from "vitest";
import type { Fault } from "../../src/model/fault.ts";
import type { Result } from "../../src/model/result.ts";
import type { RolloutEvent } from "../../src/model/rollout.ts";
import { webhookPublisher, type WebhookPublisherOptions } from "../../src/publishers/webhook/index.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";

const url = "https://hooks.slack.com/services/T0/B0/x";
const shadow = { stage: "shadow", share: 0, epoch: 1 } as const;
const event: RolloutEvent = {
  kind: "rolled-back",
  experiment: "price",
  from: { stage: "ramp", share: 0.05, epoch: 2 },
  to: shadow,
  at: 0,
  by: "ramp",
  reason: "mismatch gate",
};

function mismatch(signature: string, experiment = "price"): Result {
  return aResult({
    experiment,
    candidates: [
      {
        name: "rules",
        comparison: {
          kind: "mismatch",
          signature,
          differences: [{ path: "$.total", kind: "value", control: "s3cret", candidate: 2 }],
        },
      },
    ],
  });
}

/** A publisher with a fixed clock and a receiver that answers as `answer` says. */
function opened(options: Partial<WebhookPublisherOptions> = {}) {
  const clock = fixedClock();
  const bodies: string[] = [];
  const startedMs: number[] = [];
  const faults: Fault[] = [];
  const receiver = { status: 200, dead: false, retryAfter: "" };
  const publisher = webhookPublisher({
    url,
    clock,
    random: () => 0,
    fetch: async (_url, { body }) => {
      startedMs.push(clock.monotonic());
      if (receiver.dead) throw new TypeError("connection refused");
      if (receiver.status === 200) bodies.push(body);
      const headers = new Headers(receiver.retryAfter === "" ? {} : { "retry-after": receiver.retryAfter });
      return { ok: receiver.status === 200, status: receiver.status, headers, body: null };
    },
    ...options,
  });
  publisher.attach!({ onFault: (fault) => faults.push(fault) });
  return { publisher, clock, bodies, startedMs, faults, receiver };
}

describe("webhookPublisher", () => {
  it("tells of a new kind of mismatch once, in a line for Slack", async () => {
    const { publisher, bodies } = opened();
    for (let call = 0; call < 50; call++) await publisher.publish(mismatch("v2-a"));
    await publisher.flush!();
    expect(bodies).toEqual([
      JSON.stringify({ text: "price: rules differs at $.total (value); 8 ms beside 12 ms, v2-a [e2428e75]" }),
    ]);
    expect(publisher.counts()).toEqual({ accepted: 1, sent: 1, failed: 0, dropped: 0, held: 0 });
  });

  it("tells the same signature apart by experiment", async () => {
    const { publisher } = opened();
    await publisher.publish(mismatch("v2-a", "price"));
    await publisher.publish(mismatch("v2-a", "tax"));
    await publisher.flush!();
    expect(publisher.counts().sent).toBe(2);
  });

  it("tells of every mismatch when asked to", async () => {
    const { publisher } = opened({ alertOn: "every-mismatch" });
    for (let call = 0; call < 5; call++) await publisher.publish(mismatch("v2-a"));
    await publisher.flush!();
    expect(publisher.counts().sent).toBe(5);
  });

  it("tells what happens to a rollout", async () => {
    const { publisher, bodies } = opened();
    await publisher.publishEvent!(event);
    await publisher.flush!();
    expect(JSON.parse(bodies[0]!)).toEqual({
      text: "price: rolled back from ramp 5 % to shadow (ramp: mismatch gate) [dd73c1c3]",
    });
  });

  it("lets no name become a link, a line or a call to the whole channel", async () => {
    const { publisher, bodies } = opened();
    await publisher.publish(mismatch("v2-a", "<!channel>\n<https://evil.test|here> & \u202e"));
    await publisher.flush!();
    const { text } = JSON.parse(bodies[0]!) as { text: string };
    expect(text).toContain("&lt;!channel&gt;\\n&lt;https://evil.test|here&gt; &amp; ⟨U+202E⟩: rules differs");
    expect(text).not.toContain("\n");
  });

  it.each([
    ["seconds", () => "30"],
    ["a date", (nowMs: number) => new Date(nowMs + 30_000).toUTCString()],
  ])("leaves a receiver alone for as long as it asks in %s, also at the end", async (_, retryAfter) => {
    const { publisher, clock, startedMs, receiver } = opened();
    Object.assign(receiver, { status: 429, retryAfter: retryAfter(clock.now()) });
    await publisher.publish(mismatch("v2-a"));
    await clock.advanceAsync(28_000);
    expect(startedMs).toHaveLength(1);
    await expect(publisher.flush!()).rejects.toThrow("wait for the time that the receiver asked for");
    Object.assign(receiver, { status: 200, retryAfter: "" });
    await clock.advanceAsync(3_000);
    expect(startedMs).toHaveLength(2);
    expect(publisher.counts()).toMatchObject({ sent: 1, held: 0 });
  });

  it("sends whole results in JSON, without their values", async () => {
    const { publisher, bodies } = opened({ format: "json" });
    const result = mismatch("v2-a");
    await publisher.publish(result);
    await publisher.publishEvent!(event);
    await publisher.flush!();
    const [first, second] = bodies.flatMap((body) => JSON.parse(body).alerts);
    expect(first).toMatchObject({ kind: "result", candidate: "rules", result: { v: 2, id: result.id } });
    expect(first.key).toBe("price/rules/v2-a");
    expect(second).toEqual({ kind: "event", key: `${event.experiment}/${event.kind}/${event.to.epoch}`, event });
    expect(bodies.join("")).not.toContain("s3cret");
  });

  it("shows values only when asked to", async () => {
    const { publisher, bodies } = opened({ format: "json", values: "shown" });
    await publisher.publish(mismatch("v2-a"));
    await publisher.flush!();
    expect(bodies.join("")).toContain("s3cret");
  });

  it("starts at most so many requests in any 60 seconds, and sends what waited together", async () => {
    const { publisher, clock, startedMs, bodies } = opened({ perMinute: 3 });
    for (let second = 0; second < 120; second++) {
      await publisher.publish(mismatch(`v2-${second}`));
      await clock.advanceAsync(1_000);
    }
    for (const start of startedMs) {
      expect(startedMs.filter((other) => other >= start && other < start + 60_000).length).toBeLessThanOrEqual(3);
    }
    await clock.advanceAsync(300_000);
    expect(publisher.counts()).toMatchObject({ accepted: 120, sent: 120, held: 0 });
    expect(bodies.length).toBeLessThan(20);
  });

  it("makes at most 12 requests in a minute with a dead receiver, holds a bounded number and counts the rest", async () => {
    const { publisher, clock, startedMs, faults, receiver, bodies } = opened();
    receiver.dead = true;
    let heldMost = 0;
    for (let second = 0; second < 60; second++) {
      for (let call = 0; call < 200; call++) await publisher.publish(mismatch(`v2-${(second * 200 + call) % 300}`));
      await clock.advanceAsync(1_000);
      const { accepted, sent, failed, dropped, held } = publisher.counts();
      expect(accepted).toBe(sent + failed + dropped + held);
      heldMost = Math.max(heldMost, held);
    }
    expect(startedMs.length).toBeGreaterThan(2);
    expect(startedMs.length).toBeLessThanOrEqual(12);
    expect(heldMost).toBe(100);
    expect(faults).toHaveLength(startedMs.length);
    expect(faults[0]).toMatchObject({ operation: "publish", publisher: "webhook" });

    const { dropped } = publisher.counts();
    expect(dropped).toBeGreaterThan(0);
    receiver.dead = false;
    await clock.advanceAsync(200_000);
    expect(publisher.counts()).toMatchObject({ sent: 100, held: 0, dropped });
    expect(bodies[0]).toContain(`${dropped} more alerts were dropped`);
    expect(bodies[1]).not.toContain("dropped");
  });

  it("backs off longer each time while the receiver answers 503", async () => {
    const { publisher, clock, startedMs, receiver } = opened({ perMinute: 60 });
    receiver.status = 503;
    await publisher.publish(mismatch("v2-a"));
    await clock.advanceAsync(60_000);
    expect(startedMs).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    receiver.status = 200;
    await clock.advanceAsync(60_000);
    expect(publisher.counts()).toMatchObject({ sent: 1, held: 0 });
  });

  it("gives up on what the receiver refuses for good, and tells again when it comes back", async () => {
    const { publisher, clock, receiver, faults } = opened();
    receiver.status = 404;
    await publisher.publish(mismatch("v2-a"));
    await clock.advanceAsync(0);
    expect(publisher.counts()).toMatchObject({ accepted: 1, failed: 1, held: 0 });
    expect(String(faults[0]!.error)).toBe("Error: webhook: answered 404");
    receiver.status = 200;
    await publisher.publish(mismatch("v2-a"));
    await publisher.flush!();
    expect(publisher.counts()).toMatchObject({ accepted: 2, failed: 1, sent: 1 });
  });

  it("answers in its time also when fetch heeds no signal", async () => {
    const { publisher, clock, faults } = opened({ fetch: () => new Promise(() => undefined), timeoutMs: 1_000 });
    await publisher.publish(mismatch("v2-a"));
    await clock.advanceAsync(1_000);
    expect(String(faults[0]!.error)).toBe("Error: webhook: no answer within 1000 ms");
  });

  it("refuses to send where the name resolves to a private address", async () => {
    const { publisher, clock, startedMs, faults } = opened({
      lookup: async () => ["93.184.216.34", "169.254.169.254"],
    });
    await publisher.publish(mismatch("v2-a"));
    await clock.advanceAsync(0);
    expect(startedMs).toEqual([]);
    expect(String(faults[0]!.error)).toContain("resolves to a private address");
  });

  it("says that some must wait when flushed over the limit, and counts them as dropped when closed", async () => {
    const { publisher } = opened({ perMinute: 1 });
    await publisher.publish(mismatch("v2-a"));
    await publisher.flush!();
    await publisher.publish(mismatch("v2-b"));
    await expect(publisher.flush!()).rejects.toThrow("1 alerts wait for the limit of 1 requests a minute");
    await expect(publisher.close!()).rejects.toThrow("1 alerts wait");
    expect(publisher.counts()).toEqual({ accepted: 2, sent: 1, failed: 0, dropped: 1, held: 0 });
  });

  it.each([
    [{ url: undefined }, /expected `url` to be a URL, got undefined/],
    [{ url: "no url" }, /expected `url` to be a URL/],
    [{ url: "https://user:pass@hooks.slack.com/x" }, /without credentials.*headers/],
    [{ url: "http://hooks.slack.com/x" }, /to be https, got "http".*allowHttp/],
    [{ url: "ftp://hooks.slack.com/x" }, /to be https, got "ftp"/],
    [{ url: "https://example.com/x" }, /allowHosts: \["example.com"\]/],
    [{ url: "https://hooks.slack.com.evil.test/x" }, /on a host in `allowHosts`/],
    [{ url: "https://127.0.0.1/x", allowHosts: ["127.0.0.1"] }, /a public host.*allowPrivate/],
    [{ url: "https://[::ffff:10.0.0.1]/x", allowHosts: ["[::ffff:a00:1]"] }, /a public host/],
    [{ url, allowHosts: "hooks.slack.com" }, /a list of host names/],
    [{ url, format: "teams" }, /one of "slack", "json"/],
    [{ url, perMinute: 0 }, /expected `perMinute`/],
    [{ url, perMinute: 61 }, /expected `perMinute`/],
    [{ url, timeoutMs: 0 }, /expected `timeoutMs`/],
    [{ url, headers: { "a b": "c" } }, /that HTTP can carry/],
    [{ url, headers: { a: "b\r\nc: d" } }, /that HTTP can carry/],
    [{ url, values: "all" }, /expected `values`/],
    [{ url, alertsOn: "x" }, /did you mean `alertOn`/],
  ])("refuses %j when it is made", (options, message) => {
    expect(() => webhookPublisher(options as never)).toThrow(message);
  });

  it("never says the whole URL, which can be a secret by itself", () => {
    expect(() => webhookPublisher({ url: "https://example.com/T0KEN" })).toThrow(/^(?!.*T0KEN)/);
    expect(() => webhookPublisher({ url: "T0KEN" })).toThrow(/^(?!.*T0KEN)/);
  });
});
