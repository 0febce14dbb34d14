import { TypedInMemoryProvider, OpenFeature } from "@openfeature/server-sdk";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { fromEnvironment } from "../../../src/rollout/sources/environment.ts";
import { rolloutOf } from "../../../src/rollout/to-rollout.ts";
import { fromOpenFeature, type FlagClient } from "../../../src/rollout/sources/openfeature.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RolloutSource } from "../../../src/rollout/sources/source.ts";
import { testHost } from "../host.ts";

type Flags = ConstructorParameters<typeof TypedInMemoryProvider>[0];

function flag(value: unknown): NonNullable<Flags> {
  return { "price-rollout": { variants: { on: value as never }, defaultVariant: "on", disabled: false } };
}

describe("fromOpenFeature, with the real SDK", () => {
  afterAll(async () => OpenFeature.close());

  async function opened(value: unknown, domain: string) {
    const provider = new TypedInMemoryProvider(flag(value));
    await OpenFeature.setProviderAndWait(domain, provider);
    const client = OpenFeature.getClient(domain);
    const source = fromOpenFeature(client, "price-rollout");
    const host = testHost();
    const stop = source.start!(host);
    await host.clock.advanceAsync(0);
    return { provider, source, host, stop };
  }

  it("reads the flag when it is started, and again when the provider says that it changed", async () => {
    const { provider, source, host, stop } = await opened({ serve: 0.1, compare: 0.5 }, "changes");
    await expect.poll(() => source.current()).toMatchObject({ stage: "ramp", share: 0.1, compare: 0.5 });
    let changes = 0;
    source.onChange(() => changes++);
    provider.putConfiguration(flag({ stage: "off" }));
    await expect.poll(() => source.current()).toMatchObject({ stage: "off", share: 0, compare: 0 });
    expect(changes).toBe(1);
    expect(host.faults).toEqual([]);
    stop();
    provider.putConfiguration(flag({ stage: "live" }));
    await host.clock.advanceAsync(60_000);
    expect(source.current().stage).toBe("off");
  });

  it.each([
    ["half", "a stage that is none", { stage: "half" }],
    ["type", "no object", { serve: "a lot" }],
  ])("keeps the last known good when the flag holds %s", async (domain, _about, wrong) => {
    const { provider, source, host, stop } = await opened({ serve: 0.25 }, domain);
    await expect.poll(() => source.current().share).toBe(0.25);
    provider.putConfiguration(flag(wrong));
    await expect.poll(() => host.faults.length).toBe(1);
    expect(host.faults[0]).toMatchObject({ operation: "source", error: { code: "invalid-definition" } });
    expect(source.current()).toMatchObject({ stage: "ramp", share: 0.25 });
    stop();
  });

  it("keeps the last known good when the flag is gone, and counts the fault with the provider's own code", async () => {
    const { provider, source, host, stop } = await opened({ serve: 0.25 }, "gone");
    await expect.poll(() => source.current().share).toBe(0.25);
    provider.putConfiguration({});
    await expect.poll(() => host.faults.length).toBeGreaterThan(0);
    expect(String(host.faults[0]!.error)).toMatch(/FLAG_NOT_FOUND/);
    expect(source.current().share).toBe(0.25);
    stop();
  });

  it("limits a ramp, and serves a definition by itself", async () => {
    const { provider, source, host, stop } = await opened({ serve: 0.1 }, "limits");
    await expect.poll(() => source.current().share).toBe(0.1);
    const limited = ramp({ source, steps: [0.5] });
    limited.bind!("price", host);
    await limited.advance({ by: "Ada" });
    expect(limited.current()).toMatchObject({ stage: "ramp", share: 0.1 });
    const alone = rolloutOf(source);
    alone.bind!("stock", host);
    expect(alone.current()).toMatchObject({ share: 0.1, epoch: 1 });
    provider.putConfiguration(flag({ stage: "off" }));
    await expect.poll(() => [limited.current().stage, alone.current().stage]).toEqual(["off", "off"]);
    expect(alone.current().epoch).toBe(2);
    expect(host.events.at(-1)).toMatchObject({ by: "source", kind: "rolled-back" });
    await limited.close!();
    await alone.close!();
    stop();
    expect(host.clock.pending).toBe(0);
  });
});

