import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storeByUrl } from "../../src/rollout/stores/by-url.ts";
import { initialState } from "../../src/rollout/state.ts";
import { says, service } from "../http/servers.ts";
import { proxied } from "../proxy/proxies.ts";
import { stored } from "../rollout/stored.ts";
import { startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";
import { startRedis, withoutRedis, type RealRedis } from "./redis.ts";

const missing = withoutPostgresql ?? withoutRedis;

describe.skipIf(missing)(`a store by its URL${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let postgresql: RealPostgresql;
  let redis: RealRedis;
  beforeAll(async () => {
    postgresql = await startPostgresql();
    redis = await startRedis();
  }, 60_000);
  afterAll(async () => {
    await postgresql.stop();
    await redis.stop();
  });

  const urls = {
    PostgreSQL: () => `postgresql://sidelane@127.0.0.1:${postgresql.port}/postgres?schema=proxied`,
    Redis: () => `${redis.url}?prefix=proxied`,
  };

  it.each(["PostgreSQL", "Redis"] as const)("keeps a proxy's ramp over its end, in %s", async (kind) => {
    const [control, candidate] = [await service(says("old")), await service(says("new"))];
    const config = {
      ...{ control: control.url, candidate: candidate.url, store: { url: urls[kind]() } },
      ramp: { steps: [0.5], unkeyed: "by-call", version: "1" },
    };
    const first = await proxied(config);
    await first.deployment.ramp!.advance({ by: "Ann" });
    await first.close();
    const second = await proxied(config);
    expect(second.deployment.ramp!.status().state).toMatchObject({ stage: "ramp", share: 0.5 });
  });

  it.each(["PostgreSQL", "Redis"] as const)("is opened for one command, in %s", async (kind) => {
    const lasting = await storeByUrl(urls[kind](), { isOnce: false });
    const state = initialState([0.5], 0);
    expect(await lasting.store.compareAndSet("price", undefined, state)).toBe(true);
    await lasting.close();
    const once = await storeByUrl(urls[kind](), { isOnce: true });
    expect(await stored(once.store)).toMatchObject({ id: state.id, stage: "shadow" });
    await once.close();
  });

  it("says nothing of the URL where it cannot be reached", async () => {
    for (const scheme of ["postgresql", "redis"]) {
      const url = `${scheme}://ann:hunter2planted@127.0.0.1:1/app`;
      const error: unknown = await storeByUrl(url, { isOnce: true }).catch((caught: unknown) => caught);
      expect(String(error)).not.toContain("hunter2planted");
    }
  });
});

describe("a store that says nothing", () => {
  it("is given up after 5 s, by all drivers, and keeps no process", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const urls = [`redis://127.0.0.1:${port}`, "redis://127.0.0.1:1", `postgresql://127.0.0.1:${port}/app`];
    const refused = await Promise.all(
      urls.map(async (url) => await storeByUrl(url, { isOnce: false }).catch((error: unknown) => error)),
    );
    expect(refused.map((error) => error instanceof Error)).toEqual([true, true, true]);
    silent.close();
  }, 20_000);
});
