import { execFile, spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import express from "express";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { says, service } from "../http/servers.ts";
import { proxied } from "./proxies.ts";

const run = promisify(execFile);
const isThere = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "sidelane-clients-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listened(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(!isThere("curl"))("curl (skipped without its binary)", () => {
  const bytes = randomBytes(300_000);
  writeFileSync(join(folder, "file.bin"), bytes);
  const app = express();
  app.use(express.static(folder));
  app.post("/digest", (request, response) => {
    const digest = createHash("sha256");
    request.on("data", (chunk: Buffer) => digest.update(chunk));
    request.on("end", () => response.send(digest.digest("hex")));
  });

  it.each([
    [[]],
    [["--range", "0-99"]],
    [["--range", "299990-"]],
    [["--range", "10-19,30-39"]],
    [["--range", "400000-"]],
    [["--head"]],
    [["--compressed"]],
  ])("gets the same bytes through the proxy: %j", async (options) => {
    const control = await listened(app);
    const candidate = await service(says("other"));
    const proxy = await proxied({ control, candidate: candidate.url });
    const got = async (base: string): Promise<string> => {
      const given = ["--http1.1", "--silent", "--include", "--max-time", "20", ...options, `${base}/file.bin`];
      const { stdout } = await run("curl", given, { encoding: "latin1", maxBuffer: 1 << 24 });
      // Each connection's own, and a boundary and a time that are made anew.
      return stdout.replace(/^(?:Connection|Keep-Alive|Date): .*\r\n/gm, "").replace(/[\da-f-]{20,}/g, "boundary");
    };
    expect(await got(proxy.url)).toBe(await got(control));
  });

  it("sends a large body, and waits to be told to go on", async () => {
    const control = await listened(app);
    const proxy = await proxied({ control, candidate: control });
    const file = join(folder, "file.bin");
    const given = [
      "--http1.1",
      "--silent",
      "--max-time",
      "20",
      "-H",
      "Expect: 100-continue",
      "--data-binary",
      `@${file}`,
    ];
    const { stdout } = await run("curl", [...given, `${proxy.url}/digest`]);
    expect(stdout).toBe(createHash("sha256").update(bytes).digest("hex"));
  });
});

describe.skipIf(!isThere("git"))("git (skipped without its binary)", () => {
  it("clones over HTTP, by its own server behind the proxy", { timeout: 60_000 }, async () => {
    const bare = join(folder, "project.git");
    const work = join(folder, "work");
    const git = (...given: string[]) =>
      run("git", given, {
        env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0" },
      });
    await git("init", "--quiet", work);
    writeFileSync(join(work, "a.txt"), "a\n".repeat(5_000));
    await git("-C", work, "add", ".");
    await git("-C", work, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "A");
    await git("clone", "--quiet", "--bare", work, bare);
    // The CGI program that git brings with it.
    const control = await listened((request, response) => {
      const { pathname, search } = new URL(request.url!, "http://a");
      const backend = spawn("git", ["http-backend"], {
        env: {
          ...process.env,
          GIT_PROJECT_ROOT: folder,
          GIT_HTTP_EXPORT_ALL: "1",
          PATH_INFO: pathname,
          QUERY_STRING: search.slice(1),
          REQUEST_METHOD: request.method,
          CONTENT_TYPE: request.headers["content-type"] ?? "",
          HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
          GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        },
      });
      request.pipe(backend.stdin);
      const chunks: Buffer[] = [];
      backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
      backend.on("close", () => {
        const whole = Buffer.concat(chunks);
        const end = whole.indexOf("\r\n\r\n");
        const headers = whole
          .toString("latin1", 0, end)
          .split("\r\n")
          .map((line) => line.split(": ") as [string, string]);
        const status = headers.find(([name]) => name === "Status")?.[1] ?? "200";
        response.writeHead(parseInt(status, 10), headers.filter(([name]) => name !== "Status").flat());
        response.end(whole.subarray(end + 4));
      });
    });
    const proxy = await proxied({ control, candidate: control, routes: ["GET /project.git/*"] });
    const copy = join(folder, "copy");
    await git("clone", "--quiet", `${proxy.url}/project.git`, copy);
    expect(readFileSync(join(copy, "a.txt"), "utf8")).toBe("a\n".repeat(5_000));
    expect(proxy.deployment.compiled.counts()["candidate"]!.skips).toMatchObject({
      "unsafe-method": expect.any(Number) as number,
    });
  });
});

