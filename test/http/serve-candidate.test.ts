import { describe, expect, it } from "vitest";
import type { RequestListener } from "node:http";
import { gates, ramp } from "../../src/rollout/index.ts";
import { parallelHandler, type HandlerOptions } from "../../src/http/index.ts";
import { eventually, laboratory, says, service } from "./servers.ts";

/** How a candidate fails, and what it sends. */
const failures: Readonly<Record<string, RequestListener>> = {
  "not at all": says("new"),
  "by a status of 500": says("new", "text/plain", 500),
  "before its head": (_request, response) => {
    response.destroy();
  },
  "at byte 0": (_request, response) => {
    response.writeHead(200, { "content-length": "3", "content-type": "text/plain" });
    response.flushHeaders();
    setTimeout(() => response.destroy(), 15);
  },
  "in the middle": (_request, response) => {
    response.writeHead(200, { "content-length": "3", "content-type": "text/plain" });
    response.flushHeaders();
    response.write("n");
    setTimeout(() => response.destroy(), 15);
  },
  "after its end": (_request, response) => {
    response.writeHead(200, { "content-length": "3", "content-type": "text/plain" }).end("new", () => {
      setTimeout(() => response.socket?.destroy(), 5);
    });
  },
};

const stages: Readonly<Record<string, HandlerOptions["rollout"]>> = {
  shadow: "shadow",
  "ramp, compared": { serve: 0.999_999, compare: 1 },
  "live, compared": "live",
  "live, not compared": { serve: 1, compare: 0 },
  complete: "complete",
  "complete, compared": {
    current: () => ({ stage: "complete", share: 1, compare: 1, epoch: 1 }),
    bucket: () => 0,
  },
};

/** What the caller gets: `old` or `new` whole, `new, broken`, `500`, or nothing but an error. */
async function outcomeOf(asked: Promise<Response>, method: string): Promise<string> {
  try {
    const response = await asked;
    const who = response.headers.get("x-side") ?? "new";
    try {
      const text = await response.text();
      if (response.status !== 200) return String(response.status);
      return method === "HEAD" ? who : text;
    } catch {
      return "new, broken";
    }
  } catch {
    return "error";
  }
}

function expected(failure: string, method: string, stage: string): string {
  if (stage === "shadow") return "old";
  const mayFallBack = !stage.startsWith("complete");
  if (failure === "by a status of 500") return mayFallBack ? "old" : "500";
  if (failure === "before its head") return mayFallBack ? "old" : "error";
  const breaks = failure === "at byte 0" || failure === "in the middle";
  return breaks && method === "GET" ? "new, broken" : "new";
}

const old: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", "x-side": "old" }).end("old");
};

const rows = Object.keys(failures).flatMap((failure) =>
  Object.keys(stages).flatMap((stage) => ["GET", "HEAD"].map((method) => ({ failure, stage, method }))),
);

