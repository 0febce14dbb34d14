import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import { toFastify, toHono, toNodeListener } from "../../src/http/index.ts";
import { Laboratory } from "../../src/index.ts";
import { dashboard, type DashboardOptions, type ReportModel } from "../../src/report/index.ts";
import { ramp } from "../../src/rollout/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function measured() {
  const clock = fixedClock();
  const lab = new Laboratory({ clock, labels: { build: "a1" } });
  const rollout = ramp({ steps: [0.1, 0.5], onRegression: "notify" });
  const price = lab.experiment("price", {
    control: (n: number): unknown => ({ secret: "hunter2planted", n }),
    candidate: (n: number): unknown => ({ secret: n % 5 === 0 ? "other" : "hunter2planted", n }),
    key: String,
    rollout,
    about: { owner: "pricing" },
  });
  const user = lab.experiment("user", { control: () => 1, candidate: () => 1, enabled: () => false });
  const call = async (): Promise<void> => {
    for (let n = 0; n < 50; n++) price(n);
    user();
    await lab.settled();
  };
  await call();
  closing.push(() => lab.close());
  return { lab, clock, rollout, call };
}

const at = "https://shop.test/internal/sidelane";
const get = (show = "", more: RequestInit = {}): Request => new Request(`${at}${show && `?show=${show}`}`, more);

function posted(fields: Record<string, string>, headers: Record<string, string> = {}): Request {
  return new Request(at, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "sec-fetch-site": "same-origin", ...headers },
  });
}

async function tokenOf(
  handler: (request: Request) => Promise<Response>,
  headers: Record<string, string> = {},
): Promise<string> {
  const page = await (await handler(get("", { headers }))).text();
  return /name="token" value="([^"]+)"/.exec(page)?.[1] ?? "";
}

