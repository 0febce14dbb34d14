import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { parallelFetch } from "../../src/http/index.ts";
import { laboratory, says, service } from "./servers.ts";

describe("a client's fetch", () => {
  it("asks control with the caller's own arguments, and sends a copy to the candidate's origin", async () => {
    const [old, next] = [await service(says("a")), await service(says("b"))];
    const { lab } = laboratory();
    const control = vi.fn<typeof fetch>((...given) => fetch(...given));
    const books = parallelFetch({ name: "books", laboratory: lab, candidate: next.url, control, noise: false });
    const init = { headers: { accept: "text/plain" }, dispatcher: undefined };
    const response = await books(`${old.url}/books?q=1`, init);
    expect(await response.text()).toBe("a");
    expect(response.url).toBe(`${old.url}/books?q=1`);
    expect(control.mock.calls[0]).toEqual([`${old.url}/books?q=1`, init]);
    expect(control.mock.calls[0]![1]).toBe(init);
    await lab.settled();
    expect(next.requests[0]).toMatchObject({ url: "/books?q=1", method: "GET" });
    expect(next.requests[0]!.headers).toMatchObject({ accept: "text/plain" });
    expect(lab.status().experiments["books"]).toMatchObject({ mismatched: 1 });
    expect(books.counts()["candidate"]).toMatchObject({ compared: 1, matched: 0 });
  });

  it("leaves what changes something to control, body and all", async () => {
    const [old, next] = [await service(says("done")), await service(says("done"))];
    const { lab } = laboratory();
    const books = parallelFetch({ name: "books", laboratory: lab, candidate: next.url });
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("streamed"));
        controller.close();
      },
    });
    expect(await (await books(old.url, { method: "POST", body: "text" })).text()).toBe("done");
    expect(await (await books(old.url, { method: "PUT", body: stream, duplex: "half" } as RequestInit)).text()).toBe(
      "done",
    );
    expect(await (await books(new Request(old.url, { method: "PATCH", body: "request" }))).text()).toBe("done");
    expect(old.requests.map(({ method, body }) => `${method} ${body}`)).toEqual([
      "POST text",
      "PUT streamed",
      "PATCH request",
    ]);
    expect(next.requests).toEqual([]);
  });

  it("follows redirects on both sides, as the caller says", async () => {
    const redirects: Parameters<typeof service>[0] = (request, response) => {
      if (request.url === "/a") response.writeHead(302, { location: "/b" }).end();
      else response.writeHead(200, { "content-type": "text/plain" }).end("there");
    };
    const [old, next] = [await service(redirects), await service(redirects)];
    const { lab } = laboratory();
    const books = parallelFetch({ name: "books", laboratory: lab, candidate: next.url });
    const response = await books(`${old.url}/a`);
    expect([await response.text(), response.redirected]).toEqual(["there", true]);
    const first = await books(`${old.url}/a`, { redirect: "manual" });
    expect([first.status, await first.text()]).toEqual([302, ""]);
    await lab.settled();
    expect(lab.status().experiments["books"]).toMatchObject({ matched: 2 });
  });

  it("compares what fetch has decoded, and leaves the headers of control's response as fetch does", async () => {
    const [old, next] = [
      await service((_request, response) => {
        response.writeHead(200, {
          "content-type": "application/json",
          "content-encoding": "gzip",
          "content-length": gzipSync("[1]").length,
        });
        response.end(gzipSync("[1]"));
      }),
      await service(says("[1]", "application/json")),
    ];
    const { lab } = laboratory();
    const books = parallelFetch({ name: "books", laboratory: lab, candidate: next.url });
    const response = await books(old.url);
    expect(await response.json()).toEqual([1]);
    expect(response.headers.get("content-encoding")).toBe("gzip");
    await lab.settled();
    expect(lab.status().experiments["books"]).toMatchObject({ matched: 1 });
  });

  it("has no copy made of what is of no service", async () => {
    const { lab } = laboratory();
    const books = parallelFetch({ name: "books", laboratory: lab, candidate: "http://127.0.0.1:1" });
    expect(await (await books("data:text/plain,abc")).text()).toBe("abc");
    expect(books.counts()["candidate"]).toMatchObject({ eligible: 0, sent: 0 });
  });

  it("rejects as fetch does", async () => {
    const { lab } = laboratory();
    const books = parallelFetch({ name: "books", laboratory: lab, candidate: "http://127.0.0.1:1" });
    const own = await fetch("no url").catch((error: unknown) => error);
    await expect(books("no url")).rejects.toThrow((own as Error).message);
    const closed = await service(says(""));
    closed.stop();
    await expect(books(closed.url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  });
});
