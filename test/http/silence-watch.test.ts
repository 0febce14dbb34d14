import { describe, expect, it } from "vitest";
import { parallelHandler, type HandlerOptions } from "../../src/http/index.ts";
import { fixedClock } from "../../src/testing/index.ts";
import { eventually, laboratory, says, service } from "./servers.ts";

const get = (): Request => new Request("http://front.example/");

async function watched(options: Partial<HandlerOptions> = {}, candidate = says("a")) {
  const [old, next] = [await service(says("a")), await service(candidate)];
  const world = laboratory();
  const clock = fixedClock();
  const lines: string[] = [];
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: world.lab, control: old.url, candidate: next.url, noise: false, clock },
    silence: { windowMs: 1_000, log: (line) => void lines.push(line.replace(/^sidelane: shop: /, "")) },
    ...options,
  });
  const ask = async (times = 1): Promise<void> => {
    for (let time = 0; time < times; time++) await (await handler(get())).text();
    await world.lab.settled();
  };
  const window = async (): Promise<string[]> => {
    clock.advance(1_000);
    await world.lab.flush();
    return lines.splice(0);
  };
  return { ...world, handler, ask, window, old, next };
}

describe("silence is told", () => {
  it("where no traffic comes, once, and again after there was some", async () => {
    const { ask, window, events } = await watched();
    expect(await window()).toEqual(["no-traffic: no request that may be compared came for 1 s"]);
    expect(await window()).toEqual([]);
    await ask();
    expect(await window()).toEqual([]);
    expect(await window()).toEqual(["no-traffic: no request that may be compared came for 1 s"]);
    expect(events).toEqual(["no-traffic", "no-traffic"]);
  });

  it("where traffic cannot be compared, with the reasons", async () => {
    const { handler, window } = await watched();
    await handler(new Request("http://front.example/", { method: "POST", body: "1" }));
    expect(await window()).toEqual(["no-traffic: no request that may be compared came for 1 s (unsafe-method 1)"]);
  });

  it("where nothing is sent, unless a person has switched it off", async () => {
    const { ask, window, lab } = await watched({ enabled: () => false });
    await ask(2);
    expect(await window()).toEqual(["not-sent: of 2 requests, 0 were drawn and none was sent (not-enabled 2)"]);
    lab.enabled = false;
    await ask(2);
    expect(await window()).toEqual([]);
  });

  it("where no answer comes", async () => {
    const { ask, window, next } = await watched();
    next.stop();
    await ask(2);
    expect(await window()).toEqual(["no-answer: 2 requests were sent, and none was answered"]);
  });

  it("where nothing is compared", async () => {
    const control = await service(says("a", "text/event-stream"));
    const slow: Parameters<typeof service>[0] = (request, response) => {
      setTimeout(() => says("a", "text/event-stream")(request, response), 30);
    };
    const { ask, window } = await watched({ control: control.url }, slow);
    await ask(2);
    expect(await window()).toEqual([
      "no-comparison: 2 of 2 requests were answered, and none was compared (streaming 2)",
    ]);
  });

  it("where both sides are one service", async () => {
    const old = await service(says("a"));
    const one = await watched({ control: old.url, candidate: old.url });
    await one.ask(25);
    expect(await one.window()).toEqual(["same-target: all 25 answers were equal, and both sides have one URL"]);

    const named: Parameters<typeof service>[0] = (_request, response) => {
      response.writeHead(200, { "x-served-by": "pod-1" }).end("a");
    };
    const [first, second] = [await service(named), await service(named)];
    const balanced = await watched({ control: first.url, candidate: second.url });
    await balanced.ask(25);
    expect(await balanced.window()).toEqual([
      "same-target: all 25 answers were equal, and the headers that name an instance are the same",
    ]);
  });

  it("as sessions apart only where a candidate denies half of what control grants", async () => {
    let asked = 0;
    const { ask, window } = await watched({}, (_request, response) => {
      asked += 1;
      response.writeHead(asked <= 6 || asked > 30 ? 401 : 200, { "content-type": "text/plain" }).end("a");
    });
    await ask(30);
    expect(await window()).toEqual([]);
    await ask(6);
    expect(await window()).toEqual([
      expect.stringMatching(/^separate-sessions: .* on 1 of 1 routes the candidate denies .*, 6 of 6 times/),
    ]);
  });

  it("not where all is well, and not after the end", async () => {
    const { ask, window, handler } = await watched();
    await ask(25);
    expect(await window()).toEqual([]);
    handler.close();
    expect(await window()).toEqual([]);
    await eventually(() => true);
  });
});