describe("dashboard", () => {
  it("shows a laboratory as it stands, with the numbers of its status, and no value", async () => {
    const { lab, clock, call } = await measured();
    const handler = dashboard({ laboratory: lab, clock });
    await call();
    await clock.advanceAsync(60_000);
    const model = (await (await handler(get("model"))).json()) as ReportModel;
    const status = lab.status();
    for (const [name, of] of Object.entries(status.experiments)) {
      const { calls, started, skips, candidates } = model.experiments[name]!;
      expect({ calls, started, skips }).toEqual({ calls: of.calls, started: of.started, skips: of.skips });
      const { counts, verdict, groups } = candidates["candidate"]!;
      expect(counts).toEqual(of.candidates["candidate"]!.tally.kinds);
      expect(verdict.gates).toEqual(of.candidates["candidate"]!.verdict.gates);
      expect(groups.map(({ signature, count }) => [signature, count])).toEqual(
        of.groups.map(({ signature, count }) => [signature, count]),
      );
    }
    expect(model.experiments["price"]!.funnel).toMatchObject([{ calls: 50 }]);
    const response = await handler(get());
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain("100 calls");
    expect(page).toContain("$.secret");
    for (const text of [page, JSON.stringify(model)]) expect(text).not.toContain("hunter2planted");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    const policy = response.headers.get("content-security-policy")!;
    for (const part of [
      "default-src 'none'",
      "script-src 'sha256-",
      "frame-ancestors 'none'",
      "form-action 'none'",
      "connect-src 'self'",
    ])
      expect(policy).toContain(part);
    expect(policy).not.toContain("unsafe");
    expect((await handler(get("", { method: "HEAD" }))).body).toBeNull();
  });

  it("is read, and nothing else, without `authorize`", async () => {
    const { lab, clock } = await measured();
    const handler = dashboard({ laboratory: lab, clock });
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const { status, headers } = await handler(new Request(at, { method }));
      expect([method, status, headers.get("allow")]).toEqual([method, 405, "GET, HEAD"]);
    }
    expect(await (await handler(get())).text()).not.toContain("<form");
  });

  it("changes a stage for a person that `authorize` names, by the page's own form", async () => {
    const { lab, clock, rollout } = await measured();
    const authorize = (request: Request) => {
      const by = request.headers.get("x-user");
      return by === null ? undefined : { by };
    };
    const handler = dashboard({ laboratory: lab, clock, authorize });
    expect(await tokenOf(handler)).toBe("");
    const ada = { "x-user": "ada" };
    const token = await tokenOf(handler, ada);
    expect(token).not.toBe("");
    const fields = { token, experiment: "price", command: "advance", reason: "looked at it" };
    const refused: [Record<string, string>, Record<string, string>, number][] = [
      [fields, { ...ada, "sec-fetch-site": "cross-site" }, 403],
      [fields, { ...ada, "sec-fetch-site": "same-site" }, 403],
      [fields, {}, 403],
      [{ ...fields, token: "" }, ada, 403],
      [fields, { "x-user": "bob" }, 403],
    ];
    for (const [form, headers, code] of refused) expect((await handler(posted(form, headers))).status).toBe(code);
    const without = new Request(at, { method: "POST", body: new URLSearchParams(fields), headers: ada });
    expect((await handler(without)).status).toBe(403);
    expect(rollout.status().state.history).toEqual([]);

    // Who asks is never what the form says.
    const done = await handler(posted({ ...fields, by: "mallory" }, ada));
    expect([done.status, done.headers.get("location")]).toEqual([303, "/internal/sidelane"]);
    expect(rollout.status().state).toMatchObject({ stage: "ramp", share: 0.1 });
    expect(rollout.status().state.history.at(-1)).toMatchObject({ by: "ada", reason: "looked at it" });
    // A token is good for one form.
    expect((await handler(posted(fields, ada))).status).toBe(403);
    const next = async (more: Record<string, string>): Promise<Response> =>
      handler(posted({ ...fields, token: await tokenOf(handler, ada), ...more }, ada));
    expect((await next({ reason: "  " })).status).toBe(400);
    expect((await next({ command: "explode" })).status).toBe(400);
    expect((await next({ command: "__proto__" })).status).toBe(400);
    expect((await next({ experiment: "user" })).status).toBe(404);
    expect((await next({ command: "resume" })).status).toBe(409);
    for (const command of ["step-back", "rollback", "clear", "pause", "resume"]) {
      expect([command, (await next({ command })).status]).toEqual([command, 303]);
    }
    expect(
      ((await (await handler(get("model"))).json()) as ReportModel).experiments["price"]!.events.map(
        ({ kind }) => kind,
      ),
    ).toContain("paused");
    for (let asked = 0; asked < 30; asked++) await next({ command: "resume" });
    expect((await next({ command: "pause" })).status).toBe(429);
    const json = new Request(at, {
      method: "POST",
      body: "{}",
      headers: { ...ada, "sec-fetch-site": "same-origin", "content-type": "application/json" },
    });
    expect((await handler(json)).status).toBe(400);
  });

  it("tells up to 50 viewers of other numbers, and the next ones to poll", async () => {
    const { lab, clock, call } = await measured();
    const handler = dashboard({ laboratory: lab, clock });
    const gone = new AbortController();
    const open = async () => handler(get("live", { signal: gone.signal }));
    const streams = await Promise.all(Array.from({ length: 50 }, open));
    expect(streams.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect((await open()).status).toBe(503);
    const before = await (await handler(get("epoch"))).text();
    const reader = streams[0]!.body!.getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toContain(`event: model\ndata: ${before}\n\n`);
    await call();
    await clock.advanceAsync(1_000);
    const after = await (await handler(get("epoch"))).text();
    expect(after).not.toBe(before);
    expect(await read()).toContain(`id: ${after}\n`);
    await reader.cancel();
    expect((await open()).status).toBe(200);
    const pending = clock.pending;
    gone.abort();
    await clock.advanceAsync(1_000);
    expect(clock.pending).toBeLessThan(pending);
    expect((await dashboard({ laboratory: lab, clock })(get("live"))).status).toBe(200);
  });

  it("shows records, and reads a file anew", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sidelane-dashboard-"));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "records.ndjson");
    const line = (n: number, calls: number): string =>
      JSON.stringify({
        ...{
          v: 2,
          type: "tally",
          process: "p",
          n,
          from: n,
          to: n + 1,
          experiment: "price",
          candidate: "candidate",
          epoch: 0,
          served: false,
        },
        ...{
          counts: { match: calls, mismatch: 0, ignored: 0, inconclusive: 0, "timed-out": 0 },
          candidateErrors: 0,
          controlErrors: 0,
        },
        latency: Object.fromEntries(
          ["control", "candidate"].map((side) => [
            side,
            { version: 2, count: 0, zero: 0, sumMs: 0, maxMs: 0, buckets: [] },
          ]),
        ),
        ...{ groups: {}, otherGroups: 0, verdict: "insufficient", mismatchUpperBound: 1, unitsMissing: 0 },
        of: {
          calls,
          started: calls,
          skips: {},
          answered: 0,
          fellBack: 0,
          newGroups: 0,
          faults: {},
          inFlight: 0,
          kept: 0,
        },
      });
    writeFileSync(path, `${line(1, 7)}\n`);
    const clock = fixedClock();
    const handler = dashboard({ records: path, clock });
    const calls = async (): Promise<number> =>
      ((await (await handler(get("model"))).json()) as ReportModel).experiments["price"]!.calls;
    expect(await calls()).toBe(7);
    writeFileSync(path, `${line(1, 7)}\n${line(2, 5)}\n`);
    expect(await calls()).toBe(7);
    clock.advance(2_000);
    expect(await calls()).toBe(12);
  });

  it.each([
    [{}, /expected `laboratory` to be given/],
    [{ laboratory: new Laboratory(), records: "x" }, /expected `laboratory` to be given/],
    [{ records: "x", authorize: () => ({ by: "ada" }) }, /expected `authorize` to be left out/],
    [{ laboratory: new Laboratory(), authorise: () => undefined }, /did you mean `authorize`/],
  ])("refuses %#", (options, message) => {
    expect(() => dashboard(options as DashboardOptions)).toThrow(message);
  });
});

