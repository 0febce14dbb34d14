import type { RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { parallelHandler } from "../../src/http/index.ts";
import { Sessions } from "../../src/http/sessions.ts";
import { fixedClock } from "../../src/testing/index.ts";
import { laboratory, service } from "./servers.ts";

/** A service with sessions of its own, as frameworks keep them: another name for each caller, 401 without one. */
function withSessions(prefix: string): RequestListener {
  const names = new Map<string, string>();
  return (request, response) => {
    const url = new URL(request.url!, "http://a");
    const sid = /(?:^|; )sid=([^;]*)/.exec(request.headers.cookie ?? "")?.[1];
    if (url.pathname === "/login") {
      const next = `${prefix}${names.size}`;
      names.set(next, url.searchParams.get("name")!);
      response.writeHead(200, { "set-cookie": [`sid=${next}; Path=/; HttpOnly`, `${prefix}=1`] }).end("welcome");
      return;
    }
    const name = names.get(sid ?? "");
    if (name === undefined) response.writeHead(401).end("who?");
    else response.writeHead(200, { "content-type": "text/plain" }).end(name);
  };
}

const get = (path: string, headers: HeadersInit = {}): Request =>
  new Request(`http://front.example${path}`, { headers });

describe("a candidate's own sessions", () => {
  it("are kept by control's, also over a login by another name", async () => {
    const [old, next] = [await service(withSessions("a")), await service(withSessions("b"))];
    const { lab } = laboratory();
    const handler = parallelHandler({
      ...{
        name: "shop",
        laboratory: lab,
        control: old.url,
        candidate: next.url,
        session: { cookie: "sid" },
        noise: false,
      },
    });
    for (const name of ["ada", "bob", "eve"]) {
      const login = await handler(get(`/login?name=${name}`));
      await login.text();
      await lab.settled();
      const sid = login.headers.getSetCookie()[0]!.split(";")[0]!;
      expect(await (await handler(get("/name", { cookie: `theme=dark; ${sid}` }))).text()).toBe(name);
      await lab.settled();
      expect(next.requests.at(-1)!.headers["cookie"]).toMatch(/^sid=b\d; b=1$/);
    }
    expect(lab.status().experiments["shop"]!.matched).toBe(3);
  });

  it("are said to be missing where every second route is denied", async () => {
    const [old, next] = [await service(withSessions("a")), await service(withSessions("b"))];
    const { lab, events } = laboratory();
    const lines: string[] = [];
    const clock = fixedClock();
    const handler = parallelHandler({
      ...{
        name: "shop",
        laboratory: lab,
        control: old.url,
        candidate: next.url,
        noise: false,
        credentialsTo: [next.url],
      },
      routes: ["GET /login", "GET /name"],
      clock,
      silence: { windowMs: 1_000, log: (line) => void lines.push(line) },
    });
    const login = await handler(get("/login?name=ada"));
    await login.text();
    const sid = login.headers.getSetCookie()[0]!.split(";")[0]!;
    for (let time = 0; time < 8; time++) await (await handler(get("/name", { cookie: sid }))).text();
    await lab.settled();
    clock.advance(1_000);
    expect(lines[0]).toMatch(
      /separate-sessions: looks like separate sessions: on 1 of 2 routes the candidate denies what control grants, 8 of/,
    );
    await lab.flush();
    expect(events).toContain("separate-sessions");
    handler.close();
  });

  it("have tokens of their own by a function", async () => {
    const { lab } = laboratory();
    const seen: (string | null)[] = [];
    const handler = parallelHandler({
      ...{ name: "shop", laboratory: lab, control: () => new Response("a") },
      candidate: (request) => {
        seen.push(request.headers.get("authorization"));
        return new Response("a");
      },
      session: { map: async (token) => (token === "old" ? "new" : undefined) },
    });
    await (await handler(get("/", { authorization: "Bearer old" }))).text();
    await (await handler(get("/", { authorization: "Bearer other" }))).text();
    await lab.settled();
    expect(seen).toEqual(["Bearer new", null]);
  });
});

describe("jars", () => {
  let now = Date.UTC(2026, 0, 1);
  const learn = (sessions: Sessions, sid: string, cookie: string): void => {
    const set = new Headers({ "set-cookie": cookie });
    sessions.learn(new Headers({ cookie: `sid=${sid}` }), new Headers(), set);
  };
  const sentBy = async (sessions: Sessions, sid: string, path = "/"): Promise<string | null> => {
    const headers = new Headers();
    await sessions.applyTo(headers, new Headers({ cookie: `sid=${sid}` }), path);
    return headers.get("cookie");
  };

  it("keep a cookie's path and its end", async () => {
    const sessions = new Sessions({ cookie: "sid" }, () => now);
    learn(sessions, "1", "a=1; Path=/shop");
    learn(sessions, "1", "b=2");
    expect(await sentBy(sessions, "1", "/shop/cart")).toBe("a=1; b=2");
    expect(await sentBy(sessions, "1", "/shopping")).toBe("b=2");
    learn(sessions, "1", "b=; Max-Age=0");
    learn(sessions, "1", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    expect(await sentBy(sessions, "1", "/shop")).toBeNull();
    expect(await sentBy(sessions, "2")).toBeNull();
  });

  it("send nothing that has ended since", async () => {
    const sessions = new Sessions({ cookie: "sid" }, () => now);
    learn(sessions, "1", "a=1; Max-Age=60");
    learn(sessions, "1", `b=2; Expires=${new Date(now + 120_000).toUTCString()}`);
    learn(sessions, "1", `c=3; Max-Age=180; Expires=${new Date(now).toUTCString()}`);
    expect(await sentBy(sessions, "1")).toBe("a=1; b=2; c=3");
    now += 60_000;
    expect(await sentBy(sessions, "1")).toBe("b=2; c=3");
    now += 60_000;
    expect(await sentBy(sessions, "1")).toBe("c=3");
    now += 60_000;
    expect(await sentBy(sessions, "1")).toBeNull();
  });

  it.each([
    ["an empty Max-Age", "a=1; Max-Age=", "a=1"],
    ["a Max-Age in words", "a=1; Max-Age=soon", "a=1"],
    ["an end that is no time", "a=1; Expires=never", "a=1"],
    ["two ends, of which the last one counts", "a=1; Max-Age=60; Max-Age=0", null],
    ["no name", "=1", null],
    ["nothing but a value", "a", null],
  ])("read %s as browsers do", async (_, cookie, sent) => {
    const sessions = new Sessions({ cookie: "sid" }, () => now);
    learn(sessions, "1", cookie);
    expect(await sentBy(sessions, "1")).toBe(sent);
  });

  it("hold 180 cookies of a session at most, the newest", async () => {
    const sessions = new Sessions({ cookie: "sid" }, () => now);
    for (let index = 0; index < 200; index++) learn(sessions, "1", `n${index}=1`);
    const sent = (await sentBy(sessions, "1"))!.split("; ");
    expect([sent.length, sent[0], sent.at(-1)]).toEqual([180, "n20=1", "n199=1"]);
  });

  it("are at most 10 000, and 8 MB, of which the one that was used longest ago goes first", async () => {
    const sessions = new Sessions({ cookie: "sid" }, () => now);
    for (let index = 0; index < 10_500; index++) {
      learn(sessions, `s${index}`, "a=1");
      await sentBy(sessions, "s0");
    }
    expect(sessions.size).toBe(10_000);
    expect(await sentBy(sessions, "s0")).toBe("a=1");
    expect(await sentBy(sessions, "s1")).toBeNull();
    for (let index = 0; index < 200; index++) learn(sessions, `large${index}`, `a=${"x".repeat(50_000)}`);
    expect(sessions.bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(sessions.bytes).toBeGreaterThan(7 * 1024 * 1024);
  });
});
