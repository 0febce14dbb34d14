import { describe, expect, it } from "vitest";
import { parallelHandler, type HandlerOptions } from "../../src/http/index.ts";
import { laboratory } from "./servers.ts";

/** What results say of the routes of requests, and what the candidate got. */
async function told(requests: readonly string[], options: Partial<HandlerOptions>) {
  const { lab } = laboratory();
  const copied: string[] = [];
  const routes: unknown[] = [];
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: lab, control: () => new Response("a"), noise: false, silence: false },
    afterRun: ({ context }) => void routes.push(context["route"]),
    candidate: (request) => {
      copied.push(`${request.method} ${new URL(request.url).pathname}`);
      return new Response("a");
    },
    ...options,
  });
  for (const each of requests) {
    const [method = "", path = ""] = each.split(" ");
    await (await handler(new Request(`http://front.example${path}`, { method }))).text();
    // No more at once than may be compared.
    await lab.settled();
  }
  return { routes, copied, skips: handler.counts()["candidate"]!.skips };
}

describe("the route of a request", () => {
  it("is absent where none are declared, and never a path", async () => {
    expect((await told(["GET /users/7"], {})).routes).toEqual([undefined]);
  });

  it("is the first pattern that fits, and (other) where none does", async () => {
    const routes = ["GET /users/me", "/users/:id", "GET /files/*"];
    const { routes: names } = await told(["GET /users/me", "GET /users/7", "GET /files/a/b", "GET /else"], { routes });
    expect(names).toEqual(["GET /users/me", "/users/:id", "GET /files/*", "(other)"]);
  });

  it("is an operation of an OpenAPI document, which says as well what only reads", async () => {
    const document = {
      openapi: "3.1.0",
      paths: {
        "/users/{id}": { get: {}, parameters: [] },
        "/users/me": { get: {} },
        "/search": { post: { "x-sidelane": { readOnly: true } } },
        "/orders": { post: {} },
      },
    };
    const asked = ["GET /users/me", "GET /users/7", "POST /search", "POST /orders"];
    const { routes, copied, skips } = await told(asked, { routes: document });
    expect(routes).toEqual(["GET /users/me", "GET /users/{id}", "POST /search"]);
    expect(copied).toEqual(["GET /users/me", "GET /users/7", "POST /search"]);
    expect(skips).toEqual({ "unsafe-method": 1 });
  });

  it.each([
    ["/search/..%2forders", "/search/a%5C..%5C..%5Corders", "/search/..;/orders", "/find/..%2F"],
    ["/search/%2e%2e%2forders", "/find/.;a", "/search/a/.%2F..%2Forders", "/search/..%3B/orders"],
  ])(
    "is unknown where a service may take its path for another one: what seems to read is not copied",
    async (...paths) => {
      const routes = [
        { match: "POST /search/*", readOnly: true as const },
        { match: "POST /find/{id}", readOnly: true as const },
      ];
      const asked = [...paths, "/search/...", "/find/.a", "/search/a..b/c."].map((path) => `POST ${path}`);
      const { copied, skips } = await told(asked, { routes });
      expect(copied).toEqual(["POST /search/...", "POST /find/.a", "POST /search/a..b/c."]);
      expect(skips).toEqual({ "unsafe-method": paths.length });
    },
  );

  it.each([
    [{ servers: [{ url: "https://api.example/v1/" }, { url: "/api/{version}" }, { url: "https://{host}" }, null] }],
    [{ basePath: "/v1", servers: "none" }],
  ])("is known behind what goes before the paths of a document, and without it: %j", async (more) => {
    const document = { ...more, paths: { "/users/{id}": { get: {} }, "/{page}": { get: {} } } };
    const asked = ["GET /v1/users/7", "GET /users/7", "GET /v1/about", "GET /v2/users/7/a"];
    const { routes } = await told(asked, { routes: document });
    expect(routes).toEqual(["GET /users/{id}", "GET /users/{id}", "GET /{page}", "(other)"]);
  });

  it("is what `routeOf` says, without a query, and (other) where that throws or says nothing", async () => {
    const routeOf = ({ url }: Request) => {
      const { pathname, search } = new URL(url);
      if (pathname === "/throws") throw new Error("no");
      if (pathname === "/search") return { name: "search", readOnly: true as const };
      return pathname === "/none" ? undefined : `page${search}`;
    };
    const asked = ["GET /a?token=secret", "GET /throws", "GET /none", "POST /search"];
    expect((await told(asked, { routeOf })).routes).toEqual(["page", "(other)", "(other)", "search"]);
  });

  it("is one of 200 names at most", async () => {
    const asked = Array.from({ length: 250 }, (_, index) => `GET /${index}`);
    const { routes } = await told([...asked, "GET /7"], { routeOf: ({ url }) => new URL(url).pathname });
    expect(new Set(routes).size).toBe(201);
    expect(routes.filter((name) => name === "(other)")).toHaveLength(50);
    expect(routes.at(-1)).toBe("/7");
  });
});