describe("a dashboard mounted in", () => {
  async function listening(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const mounts = {
    "node:http": async (handler: (request: Request) => Promise<Response>) => listening(toNodeListener(handler)),
    Express: async (handler: (request: Request) => Promise<Response>) => {
      const app = express();
      app.use("/internal", toNodeListener(handler) as never);
      return `${await listening(app)}/internal`;
    },
    Fastify: async (handler: (request: Request) => Promise<Response>) => {
      const app = fastify();
      // A form comes as it is sent.
      app.removeAllContentTypeParsers();
      app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
      app.all("/internal", toFastify(handler) as never);
      const url = await app.listen({ port: 0, host: "127.0.0.1" });
      closing.push(() => app.close());
      return `${url}/internal`;
    },
    Hono: async (handler: (request: Request) => Promise<Response>) => {
      const app = new Hono();
      app.all("/internal", toHono(handler) as never);
      return `${await listening(toNodeListener((request) => app.fetch(request)))}/internal`;
    },
  };

  it.each(Object.entries(mounts))("%s shows its page, takes its form and lets viewers go", async (_, mount) => {
    const { lab, clock, rollout } = await measured();
    const handler = dashboard({ laboratory: lab, clock, authorize: () => ({ by: "ada" }) });
    const url = await mount(handler);
    const page = await fetch(url);
    const html = await page.text();
    expect([page.status, page.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(html).toContain("50 calls");
    const token = /name="token" value="([^"]+)"/.exec(html)![1]!;
    const body = new URLSearchParams({ token, experiment: "price", command: "advance", reason: "looked at it" });
    // Node's own `fetch` says of itself where it comes from.
    const done = await handler(
      new Request(url, { method: "POST", body, headers: { "sec-fetch-site": "same-origin" } }),
    );
    expect(done.status).toBe(303);
    expect(rollout.status().state.stage).toBe("ramp");
    const cross = await fetch(url, { method: "POST", body, redirect: "manual" });
    expect(cross.status).toBe(403);
    const gone = new AbortController();
    const stream = await fetch(`${url}?show=live`, { signal: gone.signal });
    const reader = stream.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain("event: model");
    gone.abort();
    await expect(reader.read()).rejects.toThrow();
  });
});

describe("what many look at", () => {
  it("is looked at once a second for all of them, and a page is no older than what its stream begins with", async () => {
    const { lab, clock, call } = await measured();
    let looks = 0;
    const counted = { status: () => ((looks += 1), lab.status()), rollout: (name: string) => lab.rollout(name) };
    const handler = dashboard({ laboratory: counted, clock });
    const get = (show = ""): Promise<Response> => handler(new Request(`http://ops.test/${show}`));
    const epochOf = async (response: Response): Promise<string> => /data-live="(\w+)"/.exec(await response.text())![1]!;
    const first = await epochOf(await get());
    const before = looks;
    await call();
    const pages = await Promise.all(Array.from({ length: 20 }, async () => epochOf(await get())));
    expect(new Set(pages)).toEqual(new Set([first]));
    const reader = (await get("?show=live")).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain(`data: ${first}\n`);
    expect(looks).toBe(before);
    await clock.advanceAsync(1_000);
    const told = new TextDecoder().decode((await reader.read()).value);
    expect(told).not.toContain(first);
    expect(told).toContain(`data: ${await epochOf(await get())}\n`);
    await reader.cancel();
  });
});