describe("a candidate that serves", () => {
  it.each(rows)("and fails $failure: $method in stage $stage", async ({ failure, stage, method }) => {
    const [control, candidate] = [await service(old), await service(failures[failure]!)];
    const { lab, faults } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, noise: false },
      rollout: stages[stage]!,
      key: () => "customer",
    });
    const request = new Request("http://front.example/", { method });
    expect(await outcomeOf(handler(request), method)).toBe(expected(failure, method, stage));
    await lab.settled();
    const status = lab.status().experiments["shop"]!;
    const got = expected(failure, method, stage);
    if (stage === "shadow") expect(status).toMatchObject({ served: 0, fellBack: 0 });
    else if (got === "old") expect(status).toMatchObject({ served: 0, fellBack: 1 });
    else expect(status).toMatchObject({ served: 1, fellBack: 0 });
    expect(status.inFlight).toBe(0);
    expect(handler.counts()["candidate"]!.brokenMidBody).toBe(got === "new, broken" ? 1 : 0);
    expect(faults).toEqual([]);
  });

  it("is waited for no longer than its grace once control has answered", async () => {
    const [control, candidate] = [await service(old), await service(() => undefined)];
    const { lab, faults } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, limits: { timeoutMs: 200 } },
      rollout: { serve: 1, compare: 1, graceMs: 20 },
      key: () => "customer",
    });
    expect(await (await handler(new Request("http://front.example/"))).text()).toBe("old");
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ fellBack: 1, served: 0, timedOut: 1 });
    expect(faults).toEqual([]);
  });

  it.each([
    ["compared", 1],
    ["not compared", 0],
  ])("and hangs is given up on in time, %s", async (_, compare) => {
    const [control, candidate] = [await service(old), await service(() => undefined)];
    const { lab, faults } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, limits: { timeoutMs: 80 } },
      rollout: { serve: 1, compare, graceMs: 5_000 },
      key: () => "customer",
    });
    expect(await (await handler(new Request("http://front.example/"))).text()).toBe("old");
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ fellBack: 1, served: 0 });
    expect(faults).toEqual([]);
  });

  it("whose answer goes on longer than a call may is still its caller's, whole", async () => {
    const [control, candidate] = [
      await service(old),
      await service((_request, response) => {
        response.writeHead(200, { "content-type": "text/plain" });
        response.write("n");
        setTimeout(() => response.end("ew"), 150);
      }),
    ];
    for (const compare of [1, 0]) {
      const { lab, faults } = laboratory();
      const handler = parallelHandler({
        ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, limits: { timeoutMs: 50 } },
        rollout: { serve: 1, compare },
        key: () => "customer",
      });
      expect(await (await handler(new Request("http://front.example/"))).text()).toBe("new");
      await lab.settled();
      expect(lab.status().experiments["shop"]).toMatchObject({ served: 1, fellBack: 0, mismatched: 0 });
      expect(faults).toEqual([]);
    }
  });

  it.each([304, 206, 412, 416])("is not compared where control answers %i to a condition", async (status) => {
    const control = await service((_request, response) => void response.writeHead(status).end());
    const candidate = await service(says("new"));
    const { lab, faults } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, rollout: "live" },
    });
    const headers = { "if-none-match": '"a"', range: "bytes=0-1" };
    expect(await (await handler(new Request("http://front.example/", { headers }))).text()).toBe("new");
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ inconclusive: 1, mismatched: 0, served: 1 });
    expect(handler.counts()["candidate"]!.skips).toEqual({ conditional: 1 });
    expect(faults).toEqual([]);
  });

  it("and answers 500 where control answers 200 alarms a ramp within 20 requests", async () => {
    const [control, candidate] = [await service(old), await service(says("no", "text/plain", 500))];
    const { lab } = laboratory();
    const driven = ramp({ steps: [0.5], gates: [gates.mismatches(), gates.errors()], version: "1" });
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, noise: false },
      rollout: driven,
      key: (request) => request.headers.get("x-customer"),
      limits: { breakAfter: 1_000 },
    });
    await driven.loaded;
    let requests = 0;
    while (requests < 40 && driven.verdict().kind !== "regressed") {
      requests += 1;
      const request = new Request("http://front.example/", { headers: { "x-customer": `c${requests}` } });
      await (await handler(request)).text();
      await lab.settled();
    }
    expect(driven.verdict().kind).toBe("regressed");
    expect(requests).toBeLessThanOrEqual(20);
  });
});

describe("a caller that goes away from a serving candidate", () => {
  it("ends both requests, and is no failure of the candidate's", async () => {
    const closed: string[] = [];
    const hangs =
      (name: string): RequestListener =>
      (_request, response) => {
        response.on("close", () => closed.push(name));
      };
    const [control, candidate] = [await service(hangs("old")), await service(hangs("new"))];
    const { lab, faults } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url },
      rollout: "live",
    });
    const controller = new AbortController();
    const asking = handler(new Request("http://front.example/", { signal: controller.signal }));
    await eventually(() => control.requests.length + candidate.requests.length === 2);
    controller.abort();
    await expect(asking).rejects.toThrow();
    await eventually(() => closed.length === 2);
    await lab.settled();
    expect(lab.status().experiments["shop"]).toMatchObject({ inconclusive: 1, fellBack: 0 });
    expect(lab.status().experiments["shop"]!.candidates["candidate"]!.breaker).toBe("closed");
    expect(faults).toEqual([]);
  });

  it("within its answer is told as a caller that has gone", async () => {
    const half: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-length": 10, "content-type": "text/plain" }).write("half");
    };
    const [control, candidate] = [await service(half), await service(half)];
    const { lab, faults } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, rollout: "live" },
    });
    const controller = new AbortController();
    const { body } = await handler(new Request("http://front.example/", { signal: controller.signal }));
    await body!.getReader().read();
    controller.abort();
    await lab.settled();
    expect(handler.counts()["candidate"]).toMatchObject({ brokenMidBody: 0, skips: { "caller-gone": 1 } });
    expect(faults).toEqual([]);
  });
});