describe("fromOpenFeature, with a client of one's own", () => {
  interface Answer {
    readonly value: unknown;
    readonly reason?: string;
    readonly errorCode?: string;
    readonly errorMessage?: string;
  }
  function client(answer: (...asked: readonly unknown[]) => PromiseLike<Answer>) {
    const handlers = new Map<string, Set<() => void>>();
    let asked = 0;
    const made: FlagClient = {
      getObjectDetails: (...given) => {
        asked++;
        return answer(...given);
      },
      addHandler: (event, handler) => void handlers.set(event, (handlers.get(event) ?? new Set()).add(handler)),
      removeHandler: (event, handler) => void handlers.get(event)?.delete(handler),
    };
    const listening = (): number => [...handlers.values()].reduce((sum, each) => sum + each.size, 0);
    return { made, listening, asked: () => asked };
  }

  it("polls now and then, never evaluates on a call, and takes its handlers with it", async () => {
    const { made, listening, asked } = client(() => Promise.resolve({ value: { stage: "live" } }));
    const source = fromOpenFeature(made, "a", { pollEveryMs: 1_000 });
    expect(source.current().stage).toBe("shadow");
    const host = testHost();
    const stop = source.start!(host);
    await host.clock.advanceAsync(10_500);
    expect(asked()).toBe(11);
    for (let call = 0; call < 1_000; call++) expect(source.current().stage).toBe("live");
    expect(asked()).toBe(11);
    expect(listening()).toBe(2);
    stop();
    await host.clock.advanceAsync(10_000);
    expect([asked(), listening(), host.clock.pending]).toEqual([11, 0, 0]);
  });

  it("takes the answer to the latest question, however slow an earlier one is", async () => {
    const answers: ((value: unknown) => void)[] = [];
    const { made } = client(() => new Promise((resolve) => answers.push((value) => resolve({ value }))));
    const source = fromOpenFeature(made, "a", { pollEveryMs: 1_000 });
    const host = testHost();
    source.start!(host);
    await host.clock.advanceAsync(1_000);
    answers[1]!({ stage: "live" });
    answers[0]!({ stage: "off" });
    await host.clock.advanceAsync(0);
    expect(source.current().stage).toBe("live");
  });

  it("asks with a context of its own, where there is one", async () => {
    const asked: (readonly unknown[])[] = [];
    const { made } = client((...given) => {
      asked.push(given);
      return Promise.resolve({ value: "live" });
    });
    const context = { targetingKey: "host-1" };
    const host = testHost();
    const given = fromOpenFeature(made, "a", { context });
    given.start!(host);
    fromOpenFeature(made, "b").start!(host);
    await host.clock.advanceAsync(0);
    expect(asked).toEqual([
      ["a", {}, context],
      ["b", {}, undefined],
    ]);
    expect(asked[0]![2]).not.toBe(context);
    // A stage may be the whole flag.
    expect(given.current().stage).toBe("live");
  });

  it("tells its listeners of what is another stage, share or part compared, and of nothing else", async () => {
    let value: unknown = { serve: 0.1, compare: 0.5 };
    const source = fromOpenFeature(client(() => Promise.resolve({ value })).made, "a", { pollEveryMs: 1_000 });
    const host = testHost();
    let told = 0;
    const stop = source.onChange(() => told++);
    source.start!(host);
    await host.clock.advanceAsync(0);
    const seen: number[] = [told];
    for (const next of [
      { serve: 0.1, compare: 0.5 },
      { serve: 0.2, compare: 0.5 },
      { serve: 0.2, compare: 0.6 },
      { serve: 0, compare: 0.6 },
      { stage: "off" },
      { serve: 0, compare: 0 },
      { stage: "live" },
      { stage: "complete" },
    ]) {
      value = next;
      await host.clock.advanceAsync(1_000);
      seen.push(told);
    }
    expect(seen).toEqual([1, 1, 2, 3, 4, 5, 5, 6, 7]);
    stop();
    value = { stage: "off" };
    await host.clock.advanceAsync(1_000);
    expect([told, source.current().stage]).toEqual([7, "off"]);
  });

  it.each<readonly [string, Answer, string]>([
    ["fails", { value: { serve: 1 }, errorCode: "FLAG_NOT_FOUND" }, "Error: Flag a: FLAG_NOT_FOUND"],
    ["says why", { value: 1, errorCode: "GENERAL", errorMessage: "down" }, "Error: Flag a: GENERAL down"],
    ["holds null", { value: null }, 'SidelaneError: flag "a": expected `rollout` to be an object, got null'],
    ["holds a number", { value: 7 }, 'SidelaneError: flag "a": expected `rollout` to be an object, got 7'],
    ["holds an odd stage", { value: { stage: "half" } }, 'SidelaneError: flag "a": expected `rollout` to be one of'],
  ])("counts a fault, and holds what was last known, where the flag %s", async (_, answer, fault) => {
    const source = fromOpenFeature(client(() => Promise.resolve(answer)).made, "a");
    const host = testHost();
    source.start!(host);
    await host.clock.advanceAsync(0);
    expect(source.current().stage).toBe("shadow");
    expect(host.faults.map(({ error }) => String(error))).toEqual([expect.stringContaining(fault)]);
  });

  it("goes by `otherwise` while the flag is disabled", async () => {
    let answer: { value: unknown; reason?: string } = { value: { stage: "live" } };
    const source = fromOpenFeature(client(() => Promise.resolve(answer)).made, "a", { pollEveryMs: 1_000 });
    const host = testHost();
    source.start!(host);
    await host.clock.advanceAsync(0);
    expect(source.current().stage).toBe("live");
    answer = { value: {}, reason: "DISABLED" };
    await host.clock.advanceAsync(1_000);
    expect(source.current().stage).toBe("shadow");
    expect(host.faults).toEqual([]);
  });

  it("holds what was last known while an evaluation fails, also where only its reason says so", async () => {
    let answer: { value: unknown; reason?: string } = { value: { stage: "shadow" } };
    const source = fromOpenFeature(client(() => Promise.resolve(answer)).made, "a", { pollEveryMs: 1_000 });
    const host = testHost();
    source.start!(host);
    await host.clock.advanceAsync(0);
    answer = { value: { serve: 1 }, reason: "ERROR" };
    await host.clock.advanceAsync(1_000);
    expect(source.current().stage).toBe("shadow");
    expect(host.faults.map(({ error }) => String(error))).toEqual(["Error: Flag a: ERROR"]);
  });

  it("refuses a flag that says a stage and a share, and holds what was last known", async () => {
    const answer = { value: { stage: "live", serve: 0.1 } };
    const source = fromOpenFeature(client(() => Promise.resolve(answer)).made, "a");
    const host = testHost();
    source.start!(host);
    await host.clock.advanceAsync(0);
    expect(source.current().stage).toBe("shadow");
    expect(host.faults).toMatchObject([{ operation: "source", error: { code: "invalid-definition" } }]);
  });

  it.each([
    [
      "throws",
      (): never => {
        throw new Error("down");
      },
    ],
    ["rejects", () => Promise.reject(new Error("down"))],
  ])("holds what was last known when the client %s", async (_how, answer) => {
    const source = fromOpenFeature(client(answer).made, "a", { otherwise: { serve: 0.2 } });
    const host = testHost();
    source.start!(host);
    await host.clock.advanceAsync(0);
    expect(source.current().share).toBe(0.2);
    expect(host.faults).toMatchObject([{ operation: "source", error: { message: "down" } }]);
  });

  it.each([
    [
      () => fromOpenFeature(client(() => Promise.resolve({ value: 1 })).made, "a", { otherwise: 7 as never }),
      /^fromOpenFeature: expected `rollout`/,
    ],
    [() => fromOpenFeature({} as never, "a"), /^fromOpenFeature: expected `client.getObjectDetails` to be a function/],
    [() => fromOpenFeature(client(() => Promise.resolve({ value: 1 })).made, ""), /`flagKey`/],
    [() => fromOpenFeature(client(() => Promise.resolve({ value: 1 })).made, "a", { pollEveryMs: 1 }), /`pollEveryMs`/],
  ])("is refused when it is described wrongly (%#)", (make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^invalid-/), message: expect.stringMatching(message) }),
    );
  });
});