describe.skipIf(!isThere("npm"))("npm (skipped without its binary)", () => {
  it("installs a package from a registry behind the proxy", { timeout: 120_000 }, async () => {
    const own = mkdtempSync(join(folder, "npm-"));
    const source = join(own, "source");
    mkdirSync(source);
    writeFileSync(join(source, "package.json"), JSON.stringify({ name: "left-side", version: "1.2.3" }));
    writeFileSync(join(source, "index.js"), `module.exports = ${JSON.stringify("a".repeat(100_000))};\n`);
    const quiet = ["--no-audit", "--no-fund", "--ignore-scripts"];
    await run("npm", ["pack", ...quiet, "--cache", join(own, "packed"), "--pack-destination", own], { cwd: source });
    const tarball = readFileSync(join(own, "left-side-1.2.3.tgz"));
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const asked: string[] = [];
    const control = await listened((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.url === "/left-side") {
        const dist = { tarball: `http://${request.headers.host}/left-side/-/left-side-1.2.3.tgz`, integrity };
        const versions = { "1.2.3": { name: "left-side", version: "1.2.3", dist } };
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ name: "left-side", "dist-tags": { latest: "1.2.3" }, versions }));
      } else if (request.url === "/left-side/-/left-side-1.2.3.tgz") {
        response.writeHead(200, { "content-type": "application/octet-stream", "content-length": tarball.length });
        response.end(tarball);
      } else response.writeHead(404).end("{}");
    });
    const proxy = await proxied({ control, candidate: control });
    const project = join(own, "project");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", version: "1.0.0" }));
    // Without what packing it has left in a cache.
    const from = ["--registry", proxy.url, "--cache", join(own, "installed")];
    await run("npm", ["install", ...quiet, ...from, "left-side"], { cwd: project });
    expect(readFileSync(join(project, "node_modules/left-side/index.js"), "utf8")).toBe(
      readFileSync(join(source, "index.js"), "utf8"),
    );
    await proxy.deployment.laboratory.settled();
    expect(asked).toContain("GET /left-side/-/left-side-1.2.3.tgz");
    expect(proxy.deployment.laboratory.status().experiments["proxy"]).toMatchObject({ matched: 2, mismatched: 0 });
  });
});

describe("a body of a hundred megabytes", () => {
  it("passes in constant memory, both ways", { timeout: 120_000 }, async () => {
    const size = 100 * 1024 * 1024;
    const path = join(folder, "large.bin");
    writeFileSync(path, Buffer.alloc(size, "sidelane"));
    const control = await listened((request, response) => {
      if (request.method === "GET") createReadStream(path).pipe(response);
      else {
        let length = 0;
        request.on("data", (chunk: Buffer) => (length += chunk.length)).on("end", () => response.end(String(length)));
      }
    });
    const proxy = await proxied({ control, candidate: control, rollout: "off" });
    let most = 0;
    const before = process.memoryUsage().rss;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 20);
    let received = 0;
    for await (const chunk of (await fetch(`${proxy.url}/large`)).body!) received += (chunk as Uint8Array).length;
    const sent = await fetch(`${proxy.url}/large`, {
      ...{ method: "POST", body: createReadStream(path) as unknown as BodyInit, duplex: "half" },
    });
    expect([received, await sent.text()]).toEqual([size, String(size)]);
    clearInterval(watch);
    // Of all three ends together, which are in this process.
    expect(most).toBeLessThan(150 * 1024 * 1024);
  });
});
