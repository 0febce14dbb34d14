import type { RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { parallelHandler, type HandlerOptions } from "../../src/http/index.ts";
import { eventually, laboratory, service } from "./servers.ts";

/** Sends these texts one by one, and then ends or goes on. */
function streams(texts: readonly string[], more?: string, type = "text/event-stream"): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { "content-type": type });
    let at = 0;
    const timer = setInterval(() => {
      const text = texts[at++] ?? more;
      if (text !== undefined && !response.destroyed) response.write(text);
      else {
        clearInterval(timer);
        response.end();
      }
    }, 2);
  };
}

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

async function between(control: RequestListener, candidate: RequestListener, options: Partial<HandlerOptions> = {}) {
  const [old, next] = [await service(control), await service(candidate)];
  const world = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: world.lab, control: old.url, candidate: next.url, noise: false, silence: false },
    ...{ streams: { maxMs: 150 }, limits: { timeoutMs: 3_000 } },
    ...options,
  });
  const ask = (signal?: AbortSignal): Promise<Response> =>
    handler(new Request("http://front.example/", signal ? { signal } : {}));
  const comparison = () => world.results[0]!.candidates[0].comparison;
  return { ...world, handler, ask, comparison };
}

describe("streams of events", () => {
  it("are the same where their events are, whatever their ids, comments and chunks", async () => {
    const { ask, lab, handler, faults } = await between(
      streams(['id: 1\nevent: price\ndata: {"a":1,\nda', 'ta: "b":2}\n\n', ": ping\n\n", event("end")]),
      streams(['event: price\r\ndata: { "b": 2, "a": 1 }\r\n\r\nid: 9\nretry: 5\n', event("end")]),
    );
    expect(await (await ask()).text()).toContain(": ping\n\n");
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ matched: 1 });
    const { streams: means } = handler.counts()["candidate"]!;
    expect(means!.control.firstEventMs).toBeGreaterThan(0);
    expect(means!.candidate.eventsPerSecond).toBeGreaterThan(1);
    expect(faults).toEqual([]);
  });

  it("differ where an event does, or is missing at the end", async () => {
    const one = await between(streams([event({ n: 1 }), event({ n: 2 })]), streams([event({ n: 1 }), event({ n: 3 })]));
    await (await one.ask()).text();
    await one.lab.settled();
    expect(one.comparison()).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.body[1].data.n", control: 2, candidate: 3 }],
    });

    const other = await between(streams([event(1), event(2)]), streams([event(1)]));
    await (await other.ask()).text();
    await other.lab.settled();
    expect(other.comparison()).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.body[1]", kind: "removed" }],
    });
  });

  it("without end are partial, and differ where their beginnings do", async () => {
    const same = await between(streams([], event("tick")), streams([], event("tick")));
    const controller = new AbortController();
    const response = await same.ask(controller.signal);
    const reading = response.text().catch(() => "gone");
    await eventually(() => same.results.length > 0 || same.lab.status().experiments["shop"]!.inconclusive > 0);
    controller.abort();
    expect(await reading).toBe("gone");
    await same.lab.settled();
    expect(same.comparison()).toMatchObject({
      kind: "inconclusive",
      reason: expect.stringMatching(/partial: the first \d+ events/),
    });

    const other = await between(streams([event(1)], event("tick")), streams([event(2)], event("tick")));
    const stop = new AbortController();
    const read = (await other.ask(stop.signal)).text().catch(() => "gone");
    await eventually(() => other.results.length > 0);
    stop.abort();
    await read;
    expect(other.comparison()).toMatchObject({ kind: "mismatch" });
  });

  it("that go on where control's has ended are longer", async () => {
    const { ask, lab, comparison } = await between(streams([event(1)]), streams([event(1)], event("more")));
    await (await ask()).text();
    await lab.settled();
    expect(comparison()).toMatchObject({ kind: "mismatch" });
  });

  it("of lines of JSON are compared line by line", async () => {
    const lines = "application/x-ndjson";
    const { ask, lab } = await between(
      streams(['{"a":1}\n{"b"', ":2}\n"], undefined, lines),
      streams(['{ "a": 1 }\n', '{"b":2}'], undefined, lines),
    );
    await (await ask()).text();
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ matched: 1 });
  });

  it("reach their caller event by event, and are no comparison without `streams`", async () => {
    const [old, next] = [await service(streams([event(1)], event(2))), await service(streams([event(1)]))];
    const { lab } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: old.url, candidate: next.url, silence: false },
    });
    const response = await handler(new Request("http://front.example/"));
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe(event(1));
    await reader.cancel();
    await lab.settled();
    expect(handler.counts()["candidate"]!.skips).toEqual({ streaming: 1 });
  });

  it.each([
    ["before control", 0, 500, "text/event-stream"],
    ["after control", 40, 500, "text/event-stream"],
    ["after control, with a page", 40, 502, "text/html"],
  ])("whose candidate fails %s are a failure of it, also without `streams`", async (_about, ms, status, type) => {
    const candidate: RequestListener = (_request, response) => {
      setTimeout(() => response.writeHead(status, { "content-type": type }).end("no"), ms);
    };
    const control: RequestListener = (request, response) => {
      setTimeout(() => streams([event(1)])(request, response), 20);
    };
    const [old, next] = [await service(control), await service(candidate)];
    const { lab, faults } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: old.url, candidate: next.url, noise: false, silence: false },
    });
    expect(await (await handler(new Request("http://front.example/"))).text()).toBe(event(1));
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ mismatched: 1, inconclusive: 0 });
    expect(handler.counts()["candidate"]).toMatchObject({ answered: 1, skips: {} });
    expect(faults).toEqual([]);
  });

  it.each([
    ["a comment and an id", "text/event-stream", ": wait\n\nid: 1\n\n", "data: 1\n\n"],
    ["its type and a part of its data", "text/event-stream", "event: a\r\ndata: 1", "\r\n\r\n"],
    ["an empty line and half a line", "application/x-ndjson", '\n{"a":', "1}\n"],
  ])("have their first event when it is whole, not with %s", async (_about, type, before, first) => {
    const late: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-type": type }).write(before);
      setTimeout(() => response.end(first), 60);
    };
    const { ask, lab, handler } = await between(late, streams([before, first], undefined, type));
    await (await ask()).text();
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ matched: 1 });
    expect(handler.counts()["candidate"]!.streams!.control.firstEventMs).toBeGreaterThanOrEqual(55);
  });

  it("take less time than a call may", async () => {
    const options: HandlerOptions = {
      name: "a",
      control: "http://a",
      candidate: "http://b",
      streams: { maxMs: 10_000 },
    };
    expect(() => parallelHandler(options)).toThrow(
      /streams.maxMs` to be less than `limits.timeoutMs`, 10000, got 10000/,
    );
  });
});