describe("fromEnvironment", () => {
  afterEach(() => {
    delete process.env["PRICE_ROLLOUT"];
    vi.unstubAllEnvs();
  });
  const from = (text: string): RolloutSource => {
    process.env["PRICE_ROLLOUT"] = text;
    return fromEnvironment("PRICE_ROLLOUT");
  };

  it.each([
    ["off", "off", 0],
    ["shadow", "shadow", 0],
    [" live ", "live", 1],
    ["complete", "complete", 1],
    ["0.1", "ramp", 0.1],
    ["10%", "ramp", 0.1],
    ["0.125", "ramp", 0.125],
    [".25", "ramp", 0.25],
    ["12.5 %", "ramp", 0.125],
    [".5", "ramp", 0.5],
    ["0", "shadow", 0],
    ["1", "live", 1],
    ["", "shadow", 0],
  ])("reads %j as the stage %s", (text, stage, share) => {
    expect(from(text).current()).toMatchObject({ stage, share });
  });

  it("is what it was told to be otherwise, where the variable is not set", () => {
    expect(fromEnvironment("PRICE_ROLLOUT", { otherwise: { serve: 0.5 } }).current().share).toBe(0.5);
    expect(fromEnvironment().current().stage).toBe("shadow");
  });

  it("reads SIDELANE_ROLLOUT by default, once, and has nothing to tell of later", () => {
    vi.stubEnv("SIDELANE_ROLLOUT", "live");
    const source = fromEnvironment();
    vi.stubEnv("SIDELANE_ROLLOUT", "off");
    expect(source.current().stage).toBe("live");
    source.onChange(() => undefined)();
    expect(source.current().stage).toBe("live");
  });

  it("is refused under its own name", () => {
    expect(() => fromEnvironment("PRICE_ROLLOUT", { otherwise: 7 as never })).toThrow(
      /^fromEnvironment: expected `rollout`/,
    );
    expect(() => fromEnvironment("PRICE_ROLLOUT", { other: 7 } as never)).toThrow(/^fromEnvironment: .*`other`/);
  });

  it.each(["half", "1.1", "-1", "110%", "NaN", "ramp", "0,1"])("refuses %j", (text) => {
    expect(() => from(text)).toThrow(
      expect.objectContaining({ code: "invalid-option", message: expect.stringContaining(`"${text}"`) }),
    );
  });
});
