import { describe, expect, it } from "vitest";
import type { Laboratory } from "../../src/index.ts";
import { parallelHandler, type HandlerOptions } from "../../src/http/index.ts";
import { laboratory, says, service } from "./servers.ts";

const forceKey = "a key of sixteen";
const key = forceKey.replaceAll(" ", "-");

/** A handler that compares nothing of its own accord, and what both sides got. */
async function asked(
  header: string | undefined,
  options: Partial<HandlerOptions> = {},
  init: RequestInit = {},
  first: (lab: Laboratory) => unknown = () => undefined,
) {
  const [old, next] = [await service(says("old")), await service(says("new"))];
  const { lab, faults } = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: lab, control: old.url, candidate: next.url, noise: false, silence: false },
    ...{ sample: 0, forceKey: key },
    ...options,
  });
  await first(lab);
  const headers = header === undefined ? {} : { "X-Sidelane-Force": header };
  const answer = await (await handler(new Request("http://front.example/", { ...init, headers }))).text();
  await lab.settled();
  expect(faults).toEqual([]);
  for (const { headers: got } of [...old.requests, ...next.requests]) expect(got["x-sidelane-force"]).toBeUndefined();
  const [control, candidate] = [old.requests.length, next.requests.length];
  return { answer, control, candidate, skips: handler.counts()["candidate"]!.skips, counts: handler.counts() };
}

describe("a single request", () => {
  it("is compared where its header says so, whatever the sample and the rollout's share", async () => {
    const { answer, control, candidate, counts } = await asked(`compare ${key}`);
    expect([answer, control, candidate]).toEqual(["old", 1, 1]);
    expect(counts["candidate"]).toMatchObject({ sampled: 1, compared: 1, matched: 0 });
    const ofNone = await asked(`compare ${key}`, { sample: 1, rollout: { serve: 1, compare: 0 } });
    expect(ofNone).toMatchObject({ answer: "new", control: 1, candidate: 1 });
  });

  it("is not compared even so where a person has switched comparing off", async () => {
    expect((await asked(`compare ${key}`, { rollout: "off" })).candidate).toBe(0);
  });

  it("is answered by the side that its header names, and by that alone", async () => {
    expect(await asked(`candidate ${key}`)).toMatchObject({
      ...{ answer: "new", control: 0, candidate: 1, skips: { forced: 1 } },
    });
    expect(await asked(`control ${key}`, { sample: 1, rollout: "live", key: () => "a" })).toMatchObject({
      ...{ answer: "old", control: 1, candidate: 0, skips: { forced: 1 } },
    });
  });

  it.each<[string, Partial<HandlerOptions>, (lab: Laboratory) => unknown]>([
    ["the rollout's", { rollout: "off" }, () => undefined],
    ["the laboratory's", {}, (lab) => (lab.enabled = false)],
    ["its end", {}, (lab) => lab.close()],
  ])("is control's where a switch is off, whatever side its header names: %s", async (_, options, switchOff) => {
    expect(await asked(`candidate ${key}`, options, {}, switchOff)).toMatchObject({ answer: "old", candidate: 0 });
  });

  it.each([
    ["without a header", undefined],
    ["with another key", "candidate another-key-of-this"],
    ["without a key", "candidate"],
    ["with a beginning of the key", `candidate ${key.slice(0, -1)}`],
    ["with a name that no side has", `nobody ${key}`],
  ])("goes its usual way %s", async (_, header) => {
    expect(await asked(header)).toMatchObject({ answer: "old", candidate: 0, skips: { "sampled-out": 1 } });
  });

  it("goes its usual way where nobody has a key", async () => {
    const { answer } = await asked(`candidate ${key}`, { forceKey: undefined as never });
    expect(answer).toBe("old");
  });

  it("that may change something is control's all the same", async () => {
    expect(await asked(`candidate ${key}`, {}, { method: "POST", body: "a" })).toMatchObject({
      ...{ answer: "old", candidate: 0, skips: { "unsafe-method": 1 } },
    });
  });
});
