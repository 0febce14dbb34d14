import { describe, expect, it } from "vitest";
import { eventually, says, service } from "../http/servers.ts";
import { proxied, said } from "./proxies.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Id: 1\r\n\r\n";

describe("the port of its own", () => {
  it("is not there unless it is asked for", async () => {
    const { adminUrl } = await proxied({ control: "http://127.0.0.1:1", candidate: "http://127.0.0.1:1" });
    expect(adminUrl).toBeUndefined();
  });

  it("tells health, status and metrics", async () => {
    const [control, candidate] = [await service(says("a")), await service(says("b"))];
    const proxy = await proxied({
      ...{ control: control.url, candidate: candidate.url, admin: { port: 0 }, results: undefined },
      publishers: [{ type: "prometheus" }],
    });
    await said(proxy.port, get);
    await eventually(() => proxy.deployment.compiled.counts()["candidate"]!.compared === 1);
    await proxy.deployment.laboratory.flush();
    expect(await (await fetch(`${proxy.adminUrl!}/health`)).text()).toBe("ok\n");
    expect(await (await fetch(`${proxy.adminUrl!}/status`)).json()).toMatchObject({
      ...{ retried: 0, candidates: { candidate: { sent: 1, compared: 1, matched: 0 } } },
      experiments: { proxy: { calls: 1 } },
    });
    const metrics = await (await fetch(`${proxy.adminUrl!}/metrics`)).text();
    expect(metrics).toContain('sidelane_results_total{experiment="proxy",candidate="candidate",kind="mismatch"} 1\n');
    expect(metrics).toMatch(/sidelane_behavior_duration_seconds_bucket\{[^}]*le="\+Inf"\} 1\n/);
    expect((await fetch(`${proxy.adminUrl!}/other`)).status).toBe(404);
  });

  it("has the page of the report, live, and no stage can be changed there", async () => {
    const [control, candidate] = [await service(says("a")), await service(says("b"))];
    const proxy = await proxied({
      ...{ control: control.url, candidate: candidate.url, admin: { port: 0, token: "hunter2" } },
      ramp: { steps: [0.5], unkeyed: "by-call" },
    });
    await said(proxy.port, get);
    await eventually(() => proxy.deployment.compiled.counts()["candidate"]!.compared === 1);
    await proxy.deployment.laboratory.flush();
    const page = await fetch(`${proxy.adminUrl!}/`);
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    const html = await page.text();
    expect(html).toContain("<h2");
    expect(html).not.toContain("<form");
    expect(await (await fetch(`${proxy.adminUrl!}/?show=model`)).json()).toMatchObject({
      experiments: { proxy: { candidates: { candidate: { counts: { mismatch: 1 } } } } },
    });
    expect((await fetch(`${proxy.adminUrl!}/`, { method: "POST", body: "command=advance" })).status).toBe(405);
    // A viewer that stays keeps the proxy from nothing.
    const live = await fetch(`${proxy.adminUrl!}/?show=live`);
    expect(live.headers.get("content-type")).toContain("text/event-stream");
    await proxy.close();
    await live.body?.cancel().catch(() => undefined);
  });

  it("moves the rollout for who has the token, and for nobody else", async () => {
    const [control, candidate] = [await service(says("old")), await service(says("new"))];
    const proxy = await proxied({
      ...{ control: control.url, candidate: candidate.url, admin: { port: 0, token: "hunter2" } },
      ...{ ramp: { steps: [0.5], unkeyed: "by-call" } },
    });
    const commandBy = (authorization: string | undefined, body: object): Promise<Response> =>
      fetch(`${proxy.adminUrl!}/rollout`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: authorization === undefined ? {} : { authorization },
      });
    const command = (body: object): Promise<Response> => commandBy("Bearer hunter2", body);
    const advance = { command: "advance", by: "ann" };
    for (const given of [undefined, "Bearer ", "Bearer hunter3", "hunter2", "Basic hunter2", "Bearerhunter2"])
      expect((await commandBy(given, advance)).status).toBe(401);
    expect((await commandBy("bearer  hunter2", { command: "explode", by: "ann" })).status).toBe(400);
    expect((await command({ command: "advance" })).status).toBe(400);
    expect((await command({ command: "clear", by: "ann" })).status).toBe(409);
    for (const body of [[], "off"]) {
      const refused = await command(body as object);
      expect([refused.status, await refused.text()]).toEqual([
        400,
        expect.stringMatching(/^Expected an object in JSON/),
      ]);
    }
    expect(await (await command(advance)).json()).toMatchObject({ stage: "ramp", share: 0.5 });
    expect(await (await command(advance)).json()).toMatchObject({ stage: "live" });
    expect((await said(proxy.port, get)).text).toContain("new");
    const rollback = { command: "rollback", by: "ann", reason: "it shows ada@example.org" };
    expect(await (await command(rollback)).json()).toMatchObject({ mode: "rolled-back" });
    const status = await (await fetch(`${proxy.adminUrl!}/status`)).text();
    expect(status).toContain("it shows [redacted]");
    expect(status).not.toContain("ada@");
    expect((await said(proxy.port, get)).text).toContain("old");
  });

  it("is known by the name of this machine, however that is written", async () => {
    const proxy = await proxied({ control: "http://127.0.0.1:1", candidate: "http://127.0.0.1:1", admin: { port: 0 } });
    const get = "GET /health HTTP/1.1\r\nHost: LocalHost:9090\r\n\r\n";
    expect((await said(Number(new URL(proxy.adminUrl!).port), get)).text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("is not for a page of another site, whose name leads here", async () => {
    const proxy = await proxied({ control: "http://127.0.0.1:1", candidate: "http://127.0.0.1:1", admin: { port: 0 } });
    const { text } = await said(
      Number(new URL(proxy.adminUrl!).port),
      "GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    );
    expect(text).toMatch(/^HTTP\/1\.1 421 /);
  });
});
