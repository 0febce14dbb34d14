import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { run } from "../../src/cli/run.ts";
import { eventually, says, service } from "../http/servers.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-cli-proxy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const main = join(import.meta.dirname, "../../src/cli/main.ts");

/** What a command prints and exits with, without a process of its own. */
async function ran(...given: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await run(["proxy", ...given], {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    stdin: process.stdin,
    columns: undefined,
    showsProgress: false,
    env: {},
    now: () => Date.now(),
  });
  return { code, out, err };
}

/** The command in a process of its own, and what it says while it runs. */
function started(...given: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", main, ...given], { stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text));
  return { child, said, exited: once(child, "exit") };
}

const services = ["--control", "http://127.0.0.1:1", "--candidate", "http://127.0.0.1:2"];

describe("sidelane proxy", () => {
  it.each([
    [[], "sidelane proxy: name the control by --control <url>, or in the file of --config\n"],
    [
      ["--control", "http://a"],
      "sidelane proxy: name the candidate by --candidate <url>, or in the file of --config\n",
    ],
    [
      ["--control", "nowhere", "--candidate", "http://a"],
      'sidelane proxy: control: expected a URL such as "http://127.0.0.1:8081"',
    ],
    [[...services, "--port", "http"], "sidelane proxy: --port: expected a whole number from 0 to 65535, got http\n"],
    [
      [...services, "--port", "70000"],
      "sidelane proxy: listen.port: expected a whole number from 0 to 65535, got 70000\n",
    ],
    [[...services, "--prot", "1"], "sidelane proxy: unknown option --prot; did you mean --port?\n"],
    [[...services, "--port"], "sidelane proxy: --port needs a number\n"],
    [[...services, "file"], "sidelane proxy: takes no file; got file\n"],
    [["--config", "missing.json"], "sidelane proxy: missing.json cannot be read (ENOENT)\n"],
  ])("%j is told what is wrong, with exit 2", async (given, message) => {
    const { code, out, err } = await ran(...given);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
  });

  it("says that a port is taken, with exit 2", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    const results = join(folder, "taken.ndjson");
    const { code, err } = await ran(...services, "--port", String(port), "--results", results);
    taken.close();
    expect(code).toBe(2);
    expect(err).toBe(`sidelane proxy: listen.port: expected a port that is free, got "127.0.0.1:${port}"\n`);
  });

  it("checks a configuration without touching anything", async () => {
    const path = join(folder, "check.json");
    const write = (config: object): void => writeFileSync(path, JSON.stringify(config));
    write({ control: "http://127.0.0.1:1", candidate: "http://127.0.0.1:2", results: "not-made.ndjson" });
    expect(await ran("--config", path, "--check")).toEqual({ code: 0, out: `${path}: right\n`, err: "" });
    expect(() => readFileSync(join(folder, "not-made.ndjson"))).toThrow("ENOENT");
    write({ control: "http://127.0.0.1:1", candidate: "http://127.0.0.1:2", routes: ["nonsense"] });
    const wrong = await ran("--config", path, "--check");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain(`${path}: expected \`routes[0].match\` to be a pattern such as "GET /users/{id}"`);
    write({
      control: "http://127.0.0.1:1",
      candidate: { url: "http://b", headers: { set: { a: { env: "NO_SUCH_VARIABLE" } } } },
    });
    expect((await ran("--config", path, "--check")).err).toContain("NO_SUCH_VARIABLE");
    write({ control: "http://127.0.0.1:1", candidate: "http://b", listen: { tls: { cert: "no.pem", key: "no.pem" } } });
    expect((await ran("--config", path, "--check")).err).toContain("listen.tls.cert");
  });

  it.each<[string, object]>([
    ["compare: expected `ignore[0]` to be a path pattern", { compare: { ignore: ["$..["] } }],
    ["webhookPublisher: expected `url`", { publishers: [{ type: "webhook", url: "http://hooks.slack.com" }] }],
    ["expected a `version` in a `ramp` with a `store`", { ramp: {}, store: { file: "state" } }],
    ["store.url takes postgres://… or redis://…", { store: { url: "mysql://a" } }],
    [
      "control.tls.ca: expected a file with a certificate, in PEM",
      { control: { url: "https://a", tls: { ca: "no.pem" } } },
    ],
    [
      "listen.tls.cert: expected a file with a certificate, in PEM",
      { listen: { tls: { cert: "no.pem", key: "no.pem" } } },
    ],
  ])("names the file and the key of what is wrong before it is at work: %s", async (message, more) => {
    const path = join(folder, "wrong.json");
    writeFileSync(join(folder, "no.pem"), "nothing");
    writeFileSync(path, JSON.stringify({ control: "http://127.0.0.1:1", candidate: "http://127.0.0.1:2", ...more }));
    const { code, err } = await ran("--config", path, "--check");
    expect(code).toBe(2);
    expect(err.slice(0, path.length + 2)).toBe(`${path}: `);
    expect(err).toContain(message);
  });

  it("says that it listens, takes a new configuration on SIGHUP and keeps the old one where the new is wrong, and writes all on SIGTERM", async () => {
    const [control, other, candidate] = [await service(says("a")), await service(says("c")), await service(says("b"))];
    const path = join(folder, "live.json");
    const results = join(folder, "live.ndjson");
    const write = (config: object): void => writeFileSync(path, JSON.stringify(config));
    write({ control: control.url, candidate: candidate.url, silence: false, noise: false });
    const given = ["proxy", "--config", path, "--port", "0", "--results", results];
    const { child, said, exited } = started(...given);
    try {
      await eventually(() => said.out.includes("\n"), "listening", 30_000);
      expect(said.out).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
      const url = said.out.trim().slice("listening on ".length);
      expect(await (await fetch(url)).text()).toBe("a");
      write({ control: "wrong", candidate: candidate.url });
      child.kill("SIGHUP");
      await eventually(() => said.err.includes("stays at work"), "the refusal", 10_000);
      expect(said.err).toContain(`${path}: control: expected a URL`);
      expect(await (await fetch(url)).text()).toBe("a");
      write({ control: other.url, candidate: candidate.url, silence: false, noise: false });
      child.kill("SIGHUP");
      await eventually(() => said.err.includes("read anew"), "the reload", 10_000);
      expect(await (await fetch(url)).text()).toBe("c");
      await eventually(() => candidate.requests.length === 3);
    } finally {
      child.kill("SIGTERM");
    }
    expect(await exited).toEqual([0, null]);
    const records = readFileSync(results, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; counts?: { mismatch: number } });
    const mismatches = records.reduce(
      (sum, { type, counts }) => sum + (type === "tally" ? (counts?.mismatch ?? 0) : 0),
      0,
    );
    expect(mismatches).toBe(3);
  }, 60_000);

  it("ends on SIGTERM while a reload waits for a store that does not answer", async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => void sockets.push(socket.on("error", () => undefined)));
    await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
    const control = await service(says("a"));
    const path = join(folder, "silent.json");
    const config = {
      control: control.url,
      candidate: control.url,
      results: join(folder, "silent.ndjson"),
      silence: false,
    };
    const url = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    writeFileSync(path, JSON.stringify(config));
    const given = ["proxy", "--config", path, "--port", "0"];
    const { child, said, exited } = started(...given);
    try {
      await eventually(() => said.out.includes("\n"), "listening", 30_000);
      writeFileSync(path, JSON.stringify({ ...config, ramp: { version: "1" }, store: { url } }));
      child.kill("SIGHUP");
      await eventually(() => sockets.length > 0, "the store being asked", 30_000);
      child.kill("SIGTERM");
      expect(await exited).toEqual([0, null]);
      expect(said.err).toContain("store.url: expected a store that answers");
    } finally {
      child.kill("SIGKILL");
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  }, 60_000);
});
