import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { redisStreamPublisher } from "../../src/publishers/redis-stream.ts";
import { aResult } from "../../src/testing/a-result.ts";

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const noServer = isInstalled("redis-server") ? "" : " (skipped: there is no redis-server on the PATH)";
// Reporters that show no titles would keep the reason to themselves.
if (noServer !== "") console.warn(`redisStreamPublisher with a real redis-server${noServer}`);

describe.skipIf(noServer !== "")(`redisStreamPublisher with a real redis-server${noServer}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "sidelane-redis-"));
  const path = join(folder, "socket");
  const client = createClient({ socket: { path, tls: false } });
  let server: ReturnType<typeof spawn>;

  beforeAll(async () => {
    server = spawn("redis-server", ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]);
    await new Promise<void>((resolve, reject) => {
      server.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
      server.stdout!.on("data", (text) => {
        if (String(text).includes("eady to accept connections")) resolve();
      });
    });
    await client.connect();
  });

  afterAll(async () => {
    await client.close();
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it("appends a batch in its order, one entry a result", async () => {
    const publisher = redisStreamPublisher({ client });
    const results = Array.from({ length: 50 }, (_, index) => aResult({ experiment: `e${index}` }));
    await publisher.publishBatch!(results);
    await publisher.publish(aResult({ kind: "match" }));
    const entries = await client.xRange("sidelane:results", "-", "+");
    expect(entries).toHaveLength(51);
    expect(entries.slice(0, 50).map(({ message }) => message["id"])).toEqual(results.map(({ id }) => id));
    expect(entries[0]!.message).toMatchObject({ experiment: "e0", kind: "mismatch" });
    expect(JSON.parse(entries[0]!.message["result"]!)).toMatchObject({ v: 2, id: results[0]!.id });
    expect(JSON.stringify(entries)).not.toContain("Ada");
  });

  it("keeps the stream near its length", async () => {
    const publisher = redisStreamPublisher({ client, key: "short", maxLength: 100 });
    for (let batch = 0; batch < 10; batch++)
      await publisher.publishBatch!(Array.from({ length: 100 }, () => aResult()));
    // Redis trims whole nodes of 100 entries.
    expect(await client.xLen("short")).toBeLessThanOrEqual(200);
  });

  it("rejects when Redis refuses, so that the loss is counted", async () => {
    await client.set("taken", "a string");
    await expect(redisStreamPublisher({ client, key: "taken" }).publish(aResult())).rejects.toThrow("WRONGTYPE");
  });
});

describe("redisStreamPublisher", () => {
  it("tells what the process is before its first result: it may end before it counts anything", async () => {
    const types: unknown[] = [];
    const xAdd = (_: string, __: string, fields: Readonly<Record<string, string>>): Promise<string> =>
      Promise.resolve(`0-${types.push(fields["type"])}`);
    const lab = new Laboratory({ publishers: [redisStreamPublisher({ client: { xAdd } })] });
    lab.experiment("price", { control: () => 1, candidate: () => 2 })();
    await lab.settled();
    expect(types.slice(0, 2)).toEqual(["start", "result"]);
    await lab.close();
  });

  it.each([
    [{}, /expected `client` to be an object/],
    [{ client: {} }, /expected `client.xAdd`/],
    [{ client: { xAdd() {} }, key: "" }, /expected `key`/],
    [{ client: { xAdd() {} }, maxLength: 0 }, /expected `maxLength`/],
    [{ client: { xAdd() {} }, maxLen: 1 }, /unknown option `maxLen`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => redisStreamPublisher(options as never)).toThrow(message);
  });
});
