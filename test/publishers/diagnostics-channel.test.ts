import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { diagnosticsChannelPublisher } from "../../src/publishers/diagnostics-channel.ts";
import { aResult } from "../../src/testing/a-result.ts";

function listen(name: string): { messages: unknown[]; stop(): void } {
  const messages: unknown[] = [];
  const listener = (message: unknown): void => void messages.push(message);
  subscribe(name, listener);
  return { messages, stop: () => void unsubscribe(name, listener) };
}

describe("diagnosticsChannelPublisher", () => {
  it("hands subscribers the result itself, what happened to a rollout, and skips", async () => {
    const results = listen("sidelane:result");
    const events = listen("sidelane:event");
    const skips = listen("sidelane:skip");
    const publisher = diagnosticsChannelPublisher();
    const result = aResult();
    const stage = { stage: "shadow", share: 0, epoch: 1 } as const;
    const event = {
      kind: "ready",
      experiment: "e",
      from: stage,
      to: stage,
      at: 0,
      by: "ramp",
      reason: "enough",
    } as const;
    await publisher.publish(result);
    await publisher.publishEvent!(event);
    publisher.onSkip!("e", "not sampled");
    expect(results.messages[0]).toBe(result);
    expect(events.messages).toEqual([event]);
    expect(skips.messages).toEqual([{ experiment: "e", reason: "not sampled" }]);
    for (const { stop } of [results, events, skips]) stop();
  });

  it("reads nothing of a result without subscribers", () => {
    const untouchable = new Proxy(aResult(), {
      get() {
        throw new Error("was read");
      },
    });
    const publisher = diagnosticsChannelPublisher({ prefix: "nobody" });
    expect(() => publisher.publish(untouchable)).not.toThrow();
  });

  it("says which runtimes have the channel where there is none", () => {
    const original = process.getBuiltinModule;
    process.getBuiltinModule = () => undefined;
    try {
      expect(() => diagnosticsChannelPublisher()).toThrow(/it takes Node 20.16, Bun or Deno/);
    } finally {
      process.getBuiltinModule = original;
    }
  });

  it.each([[{ prefix: "" }], [{ name: "x" }]])("refuses %j when it is made", (options) => {
    expect(() => diagnosticsChannelPublisher(options as never)).toThrow(/diagnosticsChannelPublisher/);
  });
});
