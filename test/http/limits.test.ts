import { join } from "node:path";
import zlib from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { parallelHandler } from "../../src/http/index.ts";
import { runFile } from "../documented.ts";
import { eventually, laboratory, says, service } from "./servers.ts";

const megabytes = Number(process.env["HTTP_MEGABYTES"] ?? 64);

describe("bounds", () => {
  it("hold for a large body, which is compared by its digest in constant memory", { timeout: 300_000 }, async () => {
    const { code, output } = await runFile(join(import.meta.dirname, "limits.child.ts"), [String(megabytes)]);
    expect(code).toBe(0);
    const { bytes, matched, mostMegabytes } = JSON.parse(output) as Record<string, number>;
    expect(bytes).toBe(megabytes * 1024 * 1024);
    expect(matched).toBe(1);
    // Both servers, the client and the loader of TypeScript are in it.
    expect(mostMegabytes).toBeLessThan(450);
  });

  it("hold for the time that comparing takes: over it bytes alone are looked at", async () => {
    const rows = (last: number): string =>
      JSON.stringify([last, ...Array.from({ length: 3_000 }, (_, index) => ({ id: index, name: `row ${index}` }))]);
    const [old, next] = [
      await service(says(rows(1), "application/json")),
      await service(says(rows(2), "application/json")),
    ];
    const { lab } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: old.url, candidate: next.url, noise: false, silence: false },
      cpuShare: 0.000_001,
      compare: { limits: { timeMs: 10_000 } },
    });
    for (let time = 0; time < 12; time++) {
      await (await handler(new Request("http://front.example/"))).text();
      await lab.settled();
    }
    const { compared, skips } = handler.counts()["candidate"]!;
    expect(compared).toBeGreaterThan(0);
    expect(skips["loop-busy"]).toBeGreaterThan(0);
    expect(compared + skips["loop-busy"]!).toBe(12);
    expect(lab.status().experiments["shop"]).toMatchObject({ mismatched: compared, inconclusive: skips["loop-busy"]! });
  });

  it("hold for requests at once", async () => {
    const [old, next] = [await service(says("a")), await service(() => undefined)];
    const { lab } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: old.url, candidate: next.url, noise: false, silence: false },
      limits: { maxInFlight: 3, timeoutMs: 200 },
    });
    const ask = async (): Promise<string> => (await handler(new Request("http://front.example/"))).text();
    expect(await Promise.all(Array.from({ length: 10 }, ask))).toEqual(Array<string>(10).fill("a"));
    expect(handler.counts()["candidate"]!.skips).toEqual({ "in-flight": 7 });
    await eventually(() => next.requests.length === 3);
    await lab.settled();
  });

  it("hold for bodies that are decoded: those of four pairs at once, and each body once", async () => {
    const { gunzip, gzipSync } = zlib;
    let [atOnce, most, times] = [0, 0, 0];
    const spy = vi.spyOn(zlib, "gunzip").mockImplementation(((
      body: Buffer,
      options: object,
      done: zlib.CompressCallback,
    ) => {
      [atOnce, times] = [atOnce + 1, times + 1];
      most = Math.max(most, atOnce);
      gunzip(body, options, (error, decoded) => {
        atOnce -= 1;
        done(error, decoded);
      });
    }) as typeof zlib.gunzip);
    const zipped = (text: string): Response =>
      new Response(gzipSync(text.repeat(1_000)), { headers: { "content-encoding": "gzip" } });
    const { lab } = laboratory();
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, noise: false, silence: false, cpuShare: 1 },
      ...{ control: () => zipped("a"), candidate: () => zipped("b") },
    });
    const ask = async (): Promise<unknown> => (await handler(new Request("http://front.example/"))).bytes();
    try {
      await Promise.all(Array.from({ length: 30 }, ask));
      await lab.settled();
    } finally {
      spy.mockRestore();
    }
    expect(lab.status().experiments["shop"]).toMatchObject({ mismatched: 30 });
    expect({ most, times }).toEqual({ most: 8, times: 60 });
  });
});
